package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/engine/embedded"
	"github.com/hearth-metrics/hearth/query"
)

// A twin is one engine behind two rooms: one that keeps results, whatever they
// cost, and one that keeps none.
type twin struct {
	t       testing.TB
	metrics *embedded.Engine
	keeps   *query.Room
	plain   *query.Room
	numbers *prometheus.Registry // of the room that keeps
	upkeep  *prometheus.Registry // of the engine
}

func newTwin(t testing.TB, o embedded.Options) *twin {
	t.Helper()
	upkeep := prometheus.NewRegistry()
	o.Dir, o.Metrics = t.TempDir(), upkeep
	metrics, err := embedded.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := metrics.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &twin{t: t, metrics: metrics, numbers: prometheus.NewRegistry(), upkeep: upkeep}
	for room, opts := range map[**query.Room]query.Options{
		&w.keeps: query.Options{Metrics: w.numbers, Cache: 16 << 20}.KeepingAll(),
		&w.plain: {Cache: -1},
	} {
		opts.Engine, opts.Memory = metrics, -1
		if *room, err = query.New(opts); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// at is a range query; times in seconds.
type at struct{ start, end, step int64 }

func ask(room http.Handler, ws hearth.Workspace, text string, a at) string {
	form := url.Values{"query": {text}, "start": {strconv.FormatInt(a.start, 10)}, "end": {strconv.FormatInt(a.end, 10)}, "step": {strconv.FormatInt(a.step, 10)}}
	r := httptest.NewRequest(http.MethodGet, "/api/v1/query_range?"+form.Encode(), nil)
	w := httptest.NewRecorder()
	room.ServeHTTP(w, r.WithContext(hearth.WithWorkspace(r.Context(), ws)))
	return w.Body.String()
}

// same fails unless both rooms say the same to the last byte.
func (w *twin) same(ws hearth.Workspace, text string, a at) string {
	w.t.Helper()
	want := ask(w.plain, ws, text, a)
	got := ask(w.keeps, ws, text, a)
	if got != want {
		w.t.Fatalf("%s over %+v (-plain +kept):\n%s", text, a, cmp.Diff(want, got))
	}
	return got
}

// compact lets the engine look after the workspace, which has something ripe.
func (w *twin) compact() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	before := w.compactions()
	done := make(chan error, 1)
	go func() { done <- w.metrics.Run(ctx) }()
	for w.compactions() == before {
		if ctx.Err() != nil {
			w.t.Fatal("nothing was compacted")
		}
		runtime.Gosched()
	}
	cancel()
	if err := <-done; err != nil {
		w.t.Error(err)
	}
}

func (w *twin) compactions() float64 {
	families, err := w.upkeep.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "hearth_engine_compactions_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	w.t.Fatal("compactions are not counted")
	return 0
}

func (w *twin) lookups(result string) float64 {
	return testutil.ToFloat64(query.Lookups(w.keeps, result))
}

// A point is what tests write: a float, or a histogram if h is set.
type point struct {
	series labels.Labels
	t, st  int64 // milliseconds
	v      float64
	h      *histogram.Histogram
}

// write commits what is accepted.
func (w *twin) write(ws hearth.Workspace, points ...point) {
	w.t.Helper()
	h, err := w.metrics.Head(context.Background(), ws)
	if err != nil {
		w.t.Fatal(err)
	}
	defer h.Release()
	if err := commit(h, points); err != nil {
		w.t.Fatal(err)
	}
}

func commit(h engine.Head, points []point) error {
	a := h.AppenderV2(context.Background())
	for _, p := range points {
		_, _ = a.Append(0, p.series, p.st, p.t, p.v, p.h, nil, storage.AOptions{})
	}
	return a.Commit()
}

// steadyQueries are of every kind that is kept, and others beside them.
var steadyQueries = []string{
	`m_total`, `m_total{job="a"} offset 1m`, `rate(m_total[2m])`, `sum by (job) (rate(m_total[2m]))`, `sum(m_total)`, `avg without (i) (m_total)`,
	`stddev by (job) (m_total)`, `topk(2, m_total)`, `bottomk(1, rate(m_total[3m]))`, `topk(2, sum by (i) (m_total))`,
	`count_values("v", gauge)`, `quantile by (job) (0.9, gauge)`, `max(gauge) - min(gauge)`, `count by (job) (gauge)`,
	`gauge > 5`, `gauge > bool 5`, `gauge / on (job, i) group_left () m_total`, `m_total and on (i) gauge`, `m_total unless gauge`, `m_total or gauge`,
	`rate(m_total[2m]) or rate(gauge[2m])`, `-gauge`, `-{__name__=~"m_total|gauge"}`, `absent(gauge{i="9"})`, `absent_over_time(gauge{i="3"}[1m])`,
	`max_over_time(gauge[3m])`, `max_over_time(sum by (job) (m_total)[5m:30s])`, `sum_over_time(rate(m_total[1m])[3m:])`, `avg_over_time(gauge[1m:1m] offset 1m)`,
	`max_over_time(gauge[10s:5s])`, `last_over_time({__name__=~"m_total|gauge"}[2m])`, `count_over_time({__name__=~"m_total|gauge"}[2m])`,
	`changes(gauge[5m])`, `resets(m_total[5m])`, `irate(m_total[2m])`, `delta(gauge[2m])`, `deriv(gauge[5m])`, `predict_linear(gauge[5m], 60)`,
	`quantile_over_time(0.5, gauge[4m])`, `present_over_time(gauge[1m])`, `stddev_over_time(gauge[4m])`,
	`label_replace(gauge, "x", "$1", "i", "(.*)")`, `label_join(gauge, "x", "-", "i", "job")`, `label_replace(gauge, "i", "0", "i", ".*")`,
	`time() - timestamp(gauge)`, `hour(m_total)`, `vector(time())`, `scalar(sum(gauge)) + 1`, `clamp(gauge, 1, 3)`, `round(gauge, 2)`, `gauge ^ 2 + 1`,
	`histogram_quantile(0.9, sum by (le) (rate(h_bucket[2m])))`, `histogram_quantile(0.5, native)`, `histogram_count(rate(native[2m]))`, `native`, `sum(native)`, `rate(native[2m])`,
	`gauge @ 1000`, `gauge @ end()`, `gauge offset -1m`, `sort(gauge)`, `nothing`, `sum(gauge) / sum(m_total)`, `gauge * gauge`, `gauge + on (i) m_total`,
	`sum by (job) (gauge) > 3 or vector(0)`, `quantile(scalar(gauge{i="0",job="a"}), gauge)`, `topk(scalar(vector(1)), gauge)`,
	`sum(rate({__name__=~"m_total|gauge"}[2m]))`, `rate(typed[2m])`, `group(gauge)`, `stdvar(gauge)`, `atan2(1)`,
}

var stale = math.Float64frombits(value.StaleNaN)

// A history grows by random writes.
type history struct {
	rnd *rand.Rand
	now int64 // milliseconds
	all []labels.Labels
	n   map[string]float64
}

func newHistory(seed uint64) *history {
	h := &history{rnd: rand.New(rand.NewPCG(seed, 7)), now: 20_000_000, n: map[string]float64{}}
	for _, name := range []string{"m_total", "gauge", "native", "h_bucket"} {
		for i := range 4 {
			ls := labels.FromStrings("__name__", name, "i", strconv.Itoa(i%4), "job", string(rune('a'+i%2)))
			if name == "h_bucket" {
				ls = labels.FromStrings("__name__", name, "le", []string{"0.1", "1", "5", "+Inf"}[i])
			}
			h.all = append(h.all, ls)
		}
	}
	h.all = append(h.all, labels.FromStrings("__name__", "typed", "__type__", "counter"), labels.FromStrings("__name__", "typed", "__type__", "gauge"))
	return h
}

// scrape is a round of samples; some series are not there, some end, some come
// late or with a start, and sometimes there is a new one.
func (h *history) scrape() []point {
	h.now += 15_000 + h.rnd.Int64N(2000)
	if h.rnd.IntN(10) == 0 {
		h.all = append(h.all, labels.FromStrings("__name__", "gauge", "i", strconv.Itoa(h.rnd.IntN(9)), "job", string(rune('c'+h.rnd.IntN(3)))))
	}
	var points []point
	for i, ls := range h.all {
		p := point{series: ls, t: h.now - h.rnd.Int64N(3000)}
		switch h.rnd.IntN(25) {
		case 0, 1, 2:
			continue
		case 3:
			p.t -= h.rnd.Int64N(600_000)
		case 4:
			p.st = p.t - h.rnd.Int64N(100_000)
		}
		h.n[ls.String()] += float64(h.rnd.IntN(5))
		p.v = h.n[ls.String()]
		name := ls.Get(model.MetricNameLabel)
		if name == "gauge" {
			p.v = float64(h.rnd.IntN(10)) + float64(i)/7
		}
		switch {
		case h.rnd.IntN(40) == 0:
			p.v = stale
		case h.rnd.IntN(60) == 0 && name != "native":
			p.v = math.NaN()
		case name == "native":
			p.h = tsdbutil.GenerateTestHistogram(int64(p.v))
		}
		points = append(points, p)
	}
	return points
}

// dashboard is a random range near now, more often than not a step after the last.
func (h *history) dashboard(last at) at {
	if last.step > 0 && h.rnd.IntN(3) > 0 {
		n := h.rnd.Int64N(4)
		last.start, last.end = last.start+n*last.step, last.end+n*last.step
		return last
	}
	step := []int64{15, 30, 60, 7, 300}[h.rnd.IntN(5)]
	end := h.now/1000 + h.rnd.Int64N(120) - 60
	end -= end % step
	return at{start: end - step*(1+h.rnd.Int64N(60)), end: end + h.rnd.Int64N(step), step: step}
}

// TestRecallIsExact asks two rooms the same, over histories in which samples
// come late, series come and go, starts are set back and workspaces are closed,
// compacted and cut by retention: one room keeps results, one keeps none.
func TestRecallIsExact(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			w := newTwin(t, embedded.Options{MaxOpen: 1})
			ws, other := workspace(hearth.NewWorkspaceID()), workspace(hearth.NewWorkspaceID())
			ws.Limits.OutOfOrderWindow = time.Duration(seed%3) * 10 * time.Minute
			ws.Limits.Retention = 4 * time.Hour
			h := newHistory(seed)
			last := map[string]at{}
			for round := range 130 {
				w.write(ws, h.scrape()...)
				for range 12 {
					text := steadyQueries[h.rnd.IntN(len(steadyQueries))]
					last[text] = h.dashboard(last[text])
					w.same(ws, text, last[text])
				}
				switch {
				case round%50 == 49: // closes the first
					w.write(other, h.scrape()...)
				case round%40 == 39: // makes blocks ripe, and old ones expire
					h.now += (200 * time.Minute).Milliseconds()
					w.write(ws, h.scrape()...)
					w.compact()
				}
			}
			t.Logf("%v hits, %v parts, %v misses", w.lookups("hit"), w.lookups("part"), w.lookups("miss"))
			if w.lookups("part") < 100 {
				t.Error("hardly anything was recalled")
			}
		})
	}
}

