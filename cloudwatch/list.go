package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/job/maxdimassociator"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/logging"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
)

// maxListed bounds the metrics of one name in one region.
const maxListed = 500_000

// listAll asks for the metrics of each name of the job at once, and keeps the
// order of the names. A name that cannot be listed is a problem; the others go
// on.
func (f *found) listAll(ctx context.Context, p *place, c *clients) {
	link := f.associate(p.job)
	parts := make([]listing, len(p.job.Metrics))
	var wg sync.WaitGroup
	for i := range p.job.Metrics {
		wg.Go(func() {
			m := &p.job.Metrics[i]
			err := with(ctx, c.limits.listMetrics, func() error { return list(ctx, p.job, m, c, link, &parts[i]) })
			if err != nil {
				parts[i].err = fmt.Errorf("list metrics %s of %s: %w", m.Name, p.job.Namespace, err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for i, part := range parts {
		part.queries = slices.DeleteFunc(part.queries, func(q *query) bool { return again(seen, q.key()) })
		f.queries, f.skipped = append(f.queries, part.queries...), f.skipped+part.skipped
		f.lists += part.calls
		switch name := p.job.Metrics[i].Name; {
		case part.err != nil:
			f.problems = append(f.problems, part.err)
		case part.listed == 0:
			f.unlisted = append(f.unlisted, name)
		case part.unwanted == part.listed:
			f.unwanted = append(f.unwanted, name)
		}
	}
}

// A listing is what one name gave.
type listing struct {
	queries  []*query
	skipped  int
	listed   int // metrics CloudWatch has
	unwanted int // of these, with other dimensions than the job wants
	calls    int
	err      error
}

// A linker finds the resource that a metric is about. skip says that the metric
// has the dimensions of a resource, and that no resource found has their values.
type linker func(*model.Metric) (r *model.TaggedResource, skip bool)

func (f *found) associate(j *Job) linker {
	if j.Kind != Discovery || len(j.service.DimensionRegexps) == 0 || len(f.resources) == 0 {
		return func(*model.Metric) (*model.TaggedResource, bool) { return nil, false }
	}
	return maxdimassociator.NewAssociator(logging.NewNopLogger(), j.service.ToModelDimensionsRegexp(), f.resources).AssociateMetricToResource
}

func list(ctx context.Context, j *Job, m *Metric, c *clients, link linker, out *listing) error {
	in := &cloudwatch.ListMetricsInput{Namespace: aws.String(j.Namespace), MetricName: aws.String(m.Name)}
	if j.RecentlyActive {
		in.RecentlyActive = types.RecentlyActivePt3h
	}
	pages := cloudwatch.NewListMetricsPaginator(c.cloudwatch, in, func(o *cloudwatch.ListMetricsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		out.calls++
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		if out.listed += len(page.Metrics); out.listed > maxListed {
			return fmt.Errorf("there are more than %d: use dimensionNameRequirements or recentlyActiveOnly", maxListed)
		}
		for _, listed := range page.Metrics {
			out.take(j, m, listed, link)
		}
	}
	return nil
}

// take makes queries of a listed metric, one for each statistic.
func (l *listing) take(j *Job, m *Metric, listed types.Metric, link linker) {
	metric := modelMetric(listed)
	if !j.wants(metric) {
		l.unwanted++
		return
	}
	r, skip := link(metric)
	if skip {
		l.skipped++
		return
	}
	name, tags := j.Name, []model.Tag(nil)
	if j.Kind == Discovery {
		if r == nil {
			r = &model.TaggedResource{ARN: "global", Namespace: j.Namespace}
		}
		name, tags = r.ARN, r.MetricTags(j.ExportTags)
	}
	for _, s := range m.Statistics {
		l.queries = append(l.queries, &query{metric: m, statistic: s, data: &model.CloudwatchData{
			MetricName: m.Name, ResourceName: name, Namespace: j.Namespace, Tags: tags, Dimensions: metric.Dimensions, MetricMigrationParams: migration(m),
		}})
	}
}

func modelMetric(m types.Metric) *model.Metric {
	out := &model.Metric{MetricName: aws.ToString(m.MetricName), Namespace: aws.ToString(m.Namespace), Dimensions: make([]model.Dimension, 0, len(m.Dimensions))}
	for _, d := range m.Dimensions {
		out.Dimensions = append(out.Dimensions, model.Dimension{Name: aws.ToString(d.Name), Value: aws.ToString(d.Value)})
	}
	return out
}

// wants tells whether a metric has the dimensions the job asks for.
func (j *Job) wants(m *model.Metric) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(m.Dimensions, func(d model.Dimension) bool { return d.Name == name })
	}
	if n := len(j.RequireDimensions); n > 0 && n != len(m.Dimensions) {
		return false
	}
	for _, name := range slices.Concat(j.RequireDimensions, j.WithDimensions) {
		if !has(name) {
			return false
		}
	}
	return len(j.WithDimensions) == 0 || j.onlyKnown(m)
}

// onlyKnown tells whether each dimension names the resource or is one of
// awsDimensions: older YACE versions asked for exactly these.
func (j *Job) onlyKnown(m *model.Metric) bool {
	known := slices.Clone(j.WithDimensions)
	for _, r := range j.service.ToModelDimensionsRegexp() {
		known = append(known, r.DimensionsNames...)
	}
	return !slices.ContainsFunc(m.Dimensions, func(d model.Dimension) bool { return !slices.Contains(known, d.Name) })
}

// sortTags puts tags into an order of their own, so that of tags whose keys become
// the same label always the same one wins.
func sortTags(tags []model.Tag) {
	slices.SortFunc(tags, func(a, b model.Tag) int { return strings.Compare(a.Key, b.Key) })
}

// key tells queries apart: asking twice for the same would be billed twice.
func (q *query) key() string {
	var b strings.Builder
	for _, part := range []string{q.data.MetricName, q.statistic, q.metric.Period.String(), q.metric.Delay.String()} {
		b.WriteString(part)
		b.WriteByte(0)
	}
	for _, d := range q.data.Dimensions {
		b.WriteString(d.Name)
		b.WriteByte(0)
		b.WriteString(d.Value)
		b.WriteByte(0)
	}
	return b.String()
}

// again tells whether key was seen before, and remembers it.
func again(seen map[string]bool, key string) bool {
	was := seen[key]
	seen[key] = true
	return was
}
