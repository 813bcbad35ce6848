package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/store"
)

// bed is a room with a small workspace of samples and a clock of the test's.
type bed struct {
	t      testing.TB
	room   *Room
	store  *store.SQLite
	mem    *memory
	events []hearth.Event
	mu     sync.Mutex
	at     time.Time
}

func (b *bed) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bed) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at = b.at.Add(d)
}

func (b *bed) Record(e hearth.Event) { b.events = append(b.events, e) }

func (b *bed) Seal(plain []byte, about string) []byte { return append([]byte(about), plain...) }

func (b *bed) Open(box []byte, about string) ([]byte, error) { return box[len(about):], nil }

func (b *bed) Lookup(_ context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	if id != b.mem.ws.ID {
		return hearth.Workspace{}, &hearth.Error{Kind: hearth.NotFound, Msg: "gone"}
	}
	return b.mem.ws, nil
}

func (b *bed) Changed() (<-chan struct{}, func()) { return nil, func() {} }

func openBed(t testing.TB) *bed {
	t.Helper()
	b := &bed{t: t, at: time.Date(2026, 11, 21, 10, 0, 35, 0, time.UTC)}
	b.mem = &memory{series: map[string]map[int64]float64{}, ws: hearth.Workspace{ID: hearth.NewWorkspaceID(), Account: "000000000000", Limits: hearth.LimitsOf(hearth.Local)}}
	st, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	b.store = st
	b.restart()
	return b
}

// restart makes a new room over the same store and samples.
func (b *bed) restart() {
	prices, err := ParsePrices(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.room = New(Options{Store: b.store, Workspaces: b, Append: b.mem, Samples: b.mem, Sealer: b, Prices: prices, Own: true, Recorder: b, Now: b.now})
}

func (b *bed) feed(text string, dailyCap float64) *feed {
	b.t.Helper()
	s, err := b.room.Create(b.t.Context(), b.mem.ws, Input{Name: "n", Configuration: text, DailyCap: dailyCap})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.again(s)
}

func (b *bed) again(s *Scraper) *feed {
	b.t.Helper()
	f, err := b.room.newFeed(b.t.Context(), s, b.mem.ws)
	if err != nil {
		b.t.Fatal(err)
	}
	return f
}

// play lets a feed do what is due, minute by minute.
func (b *bed) play(f *feed, d time.Duration) {
	for end := b.now().Add(d); b.now().Before(end); b.pass(20 * time.Second) {
		for _, p := range f.places {
			p.step(b.t.Context())
		}
	}
}

// memory is a workspace's samples. It refuses what an engine would: a second value
// for a time. It counts every sample it is given.
type memory struct {
	mu       sync.Mutex
	ws       hearth.Workspace
	series   map[string]map[int64]float64
	given    int
	repeated []string
	refuse   func(t int64) error
	down     error
}

func (m *memory) Appendable(hearth.Workspace, string) storage.AppendableV2 { return m }

func (m *memory) AppenderV2(context.Context) storage.AppenderV2 { return &memAppender{m: m} }

type memAppender struct {
	storage.AppenderV2
	m     *memory
	batch []memSample
}

type memSample struct {
	id string
	t  int64
	v  float64
}

func (a *memAppender) Append(_ storage.SeriesRef, ls labels.Labels, _, t int64, v float64, _ *histogram.Histogram, _ *histogram.FloatHistogram, _ storage.AOptions) (storage.SeriesRef, error) {
	if strings.HasPrefix(ls.Get(model.MetricNameLabel), "hearth_") || strings.HasSuffix(ls.Get(model.MetricNameLabel), "_info") {
		return 0, nil
	}
	if a.m.refuse != nil {
		if err := a.m.refuse(t); err != nil {
			return 0, err
		}
	}
	a.batch = append(a.batch, memSample{ls.String(), t, v})
	return 0, nil
}

func (a *memAppender) Commit() error {
	a.m.mu.Lock()
	defer a.m.mu.Unlock()
	if a.m.down != nil {
		return a.m.down
	}
	for _, s := range a.batch {
		if a.m.series[s.id] == nil {
			a.m.series[s.id] = map[int64]float64{}
		}
		if _, twice := a.m.series[s.id][s.t]; twice {
			a.m.repeated = append(a.m.repeated, fmt.Sprint(s.id, " at ", time.UnixMilli(s.t).UTC()))
		}
		a.m.series[s.id][s.t] = s.v
		a.m.given++
	}
	return nil
}

func (a *memAppender) Rollback() error { return nil }

func (m *memory) Head(context.Context, hearth.Workspace) (engine.Head, error) {
	return memHead{m: m}, nil
}

type memHead struct {
	engine.Head
	m *memory
}

func (memHead) Release() {}

func (h memHead) Querier(mint, maxt int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
		var all []storage.Series
		for id, points := range h.m.series {
			ls := labelsOf(id)
			if !ms[0].Matches(ls.Get(model.MetricNameLabel)) {
				continue
			}
			var samples []sample
			for t, v := range points {
				if t >= mint && t <= maxt {
					samples = append(samples, sample{t, v})
				}
			}
			all = append(all, seriesOf(ls, samples))
		}
		return &sliceSet{all: all}
	}}, nil
}

