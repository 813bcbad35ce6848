package enginetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// wantLimit fails unless err says that the limit with that reason was met.
func wantLimit(t *testing.T, err error, reason string, limit int64) {
	t.Helper()
	l, ok := errors.AsType[*engine.LimitError](err)
	if !ok || l.Reason != reason || l.Limit != limit || l.Labels.IsEmpty() {
		t.Errorf("got %v (%+v), want a LimitError with reason %s, limit %d and the labels", err, l, reason, limit)
	}
}

func testSeriesLimit(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	ws.Limits.ActiveSeries = 2
	write(t, e, ws, sample{series: "a", t: 1000, v: 1}, sample{series: "b", t: 1000, v: 1})
	using(t, e, ws, func(h engine.Head) {
		wantLimit(t, tryWrite(t, h, sample{series: "c", t: 2000, v: 1}, sample{series: "a", t: 2000, v: 2}), "per_user_series_limit", 2)
	})
	expect(t, e, ws, `{__name__="a"} 1000=1 2000=2`, `{__name__="b"} 1000=1`)
}

func testHistogramLimit(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	ws.Limits.NativeHistogramSeries = 2
	write(t, e, ws, sample{series: "h1", t: 1000, h: intHistogram(1)})
	using(t, e, ws, func(h engine.Head) {
		err := tryWrite(t, h,
			sample{series: "h2", t: 1000, fh: intHistogram(1).ToFloat(nil)},
			sample{series: "h1", t: 2000, h: intHistogram(2)},
			sample{series: "float", t: 1000, v: 1},
			sample{series: "h3", t: 1000, h: intHistogram(1)})
		wantLimit(t, err, "per_user_native_histogram_series_limit", 2)
		if st := h.Stats(); st.ActiveSeries != 3 || st.NativeHistogramSeries != 2 {
			t.Errorf("stats %+v, want 3 series, 2 of them native histograms", st)
		}
	})
}

func labelSets(max ...int64) []hearth.LabelSetLimit {
	return []hearth.LabelSetLimit{
		{Labels: map[string]string{"team": "a"}, MaxSeries: max[0]},
		{Labels: map[string]string{"team": "a", "env": "dev"}, MaxSeries: max[1]},
		{Labels: nil, MaxSeries: max[2]},
	}
}

func testLabelSetLimits(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	ws.Limits.LabelSets = labelSets(0, 1, 1)
	write(t, e, ws,
		sample{series: `up{team="a",env="dev"}`, t: 1000, v: 1},
		sample{series: `up{team="a",env="prod"}`, t: 1000, v: 1},
		sample{series: `up{team="b"}`, t: 1000, v: 1})
	using(t, e, ws, func(h engine.Head) {
		wantLimit(t, tryWrite(t, h, sample{series: `down{team="a",env="dev"}`, t: 1000, v: 1}), "per_labelset_series_limit", 1)
		wantLimit(t, tryWrite(t, h, sample{series: `down{team="c"}`, t: 1000, v: 1}), "per_labelset_series_limit", 1)
		expectSets(t, h, 2, 1, 1)
	})
	write(t, e, ws, sample{series: `down{team="a"}`, t: 1000, v: 1}) // a maximum of 0 only counts
}

func expectSets(t *testing.T, h engine.Head, want ...int64) {
	t.Helper()
	if diff := cmp.Diff(want, h.Stats().LabelSets); diff != "" {
		t.Errorf("series by label set (-want +got):\n%s", diff)
	}
}

func testLimitsChange(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	for i := range 3 {
		write(t, e, ws, sample{series: fmt.Sprintf(`up{team="a",n="%d"}`, i), t: 1000, v: 1})
	}
	ws.Limits.LabelSets = labelSets(4, 9, 9)
	write(t, e, ws, sample{series: `up{team="a",n="3"}`, t: 1000, v: 1})
	using(t, e, ws, func(h engine.Head) {
		expectSets(t, h, 4, 0, 0)
		wantLimit(t, tryWrite(t, h, sample{series: `up{team="a",n="4"}`, t: 1000, v: 1}), "per_labelset_series_limit", 4)
	})
	ws.Limits.LabelSets = labelSets(5, 9, 9)
	write(t, e, ws, sample{series: `up{team="a",n="4"}`, t: 1000, v: 1})
	ws.Limits.LabelSets, ws.Limits.ActiveSeries = nil, 5
	using(t, e, ws, func(h engine.Head) {
		wantLimit(t, tryWrite(t, h, sample{series: "other", t: 1000, v: 1}), "per_user_series_limit", 5)
	})
}

func testReferences(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	using(t, e, ws, func(h engine.Head) {
		a := h.AppenderV2(t.Context())
		ref, err := a.Append(0, parse(t, "up"), 0, 1000, 1, nil, nil, storage.AOptions{})
		if err != nil || ref == 0 || a.Commit() != nil {
			t.Fatalf("Append: ref %d, err %v", ref, err)
		}
		for i := range 3 {
			a := h.AppenderV2(t.Context())
			got, err := a.Append(ref, labels.EmptyLabels(), 0, int64(i+2)*1000, 1, nil, nil, storage.AOptions{})
			if err != nil || got != ref {
				t.Fatalf("Append by reference: got %d, err %v; want %d", got, err, ref)
			}
			if err := a.Commit(); err != nil {
				t.Fatalf("Commit: %v", err)
			}
		}
		a = h.AppenderV2(t.Context())
		if _, err := a.Append(ref+1000, labels.EmptyLabels(), 0, 9000, 1, nil, nil, storage.AOptions{}); err == nil {
			t.Errorf("an unknown reference without labels was accepted")
		}
		if err := a.Rollback(); err != nil {
			t.Errorf("Rollback: %v", err)
		}
	})
	expect(t, e, ws, `{__name__="up"} 1000=1 2000=1 3000=1 4000=1`)
}

func testLocal(t *testing.T, open Opener) {
	dir, ws := t.TempDir(), workspace()
	made := 0
	local := func(e engine.Engine) (v any) {
		using(t, e, ws, func(h engine.Head) {
			v = h.Local(func() any { made++; return &made })
		})
		return v
	}
	for opening := range 2 {
		e := open(t, Options{Dir: dir})
		if a, b := local(e), local(e); a != b || made != opening+1 {
			t.Errorf("opening %d: Local made %d values; want one an opening", opening+1, made)
		}
		closeEngine(t, e)
	}
}
