package enginetest

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth/engine"
)

func testFloats(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	write(t, e, ws,
		sample{series: `up{job="a"}`, t: 1000, v: 1},
		sample{series: `up{job="a"}`, t: 2000, v: math.Inf(-1)},
		sample{series: `up{job="b"}`, t: 1000, v: math.Float64frombits(value.NormalNaN)},
		sample{series: `up{job="b"}`, t: 1001, v: -0.5},
	)
	expect(t, e, ws,
		`{__name__="up", job="a"} 1000=1 2000=-Inf`,
		`{__name__="up", job="b"} 1000=0x7ff8000000000001 1001=-0.5`)
}

func intHistogram(n int) *histogram.Histogram {
	return &histogram.Histogram{
		Schema: 1, Count: uint64(10 * n), Sum: float64(n), ZeroThreshold: 0.001, ZeroCount: uint64(n),
		PositiveSpans:   []histogram.Span{{Offset: 0, Length: 2}},
		PositiveBuckets: []int64{int64(4 * n), int64(n)},
	}
}

func testHistograms(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	write(t, e, ws,
		sample{series: "h", t: 1000, h: intHistogram(1)},
		sample{series: "h", t: 2000, h: intHistogram(2)},
		sample{series: "fh", t: 1000, fh: intHistogram(3).ToFloat(nil)},
		sample{series: "mixed", t: 1000, v: 7},
		sample{series: "mixed", t: 2000, h: intHistogram(1)},
	)
	one, two, three := intHistogram(1).String(), intHistogram(2).String(), intHistogram(3).ToFloat(nil).String()
	expect(t, e, ws,
		`{__name__="fh"} 1000=float`+three,
		`{__name__="h"} 1000=`+one+` 2000=`+two,
		`{__name__="mixed"} 1000=7 2000=`+one)
}

func testStaleness(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	stale := math.Float64frombits(value.StaleNaN)
	write(t, e, ws, sample{series: "up", t: 1000, v: 1}, sample{series: "up", t: 2000, v: stale})
	write(t, e, ws, sample{series: "up", t: 3000, v: 1})
	expect(t, e, ws, `{__name__="up"} 1000=1 2000=0x7ff0000000000002 3000=1`)
}

func testExemplars(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	want := exemplar.Exemplar{Labels: labels.FromStrings("trace_id", "abc"), Value: 0.7, Ts: 1000, HasTs: true}
	using(t, e, ws, func(h engine.Head) {
		a := h.AppenderV2(t.Context())
		ls := labels.FromStrings(model.MetricNameLabel, "latency_bucket", "le", "1")
		_, err := a.Append(0, ls, 0, 1000, 1, nil, nil, storage.AOptions{Exemplars: []exemplar.Exemplar{want}})
		if err != nil {
			t.Fatalf("Append with an exemplar: %v", err)
		}
		if err := a.Commit(); err != nil {
			t.Fatalf("Commit: %v", err)
		}
		got := exemplarsOf(t, h, "latency_bucket")
		if len(got) != 1 || len(got[0].Exemplars) != 1 || !got[0].Exemplars[0].Equals(want) {
			t.Errorf("exemplars: got %+v, want %+v", got, want)
		}
		if got := exemplarsOf(t, h, "other"); len(got) != 0 {
			t.Errorf("exemplars of a series without any: %+v", got)
		}
	})
}

func exemplarsOf(t *testing.T, h engine.Head, metric string) []exemplar.QueryResult {
	t.Helper()
	q, err := h.ExemplarQuerier(t.Context())
	if err != nil {
		t.Fatalf("ExemplarQuerier: %v", err)
	}
	got, err := q.Select(0, math.MaxInt64, []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, metric)})
	if err != nil {
		t.Fatalf("Select exemplars: %v", err)
	}
	return got
}

func describe(metric, help string) engine.Metadata {
	return engine.Metadata{Metric: metric, Metadata: metadata.Metadata{Type: model.MetricTypeCounter, Unit: "seconds", Help: help}}
}

func testMetadata(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	up, also, down := describe("up", "It is up."), describe("up", "Another help."), describe("down", "")
	using(t, e, ws, func(h engine.Head) {
		for range 2 { // saying it again changes nothing
			if dropped, err := h.StoreMetadata(t.Context(), []engine.Metadata{up, also, down, up}); dropped != 0 || err != nil {
				t.Fatalf("StoreMetadata: dropped %d, err %v; want none", dropped, err)
			}
		}
		expectMetadata(t, h, "up", up, also)
		expectMetadata(t, h, "", down, up, also)
		expectMetadata(t, h, "unknown")
	})
}

func expectMetadata(t *testing.T, h engine.Head, metric string, want ...engine.Metadata) {
	t.Helper()
	got, err := h.Metadata(t.Context(), metric)
	if err != nil {
		t.Fatalf("Metadata(%q): %v", metric, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Metadata(%q) (-want +got):\n%s", metric, diff)
	}
}

func testMetadataLimits(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	ws.Limits.MetadataMetrics, ws.Limits.MetadataPerMetric, ws.Limits.MetadataBytes = 2, 1, 40
	using(t, e, ws, func(h engine.Head) {
		dropped, err := h.StoreMetadata(t.Context(), []engine.Metadata{
			describe("a", "first"),
			describe("a", "a second one for a"),
			describe("b", "a help text that is far longer than forty bytes are"),
			describe("b", "short"),
			describe("c", "a third metric"),
		})
		if dropped != 3 || err != nil {
			t.Errorf("StoreMetadata over the limits: dropped %d, err %v; want 3 dropped", dropped, err)
		}
		expectMetadata(t, h, "", describe("a", "first"), describe("b", "short"))
	})
}

func testChunkQuerier(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	write(t, e, ws, sample{series: "up", t: 1000, v: 1}, sample{series: "up", t: 2000, v: 2})
	using(t, e, ws, func(h engine.Head) {
		q, err := h.ChunkQuerier(0, math.MaxInt64)
		if err != nil {
			t.Fatalf("ChunkQuerier: %v", err)
		}
		defer q.Close()
		set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, "up"))
		n := 0
		for set.Next() {
			for it := set.At().Iterator(nil); it.Next(); {
				n += it.At().Chunk.NumSamples()
			}
		}
		if n != 2 || set.Err() != nil {
			t.Errorf("chunks hold %d samples, err %v; want 2", n, set.Err())
		}
	})
}
