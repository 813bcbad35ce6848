package ingest

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/golang/snappy"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/hearth-metrics/hearth"
)

// An oracleSeries is a series as Prometheus' own decoder reads it.
type oracleSeries struct {
	ls    labels.Labels
	raw   int // labels as sent
	float []sample
	hist  []histSample
}

// oracleStore stores what Prometheus' rules accept, through nothing of ours.
func oracleStore(t *testing.T, all []oracleSeries) []point {
	t.Helper()
	e := newTestEngine(t)
	ws := testWorkspace()
	h, err := e.Head(t.Context(), ws)
	if err != nil {
		t.Fatal(err)
	}
	app := h.AppenderV2(t.Context())
	horizon := testTime.Add(10 * time.Minute).UnixMilli()
	add := func(ls labels.Labels, p histSample, v float64) {
		if p.t < 0 || p.t > horizon {
			return
		}
		_, _ = app.Append(0, ls, 0, p.t, v, p.h, p.fh, storage.AOptions{})
	}
	for _, s := range all {
		if _, dup := s.ls.HasDuplicateLabelNames(); dup || !s.ls.Has(model.MetricNameLabel) || !s.ls.IsValid(model.UTF8Validation) || outsideLimits(s.ls, ws.Limits) {
			continue
		}
		slices.SortStableFunc(s.float, func(a, b sample) int { return cmp.Compare(a.t, b.t) })
		slices.SortStableFunc(s.hist, func(a, b histSample) int { return cmp.Compare(a.t, b.t) })
		for _, p := range s.float {
			add(s.ls, histSample{t: p.t}, p.v)
		}
		for _, p := range s.hist {
			if oracleReduce(&p, ws.Limits.NativeHistogramBuckets) {
				add(s.ls, p, 0)
			}
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	return allPoints(t, h)
}

// oracleReduce brings resolutions above the highest down, as Prometheus' receiver
// does, and those of histograms with too many buckets, as AMP does; ok is false if
// the histogram must be refused.
func oracleReduce(p *histSample, limit int) (ok bool) {
	if s := p.schema(); histogram.IsExponentialSchemaReserved(s) && s > histogram.ExponentialSchemaMax {
		if p.reduce(histogram.ExponentialSchemaMax) != nil {
			return false
		}
	}
	for p.validate() == nil && p.buckets() > limit {
		if p.schema() <= histogram.ExponentialSchemaMin || p.reduce(p.schema()-1) != nil {
			return false
		}
	}
	return true
}

func outsideLimits(ls labels.Labels, l hearth.Limits) bool {
	size, bad := 0, ls.Len() > l.LabelNamesPerSeries
	ls.Range(func(x labels.Label) {
		size += len(x.Name) + len(x.Value)
		bad = bad || len(x.Name) > l.LabelNameBytes || len(x.Value) > l.LabelValueBytes
	})
	return bad || size > l.LabelBytes
}

func oracleV1(req *prompb.WriteRequest) (all []oracleSeries) {
	b := labels.NewScratchBuilder(0)
	for _, s := range req.Timeseries {
		o := oracleSeries{ls: s.ToLabels(&b, nil).WithoutEmpty(), raw: len(s.Labels)}
		if s.ToLabels(&b, nil).Has("") || emptyName(s.Labels) {
			continue
		}
		for _, p := range s.Samples {
			o.float = append(o.float, sample{t: p.Timestamp, v: p.Value})
		}
		for _, h := range s.Histograms {
			o.hist = append(o.hist, histSample{t: h.Timestamp, h: own(h.ToIntHistogram()), fh: floatOnly(h.IsFloatHistogram(), h.ToFloatHistogram)})
		}
		all = append(all, o)
	}
	return all
}

func emptyName(ls []prompb.Label) bool {
	return slices.ContainsFunc(ls, func(l prompb.Label) bool { return l.Name == "" })
}

func floatOnly(is bool, f func() *histogram.FloatHistogram) *histogram.FloatHistogram {
	if !is {
		return nil
	}
	h := *f()
	h.PositiveSpans, h.NegativeSpans, h.CustomValues = slices.Clone(h.PositiveSpans), slices.Clone(h.NegativeSpans), slices.Clone(h.CustomValues)
	h.PositiveBuckets, h.NegativeBuckets = slices.Clone(h.PositiveBuckets), slices.Clone(h.NegativeBuckets)
	return &h
}

// own copies h, which shares its buckets with the request, whole: Copy leaves out what
// custom buckets must not have, and for which they are refused.
func own(h *histogram.Histogram) *histogram.Histogram {
	if h == nil {
		return nil
	}
	c := *h
	c.PositiveSpans, c.NegativeSpans, c.CustomValues = slices.Clone(h.PositiveSpans), slices.Clone(h.NegativeSpans), slices.Clone(h.CustomValues)
	c.PositiveBuckets, c.NegativeBuckets = slices.Clone(h.PositiveBuckets), slices.Clone(h.NegativeBuckets)
	return &c
}

func oracleV2(req *writev2.Request) (all []oracleSeries, ok bool) {
	b := labels.NewScratchBuilder(0)
	for _, s := range req.Timeseries {
		ls, err := s.ToLabels(&b, req.Symbols)
		if err != nil {
			return nil, false
		}
		if _, err := s.ToMetadata(append([]string{""}, req.Symbols...)[min(1, len(req.Symbols)):]); err != nil {
			continue
		}
		o := oracleSeries{ls: ls.WithoutEmpty()}
		for _, p := range s.Samples {
			o.float = append(o.float, sample{t: p.Timestamp, v: p.Value})
		}
		for _, h := range s.Histograms {
			o.hist = append(o.hist, histSample{t: h.Timestamp, h: own(h.ToIntHistogram()), fh: floatOnly(h.IsFloatHistogram(), h.ToFloatHistogram)})
		}
		if !slices.ContainsFunc(s.LabelsRefs, func(r uint32) bool { return req.Symbols[r] == "" && isName(s.LabelsRefs, req.Symbols) }) {
			all = append(all, o)
		}
	}
	return all, true
}

// isName tells whether one of the names is empty.
func isName(refs []uint32, symbols []string) bool {
	for i := 0; i < len(refs); i += 2 {
		if symbols[refs[i]] == "" {
			return true
		}
	}
	return false
}

func seedsV1(f *testing.F) {
	now := testTime.UnixMilli()
	add := func(req *prompb.WriteRequest) {
		raw, err := req.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	add(&prompb.WriteRequest{})
	add(&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{
		ts(named("up", "job", "a"), at(0, 1), at(time.Second, math.NaN())), ts([]string{"z", "1", "__name__", "up"}, at(0, 1)),
		ts(named("up", "job", ""), at(0, 1), at(0, 1)), ts(named("up", "a", "1", "a", "2"), at(0, 1)), ts(named("up"), at(time.Hour, 1), at(-time.Hour, 1)),
	}})
	add(&prompb.WriteRequest{
		Timeseries: []prompb.TimeSeries{{
			Labels: ts(named("h")).Labels, Exemplars: []prompb.Exemplar{{Value: 1, Timestamp: now, Labels: ts([]string{"trace", "x"}).Labels}},
			Histograms: []prompb.Histogram{
				prompb.FromIntHistogram(now, tsdbutil.GenerateTestHistogram(1)), prompb.FromFloatHistogram(now+1, tsdbutil.GenerateTestFloatHistogram(2)),
				prompb.FromIntHistogram(now+2, tsdbutil.GenerateTestCustomBucketsHistogram(1)), prompb.FromIntHistogram(now+3, wide(20, 10)),
			},
		}},
		Metadata: []prompb.MetricMetadata{{Type: prompb.MetricMetadata_GAUGE, MetricFamilyName: "up", Help: "h", Unit: "u"}},
	})
	f.Add([]byte{0x0A, 0x02, 0x0A, 0x00})
}

// What is accepted, Prometheus' decoder accepts too, and the same is stored; what
// Prometheus writes is accepted.
func FuzzRemoteWriteV1(f *testing.F) {
	seedsV1(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := newWorkbench(t)
		w := b.post(typeV1, "snappy", snappy.Encode(nil, raw))
		if w.Code >= 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		got := b.engine.everything(t, b.ws.ID)
		var req prompb.WriteRequest
		if err := req.Unmarshal(raw); err != nil {
			if w.Code == 200 {
				t.Fatalf("accepted what Prometheus cannot parse: %v", err)
			}
			return
		}
		expect := oracleStore(t, oracleV1(&req))
		if w.Code == 200 && !gocmp.Equal(expect, got) {
			t.Fatalf("stored (-prometheus +ours):\n%s", gocmp.Diff(expect, got))
		}
		req = prompb.WriteRequest{Timeseries: req.Timeseries, Metadata: req.Metadata} // without unknown fields
		clean := newWorkbench(t)
		w = clean.post(typeV1, "snappy", packV1(t, &req))
		if again := clean.engine.everything(t, clean.ws.ID); !gocmp.Equal(expect, again) {
			t.Fatalf("written by Prometheus, answered %d %s, stored (-prometheus +ours):\n%s", w.Code, w.Body, gocmp.Diff(expect, again))
		}
	})
}

func FuzzRemoteWriteV2(f *testing.F) {
	for _, req := range []*writev2.Request{
		{Symbols: []string{""}},
		toV2(&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{ts(named("up", "job", "a"), at(0, 1)), ts([]string{"z", "1", "__name__", "up"}, at(0, 1), at(0, 2))}}),
		toV2(&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{Labels: ts(named("h")).Labels, Histograms: []prompb.Histogram{prompb.FromIntHistogram(testTime.UnixMilli(), tsdbutil.GenerateTestHistogram(1))}}}}),
	} {
		raw, err := req.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := newWorkbench(t)
		w := b.post(typeV2, "snappy", snappy.Encode(nil, raw))
		if w.Code >= 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		var req writev2.Request
		if err := req.Unmarshal(raw); err != nil {
			if w.Code == 204 {
				t.Fatalf("accepted what Prometheus cannot parse: %v", err)
			}
			return
		}
		all, ok := oracleV2(&req)
		if !ok {
			if w.Code == 204 {
				t.Fatal("accepted references that Prometheus refuses")
			}
			return
		}
		expect := oracleStore(t, all)
		if got := b.engine.everything(t, b.ws.ID); w.Code == 204 && !gocmp.Equal(expect, got) {
			t.Fatalf("stored (-prometheus +ours):\n%s", gocmp.Diff(expect, got))
		}
		req = writev2.Request{Symbols: req.Symbols, Timeseries: req.Timeseries} // without unknown fields
		clean := newWorkbench(t)
		w = clean.post(typeV2, "snappy", packV2(t, &req))
		if again := clean.engine.everything(t, clean.ws.ID); !gocmp.Equal(expect, again) {
			t.Fatalf("written by Prometheus, answered %d %s, stored (-prometheus +ours):\n%s", w.Code, w.Body, gocmp.Diff(expect, again))
		}
	})
}

// Bytes that are not snappy must not hurt.
func FuzzCompressed(f *testing.F) {
	f.Add([]byte{})
	f.Add(snappy.Encode(nil, []byte{0x0A, 0x02, 0x0A, 0x00}))
	f.Add(lie(1<<32-1, snappy.Encode(nil, []byte{0x0A, 0x02, 0x0A, 0x00})))
	b := newWorkbench(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, typ := range []string{typeV1, typeV2} {
			if w := b.post(typ, "snappy", body); w.Code >= 500 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
	})
}
