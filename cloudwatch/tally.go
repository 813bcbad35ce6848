package cloudwatch

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

// What a minute's tally holds at most. What is beyond is not counted: it would be
// vended as nothing, which is how CloudWatch spells zero.
const (
	maxTallied  = 100_000
	maxMeasured = 4096 // values of one thing that are kept; beyond, each as likely as another
)

// A Tally counts for CloudWatch's metrics of workspaces, minute by minute. It is a
// hearth.Tally, made before the rooms that count.
type Tally struct {
	now func() time.Time

	mu       sync.Mutex
	minute   time.Time // that is being counted; zero if nothing was yet
	counts   map[tallied]float64
	measured map[tallied]*spread
}

type tallied struct {
	workspace hearth.WorkspaceID
	what      hearth.Tallied
	of        string
}

// A spread is the values of one thing: how many, the greatest, and some of them.
type spread struct {
	n    int
	most float64
	some []float64
}

// NewTally returns a Tally that counts nothing yet; now is time.Now unless a test
// says otherwise.
func NewTally(now func() time.Time) *Tally {
	if now == nil {
		now = time.Now
	}
	return &Tally{now: now, counts: map[tallied]float64{}, measured: map[tallied]*spread{}}
}

// Count implements hearth.Tally.
func (t *Tally) Count(ws hearth.WorkspaceID, what hearth.Tallied, of string, n float64) {
	key := tallied{ws, what, of}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin()
	if _, known := t.counts[key]; known || len(t.counts) < maxTallied {
		t.counts[key] += n
	}
}

// Measure implements hearth.Tally.
func (t *Tally) Measure(ws hearth.WorkspaceID, what hearth.Tallied, value float64) {
	key := tallied{ws, what, ""}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin()
	s := t.measured[key]
	if s == nil {
		if len(t.measured) >= maxTallied {
			return
		}
		s = &spread{most: value}
		t.measured[key] = s
	}
	s.add(value)
}

// begin notes the minute of what is counted first. The caller holds t.mu.
func (t *Tally) begin() {
	if t.minute.IsZero() {
		t.minute = t.now().Truncate(vendedEvery)
	}
}

func (s *spread) add(value float64) {
	s.n++
	s.most = max(s.most, value)
	if len(s.some) < maxMeasured {
		s.some = append(s.some, value)
	} else if i := rand.IntN(s.n); i < maxMeasured {
		s.some[i] = value
	}
}

// percentile is that of the values, which it puts in order.
func (s *spread) percentile(percent int) float64 {
	slices.Sort(s.some)
	return s.some[max(0, (len(s.some)*percent+99)/100-1)]
}

// take returns what was counted in a minute that has ended, and when it began; ok is
// false as long as it has not.
func (t *Tally) take() (minute time.Time, counts map[tallied]float64, measured map[tallied]*spread, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.minute.IsZero() || t.now().Sub(t.minute) < vendedEvery {
		return minute, nil, nil, false
	}
	minute, counts, measured = t.minute, t.counts, t.measured
	t.minute, t.counts, t.measured = time.Time{}, map[tallied]float64{}, map[tallied]*spread{}
	return minute, counts, measured, true
}

// vended turns what was counted of one minute into CloudWatch's metrics. Workspaces
// that are gone tell nothing.
func (r *Room) vended(ctx context.Context, counts map[tallied]float64, measured map[tallied]*spread) ([]Vended, error) {
	var out []Vended
	homes := map[hearth.WorkspaceID]*hearth.Workspace{}
	home := func(id hearth.WorkspaceID) (*hearth.Workspace, error) {
		if w, known := homes[id]; known {
			return w, nil
		}
		w, err := r.opts.Workspaces.Lookup(ctx, id)
		switch {
		case err == nil:
			homes[id] = &w
		case hearth.KindOf(err) == hearth.NotFound:
			homes[id] = nil
		default:
			return nil, err
		}
		return homes[id], nil
	}
	for key, n := range counts {
		w, err := home(key.workspace)
		if err != nil {
			return nil, err
		}
		if w != nil {
			out = append(out, key.vended(w, n)...)
		}
	}
	for key, s := range measured {
		w, err := home(key.workspace)
		if err != nil {
			return nil, err
		}
		if w != nil {
			out = append(out, key.spread(w, s)...)
		}
	}
	return out, nil
}

