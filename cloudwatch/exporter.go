package cloudwatch

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/promutil"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// ExporterOptions is what an Exporter needs. Config and Prices are required.
type ExporterOptions struct {
	Config          *Config
	Access          Access
	Concurrency     Concurrency
	Interval        time.Duration // between polls; 0: five minutes
	MetricsPerQuery int           // 0: 500
	SnakeCase       bool          // labels as snake_case
	AllInfos        bool          // info series of resources without metrics, too
	Prices          *Prices
	DailyCap        float64 // in the prices' currency; 0: none
	Now             func() time.Time
	Log             *slog.Logger
}

// An Exporter polls CloudWatch and gives what it found as YACE does: the same
// names, labels, types and helps. It is an http.Handler of the page.
type Exporter struct {
	opts  ExporterOptions
	calls *calls
	spent *spending
	log   *slog.Logger

	page   atomic.Pointer[prometheus.Registry]
	mu     sync.Mutex
	gate   *gate
	config *Config
	soon   chan struct{} // a poll is wanted now
}

// NewExporter returns an exporter. It starts nothing.
func NewExporter(o ExporterOptions) *Exporter {
	o.Interval, o.MetricsPerQuery = cmp.Or(o.Interval, 5*time.Minute), cmp.Or(o.MetricsPerQuery, MetricsPerQuery)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e := &Exporter{opts: o, calls: newCalls(), log: o.Log, soon: make(chan struct{}, 1)}
	e.spent = &spending{prices: o.Prices, cap: o.DailyCap, now: o.Now, every: o.Interval, capped: func(s Spent) {
		o.Log.Error("the day's cap is reached: CloudWatch is not asked until tomorrow (UTC)", "spent", s.Cost, "cap", o.DailyCap, "currency", o.Prices.Currency)
	}}
	e.page.Store(prometheus.NewRegistry())
	e.use(o.Config)
	return e
}

func (e *Exporter) use(c *Config) {
	m := &meter{called: e.calls.called, spend: func(c charge) error {
		if err := e.spent.spend(c); err != nil {
			return err
		}
		e.calls.metrics.Add(float64(c.metrics))
		return nil
	}}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.config, e.gate = c, newGate(e.opts.Access, c, m, e.opts.Concurrency, e.opts.Now, e.log)
}

// Reload takes another configuration, and polls at once.
func (e *Exporter) Reload(c *Config) {
	e.use(c)
	select {
	case e.soon <- struct{}{}:
	default:
	}
}

// ServeHTTP gives the page of the last poll. A series that cannot be given
// leaves the others alone.
func (e *Exporter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	promhttp.HandlerFor(e.page.Load(), promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(w, r)
}

// Run polls at once and then at each interval, until ctx ends.
func (e *Exporter) Run(ctx context.Context) error {
	tick := time.NewTicker(e.opts.Interval)
	defer tick.Stop()
	for {
		e.Poll(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-e.soon:
		}
	}
}

// Poll asks once and makes the new page.
func (e *Exporter) Poll(ctx context.Context) {
	e.mu.Lock()
	g, c := e.gate, e.config
	e.mu.Unlock()
	began := e.opts.Now()
	all := g.poll(ctx, c, e.opts.MetricsPerQuery)
	if ctx.Err() != nil {
		return // half a poll is no page
	}
	series := 0
	for i := range all {
		e.tell(&all[i])
		series += len(all[i].data)
	}
	e.page.Store(e.registry(all))
	e.log.Debug("polled", "places", len(all), "metrics", series, "took", e.opts.Now().Sub(began))
}

func (e *Exporter) tell(p *polled) {
	for _, err := range p.problems {
		if _, capped := errors.AsType[*CapError](err); !capped {
			e.log.Error("CloudWatch was not asked in full", p.place.attrs(), "err", err)
		}
	}
}

func (e *Exporter) registry(all []polled) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	metrics, duplicates := e.metrics(all)
	e.calls.duplicates.Add(float64(duplicates))
	for _, c := range e.calls.collectors() {
		reg.MustRegister(c)
	}
	reg.MustRegister(e.spent.collectors("")...)
	reg.MustRegister(promutil.NewPrometheusCollector(metrics))
	return reg
}

// metrics are the series in YACE's way: named and labelled by its own packages,
// each name with the same labels everywhere, the first of equals.
func (e *Exporter) metrics(all []polled) (out []*promutil.PrometheusMetric, duplicates int) {
	var results []model.CloudwatchMetricResult
	var infos []model.TaggedResourceResult
	for _, p := range all {
		if p.context == nil {
			continue
		}
		results = append(results, model.CloudwatchMetricResult{Context: p.context, Data: p.data})
		if len(p.data) > 0 || e.opts.AllInfos {
			info := model.TaggedResourceResult{Data: p.infos}
			if p.place.job.InfoContext {
				info.Context = p.context
			}
			infos = append(infos, info)
		}
	}
	log := yaceLog{e.log}
	metrics, observed, err := promutil.BuildMetrics(results, e.opts.SnakeCase, log)
	if err != nil {
		e.log.Error("CloudWatch's answers cannot be told", "err", err)
		return nil, 0
	}
	metrics, observed = promutil.BuildNamespaceInfoMetrics(infos, metrics, observed, e.opts.SnakeCase, log)
	unique := promutil.EnsureLabelConsistencyAndRemoveDuplicates(metrics, observed)
	return e.history(all, unique, observed), len(metrics) - len(unique)
}