type sliceSet struct {
	all []storage.Series
	at  storage.Series
}

func (s *sliceSet) Next() bool {
	if len(s.all) == 0 {
		return false
	}
	s.at, s.all = s.all[0], s.all[1:]
	return true
}
func (s *sliceSet) At() storage.Series                { return s.at }
func (s *sliceSet) Err() error                        { return nil }
func (s *sliceSet) Warnings() annotations.Annotations { return nil }

type sample struct {
	t int64
	v float64
}

func seriesOf(ls labels.Labels, in []sample) storage.Series {
	return &storage.SeriesEntry{Lset: ls, SampleIteratorFn: func(chunkenc.Iterator) chunkenc.Iterator {
		app := chunkenc.NewXORChunk()
		a, _ := app.Appender()
		for _, s := range sorted(in) {
			a.Append(0, s.t, s.v)
		}
		return app.Iterator(nil)
	}}
}

const oneJob = `
customNamespace:
- name: mine
  namespace: Made/Up
  regions: [us-east-1]
  metrics:
  - {name: Load, statistics: [Average], period: 60, length: 600}
`

func (b *bed) count() (n int) {
	for _, points := range b.mem.series {
		n += len(points)
	}
	return n
}

func (b *bed) check(want int) {
	b.t.Helper()
	if len(b.mem.repeated) > 0 {
		b.t.Fatalf("written twice: %v", b.mem.repeated)
	}
	if got := b.count(); got != want || b.mem.given != want {
		b.t.Fatalf("%d datapoints in %d writes, want %d", got, b.mem.given, want)
	}
	for id, points := range b.mem.series {
		for t, v := range points {
			if v == -1 {
				b.t.Fatalf("%s at %s is of a period that had not ended", id, time.UnixMilli(t).UTC())
			}
		}
	}
}

// Ten minutes back at first, then each minute once, also over a restart and a time
// without one.
func TestEachDatapointOnce(t *testing.T) {
	b := openBed(t)
	newFake(t, b.now)
	f := b.feed(oneJob, 0)
	b.play(f, time.Second)
	b.check(3 * 10)
	b.play(f, 10*time.Minute)
	b.check(3 * 20)
	b.restart()
	f = b.again(f.scraper)
	b.play(f, 5*time.Minute)
	b.check(3 * 25)
	b.pass(90 * time.Minute) // down, longer than the window
	b.restart()
	f = b.again(f.scraper)
	b.play(f, time.Minute)
	b.check(3 * 116)
}

// A datapoint that CloudWatch has late is written when it is there.
func TestLateDatapoints(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	slow := b.now().Add(5 * time.Minute)
	cw.value = func(_ string, thing int, at time.Time) (float64, bool) {
		return 1, thing != 2 || at.Minute() != 3 || b.at.After(slow.Add(4*time.Minute))
	}
	f := b.feed(oneJob, 0)
	b.play(f, 15*time.Minute+20*time.Second)
	b.check(3 * 25)
	if s := b.status(f); s.Late == 0 {
		t.Errorf("nothing was late: %+v", s)
	}
}

func (b *bed) status(f *feed) PlaceStatus { return f.places[0].status }

