package main

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// health answers the unsigned paths /metrics, /-/ready and /-/healthy, and keeps
// callers out of everything else until the rooms are open.
type health struct {
	mode    string // dev or serve
	metrics http.Handler

	mu       sync.RWMutex
	door     http.Handler // nil until the rooms are open
	progress string       // what the start is busy with; empty when ready
}

func newHealth(mode string, reg *prometheus.Registry) *health {
	return &health{
		mode:     mode,
		progress: "opening the store",
		metrics:  promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 4}),
	}
}

// say tells what the start is busy with.
func (h *health) say(progress string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.progress = progress
}

// open lets callers in to door; nil shuts it again. Ready it is once say("") was
// called.
func (h *health) open(door http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.door = door
	if door == nil {
		h.progress = "stopping"
	}
}

func (h *health) state() (http.Handler, string) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.door, h.progress
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/-/healthy":
		w.Header().Set(devHeader, h.mode)
		fmt.Fprintln(w, "Hearth is healthy.")
		return
	case "/metrics":
		h.metrics.ServeHTTP(w, r)
		return
	}
	door, progress := h.state()
	ready := r.URL.Path == "/-/ready"
	switch {
	case door == nil || (ready && progress != ""):
		w.Header().Set("Retry-After", "1")
		http.Error(w, "Hearth is not ready: "+progress+".", http.StatusServiceUnavailable)
	case ready:
		fmt.Fprintln(w, "Hearth is ready.")
	default:
		door.ServeHTTP(w, r)
	}
}
