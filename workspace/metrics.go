package workspace

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/hearth-metrics/hearth"
)

type metrics struct {
	changes  *prometheus.CounterVec
	failures prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, x *index) *metrics {
	f := promauto.With(reg)
	for _, status := range []hearth.Status{hearth.Creating, hearth.Active, hearth.Deleting} {
		f.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "hearth_workspace_workspaces",
			Help:        "Metrics workspaces by status.",
			ConstLabels: prometheus.Labels{"status": string(status)},
		}, func() float64 { return float64(x.count()[status]) })
	}
	return &metrics{
		changes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_workspace_changes_total",
			Help: "Changes of metrics workspaces by callers.",
		}, []string{"operation"}),
		failures: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_workspace_reconcile_failures_total",
			Help: "Times a workspace could not be moved along its life, and will be tried again.",
		}),
	}
}
