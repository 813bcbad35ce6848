package sso

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	signIns  *prometheus.CounterVec
	sessions *prometheus.CounterVec
	fetches  *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		signIns: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_sso_sign_ins_total",
			Help: "Sign-ins, by provider and how they ended.",
		}, []string{"provider", "outcome"}),
		sessions: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_sso_ended_sessions_total",
			Help: "Sessions that were ended before their time, by why.",
		}, []string{"reason"}),
		fetches: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_sso_provider_fetches_total",
			Help: "Requests for metadata and keys of identity providers, by outcome.",
		}, []string{"outcome"}),
	}
}
