package ingest

import (
	"context"
	"log/slog"
	"math"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// A testEngine is one Prometheus TSDB per workspace and nothing else.
type testEngine struct {
	t   testing.TB
	dir string
	mu  sync.Mutex

	heads map[hearth.WorkspaceID]*testHead
	fail  error // answer of Head, if set
	big   bool  // sized for many series
}

func newTestEngine(t testing.TB) *testEngine {
	e := &testEngine{t: t, dir: t.TempDir(), heads: map[hearth.WorkspaceID]*testHead{}}
	t.Cleanup(e.closeAll)
	return e
}

type testHead struct {
	*tsdb.DB
	dir   string
	opts  *tsdb.Options
	limit int64 // series, 0 for none

	mu       sync.Mutex
	local    any
	metadata map[string]engine.Metadata
	series   int64
	failWith error // answer of the next appends, if set
}

func (e *testEngine) Head(_ context.Context, ws hearth.Workspace) (engine.Head, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return nil, e.fail
	}
	h := e.heads[ws.ID]
	if h == nil {
		h = &testHead{dir: filepath.Join(e.dir, string(ws.ID)), metadata: map[string]engine.Metadata{}, limit: ws.Limits.ActiveSeries}
		h.opts = tsdb.DefaultOptions()
		h.opts.OutOfOrderTimeWindow = ws.Limits.OutOfOrderWindow.Milliseconds()
		h.opts.EnableExemplarStorage, h.opts.MaxExemplars = true, 1000
		h.opts.SeriesLifecycleCallback = h
		if !e.big {
			h.opts.StripeSize, h.opts.HeadChunksWriteBufferSize = 64, 64<<10
			h.opts.WALSegmentSize = 1 << 20
		}
		h.open(e.t)
		e.heads[ws.ID] = h
	}
	return h, nil
}

func (h *testHead) open(t testing.TB) {
	db, err := tsdb.Open(h.dir, slog.New(slog.DiscardHandler), nil, h.opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	db.DisableCompactions()
	h.DB = db
}

// reopen closes the workspace as an engine does when it was idle, and opens it.
func (h *testHead) reopen(t testing.TB) {
	if err := h.DB.Close(); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	h.local, h.series = nil, 0
	h.mu.Unlock()
	h.open(t)
}

func (e *testEngine) closeAll() {
	for _, h := range e.heads {
		_ = h.DB.Close()
	}
}

func (h *testHead) Local(make func() any) any {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.local == nil {
		h.local = make()
	}
	return h.local
}

func (h *testHead) StoreMetadata(_ context.Context, entries []engine.Metadata) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range entries {
		h.metadata[e.Metric] = e
	}
	return 0, nil
}

func (h *testHead) Metadata(context.Context, string) ([]engine.Metadata, error) { return nil, nil }

func (h *testHead) Stats() engine.Stats {
	s := engine.Stats{ActiveSeries: int64(h.Head().NumSeries()), MinTime: math.MaxInt64, MaxTime: math.MinInt64}
	s.MinTime, s.MaxTime = h.Head().MinTime(), h.Head().MaxTime()
	return s
}

func (h *testHead) Cardinality(int) (engine.Cardinality, error) { return engine.Cardinality{}, nil }
func (h *testHead) Release()                                    {}

func (h *testHead) AppenderV2(ctx context.Context) storage.AppenderV2 {
	if h.failWith != nil {
		return &failingAppender{h.DB.AppenderV2(ctx), h.failWith}
	}
	return h.DB.AppenderV2(ctx)
}

type failingAppender struct {
	storage.AppenderV2
	err error
}

func (a *failingAppender) Commit() error {
	_ = a.AppenderV2.Rollback()
	return a.err
}

// PreCreation, PostCreation and PostDeletion make the head a
// tsdb.SeriesLifecycleCallback.
func (h *testHead) PreCreation(ls labels.Labels) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.limit > 0 && h.series >= h.limit {
		return &engine.LimitError{Reason: "per_user_series_limit", Limit: h.limit, Labels: ls}
	}
	return nil
}

func (h *testHead) PostCreation(labels.Labels) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.series++
}

func (h *testHead) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	h.mu.Lock()
	local := h.local
	h.series -= int64(len(gone))
	h.mu.Unlock()
	refs := make([]storage.SeriesRef, 0, len(gone))
	for r := range gone {
		refs = append(refs, storage.SeriesRef(r))
	}
	if l, ok := local.(interface{ SeriesDropped([]storage.SeriesRef) }); ok {
		l.SeriesDropped(refs)
	}
}

// A point is one stored value, spelt so that it can be compared.
type point struct {
	Series string
	T      int64
	V      string
}

// everything returns all that the workspace holds, in order.
func (e *testEngine) everything(t testing.TB, id hearth.WorkspaceID) []point {
	t.Helper()
	h := e.heads[id]
	if h == nil {
		return nil
	}
	return allPoints(t, h)
}

func allPoints(t testing.TB, db storage.Queryable) (all []point) {
	t.Helper()
	q, err := db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, ".*"))
	for set.Next() {
		s := set.At()
		all = append(all, pointsOf(s)...)
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return all
}

var testTime = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func testWorkspace() hearth.Workspace {
	return hearth.Workspace{
		ID: "ws-00000000-0000-4000-8000-000000000001", Account: "000000000000", Region: "us-east-1",
		Status: hearth.Active, Limits: hearth.LimitsOf(hearth.Local),
	}
}
