package embedded

import (
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A deletion is forgotten when nobody has asked for the workspace for a while,
// and not while its files are there.
func TestDeletionsAreForgotten(t *testing.T) {
	c := &clock{t: time.Unix(1_700_000_000, 0)}
	e := openEngine(t, Options{Dir: t.TempDir(), Now: c.now})
	defer e.Close()
	asked, held := testWorkspace(), testWorkspace()
	for range 100 {
		if err := e.Delete(t.Context(), hearth.NewWorkspaceID()); err != nil {
			t.Fatal(err)
		}
	}
	h := pinHead(t, e, held)
	late := make(chan error, 1)
	go func() { late <- e.Delete(t.Context(), held.ID) }()
	waitFor(t, "the deletion of a workspace in use begins", func() bool { return len(e.snapshot()) == 1 && e.snapshot()[0].doomed() })
	if err := e.Delete(t.Context(), asked.ID); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.advance(forgetAfter - time.Minute)
		e.everyMinute()
		for _, ws := range []hearth.Workspace{asked, held} {
			if _, err := e.Head(t.Context(), ws); hearth.KindOf(err) != hearth.NotFound {
				t.Errorf("Head of a deleted workspace: %v, want NotFound", err)
			}
		}
	}
	if n := len(e.deleted); n != 2 {
		t.Errorf("%d deletions are remembered, want that of the workspace asked for and that under way", n)
	}
	h.Release()
	if err := <-late; err != nil {
		t.Error(err)
	}
	c.advance(2 * forgetAfter)
	e.everyMinute()
	if n := len(e.deleted); n != 0 {
		t.Errorf("%d deletions are remembered, want none", n)
	}
}
