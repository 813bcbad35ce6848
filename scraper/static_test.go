package scraper

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// collected is an AppendableV2 that tells each committed sample.
type collected struct {
	mu   sync.Mutex
	seen map[string]float64
	tell chan struct{}
}

type collecting struct {
	c     *collected
	batch map[string]float64
}

func (c *collected) AppenderV2(context.Context) storage.AppenderV2 {
	return &collecting{c: c, batch: map[string]float64{}}
}

func (a *collecting) Append(_ storage.SeriesRef, ls labels.Labels, _, _ int64, v float64, _ *histogram.Histogram, _ *histogram.FloatHistogram, _ storage.AppendV2Options) (storage.SeriesRef, error) {
	a.batch[ls.String()] = v
	return storage.SeriesRef(ls.Hash()), nil
}

func (a *collecting) Commit() error {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	for k, v := range a.batch {
		a.c.seen[k] = v
	}
	select {
	case a.c.tell <- struct{}{}:
	default:
	}
	return nil
}

func (a *collecting) Rollback() error { return nil }

func (c *collected) value(series string) (float64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.seen[series]
	return v, ok
}

func TestStaticScrapesATarget(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/own/metrics" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte("kettle_celsius{room=\"kitchen\"} 93.5\n"))
	}))
	defer target.Close()
	into := &collected{seen: map[string]float64{}, tell: make(chan struct{}, 1)}
	s, err := NewStatic(StaticOptions{Append: into, Job: "tea", URLs: []string{target.URL + "/own/metrics"}, Interval: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()

	host := target.Listener.Addr().String()
	want := map[string]float64{
		`{__name__="kettle_celsius", instance="` + host + `", job="tea", room="kitchen"}`: 93.5,
		`{__name__="up", instance="` + host + `", job="tea"}`:                             1,
	}
	deadline := time.After(time.Minute)
	for series, v := range want {
		for got, ok := into.value(series); !ok || got != v; got, ok = into.value(series) {
			select {
			case <-into.tell:
			case <-deadline:
				t.Fatalf("%s: got %v (%t), want %v; have %v", series, got, ok, v, into.seen)
			}
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatalf("Run: %v", err)
	}
}

// A process that serves with a certificate nobody has signed can scrape itself.
func TestTrustedTarget(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		target := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		target.Config.ErrorLog = log.New(io.Discard, "", 0)
		target.StartTLS()
		defer target.Close()
		into := &collected{seen: map[string]float64{}, tell: make(chan struct{}, 1)}
		s, err := NewStatic(StaticOptions{Append: into, Job: "tea", URLs: []string{target.URL + "/metrics"}, Trusted: trusted, Interval: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		up := `{__name__="up", instance="` + target.Listener.Addr().String() + `", job="tea"}`
		deadline := time.After(time.Minute)
		want := map[bool]float64{true: 1}[trusted]
		got, ok := into.value(up)
		for ; !ok || trusted && got != want; got, ok = into.value(up) { // a handshake may be too slow, on a busy machine
			select {
			case <-into.tell:
			case <-deadline:
				t.Fatalf("trusted %t: up is %v (%t), want %v; have %v", trusted, got, ok, want, into.names())
			}
		}
		if got != want {
			t.Errorf("trusted %t: up is %v, want %v", trusted, got, want)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatalf("Run: %v", err)
		}
	}
}

func TestNewStaticRefusesWhatIsNoURL(t *testing.T) {
	for _, u := range []string{"", "localhost:9090", "http://", "::"} {
		if _, err := NewStatic(StaticOptions{Job: "j", URLs: []string{u}}); err == nil {
			t.Errorf("target %q: accepted, want an error", u)
		}
	}
}
