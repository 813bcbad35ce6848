package cloudwatch

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
)

var percentile = regexp.MustCompile(`^p\d`)

// maxStatistics is how many datapoints CloudWatch gives in one answer. It refuses to
// be asked for more:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
const maxStatistics = 1440

// statistics asks for a metric of a static job, all its statistics at once, and for
// no more of its newest datapoints than one answer has.
func (g *gate) statistics(ctx context.Context, c *clients, j *Job, m *Metric, start, end time.Time) ([]types.Datapoint, error) {
	if oldest := end.Add(-maxStatistics * m.Period); start.Before(oldest) {
		start = oldest
	}
	in := &cloudwatch.GetMetricStatisticsInput{
		Namespace: &j.Namespace, MetricName: &m.Name, Dimensions: dimensions(j.Dimensions),
		StartTime: &start, EndTime: &end, Period: aws.Int32(int32(m.Period / time.Second)),
	}
	for _, s := range m.Statistics {
		if percentile.MatchString(s) {
			in.ExtendedStatistics = append(in.ExtendedStatistics, s)
		} else {
			in.Statistics = append(in.Statistics, types.Statistic(s))
		}
	}
	var points []types.Datapoint
	err := with(ctx, c.limits.getMetricStatistics, func() error {
		out, err := c.cloudwatch.GetMetricStatistics(ctx, in)
		if err != nil {
			return fmt.Errorf("get metric statistics of %s: %w", m.Name, err)
		}
		points = out.Datapoints
		return nil
	})
	return points, err
}

// datapoints are the answer in the words of YACE's packages. It is never nil: a
// metric without datapoints is one that was asked for.
func datapoints(in []types.Datapoint) []*model.Datapoint {
	out := make([]*model.Datapoint, 0, len(in))
	for _, p := range in {
		d := &model.Datapoint{Average: p.Average, Maximum: p.Maximum, Minimum: p.Minimum, SampleCount: p.SampleCount, Sum: p.Sum, Timestamp: p.Timestamp, ExtendedStatistics: map[string]*float64{}}
		for name, v := range p.ExtendedStatistics {
			d.ExtendedStatistics[name] = aws.Float64(v)
		}
		if d.Timestamp != nil {
			out = append(out, d)
		}
	}
	return out
}

// statisticOf is the value of one statistic.
func statisticOf(p types.Datapoint, name string) (float64, bool) {
	v := map[string]*float64{"Average": p.Average, "Maximum": p.Maximum, "Minimum": p.Minimum, "Sum": p.Sum, "SampleCount": p.SampleCount}[name]
	if v != nil {
		return *v, true
	}
	x, ok := p.ExtendedStatistics[name]
	return x, ok
}
