package scraper

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const account, region = hearth.AccountID("000000000000"), hearth.Region("eu-west-1")

var kitchen = hearth.Workspace{ID: "ws-00000000-0000-4000-8000-000000000001", Account: account, Region: region, Status: hearth.Active, Limits: hearth.LimitsOf(hearth.Local)}

// A bed is a room with a real store, whose samples go into a map.
type bed struct {
	*Room
	t    testing.TB
	into *collected
	end  func()

	mu     sync.Mutex
	all    map[hearth.WorkspaceID]hearth.Workspace
	events []hearth.Event
}

func (b *bed) Lookup(_ context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ws, ok := b.all[id]; ok {
		return ws, nil
	}
	return hearth.Workspace{}, noWorkspace(string(id))
}

func (b *bed) Appendable(ws hearth.Workspace, _ string) storage.AppendableV2 { return b.into }

func (b *bed) Record(e hearth.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

// newBed makes a room that does not run yet.
func newBed(t testing.TB, change func(*Options)) *bed {
	t.Helper()
	b := &bed{t: t, into: &collected{seen: map[string]float64{}, tell: make(chan struct{}, 1)}, all: map[hearth.WorkspaceID]hearth.Workspace{kitchen.ID: kitchen}}
	st, err := store.OpenSQLite(context.Background(), filepath.Join(t.TempDir(), "hearth.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	o := Options{Store: st, Workspaces: b, Append: b, Recorder: b}
	if change != nil {
		change(&o)
	}
	b.Room = New(o)
	b.Room.tick, b.Room.floor, b.Room.probe = 50*time.Millisecond, 50*time.Millisecond, 200*time.Millisecond
	return b
}

// run starts the room; it ends with the test.
func (b *bed) run() {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = b.Run(ctx) }()
	b.end = sync.OnceFunc(func() { cancel(); <-done })
	b.t.Cleanup(b.end)
}

func (b *bed) as() context.Context {
	return hearth.WithCaller(context.Background(), hearth.Caller{Account: account, Region: region, RequestID: "r-1"})
}

// create makes a scraper without a source; it fails the test if that is refused.
func (b *bed) create(text string) Description {
	b.t.Helper()
	d, err := b.Create(b.as(), CreateInput{Configuration: []byte(text), Destination: kitchen.ARN().String()})
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// until waits for a condition, with a deadline: a client of an API server that was away
// waits up to a minute before it asks again.
func (b *bed) until(what string, ok func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			b.t.Fatalf("not in time: %s; samples %v", what, b.into.names())
		}
		<-tick.C
	}
}

func (b *bed) status(id string) (hearth.Status, string) {
	b.t.Helper()
	d, err := b.Describe(b.as(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return d.Status, d.Reason
}

func (b *bed) doctor(id string) Diagnosis {
	b.t.Helper()
	d, err := b.Doctor(b.as(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func (c *collected) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for k, v := range c.seen {
		all = append(all, fmt.Sprintf("%s %v", k, v))
	}
	return all
}

// has tells whether a sample with this value was taken whose series has all parts.
func (c *collected) has(v float64, parts ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, got := range c.seen {
		ok := got == v || got != got && v != v
		for _, p := range parts {
			ok = ok && strings.Contains(k, p)
		}
		if ok {
			return true
		}
	}
	return false
}

// serve is a scrape target with fixed text.
func serve(t *testing.T, text string) string {
	t.Helper()
	return handle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(text))
	})
}

func handle(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

var plainDial = (&net.Dialer{}).DialContext
