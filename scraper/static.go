package scraper

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
)

// StaticOptions is what a Static scraper needs. Append, Job and URLs are required.
type StaticOptions struct {
	Append   storage.AppendableV2 // where samples go
	Job      string               // the job label
	URLs     []string             // http or https, each with its metrics path
	Trusted  bool                 // certificates are not checked, for the targets are this process
	Interval time.Duration        // one minute if zero; also bounds a scrape
	Log      *slog.Logger
	Metrics  prometheus.Registerer // nil keeps the numbers private
}

// A Static scraper scrapes a fixed set of targets. `up` and the `scrape_…`
// series are Prometheus'.
type Static struct {
	opts   StaticOptions
	groups map[string][]*targetgroup.Group
	config *config.Config
}

// NewStatic checks o. It starts nothing.
func NewStatic(o StaticOptions) (*Static, error) {
	if o.Interval == 0 {
		o.Interval = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	group, err := targets(o.Job, o.URLs)
	if err != nil {
		return nil, err
	}
	conf, err := staticConfiguration(o)
	if err != nil {
		return nil, err
	}
	return &Static{opts: o, groups: map[string][]*targetgroup.Group{o.Job: {group}}, config: conf}, nil
}

// targets says what to scrape: the scheme and path of a URL travel as labels,
// as they do in Prometheus.
func targets(job string, urls []string) (*targetgroup.Group, error) {
	g := &targetgroup.Group{Source: job}
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("scrape target %q: want an http or https URL", s)
		}
		g.Targets = append(g.Targets, model.LabelSet{
			model.AddressLabel:     model.LabelValue(u.Host),
			model.SchemeLabel:      model.LabelValue(u.Scheme),
			model.MetricsPathLabel: model.LabelValue(u.Path),
		})
	}
	return g, nil
}

// staticConfiguration is that of one job, with Prometheus'
// defaults filled in by its own loader.
func staticConfiguration(o StaticOptions) (*config.Config, error) {
	text := fmt.Sprintf("global:\n  scrape_interval: %s\n  scrape_timeout: %[1]s\nscrape_configs:\n- job_name: %q\n  tls_config:\n    insecure_skip_verify: %t\n",
		model.Duration(o.Interval), o.Job, o.Trusted)
	conf, err := config.Load(text, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, fmt.Errorf("scrape configuration: %w", err)
	}
	return conf, nil
}

// Run scrapes until ctx ends, then writes staleness markers.
func (s *Static) Run(ctx context.Context) error {
	opts := &scrape.Options{DiscoveryReloadInterval: model.Duration(10 * time.Millisecond), AppendMetadata: true}
	m, err := scrape.NewManager(opts, s.opts.Log, nil, nil, s.opts.Append, s.opts.Metrics)
	if err != nil {
		return fmt.Errorf("scrape manager: %w", err)
	}
	defer m.UnregisterMetrics()
	if err := m.ApplyConfig(s.config); err != nil {
		return fmt.Errorf("scrape configuration: %w", err)
	}
	sets := make(chan map[string][]*targetgroup.Group, 1)
	sets <- s.groups
	done := make(chan error, 1)
	go func() { done <- m.Run(sets) }()
	<-ctx.Done()
	m.Stop()
	return <-done
}
