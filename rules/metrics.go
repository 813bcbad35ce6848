package rules

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	promrules "github.com/prometheus/prometheus/rules"
)

type metrics struct {
	changes     *prometheus.CounterVec
	failures    prometheus.Counter
	evaluations *prometheus.CounterVec
	missed      prometheus.Counter
	untold      prometheus.Counter
	delay       prometheus.Histogram
	duration    prometheus.Histogram

	group *promrules.Metrics // which Prometheus' groups insist on
}

func newMetrics(reg prometheus.Registerer, r *Room) *metrics {
	f := promauto.With(reg)
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hearth_rules_groups", Help: "Rule groups that are evaluated.",
	}, func() float64 { groups, _ := r.size(); return float64(groups) })
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hearth_rules_rules", Help: "Rules that are evaluated.",
	}, func() float64 { _, rules := r.size(); return float64(rules) })
	return &metrics{
		changes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_rules_changes_total", Help: "Changes of rule groups namespaces by callers.",
		}, []string{"operation"}),
		failures: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_rules_reconcile_failures_total", Help: "Times the rules could not be brought in step with the store, and will be tried again.",
		}),
		evaluations: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_rules_evaluations_total", Help: "Evaluations of single rules.",
		}, []string{"result"}),
		missed: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_rules_iterations_missed_total", Help: "Evaluations of groups left out because the one before took too long or no worker was free.",
		}),
		untold: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_rules_alerts_untold_total", Help: "Alerts that were not taken when told, and offered again.",
		}),
		delay: f.NewHistogram(prometheus.HistogramOpts{
			Name: "hearth_rules_evaluation_delay_seconds", Help: "From the time a group was due to the start of its evaluation.",
			Buckets: []float64{.001, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}),
		duration: f.NewHistogram(prometheus.HistogramOpts{
			Name: "hearth_rules_evaluation_duration_seconds", Help: "How long the evaluation of a group took.",
			Buckets: []float64{.001, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}),
		group: promrules.NewGroupMetrics(nil),
	}
}

func (m *metrics) evaluated(err error) {
	if err != nil {
		m.evaluations.WithLabelValues("failed").Inc()
		return
	}
	m.evaluations.WithLabelValues("ok").Inc()
}
