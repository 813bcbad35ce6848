package cloudwatch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/hearth-metrics/hearth"
)

// A Vended is one number that Hearth tells about itself as AWS does of AMP:
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-CW-usage-metrics.html
type Vended struct {
	Account    hearth.AccountID
	Region     hearth.Region
	Namespace  string // AWS/Usage, AWS/Prometheus
	Name       string
	Dimensions map[string]string
	Value      float64
}

// Usage gives the numbers of now.
type Usage interface {
	Usage(ctx context.Context) ([]Vended, error)
}

// vendedEvery is the period of vended metrics, CloudWatch's own of AMP.
const vendedEvery = time.Minute

// vendedMetric is the name under which numbers are kept: the rest are labels.
const vendedMetric = "vended"

// history is the workspace that keeps an account's numbers. No row leads there:
// its id is of no workspace that was made.
func history(account hearth.AccountID) hearth.Workspace {
	l := hearth.LimitsOf(hearth.Local)
	l.Retention = 15 * 24 * time.Hour // as CloudWatch keeps minutes
	return hearth.Workspace{ID: hearth.WorkspaceID("ws-00000000-0000-0000-0000-" + string(account)), Account: account, Status: hearth.Active, Limits: l}
}

// vend keeps the numbers of now, minute by minute, until ctx is done.
func (r *Room) vend(ctx context.Context) {
	if r.opts.Usage == nil {
		return
	}
	changed, stop := r.opts.Workspaces.Changed()
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed: // the first number of a new workspace need not wait
		case <-timer.C:
		}
		if err := r.vendOnce(ctx); err != nil && ctx.Err() == nil {
			r.opts.Log.Warn("usage of this minute is not kept", "err", err)
		}
		now := r.opts.Now()
		timer.Reset(min(now.Truncate(vendedEvery).Add(vendedEvery).Sub(now), vendedEvery))
	}
}

func (r *Room) vendOnce(ctx context.Context) error {
	all, err := r.opts.Usage.Usage(ctx)
	if err != nil {
		return err
	}
	if err := r.keep(ctx, r.opts.Now().Truncate(vendedEvery), all); err != nil || r.opts.Tally == nil {
		return err
	}
	minute, counts, measured, ok := r.opts.Tally.take()
	if !ok {
		return nil
	}
	if all, err = r.vended(ctx, counts, measured); err != nil {
		return err
	}
	return r.keep(ctx, minute, all)
}

// keep writes the numbers of one minute. Those that the minute already has stay: a
// workspace that is made, or a restart, has them told more than once.
func (r *Room) keep(ctx context.Context, minute time.Time, all []Vended) error {
	byAccount := map[hearth.AccountID][]Vended{}
	for _, v := range all {
		byAccount[v.Account] = append(byAccount[v.Account], v)
	}
	at := minute.UnixMilli()
	for account, numbers := range byAccount {
		there, err := r.keptAt(ctx, account, at)
		if err != nil {
			return fmt.Errorf("keep usage of %s: %w", account, err)
		}
		app := r.opts.Append.Appendable(history(account), "usage").AppenderV2(ctx)
		for _, v := range numbers {
			if there[v.labels().String()] {
				continue
			}
			if _, err := app.Append(0, v.labels(), 0, at, v.Value, nil, nil, storage.AOptions{}); err != nil && !isRefusal(err) {
				_ = app.Rollback()
				return fmt.Errorf("keep usage of %s: %w", account, err)
			}
		}
		if err := app.Commit(); err != nil {
			return fmt.Errorf("keep usage of %s: %w", account, err)
		}
	}
	return nil
}

// keptAt is which numbers of an account there are at a moment, by their labels.
func (r *Room) keptAt(ctx context.Context, account hearth.AccountID, at int64) (map[string]bool, error) {
	head, err := r.opts.Samples.Head(ctx, history(account))
	if err != nil {
		return nil, err
	}
	defer head.Release()
	querier, err := head.Querier(at, at)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	there := map[string]bool{}
	set := querier.Select(ctx, false, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, vendedMetric))
	for set.Next() {
		if set.At().Iterator(nil).Next() != chunkenc.ValNone {
			there[set.At().Labels().String()] = true
		}
	}
	return there, set.Err()
}

const dimensionPrefix = "d_"

func (v *Vended) labels() labels.Labels {
	all := map[string]string{model.MetricNameLabel: vendedMetric, "namespace": v.Namespace, "metric": v.Name, "region": string(v.Region)}
	for name, value := range v.Dimensions {
		all[dimensionPrefix+name] = value
	}
	return labels.FromMap(all)
}

