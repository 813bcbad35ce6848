package embedded

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

// A phase says what an engine still begins: openings while it is running,
// closings until it is closed.
type phase int

const (
	running phase = iota
	closing
	closed
)

// begin counts a task that Close waits for; false from that phase on. After the
// last one nothing is counted any more, so that Close can wait for the rest.
func (e *Engine) begin(until phase) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase >= until {
		return false
	}
	e.tasks.Add(1)
	return true
}

func (e *Engine) is(p phase) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.phase == p
}

// closePatience is how long Close waits for a pinned workspace.
const closePatience = 30 * time.Second

// Close implements engine.Engine. A workspace that stays pinned for half a
// minute is left as it is, which loses nothing, and reported.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.phase != running {
		e.mu.Unlock()
		return nil
	}
	e.phase = closing
	close(e.stop)
	e.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), e.opts.patience)
	defer cancel()
	err := e.closeAll(ctx)
	e.mu.Lock()
	e.phase = closed
	e.mu.Unlock()
	e.tasks.Wait()
	return errors.Join(err, e.lock.Release())
}

func (e *Engine) closeAll(ctx context.Context) error {
	var (
		wg   sync.WaitGroup
		gate = make(chan struct{}, 2*runtime.GOMAXPROCS(0))
		all  = e.snapshot()
		errs = make([]error, len(all))
	)
	for i, s := range all {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			errs[i] = s.shut(ctx)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
