package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// A door stops openings half-way until they are let through.
type door struct {
	let        chan struct{}
	inside, at atomic.Int64 // now, and at most ever
}

// stop is Options.tune for the workspaces that which chooses.
func (d *door) stop(which func(*tsdb.Options) bool) func(*tsdb.Options) {
	return func(o *tsdb.Options) {
		if !which(o) {
			return
		}
		n := d.inside.Add(1)
		for was := d.at.Load(); n > was && !d.at.CompareAndSwap(was, n); was = d.at.Load() {
		}
		<-d.let
		d.inside.Add(-1)
	}
}

func every(*tsdb.Options) bool { return true }

func big(o *tsdb.Options) bool { return o.StripeSize == tsdb.DefaultStripeSize }

// openAll asks for every workspace at once; the function returned waits.
func openAll(ctx context.Context, e *Engine, all []hearth.Workspace) (wait func() error) {
	var wg sync.WaitGroup
	errs := make([]error, len(all))
	for i, ws := range all {
		wg.Go(func() {
			h, err := e.Head(ctx, ws)
			if errs[i] = err; err == nil {
				h.Release()
			}
		})
	}
	return func() error { wg.Wait(); return errors.Join(errs...) }
}

func openingsUnderWay(e *Engine) (n int) {
	for _, s := range e.snapshot() {
		s.mu.Lock()
		if s.change != nil {
			n++
		}
		s.mu.Unlock()
	}
	return n
}

// After a restart all senders come at once; their workspaces open a few at a
// time, those being warmed included.
func TestOpeningsAreFewAtOnce(t *testing.T) {
	d := &door{let: make(chan struct{})}
	e := openEngine(t, Options{Dir: t.TempDir(), tune: d.stop(every)})
	defer e.Close()
	all := make([]hearth.Workspace, 12)
	for i := range all {
		all[i] = testWorkspace()
	}
	wait := openAll(t.Context(), e, all[:10])
	warmed := make(chan error, 1)
	go func() { warmed <- e.Warm(t.Context(), all[10:], nil) }()
	waitFor(t, "all are asked for", func() bool { return openingsUnderWay(e) == len(all) })
	for range all {
		d.let <- struct{}{}
	}
	if err := errors.Join(wait(), <-warmed); err != nil {
		t.Fatal(err)
	}
	if most := int64(cap(e.entrance.all)); most < 2 || d.at.Load() > most {
		t.Errorf("%d workspaces were opened at once, want at most %d", d.at.Load(), most)
	}
}

// A small workspace does not wait until big ones are open.
func TestSmallOpensBesideBig(t *testing.T) {
	d := &door{let: make(chan struct{})}
	dir := t.TempDir()
	e := openEngine(t, Options{Dir: dir, tune: d.stop(big)})
	defer e.Close()
	letIn := sync.OnceFunc(func() { close(d.let) })
	defer letIn()
	all := make([]hearth.Workspace, cap(e.entrance.all)+2)
	for i := range all {
		all[i] = testWorkspace()
		in := filepath.Join(dir, string(all[i].ID))
		if err := errors.Join(os.Mkdir(in, 0o700), (&size{Clean: true, Series: 1_000_000}).write(in)); err != nil {
			t.Fatal(err)
		}
	}
	wait := openAll(t.Context(), e, all)
	waitFor(t, "the big ones are asked for", func() bool { return openingsUnderWay(e) == len(all) && d.inside.Load() > 0 })
	small := openAll(t.Context(), e, []hearth.Workspace{testWorkspace()})
	done := make(chan error, 1)
	go func() { done <- small() }()
	waitFor(t, "the small one opens", func() bool { return len(done) == 1 })
	letIn()
	if err := errors.Join(<-done, wait()); err != nil {
		t.Error(err)
	}
}

// Who waits for a turn may give up, and nothing that waits delays the end.
func TestWaitingForATurnEnds(t *testing.T) {
	d := &door{let: make(chan struct{})}
	e := openEngine(t, Options{Dir: t.TempDir(), tune: d.stop(every)})
	most := cap(e.entrance.all)
	first := make([]hearth.Workspace, most)
	for i := range first {
		first[i] = testWorkspace()
	}
	opened := openAll(t.Context(), e, first)
	waitFor(t, "every turn is taken", func() bool { return d.inside.Load() == int64(most) })

	ctx, cancel := context.WithCancel(t.Context())
	hasty := openAll(ctx, e, []hearth.Workspace{testWorkspace()})
	patient := openAll(t.Context(), e, []hearth.Workspace{testWorkspace()})
	waitFor(t, "two more are asked for", func() bool { return openingsUnderWay(e) == most+2 })
	cancel()
	if err := hasty(); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that gave up: %v", err)
	}
	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	if err := patient(); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("waiting while the engine stops: %v, want Unavailable", err)
	}
	close(d.let)
	_ = opened() // or closed again before they saw it
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if n := e.openings.Load(); n != uint64(most) {
		t.Errorf("%d workspaces were opened, want %d", n, most)
	}
}

// A workspace that outgrew its tables gets bigger ones though its writers leave no
// moment in which none of them is there.
func TestOutgrownAmongBusyWriters(t *testing.T) {
	var bigOpenings atomic.Int64
	e := openEngine(t, Options{Dir: t.TempDir(), tune: func(o *tsdb.Options) {
		if big(o) {
			bigOpenings.Add(1)
		}
	}})
	defer e.Close()
	ws := testWorkspace()
	refs := make([]storage.SeriesRef, 2*many)
	held, err := e.Head(t.Context(), ws)
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(held, refs, 0, len(refs), 0, 1); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "tables of the right size", func() bool {
		next := make(chan engine.Head, 1)
		go func() {
			h, err := e.Head(t.Context(), ws)
			if err != nil {
				t.Error(err)
			}
			next <- h
		}()
		select { // the next comes before this one goes, unless it has to wait for that
		case h := <-next:
			held.Release()
			held = h
		case <-time.After(lullLasts / 5):
			held.Release()
			held = <-next
		}
		return bigOpenings.Load() > 0
	})
	held.Release()
	h := pinHead(t, e, ws)
	defer h.Release()
	if n := h.Stats().ActiveSeries; n != int64(len(refs)) {
		t.Errorf("%d series", n)
	}
}
