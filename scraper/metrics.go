package scraper

import (
	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	changes       *prometheus.CounterVec
	scrapes       *prometheus.CounterVec
	samples       *prometheus.CounterVec
	watchFailures prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, r *Room) *metrics {
	m := &metrics{
		changes:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hearth_scraper_changes_total", Help: "Changes of scrapers, by operation."}, []string{"operation"}),
		scrapes:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hearth_scraper_scrapes_total", Help: "Scrapes of targets, by how they ended."}, []string{"result"}),
		samples:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hearth_scraper_samples_total", Help: "Samples offered to workspaces."}, []string{"result"}),
		watchFailures: prometheus.NewCounter(prometheus.CounterOpts{Name: "hearth_scraper_watch_failures_total", Help: "Lists and watches of clusters that failed."}),
	}
	if reg == nil {
		return m
	}
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	reg.MustRegister(m.changes, m.scrapes, m.samples, m.watchFailures,
		gauge("hearth_scraper_scrapers", "Scrapers that collect here.", func() int { return len(r.all()) }),
		gauge("hearth_scraper_targets", "Targets that are scraped.", r.targets),
		gauge("hearth_scraper_watches", "Discoveries that watch a cluster.", func() int { return r.watches.count() }), // made after the metrics
	)
	return m
}

func (r *Room) all() []*collector {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*collector, 0, len(r.collectors))
	for _, c := range r.collectors {
		out = append(out, c)
	}
	return out
}

func (r *Room) targets() (n int) {
	for _, c := range r.all() {
		for _, targets := range c.scrapes.TargetsActive() {
			n += len(targets)
		}
	}
	return n
}

// count is how many feeds there are.
func (w *watches) count() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, cw := range w.clusters {
		cw.mu.Lock()
		n += len(cw.feeds)
		cw.mu.Unlock()
	}
	return n
}