// What CloudWatch leaves out, or answers in part, comes later; whatever fails is
// told, and nothing is invented.
func TestTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		fail    func(region, action string) (int, string)
		status  func(int) string
		problem string
	}{
		"throttling":     {fail: only("GetMetricData", 400, "Throttling"), problem: "Throttling"},
		"internal error": {fail: only("GetMetricData", 500, "InternalServiceError"), problem: "InternalServiceError"},
		"expired":        {fail: only("GetMetricData", 403, "ExpiredToken"), problem: "ExpiredToken"},
		"partial data":   {status: func(i int) string { return []string{"Complete", "PartialData", "InternalError"}[i%3] }, problem: "left 2 of 3 metrics unanswered"},
		"no list":        {fail: only("ListMetrics", 403, "AccessDenied"), problem: "list metrics Load of Made/Up"},
		"no identity":    {fail: only("GetCallerIdentity", 403, "InvalidClientTokenId"), problem: "ask whose account it is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
			b := openBed(t)
			cw := newFake(t, b.now)
			cw.fail, cw.status = c.fail, c.status
			f := b.feed(oneJob, 0)
			f.gate.attempts = 1
			b.play(f, time.Second)
			s := b.status(f)
			if told := fmt.Sprint(s.Problems); !strings.Contains(told, c.problem) || s.Errors == 0 {
				t.Errorf("told %s", told)
			}
			cw.change(func() { cw.fail, cw.status = nil, nil })
			b.play(f, 5*time.Minute)
			want := 3 * 15
			if strings.HasPrefix(name, "no ") {
				want = 3 * 14 // nothing was asked for in the first minute
			}
			b.check(want)
			if s := b.status(f); len(s.Problems) > 0 {
				t.Errorf("still told: %v", s.Problems)
			}
		})
	}
}

func only(action string, status int, code string) func(region, action string) (int, string) {
	return func(_, a string) (int, string) {
		if a == action {
			return status, code
		}
		return 0, ""
	}
}

// A region that is down holds no other up, nor a page of its own twice.
func TestOneRegionDown(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	cw.pageSize = 2
	cw.fail = func(region, action string) (int, string) {
		if region == "eu-west-1" && strings.HasPrefix(action, "GetMetric") {
			return http.StatusServiceUnavailable, "ServiceUnavailable"
		}
		return 0, ""
	}
	f := b.feed(strings.Replace(oneJob, "[us-east-1]", "[eu-west-1, us-east-1]", 1), 0)
	f.gate.attempts = 1
	b.play(f, 2*time.Minute+20*time.Second)
	b.check(3 * 12)
	if len(f.places[0].status.Problems) == 0 || len(f.places[1].status.Problems) > 0 {
		t.Errorf("problems: %v and %v", f.places[0].status.Problems, f.places[1].status.Problems)
	}
}

// A clock ahead of CloudWatch's would write a running period's datapoint; one
// behind only writes later.
func TestClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{3 * time.Minute, -3 * time.Minute} {
		b := openBed(t)
		newFake(t, func() time.Time { return b.now().Add(-skew) })
		f := b.feed(oneJob, 0)
		b.play(f, 10*time.Minute)
		for id, points := range b.mem.series {
			for at, v := range points {
				if v == -1 {
					t.Fatalf("skew %s: %s at %s is of a period that had not ended", skew, id, time.UnixMilli(at).UTC())
				}
			}
		}
		if b.count() < 3*14 {
			t.Errorf("skew %s: only %d datapoints", skew, b.count())
		}
		if s := b.status(f); s.ClockSkew < -skew-2*time.Second || s.ClockSkew > -skew+2*time.Second {
			t.Errorf("skew %s: told %s", skew, s.ClockSkew)
		}
	}
}

// A workspace that does not take samples now takes them with the next poll; what it
// refuses for good is not tried again.
func TestWorkspaceRefuses(t *testing.T) {
	b := openBed(t)
	newFake(t, b.now)
	f := b.feed(oneJob, 0)
	b.mem.down = &hearth.Error{Kind: hearth.Throttled, Msg: "too fast"}
	b.play(f, time.Second)
	if s := b.status(f); !strings.Contains(fmt.Sprint(s.Problems), "too fast") || s.WrittenTotal != 0 {
		t.Errorf("%+v", s)
	}
	b.mem.down = nil
	tried := 0
	oldest := b.now().Add(-5 * time.Minute).UnixMilli()
	b.mem.refuse = func(at int64) error {
		if at < oldest {
			tried++
			return storage.ErrTooOldSample
		}
		return nil
	}
	b.play(f, 5*time.Minute)
	if s := b.status(f); tried != int(s.Refused) || tried == 0 || s.LastRefusal == "" || len(b.mem.repeated) > 0 {
		t.Errorf("%d tries, %+v", tried, s)
	}
}

