package ingest

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	requests  *prometheus.CounterVec // protocol, code
	samples   *prometheus.CounterVec // type
	discarded *prometheus.CounterVec // reason
	exemplars *prometheus.CounterVec // result
	deduped   prometheus.Counter
	reduced   prometheus.Counter
	lookups   [lookupResults]prometheus.Counter
	cached    prometheus.Gauge
	evicted   prometheus.Counter
	inFlight  prometheus.Gauge

	floats, histograms, stored, dropped prometheus.Counter // resolved once
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	m := &metrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_ingest_requests_total", Help: "Requests answered, by protocol and status code.",
		}, []string{"protocol", "code"}),
		samples: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_ingest_samples_total", Help: "Samples stored, by type.",
		}, []string{"type"}),
		discarded: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_ingest_discarded_samples_total", Help: "Samples refused, by AWS's discard reason.",
		}, []string{"reason"}),
		exemplars: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_ingest_exemplars_total", Help: "Exemplars received, by what became of them.",
		}, []string{"result"}),
		deduped: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_ingest_deduplicated_samples_total", Help: "Samples of replicas that were not elected.",
		}),
		reduced: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_ingest_reduced_histograms_total", Help: "Native histograms stored at a lower resolution than sent.",
		}),
		cached: f.NewGauge(prometheus.GaugeOpts{
			Name: "hearth_ingest_cached_series", Help: "Series the write path recognises without building their labels.",
		}),
		evicted: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_ingest_evicted_series_total", Help: "Series the write path forgot because they left memory or fell silent.",
		}),
		inFlight: f.NewGauge(prometheus.GaugeOpts{
			Name: "hearth_ingest_inflight_bytes", Help: "Memory accounted to requests being worked on.",
		}),
	}
	lookups := f.NewCounterVec(prometheus.CounterOpts{
		Name: "hearth_ingest_series_lookups_total", Help: "How series of requests were recognised.",
	}, []string{"result"})
	for i, name := range [lookupResults]string{"predicted", "found", "missed"} {
		m.lookups[i] = lookups.WithLabelValues(name)
	}
	m.floats, m.histograms = m.samples.WithLabelValues("float"), m.samples.WithLabelValues("histogram")
	m.stored, m.dropped = m.exemplars.WithLabelValues("stored"), m.exemplars.WithLabelValues("dropped")
	return m
}

// How a series of a request was recognised.
const (
	predicted = iota
	found
	missed
	lookupResults
)
