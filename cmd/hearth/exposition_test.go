package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rogpeppe/go-internal/testscript"
)

// exposition serves each format of metrics at a path of its own, by itself: /text,
// /openmetrics, /protobuf (what Prometheus' client library makes of a native
// histogram, to those who accept it), /stamped, /many, /vanishing until somebody
// asks for /vanish, and /sd, which is an http_sd that is well, answers 503 or no
// JSON as POST /sd?STATE last said. It sets EXPOSITION to its host and port.
func exposition(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 || neg {
		ts.Fatalf("usage: exposition")
	}
	const classic, open = "text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0; charset=utf-8"
	mux := http.NewServeMux()
	serve := func(path, kind string, text func() string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, text())
		})
	}
	always := func(text string) func() string { return func() string { return text } }
	serve("/text", classic, always("# HELP kettle_celsius How hot.\n# TYPE kettle_celsius gauge\nkettle_celsius{room=\"kitchen\",job=\"own\"} 93.5\n"))
	serve("/openmetrics", open, always("# TYPE cups counter\ncups_total{size=\"big\"} 17 # {trace_id=\"abc123\"} 2\ncups_created{size=\"big\"} 1700000000\n# EOF\n"))
	serve("/stamped", classic, func() string { return fmt.Sprintf("stamped_cup 4 %d\n", time.Now().Add(-time.Minute).UnixMilli()) })
	serve("/many", classic, always("many{n=\"1\",m=\"1\"} 1\nmany{n=\"2\",m=\"1\"} 1\nmany{n=\"3\",m=\"1\"} 1\n"))
	var gone atomic.Bool
	serve("/vanishing", classic, func() string {
		if gone.Load() {
			return "staying 1\n"
		}
		return "staying 1\nvanishing 1\n"
	})
	serve("/vanish", classic, func() string { gone.Store(true); return "" })
	mux.Handle("GET /protobuf", nativeHistogram())
	s := httptest.NewServer(mux)
	ts.Defer(s.Close)
	var state atomic.Value
	state.Store("well")
	mux.HandleFunc("POST /sd", func(_ http.ResponseWriter, r *http.Request) { state.Store(r.URL.RawQuery) })
	mux.HandleFunc("GET /sd", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch state.Load() {
		case "ill":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "confused":
			_, _ = io.WriteString(w, `[{"targets": `)
		case "empty":
			_, _ = io.WriteString(w, `[]`)
		default:
			_, _ = fmt.Fprintf(w, `[{"targets": [%q], "labels": {"__metrics_path__": "/vanishing", "found": "http"}}]`, s.Listener.Addr().String())
		}
	})
	ts.Setenv("EXPOSITION", s.Listener.Addr().String())
}

// nativeHistogram serves a native histogram of two observations and an exemplar.
func nativeHistogram() http.Handler {
	reg := prometheus.NewRegistry()
	pour := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "pour_seconds", Help: "How long.", NativeHistogramBucketFactor: 1.1})
	reg.MustRegister(pour)
	pour.Observe(0.25)
	if o, ok := pour.(prometheus.ExemplarObserver); ok {
		o.ObserveWithExemplar(2, prometheus.Labels{"trace_id": "def456"})
	}
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true})
}
