package alerting

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/notifier"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// bed is a room over a real store, with one running Run.
type bed struct {
	t      *testing.T
	path   string
	opts   Options
	store  *store.SQLite
	room   *Room
	events *events
	spaces *spaces
	cancel context.CancelFunc
	done   chan error
}

type events struct {
	mu  sync.Mutex
	all []hearth.Event
}

func (e *events) Record(x hearth.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, x)
}

// with returns the events that have the reason.
func (e *events) with(reason string) []hearth.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []hearth.Event
	for _, x := range e.all {
		if x.Detail(hearth.DetailReason) == reason {
			out = append(out, x)
		}
	}
	return out
}

// spaces are the workspaces that exist.
type spaces struct {
	mu      sync.Mutex
	all     map[hearth.WorkspaceID]hearth.Workspace
	changed chan struct{}
}

func (s *spaces) Lookup(_ context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.all[id]
	if !ok {
		return w, &hearth.Error{Kind: hearth.NotFound, Msg: "Workspace not found"}
	}
	return w, nil
}

func (s *spaces) Changed() (<-chan struct{}, func()) { return s.changed, func() {} }

func (s *spaces) add(n string) hearth.Workspace {
	w := hearth.Workspace{ID: hearth.WorkspaceID("ws-0000000" + n + "-0000-4000-8000-000000000000"), Account: "111122223333", Region: "eu-west-1"}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[w.ID] = w
	return w
}

func (s *spaces) remove(id hearth.WorkspaceID) {
	s.mu.Lock()
	delete(s.all, id)
	s.mu.Unlock()
	s.changed <- struct{}{}
}

func newBed(t *testing.T, o Options) *bed {
	t.Helper()
	b := &bed{t: t, path: filepath.Join(t.TempDir(), "hearth.db"), opts: o, events: &events{},
		spaces: &spaces{all: map[hearth.WorkspaceID]hearth.Workspace{}, changed: make(chan struct{}, 1)}}
	b.opts.Recorder, b.opts.Workspaces, b.opts.ExternalURL = b.events, b.spaces, "http://hearth.test"
	if b.opts.Dial == nil {
		b.opts.Dial = (&net.Dialer{}).DialContext
	}
	b.start()
	t.Cleanup(b.stop)
	return b
}

func (b *bed) start() {
	b.t.Helper()
	var err error
	if b.store, err = store.OpenSQLite(b.t.Context(), b.path, store.Options{}); err != nil {
		b.t.Fatal(err)
	}
	b.opts.Store = b.store
	if b.room, err = New(b.opts); err != nil {
		b.t.Fatal(err)
	}
	var ctx context.Context
	ctx, b.cancel = context.WithCancel(context.Background())
	b.done = make(chan error, 1)
	room := b.room
	go func() { b.done <- room.Run(ctx) }()
	eventually(b.t, "Run", room.running.Load) // until then nobody waits for a change under way
}

func (b *bed) stop() {
	b.cancel()
	if err := <-b.done; err != nil {
		b.t.Errorf("Run: %v", err)
	}
	if err := b.store.Close(); err != nil {
		b.t.Error(err)
	}
}

// define gives the workspace a definition of the configuration, which is
// indented as it must be.
func (b *bed) define(w hearth.Workspace, config string) {
	b.t.Helper()
	if _, err := b.room.Create(b.t.Context(), w, wrap(config), nil); err != nil {
		b.t.Fatal(err)
	}
}

func wrap(config string) []byte {
	return []byte("alertmanager_config: |\n  " + strings.ReplaceAll(strings.TrimSpace(config), "\n", "\n  ") + "\n")
}

func (b *bed) fire(w hearth.Workspace, nameValues ...string) {
	b.t.Helper()
	b.send(w, time.Now().Add(time.Hour), nameValues...)
}

func (b *bed) send(w hearth.Workspace, ends time.Time, nameValues ...string) {
	b.t.Helper()
	a := &notifier.Alert{Labels: labels.FromStrings(nameValues...), StartsAt: time.Now().Add(-time.Second), EndsAt: ends, GeneratorURL: "http://hearth.test/graph"}
	if err := b.room.Notify(b.t.Context(), w, a); err != nil {
		b.t.Fatal(err)
	}
}

// ask asks upstream's API of the workspace.
func (b *bed) ask(w hearth.Workspace, method, path, body string) (code int, answer string, err error) {
	b.t.Helper()
	q := httptest.NewRequestWithContext(hearth.WithWorkspace(b.t.Context(), w), method, path, strings.NewReader(body))
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	out := httptest.NewRecorder()
	if err := b.room.ServeAPI(out, q); err != nil {
		return 0, "", err
	}
	return out.Code, out.Body.String(), nil
}

func (b *bed) mustAsk(w hearth.Workspace, method, path, body string) string {
	b.t.Helper()
	code, answer, err := b.ask(w, method, path, body)
	if err != nil || code != http.StatusOK {
		b.t.Fatalf("%s %s: %d %s %v", method, path, code, answer, err)
	}
	return answer
}

// hook is a webhook receiver.
type hook struct {
	*httptest.Server
	mu  sync.Mutex
	got []notification
}

type notification struct {
	Status string
	Alerts []struct{ Labels map[string]string }
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n notification
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &n); err != nil {
			t.Errorf("webhook: %v: %s", err, body)
		}
		h.mu.Lock()
		h.got = append(h.got, n)
		h.mu.Unlock()
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) all() []notification {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]notification(nil), h.got...)
}

// eventually polls until ok, for a minute.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
		<-tick.C
	}
}

// entries are what the store has for the workspace.
func (b *bed) entries(w hearth.Workspace, bucket string) (out []store.Entry) {
	b.t.Helper()
	err := b.store.View(b.t.Context(), func(tx store.Tx) (err error) {
		out, err = tx.Scan(bucket, string(w.ID), "", 0)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}
