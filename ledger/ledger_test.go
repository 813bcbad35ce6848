package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// logStore is a store of logs in memory that can be told to fail.
type logStore struct {
	store.Store // only logs are asked for
	mu          sync.Mutex
	logs        map[string][]store.Record
	writes      int
	fail        error
}

func (s *logStore) AppendLog(_ context.Context, log string, records []store.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.writes++
	if s.logs == nil {
		s.logs = map[string][]store.Record{}
	}
	for _, r := range records {
		r.Seq = int64(len(s.logs[log]) + 1)
		s.logs[log] = append(s.logs[log], r)
	}
	return nil
}

func (s *logStore) Log(_ context.Context, log string, q store.LogQuery) ([]store.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []store.Record
	for _, r := range slices.Backward(s.logs[log]) {
		if (q.Key1 == "" || q.Key1 == r.Key1) && (q.BeforeSeq == 0 || r.Seq < q.BeforeSeq) && len(out) < q.Limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *logStore) TrimLog(context.Context, string, int) error { return nil }

func (s *logStore) len(log string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.logs[log])
}

func (s *logStore) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func sqlite(t *testing.T) store.Store {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "hearth.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var began = time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

func changed(n int) hearth.Event {
	return hearth.Event{
		Time: at(n), RequestID: hearth.RequestID(fmt.Sprintf("r-%d", n)), Account: "1", Workspace: "ws-1",
		Kind: hearth.EventChanged, Summary: fmt.Sprintf("change %d", n),
	}
}

func denied(n int) hearth.Event {
	e := changed(n)
	e.Kind, e.Summary, e.Principal = hearth.EventDenied, "no match", "AKID"
	e.Details = []hearth.Detail{{Name: hearth.DetailReason, Value: "InvalidSignatureException"}, {Name: hearth.DetailPath, Value: fmt.Sprintf("/%d", n)}}
	return e
}

func find(t *testing.T, l *Ledger, q Query) []string {
	t.Helper()
	events, err := l.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 0, len(events))
	for _, e := range events {
		ids = append(ids, string(e.RequestID))
	}
	return ids
}

func TestEventsAreFoundAtOnce(t *testing.T) {
	l := New(Options{Store: sqlite(t)})
	for n := range 4 {
		l.Record(changed(n))
	}
	other := denied(4)
	other.Account, other.Workspace = "2", "ws-2"
	l.Record(other)
	for _, c := range []struct {
		name string
		q    Query
		want string
	}{
		{"all", Query{}, "r-4 r-3 r-2 r-1 r-0"},
		{"limit", Query{Limit: 2}, "r-4 r-3"},
		{"request", Query{RequestID: "r-2"}, "r-2"},
		{"account", Query{Account: "2"}, "r-4"},
		{"workspace", Query{Workspace: "ws-1"}, "r-3 r-2 r-1 r-0"},
		{"kind", Query{Kind: hearth.EventDenied}, "r-4"},
		{"since", Query{Since: at(2)}, "r-4 r-3 r-2"},
		{"another's request", Query{Account: "1", RequestID: "r-4"}, ""},
		{"unknown request", Query{RequestID: "r-9"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(find(t, l, c.q), " "); got != c.want {
				t.Errorf("Find(%+v) = %s, want %s", c.q, got, c.want)
			}
		})
	}
	events, err := l.Find(t.Context(), Query{Account: "2", RequestID: "r-4", Workspace: "ws-2", Limit: 10})
	if err != nil || len(events) != 1 {
		t.Fatalf("Find = %v, %v", events, err)
	}
	if e := events[0]; e.Principal != "AKID" || e.Summary != "no match" || !e.Time.Equal(at(4)) || e.Detail(hearth.DetailPath) != "/4" {
		t.Errorf("what came back differs: %+v", e)
	}
}

