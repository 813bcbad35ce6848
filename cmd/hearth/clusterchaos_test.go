package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cluster"
	"github.com/hearth-metrics/hearth/scraper"
	"github.com/hearth-metrics/hearth/store"
)

// A clusterBed is the scrapers' and the clusters' rooms, joined as the program joins
// them, over a real store.
type clusterBed struct {
	*testing.T
	clusters *cluster.Room
	scrapers *scraper.Room
	ws       hearth.Workspace
	mu       sync.Mutex
	events   []hearth.Event
}

// clearly is a sealer for tests.
type clearly struct{}

func (clearly) Seal(plain []byte, _ string) []byte        { return slices.Clone(plain) }
func (clearly) Open(box []byte, _ string) ([]byte, error) { return slices.Clone(box), nil }

func newClusterBed(t *testing.T) *clusterBed {
	t.Helper()
	b := &clusterBed{T: t, ws: hearth.Workspace{ID: "ws-00000000-0000-4000-8000-000000000001", Account: "000000000000", Region: "us-east-1", Status: hearth.Active, Limits: hearth.LimitsOf(hearth.Local)}}
	st, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "hearth.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	dial := (&net.Dialer{}).DialContext
	b.clusters = cluster.New(cluster.Options{Store: st, Sealer: clearly{}, Dial: dial, Patience: 5 * time.Second, Recorder: hearth.NoRecord{}})
	b.scrapers = scraper.New(scraper.Options{Store: st, Workspaces: b, Append: b, Clusters: scraperClusters{b.clusters}, Dial: dial, Recorder: b, Probe: 200 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = b.scrapers.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return b
}

func (b *clusterBed) Lookup(context.Context, hearth.WorkspaceID) (hearth.Workspace, error) {
	return b.ws, nil
}

func (b *clusterBed) Appendable(hearth.Workspace, string) storage.AppendableV2 { return sinkhole{} }

func (b *clusterBed) Record(e hearth.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

// A sinkhole takes all samples.
type sinkhole struct{}

func (sinkhole) AppenderV2(context.Context) storage.AppenderV2 { return sinkhole{} }

func (sinkhole) Append(_ storage.SeriesRef, ls labels.Labels, _, _ int64, _ float64, _ *histogram.Histogram, _ *histogram.FloatHistogram, _ storage.AppendV2Options) (storage.SeriesRef, error) {
	return storage.SeriesRef(ls.Hash() | 1), nil
}
func (sinkhole) Commit() error   { return nil }
func (sinkhole) Rollback() error { return nil }

func (b *clusterBed) as() context.Context {
	return hearth.WithCaller(context.Background(), hearth.Caller{Account: b.ws.Account, Region: b.ws.Region})
}

// collect registers a cluster and makes a scraper of its pods.
func (b *clusterBed) collect(name string, s *clusterServer) string {
	b.Helper()
	c, err := b.clusters.Register(b.as(), cluster.Registration{Name: name, Kubeconfig: s.kubeconfig()})
	if err != nil {
		b.Fatal(err)
	}
	text := "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: pods\n  kubernetes_sd_configs: [{role: pod}]\n"
	d, err := b.scrapers.Create(b.as(), scraper.CreateInput{Configuration: []byte(text), Destination: b.ws.ARN().String(),
		Source: &scraper.Source{EKS: &scraper.EKSSource{Cluster: c.ARN().String(), Subnets: []string{"subnet-1"}}}})
	if err != nil {
		b.Fatal(err)
	}
	return d.ID
}

func (b *clusterBed) doctor(id string) scraper.Diagnosis {
	b.Helper()
	d, err := b.scrapers.Doctor(b.as(), id)
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// until waits for what the doctor says.
func (b *clusterBed) until(what, id string, ok func(d scraper.Diagnosis) bool) {
	b.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(3*time.Minute) // a client of an API server waits a minute before it asks again
	defer tick.Stop()
	for {
		d := b.doctor(id)
		if ok(d) {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			b.Fatalf("%s: not in time; the doctor says %+v", what, d)
		}
	}
}

// discovers is a scraper that collects from n pods; all are one target.
func discovers(n int) func(d scraper.Diagnosis) bool {
	return func(d scraper.Diagnosis) bool {
		return d.Status == hearth.Active && d.Reason == "" && len(d.Jobs) == 1 && d.Jobs[0].Discovered == n && d.Jobs[0].Up == 1
	}
}

// saysWhy is a scraper that does not follow its cluster, and goes on with the pods that
// it knows.
func saysWhy(why string) func(d scraper.Diagnosis) bool {
	return func(d scraper.Diagnosis) bool {
		return d.Status == "UPDATE_FAILED" && len(d.Jobs) == 1 && d.Jobs[0].Up == 1 && strings.Contains(d.Reason, why)
	}
}

// An API server that forgets, flaps, hangs, changes its certificate or its mind about
// credentials is told of by the doctor; what was discovered goes on being scraped; it
// is followed again when it is well. Another cluster's scraper notices nothing.
func TestClusterChaos(t *testing.T) {
	t.Parallel()
	well, bad := newClusterServer(t, "one"), newClusterServer(t, "two")
	b := newClusterBed(t) // which ends before its servers do
	var scrapes atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		scrapes.Add(1)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte("a 1\n"))
	}))
	t.Cleanup(target.Close)
	_, port, err := net.SplitHostPort(target.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	well.put("calm", "127.0.0.1:"+port, true)
	bad.put("first", "127.0.0.1:"+port, true)
	calm, id := b.collect("meadow", well), b.collect("orchard", bad)
	b.until("both collect", calm, discovers(1))
	b.until("both collect", id, discovers(1))
	more := func(n int) {
		bad.put("pod-"+string(rune('a'+n)), "127.0.0.1:"+port, true)
	}

	bad.put("second", "127.0.0.1:"+port, false)
	b.until("a watch tells", id, discovers(2))
	more(3)
	bad.gone()
	b.until("410 Gone lists anew", id, discovers(3))
	if d := b.doctor(id); d.Status != hearth.Active {
		t.Errorf("410 Gone made the scraper %s: %s", d.Status, d.Reason)
	}

	// Every second connection breaks.
	var n atomic.Int64
	bad.set(func() {
		bad.instead = func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1)%2 == 0 {
				panic(http.ErrAbortHandler)
			}
			bad.refuse(w, http.StatusServiceUnavailable, "etcdserver: leader changed")
		}
	})
	more(4)
	b.until("an API server that flaps", id, saysWhy("leader changed"))
	bad.set(func() { bad.instead = nil })
	b.until("it is well again", id, discovers(4))

	bad.set(func() { bad.instead = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() } })
	more(5)
	before := scrapes.Load()
	b.until("an API server that hangs", id, saysWhy("does not answer in time"))
	b.until("its targets are scraped", id, func(scraper.Diagnosis) bool { return scrapes.Load() > before+5 })
	bad.set(func() { bad.instead = nil })
	b.until("it answers again", id, discovers(5))

	bad.renew(t)
	bad.cut()
	more(6)
	b.until("another certificate", id, saysWhy("certificate signed by unknown authority"))
	if d := b.doctor(id); d.Jobs[0].Discovered != 5 {
		t.Errorf("what was discovered went with the certificate: %+v", d.Jobs[0])
	}
	b.update("orchard", bad)
	b.until("the new certificate is known", id, discovers(6))

	bad.set(func() { bad.token = "renewed" })
	more(7)
	b.until("credentials that expired", id, saysWhy("does not accept the kubeconfig's credentials (401 Unauthorized)"))
	b.update("orchard", bad)
	b.until("new credentials", id, discovers(7))

	b.until("the other cluster's scraper goes on", calm, discovers(1)) // a scrape may be too slow, on a busy machine
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := map[string]bool{}
	for _, e := range b.events {
		lines[e.Detail(hearth.DetailComponent)+" "+e.Summary] = true
		if e.Detail(hearth.DetailScraper) == calm && e.Detail(hearth.DetailReason) != "" && !strings.Contains(e.Detail(hearth.DetailReason), "Waiting") && !strings.Contains(e.Detail(hearth.DetailReason), "Looking") {
			t.Errorf("the other cluster's scraper was troubled: %+v", e)
		}
	}
	for _, want := range []string{"SERVICE_DISCOVERY Failed to watch Pod - Verify your scraper source exists.", "SERVICE_DISCOVERY Failed to watch Pod - Verify your scraper source permissions are valid."} {
		if !lines[want] {
			t.Errorf("the ledger has no %q", want)
		}
	}
}

func (b *clusterBed) update(name string, s *clusterServer) {
	b.Helper()
	if _, err := b.clusters.Update(b.as(), name, cluster.Update{Kubeconfig: s.kubeconfig()}); err != nil {
		b.Fatal(err)
	}
}
