package cloudwatch

import (
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/promutil"
	prommodel "github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// A series is what a query becomes in the workspace.
type series struct {
	query  *query
	labels labels.Labels
	seen   []int64 // milliseconds of the datapoints that are there, ascending
	first  int64   // no zero is put in place of an absent datapoint before
	from   int64   // no datapoint before is written: the series begins there

	recalled bool // seen has what the workspace has
}

// has tells whether a datapoint is there, or was refused for good.
func (s *series) has(t int64) bool {
	_, ok := slices.BinarySearch(s.seen, t)
	return ok
}

func (s *series) add(t int64) {
	if i, ok := slices.BinarySearch(s.seen, t); !ok {
		s.seen = slices.Insert(s.seen, i, t)
	}
}

// prune forgets what no window reaches any more.
func (s *series) prune(before int64) {
	i, _ := slices.BinarySearch(s.seen, before)
	if i > len(s.seen)/2 {
		s.seen = slices.Clone(s.seen[i:])
	}
}

// adopt makes series of what was found. Of two queries that give the same labels
// the first is asked.
func (p *feedPlace) adopt(f *found) {
	named := name(f, p.feed.log)
	next, mine := make(map[string]*series, len(f.queries)), make(map[string]bool, len(f.queries))
	duplicates := 0
	for i, q := range f.queries {
		id := string(named[i].Bytes(nil))
		if mine[id] || !p.feed.claim(id, p) {
			duplicates++
			continue
		}
		mine[id] = true
		s := p.series[q.key()]
		if s == nil || !labels.Equal(s.labels, named[i]) {
			s = &series{labels: named[i], first: p.now().Add(-q.metric.Period).UnixMilli(), from: begins(q.metric, p.now())}
		}
		s.query = q
		next[q.key()] = s
	}
	for _, s := range p.series {
		if id := string(s.labels.Bytes(nil)); !mine[id] {
			p.feed.release(id)
		}
	}
	p.series, p.infos = next, infos(f, p.place.job.InfoContext, p.feed.log)
	p.tell(func(s *PlaceStatus) { s.Duplicates = duplicates })
}

// begins is the oldest datapoint that a new series may have: zero if any.
func begins(m *Metric, now time.Time) int64 {
	if m.Period*lookback >= writable {
		return 0
	}
	return now.Add(-writable).UnixMilli()
}

// name gives each query its labels, by YACE's own rules.
func name(f *found, log *slog.Logger) []labels.Labels {
	zero, data := 0.0, make([]*model.CloudwatchData, len(f.queries))
	for i, q := range f.queries {
		d := *q.data
		d.MetricMigrationParams = model.MetricMigrationParams{}
		d.GetMetricDataResult = &model.GetMetricDataResult{Statistic: q.statistic, Datapoint: &zero}
		data[i] = &d
	}
	// Its error is of statistics of GetMetricStatistics, which these are not.
	metrics, _, _ := promutil.BuildMetrics([]model.CloudwatchMetricResult{{Context: f.context, Data: data}}, false, yaceLog{log})
	return allLabels(metrics)
}

func infos(f *found, context bool, log *slog.Logger) []labels.Labels {
	in := model.TaggedResourceResult{Data: f.resources}
	if context {
		in.Context = f.context
	}
	metrics, _ := promutil.BuildNamespaceInfoMetrics([]model.TaggedResourceResult{in}, nil, map[string]model.LabelSet{}, false, yaceLog{log})
	return allLabels(metrics)
}

func allLabels(metrics []*promutil.PrometheusMetric) []labels.Labels {
	out := make([]labels.Labels, len(metrics))
	for i, m := range metrics {
		all := maps.Clone(m.Labels)
		all[prommodel.MetricNameLabel] = *m.Name
		maps.DeleteFunc(all, func(_, v string) bool { return v == "" })
		out[i] = labels.FromMap(all)
	}
	return out
}

// of are the series with a period.
func (p *feedPlace) of(period time.Duration) []*series {
	var out []*series
	for _, q := range p.found.queries {
		if s := p.series[q.key()]; s != nil && s.query.metric.Period == period {
			out = append(out, s)
		}
	}
	return out
}
