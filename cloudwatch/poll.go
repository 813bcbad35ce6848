package cloudwatch

import (
	"context"
	"sync"
	"time"

	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
)

// A polled is what one poll of a place gave, in the words of YACE's packages.
type polled struct {
	place    *place
	context  *model.ScrapeContext
	infos    []*model.TaggedResource
	data     []*model.CloudwatchData
	older    [][]*model.CloudwatchData // of metrics that all datapoints are wanted of: the second newest, the third…
	problems []error
}

// manyPlaces is how many places are polled at once.
const manyPlaces = 64

// poll asks for the newest datapoint of everything, as YACE does for its page.
// The result has each place's part, in the order of the configuration.
func (g *gate) poll(ctx context.Context, c *Config, size int) []polled {
	all := places(c)
	out := make([]polled, len(all))
	room := make(chan struct{}, manyPlaces)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			out[i].place = &all[i]
			if err := with(ctx, room, func() error { g.pollPlace(ctx, &out[i], size); return nil }); err != nil {
				out[i].problems = []error{err}
			}
		})
	}
	wg.Wait()
	for i := range out {
		for _, err := range out[i].problems {
			if expired(err) {
				g.forget()
			}
		}
	}
	return out
}

func (g *gate) pollPlace(ctx context.Context, out *polled, size int) {
	p := out.place
	f, c, err := g.discover(ctx, p)
	if err != nil {
		out.problems = []error{err}
		return
	}
	out.context, out.infos, out.problems = f.context, f.resources, f.problems
	now := g.now()
	if p.job.Kind == Static {
		g.pollStatic(ctx, out, c, now)
		return
	}
	asked := batches(f.queries, size, func(m *Metric) (time.Time, time.Time) { return m.window(now) })
	g.fetch(ctx, c, asked)
	for _, b := range asked {
		out.data = append(out.data, b.data()...)
		b.history(out)
		if b.err != nil {
			out.problems = append(out.problems, b.err)
		}
	}
}

// data are the series of a batch: those that were answered at all.
func (b *batch) data() []*model.CloudwatchData {
	out := make([]*model.CloudwatchData, 0, len(b.queries))
	for i, q := range b.queries {
		a := &b.answers[i]
		at, v, ok := a.newest()
		if !ok && !a.whole {
			continue
		}
		r := &model.GetMetricDataResult{Statistic: q.statistic}
		if ok {
			r.Datapoint, r.Timestamp = &v, at
		}
		q.data.GetMetricDataResult = r
		out = append(out, q.data)
	}
	return out
}

func (g *gate) pollStatic(ctx context.Context, out *polled, c *clients, now time.Time) {
	j := out.place.job
	parts, errs := make([]*model.CloudwatchData, len(j.Metrics)), make([]error, len(j.Metrics))
	histories := make([][]*model.CloudwatchData, len(j.Metrics))
	var wg sync.WaitGroup
	for i := range j.Metrics {
		wg.Go(func() {
			m := &j.Metrics[i]
			points, err := g.statistics(ctx, c, j, m, now.Add(-m.Length-m.Delay), now.Add(-m.Delay))
			if errs[i] = err; err != nil {
				return
			}
			parts[i] = &model.CloudwatchData{
				MetricName: m.Name, ResourceName: j.Name, Namespace: j.Namespace, Dimensions: j.Dimensions, MetricMigrationParams: migration(m),
				GetMetricStatisticsResult: &model.GetMetricStatisticsResult{Datapoints: datapoints(points), Statistics: m.Statistics},
			}
			if m.AllPoints {
				histories[i] = oneByOne(parts[i])
			}
		})
	}
	wg.Wait()
	for i := range parts {
		if errs[i] != nil {
			out.problems = append(out.problems, errs[i])
		} else {
			out.data = append(out.data, parts[i])
			out.remember(histories[i])
		}
	}
}
