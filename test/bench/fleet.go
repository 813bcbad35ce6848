package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// A label is a name and a value.
type label struct{ name, value string }

// seriesPerPod is how many series each pod exposes.
const seriesPerPod = 100

const (
	namespaces     = 40
	podsPerNode    = 20
	handlersPerPod = 4
	pageBytes      = 4096
	idleShare      = 0.3 // of handlers that serve nothing
	scrapeInterval = 15  // seconds
)

var (
	handlers = [handlersPerPod]string{"/api/v1/checkout", "/api/v1/orders", "/api/v1/catalogue", "/healthz"}
	codes    = [...]string{"200", "404", "500", "503"}
	bounds   = [...]string{"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"}
	phases   = [...]string{"Pending", "Running", "Succeeded", "Failed", "Unknown"}
	quarters = [...]string{"0", "0.25", "0.5", "0.75", "1"}
	memories = [...]string{"working_set", "rss", "cache", "usage"}
	apps     = [...]string{"checkout", "orders", "catalogue", "payments", "shipping", "frontend", "search", "ledger"}
)

// A pod is one scrape target of the synthetic cluster: its series, which never
// change, and the state its values come from.
type pod struct {
	series [][]label // sorted by name, seriesPerPod of them
	types  []metricType
	values []float64 // of the last tick, one per series

	rnd      *rand.Rand
	handlers [handlersPerPod]handler
	cpu      [4]int64 // nanoseconds
	memory   [len(memories)]int64
	pauses   [len(quarters)]float64
	gcCount  float64
	gcSum    float64
	routines float64
}

// A handler is a route of a pod's HTTP server.
type handler struct {
	idle    bool
	codes   [len(codes)]float64
	buckets [len(bounds)]float64 // cumulative
	sum     float64
}

// newFleet makes n pods. The same seed makes the same pods with the same values,
// tick by tick.
func newFleet(n int, seed uint64) []*pod {
	fleet := make([]*pod, n)
	for i := range fleet {
		fleet[i] = newPod(i, seed)
	}
	return fleet
}

func newPod(i int, seed uint64) *pod {
	p := &pod{rnd: rand.New(rand.NewPCG(seed, uint64(i))), values: make([]float64, 0, seriesPerPod)}
	p.describe(i)
	for h := range p.handlers {
		p.handlers[h].idle = p.rnd.Float64() < idleShare
	}
	for m := range p.memory {
		p.memory[m] = (8_000 + p.rnd.Int64N(60_000)) * pageBytes
	}
	p.routines = float64(20 + p.rnd.IntN(200))
	return p
}

// target returns the labels that all series of pod i share.
func (p *pod) target(i int) []label {
	app := apps[i%len(apps)]
	node := i / podsPerNode
	return []label{
		{"app", app},
		{"cluster", "production-eu-central-1-main"},
		{"container", app},
		{"instance", fmt.Sprintf("10.%d.%d.%d:8080", 16+node>>8, node&255, 2+i%podsPerNode)},
		{"job", "kubernetes-service-endpoints"},
		{"namespace", fmt.Sprintf("team-%02d", i%namespaces)},
		{"node", fmt.Sprintf("ip-10-%d-%d-1.eu-central-1.compute.internal", 16+node>>8, node&255)},
		{"pod", fmt.Sprintf("%s-%08x-%05x", app, p.rnd.Uint32(), p.rnd.Uint32()&0xfffff)},
	}
}

