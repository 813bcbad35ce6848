package cloudwatch

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"
)

// PlanOptions is what a plan is made from. Config and Prices are required.
type PlanOptions struct {
	Config      *Config
	Access      Access
	Concurrency Concurrency
	Prices      *Prices
	// Every is how often an exporter polls everything; 0 is for a scraper, which
	// asks for each metric once a period.
	Every           time.Duration
	MetricsPerQuery int
	Now             func() time.Time
	Log             *slog.Logger
}

// A Plan is what polling would ask, and what CloudWatch would bill for it. To
// make one costs the calls of one discovery.
type Plan struct {
	Places   []PlacePlan
	Currency string
	Month    float64 // what 30 days cost, free requests left out of account
	Free     float64 // of that, what the account's free requests may take off
}

// A PlacePlan is one job's, in one region by one role.
type PlacePlan struct {
	Job, Kind, Region, Role string
	Resources               int
	Skipped                 int     // metrics that belong to no resource found
	Series                  int     // statistics of metrics
	Metrics                 float64 // asked of GetMetricData, an hour
	Datapoints              float64 // written, an hour
	Requests                float64 // of all operations, an hour
	Billed                  float64 // of these, by the request
	Month                   float64
	Unlisted                []string // names that CloudWatch has no metric of
	Unwanted                []string // names whose metrics all have other dimensions than the job wants
	Problems                []error
}

// DiscoverEvery is how often a scraper looks for new metrics.
const DiscoverEvery = 10 * time.Minute

// MakePlan looks for the metrics of each place.
func MakePlan(ctx context.Context, o PlanOptions) *Plan {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MetricsPerQuery = cmp.Or(o.MetricsPerQuery, MetricsPerQuery)
	g := newGate(o.Access, o.Config, &meter{}, o.Concurrency, o.Now, o.Log)
	all := places(o.Config)
	p := &Plan{Places: make([]PlacePlan, len(all)), Currency: o.Prices.Currency}
	room := make(chan struct{}, manyPlaces)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			if err := with(ctx, room, func() error { p.Places[i] = g.plan(ctx, &all[i], &o); return nil }); err != nil {
				p.Places[i].Problems = []error{err}
			}
		})
	}
	wg.Wait()
	for _, place := range p.Places {
		p.Month += place.Month
	}
	p.Free = free(p.Places, o.Prices)
	return p
}

// free is what an account's free requests may take off at most: the dearest of them.
func free(places []PlacePlan, prices *Prices) (off float64) {
	price := func(p PlacePlan) float64 { return prices.of(p.Region).PerThousandRequests }
	left := prices.FreeRequests
	for _, p := range slices.SortedFunc(slices.Values(places), func(a, b PlacePlan) int { return cmp.Compare(price(b), price(a)) }) {
		n := min(left, p.Billed*month.Hours())
		left -= n
		off += n * price(p) / 1000
	}
	return off
}

func (g *gate) plan(ctx context.Context, at *place, o *PlanOptions) PlacePlan {
	out := PlacePlan{Job: at.job.Name, Kind: string(at.job.Kind), Region: at.region, Role: at.role.ARN}
	f, _, err := g.discover(ctx, at)
	if err != nil {
		out.Problems = []error{err}
		return out
	}
	out.Resources, out.Series, out.Skipped, out.Problems = len(f.resources), len(f.queries), f.skipped, f.problems
	f.price(at.job, o, &out)
	out.Unlisted, out.Unwanted, out.Month = f.unlisted, f.unwanted, out.month(o.Prices.of(at.region))
	return out
}

func (p *PlacePlan) month(price Price) float64 {
	return (p.Metrics*price.PerThousandMetrics + p.Billed*price.PerThousandRequests) / 1000 * month.Hours()
}

// price fills in what an hour takes.
func (f *found) price(j *Job, o *PlanOptions, out *PlacePlan) {
	hourly := func(every time.Duration) float64 { return float64(time.Hour) / float64(cmp.Or(o.Every, every)) }
	byPeriod := map[time.Duration]int{}
	for _, q := range f.queries {
		byPeriod[q.metric.Period]++
		out.Datapoints += float64(time.Hour) / float64(q.metric.Period)
	}
	if j.Kind == Static {
		for _, m := range j.Metrics {
			out.Billed += hourly(m.Period)
		}
		out.Requests = out.Billed
		return
	}
	for period, n := range byPeriod {
		out.Metrics += float64(n) * hourly(period)
		out.Requests += math.Ceil(float64(n)/float64(o.MetricsPerQuery)) * hourly(period)
	}
	out.Billed = float64(f.lists) * hourly(DiscoverEvery)
	out.Requests += out.Billed
	if j.Kind == Discovery {
		out.Requests += math.Ceil(float64(max(1, len(f.resources)))/100) * hourly(DiscoverEvery)
	}
}