// Every query of the list, asked for a sliding range over a quiet history.
func TestRecallOfEach(t *testing.T) {
	w := newTwin(t, embedded.Options{})
	ws := workspace(hearth.NewWorkspaceID())
	h := newHistory(99)
	for range 40 {
		w.write(ws, h.scrape()...)
	}
	for round := range int64(6) {
		w.write(ws, h.scrape()...)
		end := h.now/1000 - h.now/1000%15 - 30 + 15*(round%2)
		for _, text := range steadyQueries {
			w.same(ws, text, at{end - 300, end, 15})
		}
	}
	t.Logf("%v hits, %v parts, %v misses", w.lookups("hit"), w.lookups("part"), w.lookups("miss"))
}

func TestRecallShowsLateSamplesAtOnce(t *testing.T) {
	w := newTwin(t, embedded.Options{})
	ws := workspace(hearth.NewWorkspaceID())
	up := labels.FromStrings("__name__", "up")
	for ts := int64(0); ts <= 600; ts += 15 {
		w.write(ws, point{series: up, t: ts * 1000, v: 1})
	}
	all := at{0, 600, 15}
	before := w.same(ws, `sum(sum_over_time(up[1m]))`, all)
	if again := w.same(ws, `sum(sum_over_time(up[1m]))`, all); again != before || w.lookups("hit") != 1 {
		t.Errorf("asked again: %v hits", w.lookups("hit"))
	}
	w.write(ws, point{series: up, t: 301_000, v: 5})
	if after := w.same(ws, `sum(sum_over_time(up[1m]))`, all); after == before {
		t.Error("the late sample does not show")
	}
	if got := w.lookups("part"); got != 1 {
		t.Errorf("%v answers in part, want 1: the steps before the late sample hold", got)
	}
	w.write(ws, point{series: up.Copy(), t: 20_000, v: 7})
	w.same(ws, `sum(sum_over_time(up[1m]))`, all)
	if got := w.lookups("miss"); got != 2 {
		t.Errorf("%v answers of nothing kept, want 2", got)
	}
}

