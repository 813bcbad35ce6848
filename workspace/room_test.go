package workspace

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

var start = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// fixture is a room on a real store, with a clock and an engine that the test
// holds in its hands.
type fixture struct {
	*Room
	path   string
	store  *store.SQLite
	engine *fakeEngine
	events *events
	clock  *clock
	opts   Options
}

func newFixture(t testing.TB, change func(*Options)) *fixture {
	t.Helper()
	f := &fixture{
		path:   filepath.Join(t.TempDir(), "state.db"),
		engine: &fakeEngine{deleted: map[hearth.WorkspaceID]int{}},
		events: &events{},
		clock:  &clock{now: start},
	}
	f.opts = Options{Engine: f.engine, Recorder: f.events, Now: f.clock.tick}
	if change != nil {
		change(&f.opts)
	}
	f.open(t)
	t.Cleanup(func() { _ = f.store.Close() })
	return f
}

func (f *fixture) open(t testing.TB) {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), f.path, store.Options{})
	if err != nil {
		t.Fatalf("OpenSQLite: %v", err)
	}
	f.store, f.opts.Store = s, s
	f.Room = New(f.opts)
	f.tick = 20 * time.Millisecond
}

// restart is what a new process does with what the old one left.
func (f *fixture) restart(t testing.TB) {
	t.Helper()
	if err := f.store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	f.open(t)
}

// run runs the room until the test, or the function returned, ends it.
func (f *fixture) run(t testing.TB) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	await(t, "Run to begin", f.running.Load)
	return stop
}

// await waits for a condition that something else brings about.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	poll, late := time.NewTicker(time.Millisecond), time.After(time.Minute)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-late:
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// as is the context of a request by an account's root in a region.
func as(t testing.TB, account hearth.AccountID, region hearth.Region) context.Context {
	t.Helper()
	return hearth.WithCaller(t.Context(), hearth.Caller{
		Account: account, Region: region, RequestID: "request-1",
		Principal: hearth.Principal{Account: account, Root: true, ARN: hearth.ARN{Partition: "aws", Service: "iam", Account: account, Resource: "root"}},
	})
}

func me(t testing.TB) context.Context {
	t.Helper()
	return as(t, "000000000000", "us-east-1")
}

func (f *fixture) create(t testing.TB, ctx context.Context, alias string) Description {
	t.Helper()
	d, err := f.Create(ctx, CreateInput{Alias: &alias})
	if err != nil {
		t.Fatalf("Create(%q): %v", alias, err)
	}
	return d
}

// active makes a workspace and moves it on by hand, for tests without Run.
func (f *fixture) active(t testing.TB, ctx context.Context, alias string) Description {
	t.Helper()
	d := f.create(t, ctx, alias)
	f.step(t)
	return d
}

func (f *fixture) step(t testing.TB) {
	t.Helper()
	if _, err := f.moveOn(t.Context()); err != nil {
		t.Fatalf("moveOn: %v", err)
	}
}

func ptr[T any](v T) *T { return &v }

// wantKind checks an error's kind, and returns the error for closer looks.
func wantKind(t testing.TB, doing string, err error, kind hearth.Kind) *hearth.Error {
	t.Helper()
	e, ok := errors.AsType[*hearth.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("%s: got %v; want an error of kind %d", doing, err, kind)
	}
	return e
}

// clock goes on by a second each time it is asked.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) tick() time.Time { return c.advance(time.Second) }

func (c *clock) advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

type events struct {
	mu  sync.Mutex
	all []hearth.Event
}

func (e *events) Record(ev hearth.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) take() []hearth.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.all
	e.all = nil
	return all
}

// fakeEngine counts deletions. hold keeps them from ending; fail makes them fail.
type fakeEngine struct {
	mu      sync.Mutex
	deleted map[hearth.WorkspaceID]int
	hold    chan struct{}
	fail    error
}

func (e *fakeEngine) Delete(ctx context.Context, id hearth.WorkspaceID) error {
	e.mu.Lock()
	e.deleted[id]++
	hold, err := e.hold, e.fail
	e.mu.Unlock()
	if hold == nil {
		return err
	}
	select {
	case <-hold:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *fakeEngine) set(hold chan struct{}, fail error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hold, e.fail = hold, fail
}

func (e *fakeEngine) count(id hearth.WorkspaceID) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.deleted[id]
}
