package ingest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/hearth-metrics/hearth"
)

// wide is an integer histogram with n buckets, one observation in each.
func wide(n int, schema int32) *histogram.Histogram {
	h := &histogram.Histogram{Schema: schema, Count: uint64(n), Sum: 1, PositiveSpans: []histogram.Span{{Length: uint32(n)}}}
	h.PositiveBuckets = make([]int64, n)
	h.PositiveBuckets[0] = 1
	return h
}

func TestHistogramsAreStored(t *testing.T) {
	now := testTime.UnixMilli()
	req := &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{
		{Labels: ts(named("int")).Labels, Histograms: []prompb.Histogram{prompb.FromIntHistogram(now, tsdbutil.GenerateTestHistogram(3))}},
		{Labels: ts(named("float")).Labels, Histograms: []prompb.Histogram{prompb.FromFloatHistogram(now, tsdbutil.GenerateTestFloatHistogram(3))}},
		{Labels: ts(named("custom")).Labels, Histograms: []prompb.Histogram{prompb.FromIntHistogram(now, tsdbutil.GenerateTestCustomBucketsHistogram(3))}},
		{Labels: ts(named("mixed")).Labels, Samples: []prompb.Sample{at(0, 5)}, Histograms: []prompb.Histogram{prompb.FromIntHistogram(now+1000, tsdbutil.GenerateTestHistogram(3))}},
	}}
	v1, v2 := newWorkbench(t), newWorkbench(t)
	want(t, v1.post(typeV1, "snappy", packV1(t, req)), http.StatusOK, "")
	w := v2.post(typeV2, "snappy", packV2(t, toV2(req)))
	want(t, w, http.StatusNoContent, "")
	if got := w.Header().Get("X-Prometheus-Remote-Write-Histograms-Written"); got != "4" {
		t.Errorf("%s histograms written, want 4", got)
	}
	got := v1.engine.everything(t, v1.ws.ID)
	if d := cmp.Diff(got, v2.engine.everything(t, v2.ws.ID)); d != "" {
		t.Errorf("2.0 stores something else than 1.0: %s", d)
	}
	if len(got) != 5 || !strings.Contains(got[1].V+got[2].V, tsdbutil.GenerateTestFloatHistogram(3).String()) {
		t.Errorf("stored %v", got)
	}
}