func TestRecallIsolates(t *testing.T) {
	w := newTwin(t, embedded.Options{})
	a, b := workspace(hearth.NewWorkspaceID()), workspace(hearth.NewWorkspaceID())
	for i, ws := range []hearth.Workspace{a, b} {
		for ts := int64(0); ts <= 600; ts += 15 {
			w.write(ws, point{series: labels.FromStrings("__name__", "up"), t: ts * 1000, v: float64(i)})
		}
	}
	for end := int64(300); end <= 600; end += 15 {
		of := at{end - 300, end, 15}
		if w.same(a, `sum(up)`, of) == w.same(b, `sum(up)`, of) {
			t.Fatal("two workspaces with different samples get the same answer")
		}
	}
}

// A torn answer, in which a write shows at some steps and not at others that it
// belongs to as well, is given by no room.
func TestRecallBesideWrites(t *testing.T) {
	w := newTwin(t, embedded.Options{})
	ws := workspace(hearth.NewWorkspaceID())
	h, err := w.metrics.Head(t.Context(), ws)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Release()
	base := func(ts int64) point { return point{series: labels.FromStrings("__name__", "base"), t: ts * 1000} }
	for ts := int64(0); ts <= 3000; ts += 15 {
		w.write(ws, base(ts))
	}
	var writer sync.WaitGroup
	writer.Go(func() { // each round makes one series, late, of a sample that all steps from 600 on show for five minutes
		for i := range 300 {
			p := point{series: labels.FromStrings("__name__", "late", "i", strconv.Itoa(i)), t: 600_000, v: 1}
			if err := commit(h, []point{p}); err != nil {
				t.Error(err)
			}
		}
	})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			seen := 0
			for i := range int64(150) {
				body := ask(w.keeps, ws, `count(late)`, at{300 + 15*(i%10), 810 + 15*(i%10), 15})
				seen = checkUntorn(t, body, seen)
			}
		})
	}
	readers.Wait()
	writer.Wait()
	w.same(ws, `count(late)`, at{300, 810, 15})
	t.Logf("%v hits, %v parts, %v torn, %v misses", w.lookups("hit"), w.lookups("part"), w.lookups("torn"), w.lookups("miss"))
}

// checkUntorn wants the same number at each step, and no less than before.
func checkUntorn(t *testing.T, body string, before int) int {
	t.Helper()
	values := countsIn(t, body)
	for _, v := range values {
		if v != values[0] || v < before {
			t.Errorf("after %d: %v", before, values)
			break
		}
	}
	if len(values) == 0 {
		return before
	}
	return values[0]
}

func countsIn(t *testing.T, body string) (all []int) {
	t.Helper()
	answer := decodeMatrix(t, body)
	for _, s := range answer {
		for _, v := range s.Values {
			n, err := strconv.Atoi(fmt.Sprint(v[1]))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, n)
		}
	}
	return all
}

func decodeMatrix(t *testing.T, body string) []struct{ Values [][2]any } {
	t.Helper()
	var answer struct {
		Data struct {
			Result []struct{ Values [][2]any }
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return answer.Data.Result
}
