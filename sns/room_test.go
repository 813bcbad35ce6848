package sns

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const (
	own   hearth.AccountID = "111111111111"
	other hearth.AccountID = "222222222222"
)

// A clock stands still until it is told to go on.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	timers []timer
}

type timer struct {
	at time.Time
	c  chan time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := timer{c.now.Add(d), make(chan time.Time, 1)}
	if d <= 0 {
		t.c <- c.now
		return t.c
	}
	c.timers = append(c.timers, t)
	return t.c
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.timers = slices.DeleteFunc(c.timers, func(t timer) bool {
		if t.at.After(c.now) {
			return false
		}
		t.c <- c.now
		return true
	})
}

// A house is a room with all it needs, on a store of its own.
type house struct {
	*Room
	t     testing.TB
	clock *clock
	store store.Store
	box   *mailbox
	opts  Options

	mu     sync.Mutex
	events []hearth.Event
	denied map[string]bool // topics whose policy does not let services in
}

func (h *house) Record(e hearth.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// outcomes are what the ledger says of a message, in order.
func (h *house) outcomes(message string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.events {
		if string(e.RequestID) == message {
			out = append(out, e.Detail(hearth.DetailOutcome))
		}
	}
	return strings.Join(out, " ")
}

func (h *house) last(message string) hearth.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range slices.Backward(h.events) {
		if string(e.RequestID) == message {
			return e
		}
	}
	return hearth.Event{}
}

func (h *house) CheckPolicy(_ hearth.ARN, document string) error {
	if !strings.HasPrefix(document, "{") {
		return &hearth.Error{Kind: hearth.Malformed, Msg: "no JSON"}
	}
	return nil
}

func (h *house) AuthorizeService(_ context.Context, service string, a hearth.Access) error {
	if service != "aps.amazonaws.com" || h.denied[a.Resource.Resource] {
		return &hearth.Error{Kind: hearth.Denied, Msg: "no"}
	}
	return nil
}

// Seal and Open hide nothing.
func (h *house) Seal(plain []byte, _ string) []byte        { return slices.Clone(plain) }
func (h *house) Open(box []byte, _ string) ([]byte, error) { return box, nil }

// A mailbox takes mails, unless told not to.
type mailbox struct {
	mu    sync.Mutex
	mails []string
	err   error
}

func (b *mailbox) Send(_ context.Context, _, _ string, mail []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	b.mails = append(b.mails, string(mail))
	return nil
}

func (b *mailbox) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.mails)
}

func (b *mailbox) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func newHouse(t testing.TB) *house {
	t.Helper()
	st, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "hearth.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	h := &house{t: t, clock: &clock{now: noon}, store: st, box: &mailbox{}, denied: map[string]bool{}}
	h.opts = Options{
		Store: st, Policies: h, Client: &http.Client{}, Sealer: h, Mail: h.box, From: "hearth@example.org",
		ExternalURL: "http://hearth.test:4750", Recorder: h, Now: h.clock.Now, After: h.clock.After, Log: slog.New(slog.DiscardHandler),
	}
	h.Room = New(h.opts)
	return h
}

// run runs the room until the test ends or stop is called.
func (h *house) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	room := h.Room
	go func() {
		defer close(done)
		if err := room.Run(ctx); err != nil {
			h.t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	h.t.Cleanup(stop)
	return stop
}

func (h *house) as(a hearth.AccountID) context.Context {
	return hearth.WithCaller(h.t.Context(), hearth.Caller{Account: a, Region: "us-east-1"})
}

func (h *house) topic(name string, attributes map[string]string) hearth.ARN {
	h.t.Helper()
	arn, err := h.CreateTopic(h.as(own), name, attributes, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return arn
}

// subscribed is a confirmed subscription.
func (h *house) subscribed(topic hearth.ARN, protocol, endpoint string, attributes map[string]string) *Subscription {
	h.t.Helper()
	s, err := h.Subscribe(h.as(own), topic, protocol, endpoint, attributes)
	if err == nil {
		s, err = h.Confirm(h.t.Context(), topic, s.Token, false, false)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) say(topic hearth.ARN, body string) string {
	h.t.Helper()
	id, err := h.PublishMessage(h.as(own), Message{Topic: topic, Subject: "Subject", Body: body})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// eventually waits for a condition that other goroutines bring about. Each round
// moves the clock on by step.
func (h *house) eventually(what string, step time.Duration, ok func() bool) {
	h.t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			h.t.Fatalf("not within a minute: %s", what)
		case <-tick.C:
			h.clock.advance(step)
		}
	}
}

// A sink is an HTTP endpoint that keeps what it is sent.
type sink struct {
	*httptest.Server
	mu     sync.Mutex
	got    []*http.Request
	bodies []string
	answer func(http.ResponseWriter, *http.Request)
}

func newSink(t testing.TB, answer func(http.ResponseWriter, *http.Request)) *sink {
	s := &sink{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got, s.bodies = append(s.got, r), append(s.bodies, string(body))
		s.mu.Unlock()
		if s.answer != nil {
			s.answer(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

func (s *sink) at(i int) (*http.Request, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got[i], s.bodies[i]
}

// left is how many deliveries and messages are stored.
func (h *house) left() (deliveries, messages int) {
	h.t.Helper()
	err := h.store.View(h.t.Context(), func(tx store.Tx) error {
		d, err := tx.Scan(deliveryBucket, "", "", 0)
		if err != nil {
			return err
		}
		m, err := tx.Scan(messageBucket, "", "", 0)
		deliveries, messages = len(d), len(m)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return deliveries, messages
}

func (h *house) dead() int {
	h.t.Helper()
	lines, err := h.store.Log(h.t.Context(), deadLog, store.LogQuery{Limit: 1000})
	if err != nil {
		h.t.Fatal(err)
	}
	return len(lines)
}

var errTest = errors.New("the test says no")
