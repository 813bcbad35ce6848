package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/engine/embedded"
	"github.com/hearth-metrics/hearth/ingest"
)

// A whole is the room over the engine it runs on.
type whole struct {
	t      *testing.T
	clock  atomic.Int64 // milliseconds
	engine *embedded.Engine
	room   *ingest.Room
	ws     hearth.Workspace
}

func newWhole(t *testing.T, dir string, change func(*hearth.Limits)) *whole {
	w := &whole{t: t, ws: hearth.Workspace{ID: "ws-00000000-0000-4000-8000-000000000002", Account: "000000000000", Limits: hearth.LimitsOf(hearth.Local)}}
	w.clock.Store(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).UnixMilli())
	if change != nil {
		change(&w.ws.Limits)
	}
	now := func() time.Time { return time.UnixMilli(w.clock.Load()) }
	var err error
	if w.engine, err = embedded.Open(embedded.Options{Dir: dir, Now: now}); err != nil {
		t.Fatal(err)
	}
	w.room = ingest.New(ingest.Options{Engine: w.engine, Now: now})
	return w
}

func (w *whole) write(names ...string) (code int, answer string) {
	w.t.Helper()
	var req prompb.WriteRequest
	for i, n := range names {
		req.Timeseries = append(req.Timeseries, prompb.TimeSeries{
			Labels:  []prompb.Label{{Name: "__name__", Value: n}},
			Samples: []prompb.Sample{{Timestamp: w.clock.Load(), Value: float64(i)}},
		})
	}
	raw, err := req.Marshal()
	if err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(snappy.Encode(nil, raw)))
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("Content-Encoding", "snappy")
	rec := httptest.NewRecorder()
	w.room.RemoteWrite(rec, r.WithContext(hearth.WithWorkspace(r.Context(), w.ws)))
	return rec.Code, rec.Body.String()
}

func (w *whole) head() engine.Head {
	w.t.Helper()
	h, err := w.engine.Head(context.Background(), w.ws)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(h.Release)
	return h
}

// samples counts what is stored of each series.
func (w *whole) samples() map[string]int {
	w.t.Helper()
	q, err := w.head().Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = q.Close() }()
	got := map[string]int{}
	set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchRegexp, "__name__", ".+"))
	for set.Next() {
		it := set.At().Iterator(nil)
		for it.Next() != chunkenc.ValNone {
			got[set.At().Labels().Get("__name__")]++
		}
	}
	return got
}

func TestOverTheEmbeddedEngine(t *testing.T) {
	dir := t.TempDir()
	w := newWhole(t, dir, nil)
	for range 3 {
		if code, answer := w.write("a", "b", "c"); code != http.StatusOK {
			t.Fatalf("%d %s", code, answer)
		}
		w.clock.Add(15_000)
	}
	if got := w.samples(); fmt.Sprint(got) != "map[a:3 b:3 c:3]" {
		t.Errorf("stored %v", got)
	}
}

// The series of an earlier process are known to the engine, not to the cache.
func TestReopenedWorkspace(t *testing.T) {
	dir := t.TempDir()
	first := newWhole(t, dir, nil)
	if code, answer := first.write("a", "b"); code != http.StatusOK {
		t.Fatalf("%d %s", code, answer)
	}
	if err := first.engine.Close(); err != nil {
		t.Fatal(err)
	}
	second := newWhole(t, dir, nil)
	second.clock.Add(60_000)
	for range 2 {
		if code, answer := second.write("b", "a", "c"); code != http.StatusOK {
			t.Fatalf("%d %s", code, answer)
		}
		second.clock.Add(15_000)
	}
	if got := second.samples(); fmt.Sprint(got) != "map[a:3 b:3 c:2]" {
		t.Errorf("stored %v", got)
	}
}

func TestSeriesLimitOfTheEmbeddedEngine(t *testing.T) {
	w := newWhole(t, t.TempDir(), func(l *hearth.Limits) { l.ActiveSeries = 2 })
	code, answer := w.write("a", "b", "c")
	const want = `user=000000000000_ws-00000000-0000-4000-8000-000000000002: per-user series limit of 2 exceeded, please contact administrator to raise it: series {__name__="c"}, sample time 2026-11-20T12:00:00Z (per_user_series_limit); this one sample of 3 was refused, all others are stored` + "\n"
	if code != http.StatusBadRequest || answer != want {
		t.Errorf("%d %s", code, answer)
	}
	w.clock.Add(15_000)
	if code, answer := w.write("a", "b"); code != http.StatusOK {
		t.Errorf("known series: %d %s", code, answer)
	}
}

func TestDeletedWorkspace(t *testing.T) {
	w := newWhole(t, t.TempDir(), nil)
	if code, answer := w.write("a"); code != http.StatusOK {
		t.Fatalf("%d %s", code, answer)
	}
	if err := w.engine.Delete(t.Context(), w.ws.ID); err != nil {
		t.Fatal(err)
	}
	if code, answer := w.write("a"); code != http.StatusNotFound {
		t.Errorf("%d %s", code, answer)
	}
}
