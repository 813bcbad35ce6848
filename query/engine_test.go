package query

import (
	"context"
	"sync"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/teststorage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// memoryEngine is a small engine: a TSDB for each workspace, opened on first
// use and open until the test ends.
type memoryEngine struct {
	t testing.TB

	mu    sync.Mutex
	heads map[hearth.WorkspaceID]*memoryHead
	err   error // what Head answers instead, if set
}

type memoryHead struct {
	*teststorage.TestStorage
	metadata []engine.Metadata
	pins     int
	mu       *sync.Mutex
}

func newMemoryEngine(t testing.TB) *memoryEngine {
	return &memoryEngine{t: t, heads: make(map[hearth.WorkspaceID]*memoryHead)}
}

func (e *memoryEngine) Head(_ context.Context, ws hearth.Workspace) (engine.Head, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return nil, e.err
	}
	h, ok := e.heads[ws.ID]
	if !ok {
		h = &memoryHead{mu: &e.mu, TestStorage: teststorage.New(e.t, func(o *tsdb.Options) {
			o.EnableSTStorage = true
			o.FloatChunkEncoding = chunkenc.EncXOR2
			o.EnableHistogramSTEncoding = true
			o.StripeSize = 512
		})}
		e.heads[ws.ID] = h
	}
	h.pins++
	return h, nil
}

// clear forgets the workspace's samples.
func (e *memoryEngine) clear(ws hearth.WorkspaceID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if h, ok := e.heads[ws]; ok {
		if h.pins != 0 {
			e.t.Errorf("%d heads of %s were not released", h.pins, ws)
		}
		if err := h.Close(); err != nil {
			e.t.Error(err)
		}
		delete(e.heads, ws)
	}
}

// pinned returns how many heads are not released yet.
func (e *memoryEngine) pinned() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, h := range e.heads {
		n += h.pins
	}
	return n
}

func (e *memoryEngine) Delete(_ context.Context, ws hearth.WorkspaceID) error {
	e.clear(ws)
	return nil
}

func (e *memoryEngine) Stats(context.Context, hearth.WorkspaceID) (engine.Stats, error) {
	return engine.Stats{}, nil
}

func (e *memoryEngine) Close() error { return nil }

func (h *memoryHead) Local(make func() any) any { return make() }

func (h *memoryHead) StoreMetadata(_ context.Context, entries []engine.Metadata) (int, error) {
	h.metadata = append(h.metadata, entries...)
	return 0, nil
}

func (h *memoryHead) Metadata(_ context.Context, metric string) ([]engine.Metadata, error) {
	var found []engine.Metadata
	for _, m := range h.metadata {
		if metric == "" || m.Metric == metric {
			found = append(found, m)
		}
	}
	return found, nil
}

func (h *memoryHead) Stats() engine.Stats { return engine.Stats{Open: true} }

func (h *memoryHead) Cardinality(n int) (engine.Cardinality, error) {
	s := h.Head().Stats(model.MetricNameLabel, n)
	c := engine.Cardinality{NumSeries: s.NumSeries, NumLabelPairs: uint64(s.IndexPostingStats.NumLabelPairs), MinTime: s.MinTime, MaxTime: s.MaxTime}
	for _, m := range s.IndexPostingStats.CardinalityMetricsStats {
		c.SeriesByMetric = append(c.SeriesByMetric, engine.Count{Name: m.Name, Value: m.Count})
	}
	return c, nil
}

func (h *memoryHead) Release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pins--
}
