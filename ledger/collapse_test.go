package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hearth-metrics/hearth"
)

func TestEventsAlikeAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &logStore{}
		l := New(Options{Store: s})
		stop := running(t, l)
		defer stop()
		const senders = 500
		for n := range senders {
			e := denied(n)
			e.Time = time.Time{} // now
			l.Record(e)
		}
		// One that was only counted is explained by the last of them, before and
		// after the minute is over.
		for _, when := range []string{"open", "closed"} {
			events, err := l.Find(t.Context(), Query{Account: "1", RequestID: "r-100"})
			if err != nil || len(events) != 1 {
				t.Fatalf("%s: Find = %v, %v", when, events, err)
			}
			e := events[0]
			if e.RequestID != "r-499" || e.Detail(hearth.DetailCount) != strconv.Itoa(senders-burst) || e.Detail(hearth.DetailPath) != "/499" || e.Detail(hearth.DetailSince) == "" {
				t.Errorf("%s: %+v", when, e)
			}
			if got := find(t, l, Query{Account: "2", RequestID: "r-100"}); len(got) != 0 {
				t.Errorf("%s: another account sees %v", when, got)
			}
			pass(window + window/6)
			synctest.Wait()
		}
		if got := s.len(logDenials); got != burst+1 {
			t.Errorf("%d lines for %d events alike, want %d", got, senders, burst+1)
		}
		// The next minute begins anew.
		l.Record(denied(1000))
		if got := find(t, l, Query{RequestID: "r-1000"}); !slices.Equal(got, []string{"r-1000"}) {
			t.Errorf("a minute later, Find = %v", got)
		}
	})
}

func TestWhatIsNotAlike(t *testing.T) {
	for name, change := range map[string]func(*hearth.Event){
		"kind":      func(e *hearth.Event) { e.Kind = hearth.EventRejected },
		"account":   func(e *hearth.Event) { e.Account = "2" },
		"workspace": func(e *hearth.Event) { e.Workspace = "ws-2" },
		"principal": func(e *hearth.Event) { e.Principal = "AKID2" },
		"reason":    func(e *hearth.Event) { e.Details[0].Value = "other" },
	} {
		c := newClasses()
		for n := range burst {
			c.collapse(denied(n), at(0))
		}
		e := denied(burst)
		change(&e)
		if c.collapse(e, at(0)) {
			t.Errorf("another %s is counted with the rest", name)
		}
		if !c.collapse(denied(burst), at(0)) {
			t.Errorf("%s: more of the same are kept", name)
		}
	}
}

func TestSummariesWithoutReasonAreAlikeButForNumbers(t *testing.T) {
	c := newClasses()
	kept := 0
	for n := range 100 {
		if !c.collapse(hearth.Event{Kind: hearth.EventRejected, Summary: fmt.Sprintf("%d more samples were refused", n)}, at(0)) {
			kept++
		}
	}
	if kept != burst {
		t.Errorf("%d kept, want %d", kept, burst)
	}
}

func TestChangesAreNeverCountedOnly(t *testing.T) {
	c := newClasses()
	for _, kind := range []hearth.EventKind{hearth.EventChanged, hearth.EventStorageTrouble} {
		for range 3 * burst {
			if c.collapse(hearth.Event{Kind: kind}, at(0)) {
				t.Fatalf("a %s was only counted", kind)
			}
		}
	}
}

func TestCountsAddUp(t *testing.T) {
	c := newClasses()
	for range burst {
		c.collapse(denied(0), at(0))
	}
	for _, n := range []string{"5", "", "-3", "7"} {
		e := denied(1)
		e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailCount, Value: n})
		c.collapse(e, at(0))
	}
	events := c.close(at(1000))
	if len(events) != 1 || events[0].Detail(hearth.DetailCount) != "14" {
		t.Errorf("close = %+v, want one event for 14", events)
	}
}

// Strangers choose the access key and the workspace they name.
func TestStrangersMakeFewLines(t *testing.T) {
	c := newClasses()
	kept := 0
	for n := range 100_000 {
		e := denied(n)
		e.Principal, e.Workspace = fmt.Sprint("AKID", n), hearth.WorkspaceID(fmt.Sprint("ws-", n))
		e.Details[0].Value = fmt.Sprint("reason", n%1000)
		if !c.collapse(e, at(0)) {
			kept++
		}
	}
	if most := 2*maxClasses*burst + burst; kept > most || len(c.open) > 2*maxClasses+1 || len(c.members) > maxMembers {
		t.Errorf("%d lines (at most %d), %d classes, %d members", kept, most, len(c.open), len(c.members))
	}
}
