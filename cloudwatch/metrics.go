package cloudwatch

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	failures   prometheus.Counter
	requests   *prometheus.CounterVec
	datapoints *prometheus.CounterVec
	metrics    *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, r *Room) *metrics {
	f := promauto.With(reg)
	if reg != nil {
		reg.MustRegister(roomSpending{r})
	}
	return &metrics{
		failures: f.NewCounter(prometheus.CounterOpts{
			Name: "hearth_cloudwatch_failures_total", Help: "Polls of AWS that failed, in part or whole.",
		}),
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_cloudwatch_requests_total", Help: "Calls of AWS by scrapers, by service and how they ended.",
		}, []string{"service", "outcome"}),
		datapoints: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_cloudwatch_datapoints_total", Help: "Datapoints that were new, by scraper and what became of them: written, or refused by the workspace's limits.",
		}, []string{"scraper", "outcome"}),
		metrics: f.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_cloudwatch_metrics_total", Help: "Metrics asked for, by scraper and what came: answered, absent or unfinished.",
		}, []string{"scraper", "outcome"}),
	}
}

// called counts a call of AWS.
func (m *metrics) called(service, _ string, err error) {
	outcome := "answered"
	if err != nil {
		outcome = "failed"
	}
	m.requests.WithLabelValues(service, outcome).Inc()
}

func (m *metrics) polled(scraper string, t *tally) {
	for outcome, n := range map[string]int{"written": t.written, "refused": t.refused} {
		m.datapoints.WithLabelValues(scraper, outcome).Add(float64(n))
	}
	for outcome, n := range map[string]int{"answered": t.answered, "absent": t.absent, "unfinished": t.unfinished} {
		m.metrics.WithLabelValues(scraper, outcome).Add(float64(n))
	}
}

// forget drops the series of a scraper that is gone.
func (m *metrics) forget(scraper string) {
	for _, vec := range []*prometheus.CounterVec{m.datapoints, m.metrics} {
		vec.DeletePartialMatch(prometheus.Labels{"scraper": scraper})
	}
}

// roomSpending gives what each scraper spends.
type roomSpending struct{ room *Room }

// Describe describes nothing: scrapers come and go.
func (roomSpending) Describe(chan<- *prometheus.Desc) {}

// Collect gives the spending of those that run.
func (s roomSpending) Collect(ch chan<- prometheus.Metric) {
	s.room.mu.Lock()
	all := make(map[string]*spending, len(s.room.feeds))
	for id, f := range s.room.feeds {
		all[id] = f.spent
	}
	s.room.mu.Unlock()
	for id, spent := range all {
		for _, c := range spent.collectors(id) {
			c.Collect(ch)
		}
	}
}
