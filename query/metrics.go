package query

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	samples  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, p *places) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_query_requests_total", Help: "Requests to the query API, by route and status code.",
		}, []string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hearth_query_request_duration_seconds", Help: "Time from a request's arrival to its answer, by route.",
			Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10, 30, 100},
		}, []string{"route"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_query_refused_total", Help: "Requests that a guard stopped, by guard.",
		}, []string{"reason"}),
		samples: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hearth_query_samples_total", Help: "Samples processed by queries.",
		}),
	}
	if reg != nil {
		reg.MustRegister(m.requests, m.seconds, m.refused, m.samples,
			gauge("hearth_query_running_count", "Requests that read now.", func() int { n, _ := p.counts(); return n }),
			gauge("hearth_query_waiting_count", "Requests that wait for a place.", func() int { _, n := p.counts(); return n }))
	}
	return m
}

func gauge(name, help string, value func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
}