// Dimensions of AWS/Prometheus, beside Workspace.
const (
	byReason, byLabelSet, byGroup, byIntegration, byPercentile = "Reason", "LabelSet", "RuleGroup", "Integration", "Percentile"
)

// dimensionOf is by which dimension counts of a thing are told apart.
var dimensionOf = map[hearth.Tallied]string{
	hearth.TallyDiscardedSamples: byReason, hearth.TallyDiscardedSeries: byReason,
	hearth.TallyDiscardedSamplesPerLabelSet: byLabelSet, hearth.TallyDiscardedSeriesPerLabelSet: byLabelSet, hearth.TallyIngestedPerLabelSet: byLabelSet,
	hearth.TallyRuleEvaluations: byGroup, hearth.TallyRuleFailures: byGroup, hearth.TallyRuleMissed: byGroup,
}

// perSecond are the things that are told as how many a second.
var perSecond = map[hearth.Tallied]bool{
	hearth.TallyIngestedPerLabelSet: true, hearth.TallyHistograms: true, hearth.TallyHistogramBuckets: true, hearth.TallyOutOfOrder: true, hearth.TallyRequests: true,
}

// vended is one count as AWS has it. Notifications are counted in all, and by
// integration.
func (k tallied) vended(w *hearth.Workspace, n float64) []Vended {
	if perSecond[k.what] {
		n /= vendedEvery.Seconds()
	}
	switch k.what {
	case hearth.TallyRequests:
		return []Vended{UsageOf(w, k.of+"TPS", n)}
	case hearth.TallyHistograms:
		return []Vended{UsageOf(w, string(k.what), n)}
	case hearth.TallyNotificationsFailed, hearth.TallyNotificationsThrottled:
		if k.of != "" {
			return []Vended{PrometheusOf(w, string(k.what)+"ByIntegration", n, byIntegration, k.of)}
		}
	}
	if by := dimensionOf[k.what]; by != "" {
		return []Vended{PrometheusOf(w, string(k.what), n, by, k.of)}
	}
	return []Vended{PrometheusOf(w, string(k.what), n)}
}

func (k tallied) spread(w *hearth.Workspace, s *spread) []Vended {
	return []Vended{
		PrometheusOf(w, string(k.what), s.percentile(50), byPercentile, "p50"),
		PrometheusOf(w, string(k.what), s.percentile(99), byPercentile, "p99"),
		PrometheusOf(w, string(k.what), s.most, byPercentile, "max"),
	}
}

// UsageOf is a number of AWS/Usage: how much of a resource a workspace has.
func UsageOf(w *hearth.Workspace, resource string, value float64) Vended {
	return Vended{Account: w.Account, Region: w.Region, Namespace: "AWS/Usage", Name: "ResourceCount", Value: value,
		Dimensions: map[string]string{"Service": "Prometheus", "Type": "Resource", "Class": "None", "Resource": resource, "ResourceId": string(w.ID)}}
}

// PrometheusOf is a number of AWS/Prometheus about a workspace. by are names and
// values of further dimensions.
func PrometheusOf(w *hearth.Workspace, name string, value float64, by ...string) Vended {
	d := map[string]string{"Workspace": string(w.ID)}
	for i := 0; i+1 < len(by); i += 2 {
		d[by[i]] = by[i+1]
	}
	return Vended{Account: w.Account, Region: w.Region, Namespace: "AWS/Prometheus", Name: name, Dimensions: d, Value: value}
}