// The cap holds before the call that would go over it, over a restart, and until
// the next day.
func TestDailyCap(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	f := b.feed(oneJob, 0.0001) // ten metrics, or ten requests
	b.play(f, 10*time.Minute)
	if cw.asked != 9 || cw.calls["ListMetrics"] != 1 { // 1 + 3 * 3
		t.Fatalf("%d metrics and %v asked", cw.asked, cw.calls)
	}
	if s := f.spent.snapshot(); !s.Capped || s.Cost > 0.0001 || !b.status(f).Capped {
		t.Errorf("spent %+v", s)
	}
	if len(b.events) != 2 || !strings.Contains(b.events[1].Summary, "has reached its day's cap") {
		t.Errorf("events are %+v", b.events)
	}
	b.restart()
	f = b.again(f.scraper)
	b.play(f, 10*time.Minute)
	if cw.asked != 9 {
		t.Errorf("%d metrics asked after a restart", cw.asked)
	}
	b.pass(14 * time.Hour)
	b.play(f, 2*time.Minute)
	if cw.asked == 9 {
		t.Error("nothing asked on the next day")
	}
}

// Zeros stand only where CloudWatch has nothing and will have nothing.
func TestNilToZero(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	cw.value = func(_ string, thing int, at time.Time) (float64, bool) { return 7, thing == 0 && at.Minute()%5 == 0 }
	f := b.feed(strings.Replace(oneJob, "length: 600}", "length: 600, nilToZero: true}", 1), 0)
	b.play(f, 20*time.Minute)
	if len(b.mem.repeated) > 0 {
		t.Fatal(b.mem.repeated)
	}
	sevens := 0
	for _, points := range b.mem.series {
		for at, v := range points {
			if (v == 7) != (time.UnixMilli(at).UTC().Minute()%5 == 0) && v != 0 {
				t.Errorf("%v at %s", v, time.UnixMilli(at).UTC())
			}
			if v == 7 {
				sevens++
			}
		}
	}
	if sevens < 5 {
		t.Errorf("%d datapoints of CloudWatch's own are there", sevens)
	}
	b = openBed(t)
	cw2 := newFake(t, b.now)
	cw2.value = cw.value
	b.play(b.feed(oneJob, 0), 20*time.Minute)
	for _, points := range b.mem.series {
		for _, v := range points {
			if v == 0 {
				t.Error("a zero nobody asked for")
			}
		}
	}
}

