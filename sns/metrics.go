package sns

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	published prometheus.Counter
	attempts  *prometheus.CounterVec
	dead      prometheus.Counter
	seconds   *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer, queued func() float64) *metrics {
	f := promauto.With(reg)
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hearth_sns_queued_deliveries",
		Help: "Deliveries that were not made yet.",
	}, queued)
	return &metrics{
		published: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_sns_published_messages_total",
			Help: "Messages taken for delivery.",
		}),
		attempts: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_sns_delivery_attempts_total",
			Help: "Attempts to deliver, by protocol and how they ended.",
		}, []string{"protocol", "outcome"}),
		dead: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_sns_dead_letters_total",
			Help: "Deliveries given up.",
		}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "hearth_sns_delivery_attempt_seconds",
			Help:    "Time an attempt took, by protocol.",
			Buckets: []float64{.01, .1, .5, 1, 5, 15, 60},
		}, []string{"protocol"}),
	}
}
