package cloudwatch

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/storage"
)

// What has no number is no datapoint, and no zero either.
func TestNaN(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	odd := map[int]float64{0: math.NaN(), 1: math.Inf(1), 2: math.Inf(-1)}
	cw.value = func(_ string, thing int, at time.Time) (float64, bool) {
		if at.Minute()%2 == 0 {
			return odd[thing], true
		}
		return 1, true
	}
	b.play(b.feed(strings.Replace(oneJob, "length: 600}", "length: 600, nilToZero: true}", 1), 0), time.Second)
	b.check(3 * 5)
}

// A storm of throttling costs time, and no datapoint: each second call is refused.
func TestThrottlingStorm(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	cw.things = 2000
	calls := 0
	cw.fail = func(_, action string) (int, string) {
		if action != "GetMetricData" {
			return 0, ""
		}
		if calls++; calls%2 == 1 {
			return http.StatusBadRequest, "Throttling"
		}
		return 0, ""
	}
	f := b.feed(strings.Replace(oneJob, "length: 600", "length: 60", 1), 0)
	b.play(f, time.Second)
	b.check(2000 * lookback)
	if s := b.status(f); len(s.Problems) > 0 || s.Unfinished > 0 {
		t.Errorf("told %v, %d unfinished", s.Problems, s.Unfinished)
	}
	if spent := f.spent.snapshot(); spent.Metrics != 2000 {
		t.Errorf("%d metrics are booked: what is throttled is not billed", spent.Metrics)
	}
}

