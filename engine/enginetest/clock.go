package enginetest

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// clockOf returns the clock of a pinned workspace; false if the engine has none.
func clockOf(t *testing.T, e engine.Engine, ws hearth.Workspace) (engine.WriteClock, bool) {
	t.Helper()
	h := pinned(t, e, ws)
	t.Cleanup(h.Release)
	c, ok := h.(engine.WriteClock)
	return c, ok
}

// A write is noticed as far back as it reaches, and by later moments no more.
func testWriteClock(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	ws.Limits.OutOfOrderWindow = 2 * time.Hour
	clock, ok := clockOf(t, e, ws)
	if !ok {
		return
	}
	h := &histogram.Histogram{Count: 1, Sum: 1, ZeroThreshold: 0.01, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1}}
	for _, c := range []struct {
		name   string
		sample sample
		st     int64
		want   int64
	}{
		{"a new series", sample{series: "up", t: 100_000, v: 1}, 0, 100_000},
		{"the next sample", sample{series: "up", t: 110_000, v: 1}, 0, 110_000},
		{"a late one", sample{series: "up", t: 90_000, v: 1}, 0, 90_000},
		{"a staleness marker", sample{series: "up", t: 120_000, v: math.Float64frombits(value.StaleNaN)}, 0, 120_000},
		{"a histogram", sample{series: "h", t: 105_000, h: h}, 0, 105_000},
		{"a start, stored as a zero", sample{series: "c", t: 125_000, v: 3}, 70_000, 70_000},
		{"the same start again", sample{series: "c", t: 126_000, v: 4}, 70_000, 126_000},
		{"a start of another series", sample{series: "d", t: 127_000, v: 4}, 70_000, 70_000},
		{"another start", sample{series: "c", t: 140_000, v: 1}, 130_000, 130_000},
	} {
		before := clock.Written()
		appendOne(t, e, ws, c.sample, c.st)
		if got := clock.OldestSince(before); got != c.want {
			t.Errorf("%s: OldestSince: got %d, want %d", c.name, got, c.want)
		}
		if got := clock.OldestSince(clock.Written()); got != math.MaxInt64 {
			t.Errorf("%s: OldestSince of now: got %d", c.name, got)
		}
	}
}

func appendOne(t *testing.T, e engine.Engine, ws hearth.Workspace, s sample, st int64) {
	t.Helper()
	using(t, e, ws, func(h engine.Head) {
		a := h.AppenderV2(t.Context())
		ref, ls := storage.SeriesRef(0), parse(t, s.series)
		if g, ok := a.(storage.GetRef); ok {
			if ref, _ = g.GetRef(ls, ls.Hash()); ref != 0 {
				ls = labels.EmptyLabels()
			}
		}
		if _, err := a.Append(ref, ls, st, s.t, s.v, s.h, s.fh, storage.AOptions{}); err != nil {
			t.Fatalf("append %s @%d: %v", s.series, s.t, err)
		}
		if err := a.Commit(); err != nil {
			t.Fatal(err)
		}
	})
}

// A moment of an earlier opening tells nothing.
func testWriteClockReopened(t *testing.T, open Opener) {
	dir, ws := t.TempDir(), workspace()
	e := open(t, Options{Dir: dir, MaxOpen: 1})
	t.Cleanup(func() { closeEngine(t, e) })
	write(t, e, ws, sample{series: "up", t: 100_000, v: 1})
	var before uint64
	known := false
	using(t, e, ws, func(h engine.Head) {
		if c, ok := h.(engine.WriteClock); ok {
			before, known = c.Written(), true
		}
	})
	write(t, e, workspace(), sample{series: "up", t: 100_000, v: 1}) // closes the first
	using(t, e, ws, func(h engine.Head) {
		if got := int64(math.MinInt64); known && h.(engine.WriteClock).OldestSince(before) != got {
			t.Errorf("OldestSince of an earlier opening: want %d", got)
		}
	})
}