// Metrics that become the same series are written once, tags that become the same
// label always give the same one.
func TestCollisions(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	cw.dimension = func(i int) [][2]string { return [][2]string{{[]string{"a.b", "a-b", "a b"}[i], "1"}} }
	f := b.feed(oneJob, 0)
	b.play(f, time.Second)
	b.check(10)
	if s := b.status(f); s.Duplicates != 2 || s.Requested != 1 {
		t.Errorf("%+v", s)
	}
	cw.change(func() {
		cw.dimension = nil
		cw.namespace = "AWS/SQS"
		cw.resources = []map[string]any{{"ResourceARN": "arn:aws:sqs:us-east-1:123456789012:q", "Tags": []map[string]string{{"Key": "a.b", "Value": "dot"}, {"Key": "a-b", "Value": "dash"}, {"Key": "é", "Value": "odd"}}}}
	})
	c := parse(t, "discovery: {jobs: [{type: AWS/SQS, regions: [us-east-1], metrics: [{name: Load, statistics: [Average]}]}]}")
	g := newGate(Access{}, c, &meter{}, Concurrency{}, b.now, b.room.opts.Log)
	found, _, err := g.discover(t.Context(), &places(c)[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := infos(found, false, b.room.opts.Log); len(got) != 1 || got[0].Get("tag_a_b") != "dot" {
		t.Errorf("info series are %v", got)
	}
}

// 50,000 metrics are asked for in hundreds of 500 and written whole.
func TestManyMetrics(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	cw.things = 50_000
	newest := b.now().Truncate(5 * time.Minute).Add(-5 * time.Minute)
	cw.value = func(_ string, _ int, at time.Time) (float64, bool) { return 1, at.Equal(newest) }
	f := b.feed(strings.Replace(oneJob, "period: 60, length: 600", "period: 300, length: 300", 1), 0)
	b.play(f, time.Second)
	b.check(50_000)
	if cw.calls["GetMetricData"] != 100 || f.spent.snapshot().Metrics != 50_000 {
		t.Errorf("calls are %v", cw.calls)
	}
}

// Static jobs are asked for by GetMetricStatistics, once for all statistics.
func TestStaticJob(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	f := b.feed(`
static:
- name: one
  namespace: Made/Up
  regions: [us-east-1]
  dimensions: [{name: Id, value: "1"}]
  metrics: [{name: Load, statistics: [Average, Sum], period: 60, length: 600}]
`, 0)
	b.play(f, time.Second)
	b.check(2 * 10)
	if cw.calls["GetMetricStatistics"] != 1 || f.spent.snapshot().Requests != 1 {
		t.Errorf("calls %v, spent %+v", cw.calls, f.spent.snapshot())
	}
}

// Without credentials of its own or the operator's leave a scraper asks nobody.
func TestClosedAccess(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	b.room.opts.Own = false
	f := b.feed(oneJob, 0)
	b.play(f, time.Second)
	if len(cw.calls) != 0 || !strings.Contains(fmt.Sprint(b.status(f).Problems), errClosed.Error()) {
		t.Errorf("calls %v, told %v", cw.calls, b.status(f).Problems)
	}
	s, err := b.room.Create(t.Context(), b.mem.ws, Input{Name: "keys", Configuration: oneJob, Credentials: &Credentials{AccessKeyID: "AKIA", Secret: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	b.play(b.again(s), time.Second)
	b.check(3 * 10)
}

func TestLifeOfAScraper(t *testing.T) {
	b := openBed(t)
	ctx := t.Context()
	s, err := b.room.Create(ctx, b.mem.ws, Input{Name: "n", Configuration: oneJob, DailyCap: 2})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   Input
		kind hearth.Kind
	}{
		"same name": {Input{Name: "n", Configuration: oneJob}, hearth.Conflict},
		"bad name":  {Input{Name: "a b", Configuration: oneJob}, hearth.Invalid},
		"bad file":  {Input{Name: "m", Configuration: "x: 1"}, hearth.Invalid},
		"bad cap":   {Input{Name: "m", Configuration: oneJob, DailyCap: -1}, hearth.Invalid},
	} {
		if _, err := b.room.Create(ctx, b.mem.ws, c.in); hearth.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := b.room.Update(ctx, s.ID, Input{Configuration: oneJob + "# more\n", DailyCap: 3})
	if err != nil || got.Configuration != oneJob+"# more\n" || got.Revision != 1 || got.Name != "n" {
		t.Errorf("update: %+v, %v", got, err)
	}
	if all, err := b.room.Scrapers(ctx, b.mem.ws.ID); err != nil || len(all) != 1 {
		t.Errorf("list: %v, %v", all, err)
	}
	if err := b.room.Delete(ctx, s.ID); err != nil {
		t.Error(err)
	}
	if _, err := b.room.Scraper(ctx, s.ID); hearth.KindOf(err) != hearth.NotFound {
		t.Error(err)
	}
}

// Run starts what there is, and ends it when it is gone.
func TestRun(t *testing.T) {
	b := openBed(t)
	newFake(t, b.now)
	s, err := b.room.Create(t.Context(), b.mem.ws, Input{Name: "n", Configuration: oneJob})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.room.Run(ctx) }()
	await(t, func() bool { b.mem.mu.Lock(); defer b.mem.mu.Unlock(); return b.mem.given == 30 })
	if err := b.room.Delete(ctx, s.ID); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return !b.room.Status(s).Running })
	await(t, func() bool { // nor do its numbers stay
		found := make(chan prometheus.Metric, 100)
		b.room.metrics.datapoints.Collect(found)
		b.room.metrics.metrics.Collect(found)
		return len(found) == 0
	})
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func await(t *testing.T, ok func() bool) {
	t.Helper()
	tick, deadline := time.NewTicker(5*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("not within a minute")
		}
	}
}

func sorted(in []sample) []sample {
	slices.SortFunc(in, func(a, b sample) int { return int(a.t - b.t) })
	return in
}

func labelsOf(id string) labels.Labels {
	ls, err := parser.NewParser(parser.Options{}).ParseMetric(id)
	if err != nil {
		panic(err)
	}
	return ls
}
