package awsapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	denied   *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_awsapi_requests_total",
			Help: "Requests answered, by operation and status.",
		}, []string{"operation", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "hearth_awsapi_request_duration_seconds",
			Help:    "Time from the first look at a request to its answer, by operation.",
			Buckets: []float64{.0005, .001, .005, .01, .05, .1, .5, 1, 5, 30, 120},
		}, []string{"operation"}),
		denied: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_awsapi_denied_requests_total",
			Help: "Requests refused by signature, rights or region, by reason.",
		}, []string{"reason"}),
	}
	if reg != nil {
		reg.MustRegister(m.requests, m.seconds, m.denied)
	}
	return m
}

// done counts a request. Operations and statuses are bounded sets.
func (m *metrics) done(r *request, took time.Duration) {
	status := r.w.status
	if status == 0 {
		status = http.StatusOK // a handler that wrote nothing
	}
	m.requests.WithLabelValues(r.operation(), strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(r.operation()).Observe(took.Seconds())
}
