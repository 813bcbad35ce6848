package dashboard

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	changes     *prometheus.CounterVec
	proxied     *prometheus.CounterVec
	evaluations *prometheus.CounterVec
	missed      prometheus.Counter
	failures    prometheus.Counter
	provisioned prometheus.Counter
	faults      prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		changes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_dashboard_changes_total", Help: "Changes of Grafana workspaces, by operation.",
		}, []string{"operation"}),
		proxied: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_dashboard_data_source_requests_total", Help: "Requests to data sources, by where they went and the class of the answer.",
		}, []string{"to", "status"}),
		evaluations: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_dashboard_rule_evaluations_total", Help: "Evaluations of Grafana-managed alert rules, by outcome.",
		}, []string{"outcome"}),
		missed: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_dashboard_rule_evaluations_missed_total", Help: "Evaluations left out because the one before took too long.",
		}),
		provisioned: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_dashboard_provisioning_changes_total", Help: "Changes that provisioning files made in Grafana workspaces.",
		}),
		faults: f.NewGauge(prometheus.GaugeOpts{
			Name: "hearth_dashboard_provisioning_faults", Help: "Provisioning files that are wrong now, counted once a Grafana workspace.",
		}),
		failures: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_dashboard_background_failures_total", Help: "Background work on Grafana workspaces that has to be tried again.",
		}),
	}
}
