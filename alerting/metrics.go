package alerting

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	alerts    prometheus.Counter
	undefined prometheus.Counter
	refused   prometheus.Counter
	failures  prometheus.Counter
	held      *prometheus.CounterVec
	sent      *prometheus.CounterVec
	took      *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer, r *Room) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		alerts:    counter("hearth_alerting_alerts_total", "Alerts taken, each time they were sent."),
		undefined: counter("hearth_alerting_alerts_undefined_total", "Alerts of workspaces without an alert manager definition."),
		refused:   counter("hearth_alerting_alerts_refused_total", "Alerts refused or not grouped because of a limit."),
		failures:  counter("hearth_alerting_store_failures_total", "Failures to read or write definitions and state."),
		held: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hearth_alerting_alerts_held_total",
			Help: "Alerts held back, by reason, counted when that changed."}, []string{"reason"}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hearth_alerting_notifications_total",
			Help: "Notifications by integration and outcome."}, []string{"integration", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "hearth_alerting_notification_duration_seconds",
			Help: "Time a notification took with all its attempts.", Buckets: []float64{.01, .1, 1, 10, 60, 600, 3600}}, []string{"integration"}),
	}
	if reg != nil {
		open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hearth_alerting_open_alertmanagers",
			Help: "Alert managers in memory."}, func() float64 { return float64(r.opened.Load()) })
		reg.MustRegister(m.alerts, m.undefined, m.refused, m.failures, m.held, m.sent, m.took, open)
	}
	return m
}

func (m *metrics) notified(integration, outcome string, took time.Duration) {
	m.sent.WithLabelValues(integration, outcome).Inc()
	m.took.WithLabelValues(integration).Observe(took.Seconds())
}
