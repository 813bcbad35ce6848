package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// A clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func pinHead(t testing.TB, e *Engine, ws hearth.Workspace) engine.Head {
	t.Helper()
	h, err := e.Head(context.Background(), ws)
	if err != nil {
		t.Fatalf("Head: %v", err)
	}
	return h
}

// writeHours writes a sample of two series every minute, up to the given time.
func writeHours(t *testing.T, e *Engine, ws hearth.Workspace, hours int) {
	t.Helper()
	h := pinHead(t, e, ws)
	defer h.Release()
	for m := range int64(hours * 60) {
		a := h.AppenderV2(context.Background())
		for n := range 2 {
			ls := labels.FromStrings(model.MetricNameLabel, "up", "n", strconv.Itoa(n))
			if _, err := a.Append(0, ls, 0, m*60_000, float64(m), nil, nil, storage.AOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// upkeepNow does what Run does every minute.
func upkeepNow(t *testing.T, e *Engine, ws hearth.Workspace) {
	t.Helper()
	s, err := e.space(ws.ID)
	if err != nil {
		t.Fatal(err)
	}
	e.upkeep(t.Context(), s)
}

// waitFor polls a condition of other goroutines.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

func isOpen(t *testing.T, e *Engine, ws hearth.Workspace) bool {
	t.Helper()
	st, err := e.Stats(t.Context(), ws.ID)
	if err != nil {
		t.Fatal(err)
	}
	return st.Open
}

func TestIdleWorkspacesClose(t *testing.T) {
	c := &clock{t: time.Unix(1_700_000_000, 0)}
	e := openEngine(t, Options{Dir: t.TempDir(), Now: c.now, IdleAfter: 10 * time.Minute})
	defer e.Close()
	idle, used := testWorkspace(), testWorkspace()
	for _, ws := range []hearth.Workspace{idle, used} {
		h := pinHead(t, e, ws)
		if err := commitNumber(h, 1); err != nil {
			t.Fatal(err)
		}
		h.Release()
	}
	h := pinHead(t, e, used)
	defer h.Release()
	c.advance(9 * time.Minute)
	e.look()
	if !isOpen(t, e, idle) {
		t.Error("closed before its time")
	}
	c.advance(2 * time.Minute)
	e.look()
	waitFor(t, "the idle workspace closes", func() bool { return !isOpen(t, e, idle) })
	if !isOpen(t, e, used) {
		t.Error("closed while pinned")
	}
	if got := floats(t, e, idle)["3"]; len(got) != 1 {
		t.Errorf("after opening again: %v", got)
	}
}

func TestNoMoreThanMaxOpen(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir(), MaxOpen: 2})
	defer e.Close()
	all := []hearth.Workspace{testWorkspace(), testWorkspace(), testWorkspace()}
	a, b := pinHead(t, e, all[0]), pinHead(t, e, all[1])
	if _, err := e.Head(t.Context(), all[2]); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("a third workspace with two pinned: got %v, want Unavailable", err)
	}
	a.Release()
	pinHead(t, e, all[2]).Release()
	if isOpen(t, e, all[0]) || !isOpen(t, e, all[1]) {
		t.Error("the unpinned workspace had to make room")
	}
	b.Release()
}

func TestCompactionAndRetention(t *testing.T) {
	c := &clock{t: time.UnixMilli(0).Add(13 * time.Hour)}
	var limits sync.Map
	dir, ws := t.TempDir(), testWorkspace()
	limits.Store(ws.ID, ws.Limits)
	e := openEngine(t, Options{Dir: dir, Now: c.now, Limits: func(id hearth.WorkspaceID) (hearth.Limits, bool) {
		l, ok := limits.Load(id)
		return l.(hearth.Limits), ok
	}})
	defer e.Close()
	writeHours(t, e, ws, 12)
	before := floats(t, e, ws)
	upkeepNow(t, e, ws)
	if blocks, _ := filepath.Glob(filepath.Join(dir, string(ws.ID), "01*")); len(blocks) == 0 {
		t.Error("twelve hours of samples made no block")
	}
	if after := floats(t, e, ws); len(after["1"]) != len(before["1"]) {
		t.Errorf("%d samples before compaction, %d after", len(before["1"]), len(after["1"]))
	}
	short := ws.Limits
	short.Retention = 3 * time.Hour
	limits.Store(ws.ID, short)
	e.snapshot()[0].closeIfIdle(c.now().Add(time.Hour))
	waitFor(t, "the workspace closes", func() bool { return !isOpen(t, e, ws) })
	left := floats(t, e, ws)["1"]
	if _, old := left[60_000]; old || len(left) == 0 || len(left) == len(before["1"]) {
		t.Errorf("%d of %d samples left after the retention was cut to 3 h, the oldest there: %v", len(left), len(before["1"]), old)
	}
}

// When series leave memory, the write path learns which.
func TestSeriesDropped(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir()})
	defer e.Close()
	ws := testWorkspace()
	h := pinHead(t, e, ws)
	defer h.Release()
	d := &droppedRefs{}
	h.Local(func() any { return d })
	a := h.AppenderV2(t.Context())
	ref, err := a.Append(0, labels.FromStrings(model.MetricNameLabel, "gone"), 0, 1000, 1, nil, nil, storage.AOptions{})
	if err != nil || a.Commit() != nil {
		t.Fatal(err)
	}
	writeHours(t, e, ws, 12)
	upkeepNow(t, e, ws)
	if len(d.refs) != 1 || d.refs[0] != ref {
		t.Errorf("dropped %v, want [%d]", d.refs, ref)
	}
	if st := h.Stats(); st.ActiveSeries != 2 {
		t.Errorf("%d active series, want 2", st.ActiveSeries)
	}
	a = h.AppenderV2(t.Context())
	if _, err := a.Append(ref, labels.EmptyLabels(), 0, 12*3_600_000, 1, nil, nil, storage.AOptions{}); err == nil {
		t.Error("a dead reference without labels was accepted")
	}
	if err := a.Rollback(); err != nil {
		t.Error(err)
	}
}

