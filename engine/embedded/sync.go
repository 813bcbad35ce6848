package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// A groupSync brings committed samples to disk. A commit waits for an fsync
// that began after its samples were written; commits that wait at the same time
// share one, and while one runs the next group gathers.
type groupSync struct {
	logs [2]*tail // the log and the log of late samples
	turn chan struct{}
	took func(time.Duration) // observes a round

	mu   sync.Mutex
	next *round
}

type round struct {
	done    chan struct{}
	err     error // readable once done is closed
	commits int   // that wait for it; under groupSync.mu
}

// newGroupSync is called before anything is appended.
func newGroupSync(dir string, e *Engine) (*groupSync, error) {
	g := &groupSync{
		turn: make(chan struct{}, 1),
		took: func(d time.Duration) { e.metrics.fsync.Observe(d.Seconds()) },
		logs: [2]*tail{
			{dir: filepath.Join(dir, "wal"), sync: e.opts.syncFile},
			{dir: filepath.Join(dir, wlog.WblDirName), sync: e.opts.syncFile},
		},
	}
	return g, errors.Join(g.logs[0].open(true), g.logs[1].open(true))
}

// wait returns once all that was written before the call is on disk.
func (g *groupSync) wait() error {
	r := g.join()
	select {
	case <-r.done:
		return r.err
	case g.turn <- struct{}{}:
	}
	defer func() { <-g.turn }()
	if g.lead(r) {
		start := time.Now()
		r.err = errors.Join(g.logs[0].flush(), g.logs[1].flush())
		g.took(time.Since(start))
		close(r.done)
	}
	<-r.done
	return r.err
}

// join returns the round that has not begun.
func (g *groupSync) join() *round {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		g.next = &round{done: make(chan struct{})}
	}
	g.next.commits++
	return g.next
}

// lead closes r to others; false if somebody led it already.
func (g *groupSync) lead(r *round) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next != r {
		return false
	}
	g.next = nil
	return true
}

func (g *groupSync) close() error { return errors.Join(g.logs[0].close(), g.logs[1].close()) }

// A tail follows the last segment of a log that the TSDB writes, by a file
// handle of its own. One goroutine uses it at a time.
type tail struct {
	dir  string
	sync func(*os.File) error
	f    *os.File // nil until the log is there
	n    int
}

// flush syncs the segments written since the last call.
func (t *tail) flush() error {
	if t.f == nil {
		if err := t.open(false); err != nil || t.f == nil {
			return err
		}
	}
	for {
		// The next segment is made when this one is complete, so look for it
		// before syncing: what comes after belongs to it.
		next, err := os.Open(wlog.SegmentName(t.dir, t.n+1))
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := t.sync(t.f); err != nil {
			return errors.Join(err, closeIfOpen(next))
		}
		if next == nil {
			return nil
		}
		if err := errors.Join(t.f.Close(), SyncDir(t.dir)); err != nil {
			return errors.Join(err, closeIfOpen(next))
		}
		t.f, t.n = next, t.n+1
	}
}

func closeIfOpen(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}

// open takes the log's last segment, or its first one if the log was made after
// the workspace was opened. A log that is not there is no error.
func (t *tail) open(last bool) error {
	from, to, err := wlog.Segments(t.dir)
	if os.IsNotExist(err) || err == nil && to < 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if t.n = from; last {
		t.n = to
	}
	if t.f, err = os.Open(wlog.SegmentName(t.dir, t.n)); err != nil {
		return err
	}
	above := filepath.Dir(t.dir)
	return errors.Join(SyncDir(t.dir), SyncDir(above), SyncDir(filepath.Dir(above)))
}

func (t *tail) close() error {
	if t.f == nil {
		return nil
	}
	return t.f.Close()
}

// SyncDir makes the names in a directory durable: they survive a power cut.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
