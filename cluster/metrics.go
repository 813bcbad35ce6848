package cluster

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	clusters  prometheus.Gauge
	reachable prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		clusters: f.NewGauge(prometheus.GaugeOpts{
			Name: "hearth_cluster_registered_clusters",
			Help: "Kubernetes clusters that are registered.",
		}),
		reachable: f.NewGauge(prometheus.GaugeOpts{
			Name: "hearth_cluster_reachable_clusters",
			Help: "Clusters whose API server answered when it was last asked.",
		}),
	}
}