// A VendedQuery selects numbers of an account in a region. Empty fields select all;
// an empty value of a dimension says that the metric must have it.
type VendedQuery struct {
	Account         hearth.AccountID
	Region          hearth.Region
	Namespace, Name string
	Dimensions      map[string]string
	Exact           bool // no other dimensions than these
	Start, End      time.Time
}

// A VendedSeries is a metric with its numbers, oldest first.
type VendedSeries struct {
	Namespace, Name string
	Dimensions      map[string]string
	Times           []time.Time
	Values          []float64
}

// Vended reads numbers, in order of name and dimensions.
func (r *Room) Vended(ctx context.Context, q VendedQuery) ([]VendedSeries, error) {
	head, err := r.opts.Samples.Head(ctx, history(q.Account))
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	defer head.Release()
	querier, err := head.Querier(q.Start.UnixMilli(), q.End.UnixMilli()-1)
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	defer querier.Close()
	set := querier.Select(ctx, true, nil, q.matchers()...)
	var out []VendedSeries
	var it chunkenc.Iterator
	for set.Next() {
		s := vendedSeries(set.At().Labels())
		if q.Exact && len(s.Dimensions) != len(q.Dimensions) {
			continue
		}
		it = set.At().Iterator(it)
		for it.Next() == chunkenc.ValFloat {
			t, v := it.At()
			s.Times, s.Values = append(s.Times, time.UnixMilli(t).UTC()), append(s.Values, v)
		}
		if err := it.Err(); err != nil {
			return nil, fmt.Errorf("read usage: %w", err)
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b VendedSeries) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name), strings.Compare(fmt.Sprint(a.Dimensions), fmt.Sprint(b.Dimensions)))
	})
	return out, set.Err()
}

func (q *VendedQuery) matchers() []*labels.Matcher {
	equal := func(name, value string) *labels.Matcher { return labels.MustNewMatcher(labels.MatchEqual, name, value) }
	all := []*labels.Matcher{equal(model.MetricNameLabel, vendedMetric), equal("region", string(q.Region))}
	if q.Namespace != "" {
		all = append(all, equal("namespace", q.Namespace))
	}
	if q.Name != "" {
		all = append(all, equal("metric", q.Name))
	}
	for _, name := range slices.Sorted(maps.Keys(q.Dimensions)) {
		m := equal(dimensionPrefix+name, q.Dimensions[name])
		if q.Dimensions[name] == "" {
			m = labels.MustNewMatcher(labels.MatchNotEqual, dimensionPrefix+name, "")
		}
		all = append(all, m)
	}
	return all
}

func vendedSeries(ls labels.Labels) VendedSeries {
	s := VendedSeries{Namespace: ls.Get("namespace"), Name: ls.Get("metric"), Dimensions: map[string]string{}}
	ls.Range(func(l labels.Label) {
		if name, ok := strings.CutPrefix(l.Name, dimensionPrefix); ok {
			s.Dimensions[name] = l.Value
		}
	})
	return s
}

// A Statistic of numbers, by periods: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
type period struct {
	start time.Time
	all   []float64
}

// ByPeriod gathers numbers by period, oldest first, and gives one statistic of
// each. ok is false for a statistic that is none.
func (s *VendedSeries) ByPeriod(length time.Duration, statistic string) (times []time.Time, values []float64, ok bool) {
	var periods []period
	for i, t := range s.Times {
		start := t.Truncate(length)
		if n := len(periods); n == 0 || !periods[n-1].start.Equal(start) {
			periods = append(periods, period{start: start})
		}
		last := &periods[len(periods)-1]
		last.all = append(last.all, s.Values[i])
	}
	if !anyStatistic.MatchString(statistic) {
		return nil, nil, false
	}
	for _, p := range periods {
		v, known := p.statistic(statistic)
		if !known {
			return nil, nil, false
		}
		times, values = append(times, p.start), append(values, v)
	}
	return times, values, true
}

func (p *period) statistic(name string) (float64, bool) {
	sum := 0.0
	for _, v := range p.all {
		sum += v
	}
	switch name {
	case "Sum":
		return sum, true
	case "SampleCount":
		return float64(len(p.all)), true
	case "Average":
		return sum / float64(len(p.all)), true
	case "Minimum":
		return slices.Min(p.all), true
	case "Maximum":
		return slices.Max(p.all), true
	}
	return p.percentile(name)
}

// percentile is the number below which so many percent of the numbers lie.
func (p *period) percentile(name string) (float64, bool) {
	var percent float64
	if n, err := fmt.Sscanf(name, "p%g", &percent); n != 1 || err != nil {
		return 0, false
	}
	ordered := slices.Sorted(slices.Values(p.all))
	i := int(percent/100*float64(len(ordered)) + 0.999999)
	return ordered[max(0, min(i-1, len(ordered)-1))], true
}
