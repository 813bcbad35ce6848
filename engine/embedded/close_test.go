package embedded

import (
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A request that outlives the shutdown keeps its workspace open for good: once
// Close has given the directory up, nothing is written to it any more.
func TestNothingClosesAfterClose(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir(), patience: 10 * time.Millisecond})
	ws := testWorkspace()
	h := pinHead(t, e, ws)
	if err := e.Close(); err == nil {
		t.Error("Close says nothing of a workspace that is still in use")
	}
	h.Release()
	s := e.snapshot()[0]
	if c := s.closeIfIdle(time.Now().Add(time.Hour)); c != nil {
		t.Error("an idle workspace is being closed")
	}
	if c := e.closeOldest(); c != nil {
		t.Error("a workspace is being closed to make room")
	}
	if err := s.shut(t.Context()); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("shut: %v, want Unavailable", err)
	}
	e.look()
	if err := s.live.close(); err != nil { // what the process's end does
		t.Error(err)
	}
}

// Requests that end while the engine closes begin closings of their own.
func TestClosingsBesideClose(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir(), patience: 5 * time.Millisecond})
	var all []*space
	for range 20 {
		h := pinHead(t, e, testWorkspace())
		s := h.(*head).live.space
		all = append(all, s)
		time.AfterFunc(time.Duration(len(all))*time.Millisecond, func() {
			h.Release()
			s.closeIfIdle(time.Now().Add(time.Hour))
		})
	}
	_ = e.Close() // some are in use for longer than it waits
	for _, s := range all {
		waitFor(t, "no closing is under way", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.change == nil && (s.live == nil || s.live.pins.Load() == 0)
		})
	}
}
