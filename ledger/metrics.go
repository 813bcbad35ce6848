package ledger

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/hearth-metrics/hearth"
)

type metrics struct {
	events    *prometheus.CounterVec
	dropped   prometheus.Counter
	collapsed prometheus.Counter
	failures  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		events: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_ledger_events_total",
			Help: "Events that the ledger was told, by kind.",
		}, []string{"kind"}),
		dropped: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_ledger_dropped_events_total",
			Help: "Events lost because too many waited to be written.",
		}),
		collapsed: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_ledger_collapsed_events_total",
			Help: "Events that were only counted because many like them had just been kept.",
		}),
		failures: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_ledger_write_failures_total",
			Help: "Batches of events that the store did not take.",
		}),
	}
}

func (m *metrics) recorded(k hearth.EventKind) {
	switch k {
	case hearth.EventDenied, hearth.EventRejected, hearth.EventWarning, hearth.EventChanged, hearth.EventQueryRefused, hearth.EventStorageTrouble:
	default:
		k = "other"
	}
	m.events.WithLabelValues(string(k)).Inc()
}
