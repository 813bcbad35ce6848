package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/clients/tagging"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
)

// A place is one job in one region by one role.
type place struct {
	job    *Job
	role   Role
	region string
}

// places are all of a configuration.
func places(c *Config) []place {
	var all []place
	for i := range c.Jobs {
		for _, role := range c.Jobs[i].Roles {
			for _, region := range c.Jobs[i].Regions {
				all = append(all, place{&c.Jobs[i], role, region})
			}
		}
	}
	return all
}

func (p *place) String() string {
	s := fmt.Sprintf("%s %s in %s", p.job.Kind, p.job.Name, p.region)
	if p.role.ARN != "" {
		s += " as " + p.role.ARN
	}
	return s
}

func (p *place) attrs() slog.Attr {
	return slog.Group("", "job", p.job.Name, "kind", string(p.job.Kind), "region", p.region, "role", p.role.ARN)
}

// found is what a place has now.
type found struct {
	context   *model.ScrapeContext
	resources []*model.TaggedResource
	queries   []*query
	skipped   int // metrics that belong to no resource found
	lists     int // calls of ListMetrics it took

	// Names that gave no query, though they could be listed: CloudWatch has no
	// metric of the name, or none with the dimensions that the job wants.
	unlisted, unwanted []string

	problems []error
}

// A query is one statistic of one metric that CloudWatch has.
type query struct {
	metric    *Metric
	statistic string
	data      *model.CloudwatchData
}

// discover finds the resources and metrics of a place. The error is of one that
// keeps anything from being found; others are in found.problems.
func (g *gate) discover(ctx context.Context, p *place) (*found, *clients, error) {
	c, err := g.clients(ctx, p.role, p.region)
	if err != nil {
		return nil, nil, err
	}
	id, err := g.identity(ctx, p.role, c)
	if err != nil {
		return nil, c, err
	}
	f := &found{context: &model.ScrapeContext{Region: p.region, AccountID: id.account, AccountAlias: id.alias, CustomTags: p.job.CustomTags}}
	switch p.job.Kind {
	case Static:
		f.queries = staticQueries(p.job)
		return f, c, nil
	case Discovery:
		if err := f.findResources(ctx, p, c); err != nil {
			return nil, c, err
		}
	}
	f.listAll(ctx, p, c)
	return f, c, nil
}

// errNoResources is told of a job whose type has tagged resources and that finds
// none.
var errNoResources = errors.New("no tagged resource was found: the tagging API lists resources that have, or had, at least one tag; the searchTags may match none")

func (f *found) findResources(ctx context.Context, p *place, c *clients) error {
	return with(ctx, c.limits.tagging, func() error {
		all, err := c.resources(ctx, p.job, p.region)
		switch {
		case errors.Is(err, tagging.ErrExpectedToFindResources):
			return errNoResources
		case err != nil:
			return fmt.Errorf("find resources: %w", err)
		}
		for _, r := range all {
			sortTags(r.Tags)
		}
		f.resources = all
		return nil
	})
}

func staticQueries(j *Job) []*query {
	var out []*query
	for i := range j.Metrics {
		m := &j.Metrics[i]
		for _, s := range m.Statistics {
			out = append(out, &query{metric: m, statistic: s, data: &model.CloudwatchData{
				MetricName: m.Name, ResourceName: j.Name, Namespace: j.Namespace, Dimensions: j.Dimensions, MetricMigrationParams: migration(m),
			}})
		}
	}
	return out
}

func migration(m *Metric) model.MetricMigrationParams {
	return model.MetricMigrationParams{NilToZero: m.NilToZero, AddCloudwatchTimestamp: m.Timestamps}
}

// window is what to ask for at now: it ends at the last full period, as YACE's
// does.
func (m *Metric) window(now time.Time) (start, end time.Time) {
	end = now.Truncate(m.Period).Add(-m.Delay)
	return end.Add(-m.Length), end
}
