package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
)

// An answer is what CloudWatch said to one query: datapoints, newest first.
type answer struct {
	times  []time.Time
	values []float64
	whole  bool // nothing is missing that CloudWatch has now
}

// A batch is queries that are asked together: of one period and delay.
type batch struct {
	queries    []*query
	start, end time.Time
	answers    []answer      // as long as queries
	served     time.Time     // when CloudWatch answered, by its clock; zero if it did not say
	clock      time.Duration // CloudWatch's minus ours
	err        error
}

// MetricsPerQuery is how many metrics one request may ask for:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const MetricsPerQuery = 500

// batches cuts queries into requests of at most size. Queries of one period and
// delay share a window that is as long as the longest of theirs; window says when
// it is.
func batches(queries []*query, size int, window func(*Metric) (start, end time.Time)) []*batch {
	type shape struct{ period, delay time.Duration }
	var order []shape
	groups, longest := map[shape][]*query{}, map[shape]time.Duration{}
	for _, q := range queries {
		w := shape{q.metric.Period, q.metric.Delay}
		if groups[w] == nil {
			order = append(order, w)
		}
		groups[w], longest[w] = append(groups[w], q), max(longest[w], q.metric.Length)
	}
	var out []*batch
	for _, w := range order {
		start, end := window(&Metric{Period: w.period, Delay: w.delay, Length: longest[w]})
		for all := groups[w]; len(all) > 0; {
			n := min(size, len(all))
			out = append(out, &batch{queries: all[:n], start: start, end: end, answers: make([]answer, n)})
			all = all[n:]
		}
	}
	return out
}

// fetch asks for all batches, as many at once as the limits allow. Each has its
// own error; what came before one stays.
func (g *gate) fetch(ctx context.Context, c *clients, all []*batch) {
	var wg sync.WaitGroup
	for _, b := range all {
		wg.Go(func() {
			b.err = with(ctx, c.limits.getMetricData, func() error { return g.ask(ctx, c, b) })
		})
	}
	wg.Wait()
}

func (g *gate) ask(ctx context.Context, c *clients, b *batch) error {
	if g.meter.spend != nil {
		if err := g.meter.spend(charge{region: c.config.Region, metrics: len(b.queries)}); err != nil {
			return err
		}
	}
	in := &cloudwatch.GetMetricDataInput{StartTime: &b.start, EndTime: &b.end, ScanBy: types.ScanByTimestampDescending, MetricDataQueries: b.request()}
	for pages := 1; ; pages++ {
		out, err := c.cloudwatch.GetMetricData(ctx, in)
		if err != nil {
			return fmt.Errorf("get metric data: %w", err)
		}
		if at, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok {
			b.served, b.clock = at, at.Sub(g.now())
		}
		if err := b.take(out); err != nil {
			return err
		}
		next := aws.ToString(out.NextToken)
		switch {
		case next == "":
			return b.unfinished()
		case next == aws.ToString(in.NextToken) || pages >= maxPages:
			return errors.New("get metric data: CloudWatch gives the same page again and again")
		}
		in.NextToken = out.NextToken
	}
}

// maxPages bounds the pages of one answer: CloudWatch has at most 100,800
// datapoints on one, and keeps at most 455 days of minutes.
const maxPages = 4000

func (b *batch) request() []types.MetricDataQuery {
	out := make([]types.MetricDataQuery, 0, len(b.queries))
	for i, q := range b.queries {
		out = append(out, types.MetricDataQuery{
			Id: aws.String("id_" + strconv.Itoa(i)), ReturnData: aws.Bool(true),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: &q.data.Namespace, MetricName: &q.data.MetricName, Dimensions: dimensions(q.data.Dimensions)},
				Period: aws.Int32(int32(q.metric.Period / time.Second)), Stat: aws.String(q.statistic),
			},
		})
	}
	return out
}

func dimensions(in []model.Dimension) []types.Dimension {
	out := make([]types.Dimension, 0, len(in))
	for i := range in {
		out = append(out, types.Dimension{Name: &in[i].Name, Value: &in[i].Value})
	}
	return out
}

// take joins a page to what is known. A result of an unknown query, or one whose
// times and values do not go together, is nobody's.
func (b *batch) take(page *cloudwatch.GetMetricDataOutput) error {
	for _, r := range page.MetricDataResults {
		i, err := strconv.Atoi(strings.TrimPrefix(aws.ToString(r.Id), "id_"))
		if err != nil || i < 0 || i >= len(b.answers) || len(r.Timestamps) != len(r.Values) {
			return fmt.Errorf("get metric data: CloudWatch answers %d times and %d values to the query %q", len(r.Timestamps), len(r.Values), aws.ToString(r.Id))
		}
		a := &b.answers[i]
		a.times, a.values = append(a.times, r.Timestamps...), append(a.values, r.Values...)
		a.whole = r.StatusCode == types.StatusCodeComplete || r.StatusCode == ""
	}
	return nil
}

// unfinished tells of queries that CloudWatch did not answer to the end.
func (b *batch) unfinished() error {
	n := 0
	for _, a := range b.answers {
		if !a.whole {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return &partialError{n, len(b.answers)}
}

// A partialError says that some queries have datapoints missing, or no answer.
type partialError struct{ unfinished, asked int }

func (e *partialError) Error() string {
	return fmt.Sprintf("get metric data: CloudWatch left %d of %d metrics unanswered, or answered in part", e.unfinished, e.asked)
}

// newest returns the youngest datapoint; ok is false if there is none.
func (a *answer) newest() (at time.Time, v float64, ok bool) {
	for i := range a.times {
		if !ok || a.times[i].After(at) {
			at, v, ok = a.times[i], a.values[i], true
		}
	}
	return at, v, ok
}
