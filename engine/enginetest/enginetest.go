// Package enginetest is the suite that every metrics engine passes: what
// engine.Engine promises, said as tests.
package enginetest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// Options are what a test asks of the engine it is given.
type Options struct {
	Dir     string // where it keeps what survives it
	MaxOpen int    // workspaces open at once, for engines that open and close them; 0 is its default
}

// Opener makes an engine. The test closes it, and may open another on the same
// directory afterwards.
type Opener func(t *testing.T, o Options) engine.Engine

// Run puts an engine through the whole suite.
func Run(t *testing.T, open Opener) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Opener)
	}{
		{"Floats", testFloats},
		{"Histograms", testHistograms},
		{"Staleness", testStaleness},
		{"Exemplars", testExemplars},
		{"Metadata", testMetadata},
		{"MetadataLimits", testMetadataLimits},
		{"ChunkQuerier", testChunkQuerier},
		{"Isolation", testIsolation},
		{"OutOfOrder", testOutOfOrder},
		{"OutOfOrderWithinARequest", testUnorderedRequest},
		{"Duplicates", testDuplicates},
		{"Rollback", testRollback},
		{"References", testReferences},
		{"Local", testLocal},
		{"SeriesLimit", testSeriesLimit},
		{"HistogramLimit", testHistogramLimit},
		{"LabelSetLimits", testLabelSetLimits},
		{"LimitsChange", testLimitsChange},
		{"Stats", testStats},
		{"Cardinality", testCardinality},
		{"Delete", testDelete},
		{"DeleteWaits", testDeleteWaits},
		{"Reopen", testReopen},
		{"Closed", testClosed},
		{"BadIDs", testBadIDs},
		{"QuerierOutlivesHead", testQuerierOutlivesHead},
		{"ConcurrentWriters", testConcurrentWriters},
		{"SameHistorySameAnswers", testSameHistory},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// A sample is what tests write. The first of h, fh and v that is set counts.
type sample struct {
	series string // as in promtool's files: up{job="a"}
	t      int64
	v      float64
	h      *histogram.Histogram
	fh     *histogram.FloatHistogram
}

func start(t *testing.T, open Opener) engine.Engine {
	t.Helper()
	e := open(t, Options{Dir: t.TempDir()})
	t.Cleanup(func() { closeEngine(t, e) })
	return e
}

func closeEngine(t *testing.T, e engine.Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// workspace returns a new workspace with generous limits.
func workspace() hearth.Workspace {
	return hearth.Workspace{ID: hearth.NewWorkspaceID(), Limits: hearth.LimitsOf(hearth.Local), Status: hearth.Active}
}

// open pins the workspace until the test ends, or release is called.
func pinned(t *testing.T, e engine.Engine, ws hearth.Workspace) engine.Head {
	t.Helper()
	h, err := e.Head(t.Context(), ws)
	if err != nil {
		t.Fatalf("Head(%s): %v", ws.ID, err)
	}
	return h
}

// using runs f with the workspace pinned.
func using(t *testing.T, e engine.Engine, ws hearth.Workspace, f func(engine.Head)) {
	t.Helper()
	h := pinned(t, e, ws)
	defer h.Release()
	f(h)
}

// write commits the samples in one go; all must be accepted.
func write(t *testing.T, e engine.Engine, ws hearth.Workspace, samples ...sample) {
	t.Helper()
	using(t, e, ws, func(h engine.Head) {
		if err := tryWrite(t, h, samples...); err != nil {
			t.Fatalf("write to %s: %v", ws.ID, err)
		}
	})
}

// tryWrite commits what is accepted and returns the first error.
func tryWrite(t *testing.T, h engine.Head, samples ...sample) error {
	t.Helper()
	var first error
	a := h.AppenderV2(context.Background())
	for _, s := range samples {
		_, err := a.Append(0, parse(t, s.series), 0, s.t, s.v, s.h, s.fh, storage.AOptions{})
		if err != nil && first == nil {
			first = fmt.Errorf("append %s @%d: %w", s.series, s.t, err)
		}
	}
	if err := a.Commit(); err != nil && first == nil {
		first = err
	}
	return first
}

// read returns all samples of the series that the matchers choose, one series
// a line, in order.
func read(t *testing.T, e engine.Engine, ws hearth.Workspace, ms ...*labels.Matcher) string {
	t.Helper()
	var out string
	using(t, e, ws, func(h engine.Head) {
		q, err := h.Querier(math.MinInt64, math.MaxInt64)
		if err != nil {
			t.Fatalf("Querier: %v", err)
		}
		defer q.Close()
		out = answer(t, q, ms...)
	})
	return out
}

func answer(t *testing.T, q storage.Querier, ms ...*labels.Matcher) string {
	t.Helper()
	if len(ms) == 0 {
		ms = []*labels.Matcher{labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, ".+")}
	}
	var lines []string
	set := q.Select(context.Background(), true, nil, ms...)
	for set.Next() {
		lines = append(lines, line(t, set.At()))
	}
	if err := set.Err(); err != nil {
		t.Fatalf("Select: %v", err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// line writes a series as its name and its samples.
func line(t *testing.T, s storage.Series) string {
	t.Helper()
	b := strings.Builder{}
	b.WriteString(s.Labels().String())
	it := s.Iterator(nil)
	for typ := it.Next(); typ != chunkenc.ValNone; typ = it.Next() {
		b.WriteString(" " + at(it, typ))
	}
	if err := it.Err(); err != nil {
		t.Fatalf("iterate %s: %v", s.Labels(), err)
	}
	return b.String()
}

// at spells one sample; a float by its bits if it is no number.
func at(it chunkenc.Iterator, typ chunkenc.ValueType) string {
	switch typ {
	case chunkenc.ValHistogram:
		ts, h := it.AtHistogram(nil)
		return fmt.Sprintf("%d=%s", ts, h)
	case chunkenc.ValFloatHistogram:
		ts, h := it.AtFloatHistogram(nil)
		return fmt.Sprintf("%d=float%s", ts, h)
	}
	ts, v := it.At()
	if math.IsNaN(v) {
		return fmt.Sprintf("%d=%#x", ts, math.Float64bits(v))
	}
	return fmt.Sprintf("%d=%v", ts, v)
}

// expect compares what a workspace holds with the lines wanted.
func expect(t *testing.T, e engine.Engine, ws hearth.Workspace, want ...string) {
	t.Helper()
	if diff := cmp.Diff(strings.Join(want, "\n"), read(t, e, ws)); diff != "" {
		t.Errorf("workspace %s holds something else (-want +got):\n%s", ws.ID, diff)
	}
}

// parse reads name{label="value",…}.
func parse(t *testing.T, series string) labels.Labels {
	t.Helper()
	name, rest, _ := strings.Cut(series, "{")
	b := labels.NewScratchBuilder(4)
	b.Add(model.MetricNameLabel, name)
	for pair := range strings.SplitSeq(strings.TrimSuffix(rest, "}"), ",") {
		if k, v, ok := strings.Cut(pair, "="); ok {
			b.Add(k, strings.Trim(v, `"`))
		}
	}
	b.Sort()
	return b.Labels()
}

// wantKind fails unless err is a hearth.Error of that kind.
func wantKind(t *testing.T, doing string, err error, want hearth.Kind) {
	t.Helper()
	if err == nil || hearth.KindOf(err) != want {
		t.Errorf("%s: got %v (kind %d), want kind %d", doing, err, hearth.KindOf(err), want)
	}
}
