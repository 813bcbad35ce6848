package cloudwatch

import (
	"fmt"
	"slices"
	"time"

	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/promutil"
	prommodel "github.com/prometheus/common/model"
)

// maxOlder is how many datapoints of a series a page has beside the newest: a day of
// minutes.
const maxOlder = 24*60 - 1

// remember keeps the older datapoints of one series, newest first.
func (p *polled) remember(series []*model.CloudwatchData) {
	for i, d := range series[:min(len(series), maxOlder)] {
		if i == len(p.older) {
			p.older = append(p.older, nil)
		}
		p.older[i] = append(p.older[i], d)
	}
}

// history keeps the older datapoints of those queries whose metrics want them all.
func (b *batch) history(out *polled) {
	for i, q := range b.queries {
		if q.metric.AllPoints {
			out.remember(b.answers[i].older(q, b.end.Add(-q.metric.Length)))
		}
	}
}

// older are the datapoints of an answer without the newest, newest first; none from
// before since.
func (a *answer) older(q *query, since time.Time) []*model.CloudwatchData {
	order := make([]int, 0, len(a.times))
	for i := range a.times {
		if !a.times[i].Before(since) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(i, k int) int { return a.times[k].Compare(a.times[i]) })
	out := make([]*model.CloudwatchData, 0, len(order))
	for _, i := range order[min(1, len(order)):] {
		d := *q.data
		d.GetMetricDataResult = &model.GetMetricDataResult{Statistic: q.statistic, Datapoint: &a.values[i], Timestamp: a.times[i]}
		out = append(out, &d)
	}
	return out
}

// oneByOne leaves the newest datapoint of a static metric with it, and returns the
// others, newest first.
func oneByOne(d *model.CloudwatchData) (older []*model.CloudwatchData) {
	all := d.GetMetricStatisticsResult.Datapoints
	slices.SortFunc(all, func(a, b *model.Datapoint) int { return b.Timestamp.Compare(*a.Timestamp) })
	for i := range all {
		one := *d
		one.GetMetricStatisticsResult = &model.GetMetricStatisticsResult{Datapoints: all[i : i+1], Statistics: d.GetMetricStatisticsResult.Statistics}
		older = append(older, &one)
	}
	if len(older) == 0 {
		return nil
	}
	*d = *older[0]
	return older[1:]
}

// history adds the older datapoints to a page. Each has the labels that the newest of
// its name have; of two of one series and time the first is given.
func (e *Exporter) history(all []polled, page []*promutil.PrometheusMetric, observed map[string]model.LabelSet) []*promutil.PrometheusMetric {
	depth, seen := 0, map[string]bool{}
	for _, p := range all {
		depth = max(depth, len(p.older))
	}
	if depth == 0 {
		return page
	}
	id := func(m *promutil.PrometheusMetric) string {
		return fmt.Sprintf("%s %d %d", *m.Name, prommodel.LabelsToSignature(m.Labels), m.Timestamp.UnixMilli())
	}
	for _, m := range page {
		seen[id(m)] = true
	}
	for i := range depth {
		var results []model.CloudwatchMetricResult
		for _, p := range all {
			if i < len(p.older) {
				results = append(results, model.CloudwatchMetricResult{Context: p.context, Data: p.older[i]})
			}
		}
		metrics, _, err := promutil.BuildMetrics(results, e.opts.SnakeCase, yaceLog{e.log})
		if err != nil {
			e.log.Error("CloudWatch's answers cannot be told", "err", err)
			return page
		}
		for _, m := range promutil.EnsureLabelConsistencyAndRemoveDuplicates(metrics, observed) {
			if !again(seen, id(m)) {
				page = append(page, m)
			}
		}
	}
	return page
}
