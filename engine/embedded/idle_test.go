package embedded

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// Closed workspaces are not looked at: a thousand of them cost what none do,
// with a second's look and with a minute's.
func TestClosedWorkspacesAreLeftAlone(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir(), Profile: hearth.AWSStrict, Limits: func(hearth.WorkspaceID) (hearth.Limits, bool) {
		t.Error("the limits of a closed workspace were asked for")
		return hearth.Limits{}, false
	}})
	defer e.Close()
	for range 1000 {
		s, err := e.space(hearth.NewWorkspaceID())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(s.dir, dirMode); err != nil {
			t.Fatal(err)
		}
	}
	e.look() // the first one finishes what an earlier process left
	for name, tick := range map[string]func(){"look": e.look, "everyMinute": e.everyMinute} {
		if n := testing.AllocsPerRun(10, tick); n > 10 {
			t.Errorf("%s allocates %.0f times", name, n)
		}
	}
}

// In the strict profile a closed workspace loses what is past its retention, too.
func TestClosedWorkspacesExpire(t *testing.T) {
	c := &clock{t: time.UnixMilli(0).Add(13 * time.Hour)}
	dir, ws := t.TempDir(), testWorkspace()
	ws.Limits.Retention = 24 * time.Hour
	e := openEngine(t, Options{Dir: dir, Now: c.now, Profile: hearth.AWSStrict, Limits: func(hearth.WorkspaceID) (hearth.Limits, bool) {
		return ws.Limits, true
	}})
	defer e.Close()
	writeHours(t, e, ws, 12)
	upkeepNow(t, e, ws)
	<-e.snapshot()[0].closeIfIdle(c.now().Add(time.Hour)).done
	blocks := func() int {
		found, _ := filepath.Glob(filepath.Join(dir, string(ws.ID), "01*"))
		return len(found)
	}
	before := blocks()
	e.everyMinute()
	if e.tasks.Wait(); before == 0 || blocks() != before || isOpen(t, e, ws) {
		t.Fatalf("%d blocks, then %d before any is past the retention", before, blocks())
	}
	c.advance(48 * time.Hour)
	e.everyMinute()
	waitFor(t, "the blocks go", func() bool { return blocks() == 0 })
}
