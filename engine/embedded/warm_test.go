package embedded

import (
	"context"
	"errors"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// Whoever has given up opens nothing: stopping while warming would otherwise
// begin every opening that is left.
func TestNothingOpensForAnEndedContext(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir()})
	defer e.Close()
	all := make([]hearth.Workspace, 20)
	for i := range all {
		all[i] = testWorkspace()
	}
	pinHead(t, e, all[0]).Release()
	ended, end := context.WithCancel(t.Context())
	end()
	if err := e.Warm(ended, all, func(int) { t.Error("Warm told of a workspace done") }); !errors.Is(err, context.Canceled) {
		t.Errorf("Warm: %v, want the context's end", err)
	}
	if _, err := e.Head(ended, all[1]); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("Head of a closed workspace: %v, want Unavailable", err)
	}
	e.tasks.Wait()
	if n := e.openings.Load(); n != 1 {
		t.Errorf("%d workspaces were opened, want the one before", n)
	}
	h, err := e.Head(ended, all[0])
	if err != nil {
		t.Fatalf("Head of an open workspace, which needs no waiting: %v", err)
	}
	h.Release()
}

// Stopping in the middle opens no more than what is under way.
func TestWarmStopsInTheMiddle(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir()})
	defer e.Close()
	all := make([]hearth.Workspace, 40)
	for i := range all {
		all[i] = testWorkspace()
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := e.Warm(ctx, all, func(int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("Warm: %v, want the context's end", err)
	}
	e.tasks.Wait()
	if n := e.openings.Load(); n == 0 || n > 20 {
		t.Errorf("%d of 40 workspaces were opened", n)
	}
}
