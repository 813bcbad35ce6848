package enginetest

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

func testIsolation(t *testing.T, open Opener) {
	e, mine, yours := start(t, open), workspace(), workspace()
	write(t, e, yours, sample{series: `secret{of="yours"}`, t: 1000, v: 1})
	write(t, e, mine, sample{series: "own", t: 1000, v: 2})
	using(t, e, yours, func(h engine.Head) {
		addExemplar(t, h, "secret")
		if _, err := h.StoreMetadata(t.Context(), []engine.Metadata{describe("secret", "yours")}); err != nil {
			t.Fatalf("StoreMetadata: %v", err)
		}
	})
	expect(t, e, mine, `{__name__="own"} 1000=2`)
	using(t, e, mine, func(h engine.Head) {
		expectMetadata(t, h, "")
		expectMetadata(t, h, "secret")
		if got := exemplarsOf(t, h, "secret"); len(got) != 0 {
			t.Errorf("exemplars of another workspace: %+v", got)
		}
		if st := h.Stats(); st.ActiveSeries != 1 || st.Samples != 1 {
			t.Errorf("stats count another workspace: %+v", st)
		}
		if c, err := h.Cardinality(10); err != nil || c.NumSeries != 1 || c.SeriesByMetric[0].Name != "own" {
			t.Errorf("Cardinality shows another workspace: %+v, %v", c, err)
		}
		expectNames(t, h, "own")
	})
}

func addExemplar(t *testing.T, h engine.Head, metric string) {
	t.Helper()
	a := h.AppenderV2(t.Context())
	ex := exemplar.Exemplar{Labels: labels.FromStrings("trace_id", "1"), Value: 1, Ts: 2000, HasTs: true}
	if _, err := a.Append(0, parse(t, metric), 0, 2000, 1, nil, nil, storage.AOptions{Exemplars: []exemplar.Exemplar{ex}}); err != nil {
		t.Fatalf("Append with an exemplar: %v", err)
	}
	if err := a.Commit(); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

// expectNames checks label names and values, which do not go through Select.
func expectNames(t *testing.T, h engine.Head, metrics ...string) {
	t.Helper()
	q, err := h.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatalf("Querier: %v", err)
	}
	defer q.Close()
	names, _, err := q.LabelNames(t.Context(), nil)
	if err != nil || len(names) != 1 || names[0] != model.MetricNameLabel {
		t.Errorf("LabelNames: got %v, err %v; want only __name__", names, err)
	}
	values, _, err := q.LabelValues(t.Context(), model.MetricNameLabel, nil)
	if err != nil || len(values) != len(metrics) || values[0] != metrics[0] {
		t.Errorf("LabelValues: got %v, err %v; want %v", values, err, metrics)
	}
}

func testStats(t *testing.T, open Opener) {
	dir, ws := t.TempDir(), workspace()
	ws.Limits.LabelSets = labelSets(0, 0, 0)
	e := open(t, Options{Dir: dir})
	if st, err := e.Stats(t.Context(), ws.ID); err != nil || st.ActiveSeries != 0 || st.MinTime <= st.MaxTime || st.Open {
		t.Errorf("stats of a workspace never used: %+v, %v", st, err)
	}
	write(t, e, ws, sample{series: `up{team="a"}`, t: 1000, v: 1}, sample{series: `up{team="a"}`, t: 2000, v: 1})
	for _, at := range []string{"open", "opened again"} {
		st, err := e.Stats(t.Context(), ws.ID)
		if err != nil || st.ActiveSeries != 1 || st.MaxTime != 2000 || st.MinTime > 1000 || st.DiskBytes == 0 || st.LabelSets[0] != 1 {
			t.Errorf("%s: stats %+v, %v", at, st, err)
		}
		closeEngine(t, e)
		e = open(t, Options{Dir: dir})
	}
	closeEngine(t, e)
}

func testCardinality(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	write(t, e, ws,
		sample{series: `up{job="a"}`, t: 1000, v: 1},
		sample{series: `up{job="b"}`, t: 1000, v: 1},
		sample{series: `down{job="b"}`, t: 1000, v: 1})
	using(t, e, ws, func(h engine.Head) {
		c, err := h.Cardinality(1)
		if err != nil || c.NumSeries != 3 || c.NumLabelPairs != 4 || c.NumLabelValues != 4 || c.ChunkCount != 3 {
			t.Errorf("Cardinality: %+v, %v", c, err)
		}
		if len(c.SeriesByMetric) != 1 || c.SeriesByMetric[0] != (engine.Count{Name: "up", Value: 2}) {
			t.Errorf("SeriesByMetric: %+v, want up 2 alone", c.SeriesByMetric)
		}
		if len(c.SeriesByLabelPair) != 1 || c.SeriesByLabelPair[0].Value != 2 {
			t.Errorf("SeriesByLabelPair: %+v", c.SeriesByLabelPair)
		}
	})
}