func TestFindReadsManyPages(t *testing.T) {
	l := New(Options{Store: sqlite(t)})
	for n := range 3*page + 1 {
		e := changed(n)
		if n%page != 0 {
			e.Account = "2"
		}
		l.Record(e)
	}
	if got, want := find(t, l, Query{Account: "1"}), []string{"r-1500", "r-1000", "r-500", "r-0"}; !slices.Equal(got, want) {
		t.Errorf("Find = %v, want %v", got, want)
	}
}

func TestTimeIsFilledIn(t *testing.T) {
	l := New(Options{Store: &logStore{}, Now: func() time.Time { return at(7) }})
	l.Record(hearth.Event{Kind: hearth.EventChanged})
	if events, _ := l.Find(t.Context(), Query{}); len(events) != 1 || !events[0].Time.Equal(at(7)) {
		t.Errorf("Find = %+v", events)
	}
}

// running runs l in the bubble until the returned function is called.
func running(t *testing.T, l *Ledger) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}
}

// pass lets time pass in a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }

func TestWritesWithin200ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &logStore{}
		l := New(Options{Store: s})
		stop := running(t, l)
		defer stop()
		l.Record(changed(1))
		l.Record(denied(2))
		pass(batchDelay - time.Nanosecond)
		synctest.Wait()
		if s.len(logEvents) != 0 {
			t.Error("written before the batch was gathered")
		}
		pass(time.Nanosecond)
		synctest.Wait()
		if s.len(logEvents) != 1 || s.len(logDenials) != 1 {
			t.Errorf("after %v: %d events and %d denials written", batchDelay, s.len(logEvents), s.len(logDenials))
		}
	})
}

func TestFullBatchIsWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &logStore{}
		l := New(Options{Store: s})
		stop := running(t, l)
		defer stop()
		for n := range batchSize {
			l.Record(changed(n))
		}
		synctest.Wait()
		if s.len(logEvents) != batchSize || s.writes != 1 {
			t.Errorf("%d events in %d writes", s.len(logEvents), s.writes)
		}
	})
}

func TestStopWritesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &logStore{}
		l := New(Options{Store: s})
		stop := running(t, l)
		for n := range 2*burst + 1 {
			l.Record(denied(n))
		}
		stop()
		if got := s.len(logDenials); got != burst+1 {
			t.Errorf("%d lines written, want %d and one that counts the others", got, burst)
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := New(Options{Store: &logStore{}, Metrics: reg})
	for n := range queueSize + 5 {
		l.Record(changed(n))
	}
	want := fmt.Sprintf(`# HELP hearth_ledger_dropped_events_total Events lost because too many waited to be written.
# TYPE hearth_ledger_dropped_events_total counter
hearth_ledger_dropped_events_total 5
# HELP hearth_ledger_events_total Events that the ledger was told, by kind.
# TYPE hearth_ledger_events_total counter
hearth_ledger_events_total{kind="changed"} %d
`, queueSize+5)
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "hearth_ledger_dropped_events_total", "hearth_ledger_events_total"); err != nil {
		t.Error(err)
	}
}

func TestBytesAreBounded(t *testing.T) {
	l := New(Options{Store: &logStore{}})
	big := strings.Repeat("ü", maxValue)
	for n := range 2 * queueBytes / (maxDetails * maxValue) {
		e := changed(n)
		e.Summary = big
		for range 100 {
			e.Details = append(e.Details, hearth.Detail{Name: "d", Value: e.Summary})
		}
		l.Record(e)
		if l.queued > queueBytes {
			t.Fatalf("%d bytes are queued", l.queued)
		}
	}
	if len(l.queue) == 0 || len(l.queue[0].Summary) > maxValue+40 || len(l.queue[0].Details) != maxDetails {
		t.Error("the first event is not there, or not clipped")
	}
}

func TestStoreTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &logStore{fail: errors.New("disk is full")}
		reg := prometheus.NewRegistry()
		l := New(Options{Store: s, Metrics: reg})
		stop := running(t, l)
		defer stop()
		for n := range batchSize + 10 {
			l.Record(changed(n))
		}
		pass(5 * time.Second)
		if got := find(t, l, Query{RequestID: "r-3"}); !slices.Equal(got, []string{"r-3"}) {
			t.Errorf("while the store takes nothing, Find = %v", got)
		}
		s.failWith(nil)
		pass(window)
		synctest.Wait()
		if got := s.len(logEvents); got != batchSize+10 {
			t.Errorf("%d events written after the trouble, want each once", got)
		}
		for i, r := range s.logs[logEvents] {
			if r.Key1 != fmt.Sprintf("r-%d", i) {
				t.Fatalf("line %d is %s: out of order", i, r.Key1)
			}
		}
		if l.queued != 0 {
			t.Errorf("%d bytes left in an empty queue", l.queued)
		}
	})
}

func TestDenialsDoNotPushOutChanges(t *testing.T) {
	s := sqlite(t)
	l := New(Options{Store: s, Keep: 50})
	for n := range 10 {
		l.Record(changed(n))
	}
	for n := range 2 * trimEvery {
		e := denied(n)
		e.Account = hearth.AccountID(fmt.Sprint(n)) // of no class
		l.classes = newClasses()
		l.Record(e)
	}
	if err := l.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.trimAll(t.Context())
	denials, err := s.Log(t.Context(), logDenials, store.LogQuery{Limit: 10_000})
	if err != nil || len(denials) != 50 {
		t.Errorf("%d denials kept, %v", len(denials), err)
	}
	if got := find(t, l, Query{Kind: hearth.EventChanged}); len(got) != 10 {
		t.Errorf("%d changes kept, want 10", len(got))
	}
}

func TestSessionTokensAreNotKept(t *testing.T) {
	l := New(Options{Store: &logStore{}})
	for _, canonical := range []string{
		"GET\n/\n\nhost:h\nx-amz-security-token:SECRET\n\nhost;x-amz-security-token\ne3b0",
		"GET\n/\nX-Amz-Date=1&X-Amz-Security-Token=SECRET%2B&a=b\nhost:h\n\nhost\ne3b0",
		"X-Amz-Security-Token=SECRET&X-Amz-Security-Token=SECRET",
	} {
		e := denied(1)
		e.Details = []hearth.Detail{{Name: hearth.DetailCanonical, Value: canonical}}
		e.Summary = canonical
		l.Record(e)
	}
	events, err := l.Find(t.Context(), Query{})
	if err != nil || len(events) != 3 {
		t.Fatalf("Find = %v, %v", events, err)
	}
	for _, e := range events {
		if v := e.Detail(hearth.DetailCanonical); strings.Contains(v+e.Summary, "SECRET") || !strings.Contains(v, noToken) {
			t.Errorf("kept: %q", v)
		}
	}
	if v := events[0].Detail(hearth.DetailCanonical); !strings.HasSuffix(v, "host;x-amz-security-token\ne3b0") && !strings.Contains(v, "&") {
		t.Errorf("more was taken out than the token: %q", v)
	}
}

func BenchmarkRecord(b *testing.B) {
	l := New(Options{Store: &logStore{}})
	e := denied(1)
	b.ReportAllocs()
	for b.Loop() {
		l.Record(e)
	}
}

// Many record and read at once; everything is found, each once.
func TestManyAtOnce(t *testing.T) {
	l := New(Options{Store: sqlite(t)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	const writers, each = 8, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				l.Record(changed(w*each + n))
			}
			if _, err := l.Find(ctx, Query{RequestID: hearth.RequestID(fmt.Sprintf("r-%d", w*each))}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	ids := find(t, l, Query{Limit: 2 * writers * each})
	slices.Sort(ids)
	if n := len(slices.Compact(slices.Clone(ids))); n != writers*each || len(ids) != n {
		t.Errorf("%d events found, %d of them different; want %d", len(ids), n, writers*each)
	}
}