type droppedRefs struct{ refs []storage.SeriesRef }

func (d *droppedRefs) SeriesDropped(refs []storage.SeriesRef) { d.refs = append(d.refs, refs...) }

func TestSecondEngineIsRefused(t *testing.T) {
	dir := t.TempDir()
	e := openEngine(t, Options{Dir: dir})
	defer e.Close()
	if second, err := Open(Options{Dir: dir}); err == nil {
		second.Close()
		t.Error("two engines have one directory")
	}
}

func TestDeletionIsFinishedAtStart(t *testing.T) {
	dir, ws := t.TempDir(), testWorkspace()
	left := filepath.Join(dir, deletingPrefix+string(ws.ID))
	mkdir(t, filepath.Join(left, "wal"))
	e := openEngine(t, Options{Dir: dir})
	defer e.Close()
	e.look()
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a deletion left is still there: %v", err)
	}
}

func TestWarm(t *testing.T) {
	dir, all := t.TempDir(), []hearth.Workspace{testWorkspace(), testWorkspace(), testWorkspace()}
	e := openEngine(t, Options{Dir: dir})
	for _, ws := range all {
		pinHead(t, e, ws).Release()
	}
	if c := e.snapshot()[0].closeIfIdle(time.Now().Add(time.Hour)); c != nil {
		<-c.done
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = openEngine(t, Options{Dir: dir})
	defer e.Close()
	ids, err := e.WasOpen()
	if err != nil || len(ids) != 2 {
		t.Fatalf("WasOpen: %v, %v; want the two that were not idle", ids, err)
	}
	seen := make(chan int, 2)
	if err := e.Warm(t.Context(), []hearth.Workspace{{ID: ids[0]}, {ID: ids[1]}}, func(n int) { seen <- n }); err != nil {
		t.Errorf("Warm: %v", err)
	}
	if len(seen) != 2 || !isOpen(t, e, hearth.Workspace{ID: ids[0]}) {
		t.Errorf("Warm told %d times", len(seen))
	}
}

// The saving on a TSDB's own metrics depends on its fields' names.
func TestMetricsAreShared(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir()})
	defer e.Close()
	h := pinHead(t, e, testWorkspace())
	defer h.Release()
	l := h.(*head).live
	if err := e.shared.slim(l.db); err != nil {
		t.Error(err)
	}
	if err := l.late.store(l); err != nil {
		t.Error(err)
	}
	if err := e.shared.slimLateLog(l.db); err != nil {
		t.Error(err)
	}
	if l.late.failed.found.Load() == nil {
		t.Error("the counter of failed writes to the late log was not found")
	}
}