func TestHistogramsOutOfBounds(t *testing.T) {
	now := testTime.UnixMilli()
	count := func(h *histogram.Histogram) *histogram.Histogram { h.Count++; return h }
	for _, tc := range []struct {
		name     string
		h        *histogram.Histogram
		code     int
		sentence string
	}{
		{"schema 9 is reduced to 8", wide(10, 9), 200, ""},
		{"schema 53", wide(10, 53), 400, `histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema 53: series {__name__="h"}, sample time 2026-11-20T12:00:00Z (native_histogram_invalid_schema)`},
		{"schema -5", wide(10, -5), 400, `histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema -5: series {__name__="h"}, sample time 2026-11-20T12:00:00Z (native_histogram_invalid_schema)`},
		{"count does not add up", count(wide(10, 3)), 400, `10 observations found in buckets, but the Count field is 11: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN): series {__name__="h"}, sample time 2026-11-20T12:00:00Z (native_histogram_invalid)`},
		{"spans lie", &histogram.Histogram{Schema: 1, PositiveSpans: []histogram.Span{{Length: 1 << 31}}}, 400, `positive side: spans need 2147483648 buckets, have 0 buckets: histogram spans specify different number of buckets than provided: series {__name__="h"}, sample time 2026-11-20T12:00:00Z (native_histogram_invalid)`},
		{"300 buckets are halved", wide(300, 5), 200, ""},
		{"300 buckets at the lowest resolution", wide(300, -4), 400, `native histogram has too many buckets (actual: 300, limit: 200): series {__name__="h"}, sample time 2026-11-20T12:00:00Z (native_histogram_buckets_exceeded)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newWorkbench(t, func(l *hearth.Limits) { l.NativeHistogramBuckets = 200 })
			w := b.v1(prompb.TimeSeries{Labels: ts(named("h")).Labels, Histograms: []prompb.Histogram{prompb.FromIntHistogram(now, tc.h)}})
			if tc.code != 200 {
				tc.sentence += "; this one sample of 1 was refused, all others are stored"
			}
			want(t, w, tc.code, tc.sentence)
			b.wantGood()
		})
	}
}

func TestHistogramResolutionIsReduced(t *testing.T) {
	b := newWorkbench(t, func(l *hearth.Limits) { l.NativeHistogramBuckets = 200 })
	want(t, b.v1(prompb.TimeSeries{Labels: ts(named("h")).Labels, Histograms: []prompb.Histogram{prompb.FromIntHistogram(testTime.UnixMilli(), wide(300, 5))}}), 200, "")
	if got := b.engine.everything(t, b.ws.ID); len(got) != 1 || !strings.HasPrefix(got[0].V, "4 {count:300,") {
		t.Errorf("stored %v", got)
	}
}

func TestExemplars(t *testing.T) {
	b := newWorkbench(t)
	table := writev2.NewSymbolTable()
	req := &writev2.Request{Timeseries: []writev2.TimeSeries{{
		LabelsRefs: table.SymbolizeLabels(labels.FromStrings("__name__", "up"), nil),
		Samples:    []writev2.Sample{{Timestamp: testTime.UnixMilli(), Value: 1}},
		Exemplars:  []writev2.Exemplar{{LabelsRefs: table.SymbolizeLabels(labels.FromStrings("trace_id", "abc"), nil), Value: 7, Timestamp: testTime.UnixMilli()}},
	}}}
	req.Symbols = table.Symbols()
	w := b.post(typeV2, "snappy", packV2(t, req))
	want(t, w, http.StatusNoContent, "")
	if got := w.Header().Get("X-Prometheus-Remote-Write-Exemplars-Written"); got != "1" {
		t.Errorf("%s exemplars written, want 1", got)
	}
	s := ts(named("up"), at(time.Second, 1))
	s.Exemplars = []prompb.Exemplar{{Labels: []prompb.Label{{Name: "trace_id", Value: "def"}}, Value: 8, Timestamp: testTime.Add(time.Second).UnixMilli()}}
	want(t, b.v1(s), http.StatusOK, "")
	q, err := b.engine.heads[b.ws.ID].ExemplarQuerier(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := q.Select(0, 1<<62, []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", "up")})
	if err != nil {
		t.Fatal(err)
	}
	want := []exemplar.Exemplar{
		{Labels: labels.FromStrings("trace_id", "abc"), Value: 7, Ts: testTime.UnixMilli(), HasTs: true},
		{Labels: labels.FromStrings("trace_id", "def"), Value: 8, Ts: testTime.Add(time.Second).UnixMilli(), HasTs: true},
	}
	if len(found) != 1 || !cmp.Equal(want, found[0].Exemplars, cmp.Comparer(labels.Equal)) {
		t.Errorf("exemplars %+v, want %+v", found, want)
	}
}

func TestMetadata(t *testing.T) {
	b := newWorkbench(t)
	want(t, b.post(typeV1, "snappy", packV1(t, &prompb.WriteRequest{Metadata: []prompb.MetricMetadata{
		{Type: prompb.MetricMetadata_COUNTER, MetricFamilyName: "a_total", Help: "How many a.", Unit: "a"},
	}})), http.StatusOK, "")
	table := writev2.NewSymbolTable()
	req := &writev2.Request{}
	for _, name := range []string{"b_bucket", "b_sum"} {
		req.Timeseries = append(req.Timeseries, writev2.TimeSeries{
			LabelsRefs: table.SymbolizeLabels(labels.FromStrings("__name__", name), nil),
			Samples:    []writev2.Sample{{Timestamp: testTime.UnixMilli(), Value: 1}},
			Metadata:   writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_HISTOGRAM, HelpRef: table.Symbolize("How long b took."), UnitRef: table.Symbolize("seconds")},
		})
	}
	req.Symbols = table.Symbols()
	want(t, b.post(typeV2, "snappy", packV2(t, req)), http.StatusNoContent, "")
	h := b.engine.heads[b.ws.ID]
	var got []string
	for _, name := range []string{"a_total", "b"} {
		m := h.metadata[name]
		got = append(got, string(m.Type)+" "+m.Help+" "+m.Unit)
	}
	if d := cmp.Diff([]string{"counter How many a. a", "histogram How long b took. seconds"}, got); d != "" {
		t.Error(d)
	}
	clear(h.metadata)
	want(t, b.post(typeV2, "snappy", packV2(t, req)), http.StatusNoContent, "")
	if len(h.metadata) != 0 {
		t.Errorf("metadata that did not change was stored again: %v", h.metadata)
	}
}

func TestStartTimestampsReachTheEngine(t *testing.T) {
	b := newWorkbench(t)
	table := writev2.NewSymbolTable()
	req := &writev2.Request{Timeseries: []writev2.TimeSeries{{
		LabelsRefs: table.SymbolizeLabels(labels.FromStrings("__name__", "up"), nil),
		Samples:    []writev2.Sample{{Timestamp: testTime.UnixMilli(), Value: 1, StartTimestamp: testTime.Add(-time.Minute).UnixMilli()}},
	}}}
	req.Symbols = table.Symbols()
	var p batch
	p.buf = mustMarshal(t, req)
	if err := p.decodeV2(hearth.Limits{}); err != nil || p.samples[0].st != testTime.Add(-time.Minute).UnixMilli() {
		t.Errorf("%+v %v", p.samples, err)
	}
	want(t, b.post(typeV2, "snappy", packV2(t, req)), http.StatusNoContent, "")
}

func mustMarshal(t *testing.T, m interface{ Marshal() ([]byte, error) }) []byte {
	t.Helper()
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
