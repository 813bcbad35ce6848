package store

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	updates  prometheus.Histogram
	failures prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		updates: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "hearth_store_update_duration_seconds",
			Help:    "How long a change of control-plane state took until it was on disk.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 7),
		}),
		failures: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_store_update_failures_total",
			Help: "Changes of control-plane state that did not come about, refused ones included.",
		}),
	}
}

func (m *metrics) updated(took time.Duration, err error) {
	m.updates.Observe(took.Seconds())
	if err != nil {
		m.failures.Inc()
	}
}
