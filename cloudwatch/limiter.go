package cloudwatch

import (
	"cmp"
	"context"
)

// Concurrency bounds how many calls are under way at once, for each role in each
// region: one that does not answer holds no other up.
type Concurrency struct {
	CloudWatch int // of all its operations together; 0: 5
	Tagging    int // 0: 5

	// ListMetrics, GetMetricData and GetMetricStatistics bound each operation by
	// itself if PerAPI is set; 0: 5.
	PerAPI                                          bool
	ListMetrics, GetMetricData, GetMetricStatistics int
}

const defaultConcurrency = 5

// limiter holds callers back.
type limiter struct {
	tagging, listMetrics, getMetricData, getMetricStatistics chan struct{}
}

func newLimiter(c Concurrency) *limiter {
	places := func(n int) chan struct{} { return make(chan struct{}, cmp.Or(max(n, 0), defaultConcurrency)) }
	l := &limiter{tagging: places(c.Tagging)}
	if c.PerAPI {
		l.listMetrics, l.getMetricData, l.getMetricStatistics = places(c.ListMetrics), places(c.GetMetricData), places(c.GetMetricStatistics)
		return l
	}
	all := places(c.CloudWatch)
	l.listMetrics, l.getMetricData, l.getMetricStatistics = all, all, all
	return l
}

// with runs fn when a place is free.
func with(ctx context.Context, places chan struct{}, fn func() error) error {
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
		return fn()
	case <-ctx.Done():
		return ctx.Err()
	}
}
