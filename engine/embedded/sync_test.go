package embedded

import (
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// Commits that wait at the same time share an fsync.
func TestCommitsShareAnFsync(t *testing.T) {
	const writers = 40
	var (
		calls atomic.Int64
		gate  = make(chan struct{})
		first = make(chan struct{}, 1)
	)
	e := openEngine(t, Options{Dir: t.TempDir(), Durability: Disk, syncFile: func(f *os.File) error {
		if calls.Add(1) == 1 {
			first <- struct{}{}
			<-gate
		}
		return f.Sync()
	}})
	defer e.Close()
	all := testWorkspace()
	h := pinHead(t, e, all)
	defer h.Release()
	errs := make(chan error, writers+1)
	go func() { errs <- oneSample(h, "leader") }()
	<-first
	l := h.(*head).live
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { errs <- oneSample(h, string(rune('a'+i))) })
	}
	waitFor(t, "all commits wait", func() bool {
		l.sync.mu.Lock()
		defer l.sync.mu.Unlock()
		return l.sync.next != nil && l.sync.next.commits == writers
	})
	if n := l.head.NumSeries(); n != writers+1 {
		t.Errorf("%d series are written, want %d", n, writers+1)
	}
	if len(errs) != 0 {
		t.Error("a commit was acknowledged before its fsync")
	}
	close(gate)
	wg.Wait()
	for range writers + 1 {
		if err := <-errs; err != nil {
			t.Errorf("commit: %v", err)
		}
	}
	if n := calls.Load(); n != 2 {
		t.Errorf("%d commits took %d fsyncs, want 2", writers+1, n)
	}
}

// A commit whose fsync fails is refused, and so is all that follows until the
// workspace was opened anew.
func TestFailedFsyncIsNotAcknowledged(t *testing.T) {
	var broken atomic.Bool
	n := &notes{}
	e := openEngine(t, Options{Dir: t.TempDir(), Durability: Disk, Recorder: n, Log: silent(), syncFile: func(f *os.File) error {
		if broken.Load() && strings.Contains(f.Name(), "wal") {
			return errors.New("the disk is on fire")
		}
		return f.Sync()
	}})
	defer e.Close()
	ws := testWorkspace()
	h := pinHead(t, e, ws)
	if err := commitNumber(h, 1); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	if err := commitNumber(h, 2); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("commit without fsync: %v, want Unavailable", err)
	}
	broken.Store(false)
	if err := commitNumber(h, 3); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("commit after a failed fsync: %v, want Unavailable", err)
	}
	if got := floats(t, e, ws)["3"]; len(got) == 0 {
		t.Error("queries stopped with the appends")
	}
	h.Release()
	e.look()
	h = pinHead(t, e, ws)
	defer h.Release()
	if err := commitNumber(h, 4); err != nil {
		t.Errorf("commit after opening anew: %v", err)
	}
	if got := floats(t, e, ws)["3"]; len(got) < 2 {
		t.Errorf("samples %v, want commits 1 and 4 at least", got)
	}
	if len(n.files()) == 0 {
		t.Error("the ledger knows nothing of it")
	}
}