// describe lists the pod's series, in the order tick gives their values.
func (p *pod) describe(i int) {
	target := p.target(i)
	add := func(t metricType, name string, extra ...label) {
		p.series = append(p.series, sorted(name, target, extra))
		p.types = append(p.types, t)
	}
	for _, h := range handlers {
		for _, le := range bounds {
			add(histogram, "http_request_duration_seconds_bucket", label{"handler", h}, label{"le", le}, label{"method", "GET"})
		}
		add(histogram, "http_request_duration_seconds_sum", label{"handler", h}, label{"method", "GET"})
		add(histogram, "http_request_duration_seconds_count", label{"handler", h}, label{"method", "GET"})
		for _, c := range codes {
			add(counter, "http_requests_total", label{"code", c}, label{"handler", h}, label{"method", "GET"})
		}
	}
	for c := range p.cpu {
		add(counter, "container_cpu_usage_seconds_total", label{"cpu", "cpu0" + strconv.Itoa(c)}, label{"image", image(i)})
	}
	for _, m := range memories {
		add(gauge, "container_memory_"+m+"_bytes", label{"image", image(i)})
	}
	for _, r := range []string{"cpu", "memory"} {
		add(gauge, "kube_pod_container_resource_limits", label{"resource", r})
		add(gauge, "kube_pod_container_resource_requests", label{"resource", r})
	}
	add(gauge, "kube_pod_info", label{"created_by_kind", "ReplicaSet"}, label{"host_network", "false"})
	for _, ph := range phases {
		add(gauge, "kube_pod_status_phase", label{"phase", ph})
	}
	for _, q := range quarters {
		add(summary, "go_gc_duration_seconds", label{"quantile", q})
	}
	add(summary, "go_gc_duration_seconds_sum")
	add(summary, "go_gc_duration_seconds_count")
	add(gauge, "go_goroutines")
	add(gauge, "process_open_fds")
	add(gauge, "up")
}

func image(i int) string {
	return "registry.example.net/shop/" + apps[i%len(apps)] + ":v1.42.7"
}

// tick moves the pod's state on by one scrape and leaves its values, in the
// order of its series.
func (p *pod) tick() {
	p.values = p.values[:0]
	for h := range p.handlers {
		p.handlers[h].serve(p.rnd)
		p.values = p.handlers[h].expose(p.values)
	}
	for c := range p.cpu {
		p.cpu[c] += p.rnd.Int64N(int64(scrapeInterval) * 250_000_000)
		p.values = append(p.values, float64(p.cpu[c])/1e9)
	}
	for m := range p.memory {
		p.memory[m] = max(pageBytes, p.memory[m]+(p.rnd.Int64N(401)-200)*pageBytes)
		p.values = append(p.values, float64(p.memory[m]))
	}
	const gibibyte = 1 << 30
	p.values = append(p.values, 2, 0.5, gibibyte, gibibyte/2) // limits and requests
	p.values = append(p.values, 1, 0, 1, 0, 0, 0)             // info and phases
	p.collect()
	p.values = append(p.values, p.pauses[:]...)
	p.routines = max(8, p.routines+float64(p.rnd.IntN(11)-5))
	p.values = append(p.values, p.gcSum, p.gcCount, p.routines, 12+float64(p.rnd.IntN(3)), 1)
}

// collect is a garbage collection, in every fourth scrape or so.
func (p *pod) collect() {
	if p.rnd.IntN(4) != 0 {
		return
	}
	p.gcCount++
	low := 0.00002 + p.rnd.Float64()*0.00005
	for q := range p.pauses {
		p.pauses[q] = low * float64(1+q*q)
	}
	p.gcSum += low * 4
}

// serve adds one scrape interval's requests.
func (h *handler) serve(r *rand.Rand) {
	if h.idle {
		return
	}
	requests := 20 + r.IntN(300)
	left := float64(requests)
	for b := range h.buckets[:len(bounds)-1] {
		share := float64(int(left * (0.1 + 0.4*r.Float64())))
		left -= share
		for above := b; above < len(bounds); above++ {
			h.buckets[above] += share
		}
	}
	h.buckets[len(bounds)-1] += left
	h.sum += float64(r.IntN(requests*200_000)) / 1e6
	errors := float64(r.IntN(4))
	h.codes[0] += float64(requests) - errors
	h.codes[1+r.IntN(len(codes)-1)] += errors
}

func (h *handler) expose(values []float64) []float64 {
	values = append(values, h.buckets[:]...)
	values = append(values, h.sum, h.buckets[len(bounds)-1])
	return append(values, h.codes[:]...)
}