func testDelete(t *testing.T, open Opener) {
	dir, ws, other := t.TempDir(), workspace(), workspace()
	e := open(t, Options{Dir: dir})
	write(t, e, ws, sample{series: "up", t: 1000, v: 1})
	write(t, e, other, sample{series: "up", t: 1000, v: 1})
	if err := e.Delete(t.Context(), ws.ID); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	_, err := e.Head(t.Context(), ws)
	wantKind(t, "Head of a deleted workspace", err, hearth.NotFound)
	_, err = e.Stats(t.Context(), ws.ID)
	wantKind(t, "Stats of a deleted workspace", err, hearth.NotFound)
	if err := e.Delete(t.Context(), ws.ID); err != nil {
		t.Errorf("Delete again: %v", err)
	}
	if err := e.Delete(t.Context(), hearth.NewWorkspaceID()); err != nil {
		t.Errorf("Delete of what is not there: %v", err)
	}
	expect(t, e, other, `{__name__="up"} 1000=1`)
	closeEngine(t, e)
	e = open(t, Options{Dir: dir})
	defer closeEngine(t, e)
	expect(t, e, ws) // as if it had never been
}

func testDeleteWaits(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	write(t, e, ws, sample{series: "up", t: 1000, v: 1})
	h := pinned(t, e, ws)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantKind(t, "Delete while pinned, with a deadline", e.Delete(ctx, ws.ID), hearth.Unavailable)
	_, err := e.Head(t.Context(), ws)
	wantKind(t, "Head while being deleted", err, hearth.NotFound)

	done := make(chan error)
	go func() { done <- e.Delete(t.Context(), ws.ID) }()
	select {
	case err := <-done:
		t.Errorf("Delete returned (%v) while the workspace was pinned", err)
	case <-time.After(20 * time.Millisecond):
		h.Release()
		err = <-done
	}
	if err != nil && hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("Delete: %v", err)
	}
}

func testReopen(t *testing.T, open Opener) {
	dir, ws := t.TempDir(), workspace()
	want := ""
	for i := range 3 {
		e := open(t, Options{Dir: dir})
		write(t, e, ws,
			sample{series: "up", t: int64(i+1) * 10_000, v: float64(i)},
			sample{series: "h", t: int64(i+1) * 10_000, h: intHistogram(i + 1)})
		write(t, e, ws, sample{series: "up", t: int64(i+1)*10_000 - 500, v: -1})
		using(t, e, ws, func(h engine.Head) {
			if _, err := h.StoreMetadata(t.Context(), []engine.Metadata{describe("up", "help")}); err != nil {
				t.Fatalf("StoreMetadata: %v", err)
			}
			addExemplar(t, h, "with_exemplar")
		})
		want = read(t, e, ws)
		closeEngine(t, e)
	}
	e := open(t, Options{Dir: dir})
	defer closeEngine(t, e)
	expect(t, e, ws, want)
	using(t, e, ws, func(h engine.Head) {
		expectMetadata(t, h, "", describe("up", "help"))
		if got := exemplarsOf(t, h, "with_exemplar"); len(got) != 1 {
			t.Errorf("exemplars after opening again: %+v, want one series", got)
		}
	})
}

func testClosed(t *testing.T, open Opener) {
	ws := workspace()
	e := open(t, Options{Dir: t.TempDir()})
	write(t, e, ws, sample{series: "up", t: 1000, v: 1})
	closeEngine(t, e)
	_, err := e.Head(t.Context(), ws)
	wantKind(t, "Head after Close", err, hearth.Unavailable)
	wantKind(t, "Delete after Close", e.Delete(t.Context(), ws.ID), hearth.Unavailable)
	closeEngine(t, e) // closing twice is fine
}

func testBadIDs(t *testing.T, open Opener) {
	e := start(t, open)
	for _, id := range []hearth.WorkspaceID{"", "..", "ws-", "ws-../../../../../etc/passwd-0000-0000", "WS-00000000-0000-0000-0000-000000000000"} {
		_, err := e.Head(t.Context(), hearth.Workspace{ID: id})
		wantKind(t, "Head of "+string(id), err, hearth.NotFound)
		wantKind(t, "Delete of "+string(id), e.Delete(t.Context(), id), hearth.NotFound)
		_, err = e.Stats(t.Context(), id)
		wantKind(t, "Stats of "+string(id), err, hearth.NotFound)
	}
}

func testQuerierOutlivesHead(t *testing.T, open Opener) {
	e, ws := open(t, Options{Dir: t.TempDir(), MaxOpen: 1}), workspace()
	defer closeEngine(t, e)
	write(t, e, ws, sample{series: "up", t: 1000, v: 1})
	h := pinned(t, e, ws)
	q, err := h.Querier(0, math.MaxInt64)
	if err != nil {
		t.Fatalf("Querier: %v", err)
	}
	h.Release()
	if other, err := e.Head(t.Context(), workspace()); err == nil { // would close ours, if it could
		other.Release()
	}
	if got, want := answer(t, q), `{__name__="up"} 1000=1`; got != want {
		t.Errorf("querier after Release: got %q, want %q", got, want)
	}
	if err := q.Close(); err != nil {
		t.Errorf("Close querier: %v", err)
	}
}
