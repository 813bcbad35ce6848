package scraper

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"github.com/hearth-metrics/hearth"
)

// A harbour is a small API server: it lists and watches, and counts who does.
type harbour struct {
	*httptest.Server
	pods int

	mu      sync.Mutex
	watches map[string]int // under way, by kind
	lists   map[string]int // and watches ever begun
}

func newHarbour(t testing.TB, pods int) *harbour {
	h := &harbour{pods: pods, watches: map[string]int{}, lists: map[string]int{}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(func() { h.CloseClientConnections(); h.Close() })
	return h
}

func (h *harbour) count(kind string, by int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watches[kind] += by
	if by > 0 {
		h.lists[kind]++
	}
	if h.watches[kind] == 0 {
		delete(h.watches, kind)
	}
}

func (h *harbour) underWay() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.watches)
}

// kinds are the objects' kinds by the name in paths.
var kinds = map[string]string{"pods": "Pod", "nodes": "Node", "services": "Service", "endpoints": "Endpoints"}

// ServeHTTP streams what is there, then a bookmark, then nothing until the client
// goes: https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
func (h *harbour) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	kind := kinds[name]
	if kind == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	if r.URL.Query().Get("watch") == "" {
		h.count(name, 1)
		defer h.count(name, -1)
		_ = out.Encode(map[string]any{"kind": kind + "List", "apiVersion": "v1", "metadata": map[string]any{"resourceVersion": "7"}, "items": h.objects(kind)})
		return
	}
	h.count(name, 1)
	defer h.count(name, -1)
	event := func(of string, object any) { _ = out.Encode(map[string]any{"type": of, "object": object}) }
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		for _, o := range h.objects(kind) {
			event("ADDED", o)
		}
		event("BOOKMARK", map[string]any{"kind": kind, "apiVersion": "v1", "metadata": map[string]any{
			"resourceVersion": "7", "annotations": map[string]string{"k8s.io/initial-events-end": "true"}}})
	}
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func (h *harbour) objects(kind string) []any {
	if kind != "Pod" {
		return []any{}
	}
	out := make([]any, h.pods)
	for i := range out {
		out[i] = map[string]any{"kind": kind, "apiVersion": "v1",
			"metadata": map[string]any{"name": fmt.Sprint("pod-", i), "namespace": "default", "uid": fmt.Sprint(i), "resourceVersion": "5"},
			"spec":     map[string]any{"nodeName": "node-1", "containers": []any{map[string]any{"name": "c", "image": "i", "ports": []any{map[string]any{"containerPort": 80}}}}},
			"status":   map[string]any{"phase": "Running", "podIP": fmt.Sprintf("192.0.2.%d", i%250+1)}}
	}
	return out
}

// harbours are the clusters of a fleet, by name.
type harbours map[string]*harbour

func (harbours) Identity(context.Context, hearth.ARN, hearth.ARN) (Identity, error) {
	return Identity{User: "aps-collector-user"}, nil
}

func (hs harbours) Collector(_ context.Context, cluster hearth.ARN, _ Identity) (*rest.Config, error) {
	return &rest.Config{Host: hs[strings.TrimPrefix(cluster.Resource, "cluster/")].URL, QPS: -1}, nil
}

func (harbours) Gaps(context.Context, hearth.ARN, Identity, []rbacv1.PolicyRule) ([]rbacv1.PolicyRule, error) {
	return nil, nil
}

// fleetText discovers by three roles, as configurations that people have do.
const fleetText = `scrape_configs:
- job_name: pods
  kubernetes_sd_configs: [{role: pod}]
  relabel_configs: [{source_labels: [__meta_kubernetes_namespace], regex: default, action: drop}]
- job_name: nodes
  kubernetes_sd_configs: [{role: node}]
- job_name: endpoints
  kubernetes_sd_configs: [{role: endpoints}]
`

// sail makes scrapers for every cluster and waits until all collect.
func sail(t testing.TB, clusters, each, pods int) (*bed, harbours, []string) {
	hs := harbours{}
	b := newBed(t, func(o *Options) { o.Clusters = hs })
	for i := range clusters {
		hs[fmt.Sprint("harbour-", i)] = newHarbour(t, pods)
	}
	b.run()
	var ids []string
	for name := range hs {
		for range each {
			d, err := b.Create(b.as(), CreateInput{Configuration: []byte(fleetText), Destination: kitchen.ARN().String(),
				Source: &Source{EKS: &EKSSource{Cluster: "arn:aws:eks:eu-west-1:000000000000:cluster/" + name}}})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, d.ID)
		}
	}
	for _, id := range ids {
		b.until("ACTIVE", func() bool { s, _ := b.status(id); return s == hearth.Active })
		b.until("the pods", func() bool { j := b.doctor(id).Jobs; return len(j) == 3 && j[0].Discovered == pods })
	}
	return b, hs, ids
}

// A hundred scrapers over twenty clusters watch each cluster once a role: a role
// pod is one watch, node one, endpoints three (decision 0062). When the last
// scraper of a cluster goes, its watches do.
func TestAFleetSharesItsWatches(t *testing.T) {
	b, hs, ids := sail(t, 20, 5, 3)
	want := map[string]int{"pods": 2, "nodes": 1, "services": 1, "endpoints": 1}
	for name, h := range hs {
		if got := h.underWay(); !maps.Equal(got, want) {
			t.Errorf("%s: watches %v, want %v", name, got, want)
		}
		for kind, n := range h.lists {
			if n > 2*want[kind] { // a list may come before each watch
				t.Errorf("%s: %d lists and watches of %s were begun", name, n, kind)
			}
		}
	}
	if n := b.watches.count(); n != 60 {
		t.Errorf("%d feeds, want 60", n)
	}
	for _, id := range ids {
		if _, err := b.Delete(b.as(), id, nil); err != nil {
			t.Fatal(err)
		}
	}
	b.until("the end of all watches", func() bool {
		for _, h := range hs {
			if len(h.underWay()) > 0 {
				return false
			}
		}
		return b.watches.count() == 0
	})
}

// BenchmarkFleet tells what a hundred scrapers over twenty clusters of 200 pods
// cost once they run: the heap of a scraper, the API servers' side included, and
// the share of a core.
func BenchmarkFleet(b *testing.B) {
	for b.Loop() {
		before := heap()
		_, hs, ids := sail(b, 20, 5, 200)
		after, used, began := heap(), processor(b), time.Now()
		<-time.After(10 * time.Second)
		watches := 0
		for _, h := range hs {
			for _, n := range h.underWay() {
				watches += n
			}
		}
		b.ReportMetric(float64(after-before)/float64(len(ids))/(1<<10), "KiB/scraper")
		b.ReportMetric(100*(processor(b)-used).Seconds()/time.Since(began).Seconds(), "%core")
		b.ReportMetric(float64(watches), "watches")
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func processor(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