// Keys that expire between two calls of a poll are read again, and what came before
// is not asked about twice.
func TestKeysExpireWithinAPoll(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	path := filepath.Join(t.TempDir(), "credentials")
	keys := func(id string) {
		if err := os.WriteFile(path, []byte("[default]\naws_access_key_id="+id+"\naws_secret_access_key=s\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keys("OLD")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
	cw.things, cw.pageSize = 1000, 250
	answered := 0
	cw.failBy = func(key, action string) (int, string) {
		if action == "GetMetricData" && key == "OLD" {
			if answered++; answered > 2 {
				return http.StatusForbidden, "ExpiredToken"
			}
		}
		return 0, ""
	}
	f := b.feed(strings.Replace(oneJob, "length: 600", "length: 60", 1), 0)
	b.play(f, time.Second)
	if n := b.count(); n != 500*lookback || !strings.Contains(fmt.Sprint(b.status(f).Problems), "ExpiredToken") {
		t.Fatalf("%d datapoints, told %v", n, b.status(f).Problems)
	}
	keys("NEW")
	b.play(f, 2*time.Minute)
	b.check(1000 * (lookback + 2))
	if s := b.status(f); len(s.Problems) > 0 {
		t.Errorf("still told: %v", s.Problems)
	}
}

// A restart asks for no datapoint that is older than the series: the workspace would
// refuse it.
func TestRestartGoesNotBehindTheBeginning(t *testing.T) {
	b := openBed(t)
	newFake(t, b.now)
	began := b.now()
	b.mem.refuse = func(at int64) error {
		if at < began.Add(-writable).UnixMilli() {
			return storage.ErrTooOldSample
		}
		return nil
	}
	f := b.feed(strings.Replace(oneJob, "length: 600", "length: 7200", 1), 0)
	b.play(f, 3*time.Minute)
	b.restart()
	f = b.again(f.scraper)
	b.play(f, 2*time.Minute)
	b.check(3 * (54 + 4))
	if s := b.status(f); s.Refused != 0 || s.LastRefusal != "" {
		t.Errorf("refused %d: %s", s.Refused, s.LastRefusal)
	}
}

// A refusal is told for an hour.
func TestRefusalIsForgotten(t *testing.T) {
	var s PlaceStatus
	at := time.Unix(1e9, 0)
	s.refusal(storage.ErrTooOldSample, at)
	s.refusal(nil, at.Add(59*time.Minute))
	if s.LastRefusal == "" {
		t.Error("forgotten within the hour")
	}
	if s.refusal(nil, at.Add(time.Hour)); s.LastRefusal != "" {
		t.Error("not forgotten")
	}
}

// Names that give nothing are told, and why: there is no such metric, or its
// dimensions are others.
func TestNamesThatGiveNothing(t *testing.T) {
	b := openBed(t)
	newFake(t, b.now)
	text := `
customNamespace:
- name: mine
  namespace: Made/Up
  regions: [us-east-1]
  dimensionNameRequirements: [%s]
  metrics:
  - {name: Load, statistics: [Average], period: 60, length: 600}
  - {name: Lode, statistics: [Average], period: 60, length: 600}
`
	for dimension, want := range map[string][]string{"Id": nil, "Name": {"Load"}} {
		c := parse(t, fmt.Sprintf(text, dimension))
		f := b.again(&Scraper{ID: "cws-" + dimension, Workspace: b.mem.ws.ID, Configuration: fmt.Sprintf(text, dimension)})
		b.play(f, time.Second)
		s := b.status(f)
		if diff := cmp.Diff([][]string{{"Lode"}, want}, [][]string{s.Unlisted, s.Unwanted}); diff != "" {
			t.Error(diff)
		}
		p := MakePlan(t.Context(), PlanOptions{Config: c, Prices: b.room.opts.Prices, Now: b.now}).Places[0]
		if diff := cmp.Diff([][]string{{"Lode"}, want}, [][]string{p.Unlisted, p.Unwanted}); diff != "" {
			t.Error(diff)
		}
	}
}

// What a scraper predicts is what the plan said, from the first poll on, after a
// restart, and never more than the cap lets it spend.
func TestPrediction(t *testing.T) {
	b := openBed(t)
	newFake(t, b.now)
	plan := MakePlan(t.Context(), PlanOptions{Config: parse(t, oneJob), Prices: b.room.opts.Prices, Now: b.now})
	f := b.feed(oneJob, 0)
	for range 2 {
		b.play(f, time.Minute)
		if got := f.predicted(); math.Abs(got-plan.Month) > 1e-9 || got == 0 {
			t.Errorf("predicted %v, planned %v", got, plan.Month)
		}
		b.restart()
		f = b.again(f.scraper)
	}
	f.scraper.DailyCap = plan.Month / 60
	b.play(f, time.Second)
	if got := f.predicted(); math.Abs(got-plan.Month/2) > 1e-9 {
		t.Errorf("predicted %v with a cap of %v a day", got, f.scraper.DailyCap)
	}
}

// A static job that could not ask for a day and a half goes on: CloudWatch gives no
// more than 1,440 datapoints at once.
func TestStaticJobAfterALongTime(t *testing.T) {
	b := openBed(t)
	newFake(t, b.now)
	f := b.feed(`
static:
- name: one
  namespace: Made/Up
  regions: [us-east-1]
  dimensions: [{name: Id, value: "1"}]
  metrics: [{name: Load, statistics: [Average], period: 30, length: 600}]
`, 0)
	b.play(f, time.Second)
	b.check(20)
	b.pass(36 * time.Hour)
	b.play(f, time.Second)
	b.check(20 + maxStatistics)
	if s := b.status(f); len(s.Problems) > 0 {
		t.Errorf("told %v", s.Problems)
	}
}

// An endpoint of the environment that is this Hearth is not followed.
func TestOwnEndpoint(t *testing.T) {
	b := openBed(t)
	newFake(t, b.now)
	for own, follow := range map[string]bool{"http://127.0.0.1:4750": false, "http://127.0.0.1:4751": true, "": true} {
		t.Setenv("AWS_ENDPOINT_URL", "http://localhost:4750")
		g := newGate(Access{Itself: []string{own}}, &Config{}, &meter{}, Concurrency{}, b.now, b.room.opts.Log)
		base, err := g.load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := base.BaseEndpoint != nil; got != follow || (len(g.movedSTS()) > 0) != follow {
			t.Errorf("Hearth at %q: followed %t", own, got)
		}
	}
}
