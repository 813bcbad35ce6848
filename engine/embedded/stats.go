package embedded

import (
	"context"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// Stats implements engine.Engine.
func (e *Engine) Stats(_ context.Context, id hearth.WorkspaceID) (engine.Stats, error) {
	if _, ok := hearth.ParseWorkspaceID(string(id)); !ok {
		return engine.Stats{}, notFound(id)
	}
	e.mu.Lock()
	s := e.spaces[id]
	_, gone := e.deleted[id]
	e.mu.Unlock()
	if gone {
		return engine.Stats{}, notFound(id)
	}
	if s == nil {
		z := readSize(e.dirOf(id))
		return z.stats(), nil
	}
	if l := s.pinIfOpen(); l != nil {
		defer l.unpin()
		return l.stats(), nil
	}
	z := readSize(s.dir)
	st := z.stats()
	st.Samples = s.samples.Load()
	return st, nil
}

// Stats implements engine.Head.
func (h *head) Stats() engine.Stats { return h.live.stats() }

// Cardinality implements engine.Head.
func (h *head) Cardinality(n int) (engine.Cardinality, error) {
	st := h.live.head.Stats(model.MetricNameLabel, n)
	p := st.IndexPostingStats
	c := engine.Cardinality{
		NumSeries:         st.NumSeries,
		NumLabelPairs:     uint64(p.NumLabelPairs),
		MinTime:           st.MinTime,
		MaxTime:           st.MaxTime,
		SeriesByMetric:    counts(p.CardinalityMetricsStats, n),
		ValuesByLabel:     counts(p.CardinalityLabelStats, n),
		BytesByLabel:      counts(p.LabelValueStats, n),
		SeriesByLabelPair: counts(p.LabelValuePairsStats, n),
	}
	values := map[string]struct{}{}
	err := eachSeries(h.live.head, func(ls labels.Labels, chks []chunks.Meta) {
		c.ChunkCount += int64(len(chks))
		ls.Range(func(l labels.Label) { values[l.Value] = struct{}{} })
	})
	c.NumLabelValues = uint64(len(values))
	return c, err
}

func counts(stats []index.Stat, n int) []engine.Count {
	stats = stats[:min(len(stats), max(n, 0))]
	out := make([]engine.Count, len(stats))
	for i, s := range stats {
		out[i] = engine.Count{Name: s.Name, Value: s.Count}
	}
	return out
}
