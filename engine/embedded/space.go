package embedded

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hearth-metrics/hearth"
)

// reopenAfter is how long a workspace that could not be opened is left alone.
const reopenAfter = 5 * time.Second

// A space is the engine's entry for one workspace, open or closed. Closed, it
// is all that the workspace costs.
type space struct {
	e   *Engine
	id  hearth.WorkspaceID
	dir string

	samples atomic.Uint64 // appended since the process started
	lastUse atomic.Int64  // nanoseconds
	freed   chan struct{} // gets a token when the last pin goes

	mu       sync.Mutex
	change   *change   // the opening or closing under way
	live     *live     // nil while closed
	oldest   int64     // while closed, the end of the oldest block in milliseconds; 0 if none is known
	lull     time.Time // when users were last held back for a reopening
	deleting bool
	failure  error // of the last opening, until retryAt
	retryAt  time.Time
}

// A change is an opening or a closing that others wait for.
type change struct {
	done chan struct{}
	err  error // readable once done is closed
}

func newSpace(e *Engine, id hearth.WorkspaceID) *space {
	return &space{e: e, id: id, dir: e.dirOf(id), freed: make(chan struct{}, 1)}
}

// acquire pins the workspace, opening it if it is closed: but not once ctx ended.
func (s *space) acquire(ctx context.Context, limits hearth.Limits) (*live, error) {
	for {
		l, c, err := s.pin(ctx, limits)
		if err != nil || l != nil {
			return l, err
		}
		if err := c.wait(ctx, s.id); err != nil {
			return nil, err
		}
	}
}

// wait returns when the change is over; an error if it failed or ctx ended.
func (c *change) wait(ctx context.Context, id hearth.WorkspaceID) error {
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return unavailable(id, "the workspace is still being opened", ctx.Err())
	}
}

// pin returns the pinned workspace, or the change to wait for.
func (s *space) pin(ctx context.Context, limits hearth.Limits) (*live, *change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.e.now()
	switch {
	case s.deleting:
		return nil, nil, notFound(s.id)
	case s.change != nil:
		return nil, s.change, nil
	case s.live != nil && s.live.wantsReopening():
		c, err := s.startClosing()
		return nil, c, err
	case s.live != nil && s.live.outgrown() && now.Sub(s.lull) >= lullEvery:
		return nil, s.startLull(now), nil
	case s.live != nil:
		s.live.pins.Add(1)
		s.lastUse.Store(now.UnixNano())
		return s.live, nil, nil
	case s.failure != nil && now.Before(s.retryAt):
		return nil, nil, s.failure
	case ctx.Err() != nil:
		return nil, nil, unavailable(s.id, "the workspace is not open, and its caller has given up", ctx.Err())
	}
	return s.startOpening(limits)
}

// pinIfOpen pins the workspace without opening it and without counting as use.
func (s *space) pinIfOpen() *live {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || s.change != nil || s.deleting {
		return nil
	}
	s.live.pins.Add(1)
	return s.live
}

// startOpening is called with mu held. The opening runs by itself, so that a
// caller who gives up does not spoil it for the others.
func (s *space) startOpening(limits hearth.Limits) (*live, *change, error) {
	if !s.e.begin(closing) {
		return nil, nil, stopping(s.id)
	}
	c := &change{done: make(chan struct{})}
	s.change = c
	go func() {
		defer s.e.tasks.Done()
		l, err := s.open(limits)
		s.settle(c, l, err)
	}()
	return nil, c, nil
}

// A workspace that has outgrown its tables should be opened anew soon, while that
// is quick, and its users leave it no moment for it. So they are held back for a
// moment, now and then, and only so long: one of them may wait for another.
const (
	lullLasts = 50 * time.Millisecond
	lullEvery = time.Second
)

// startLull is called with mu held. The change it returns ends by itself.
func (s *space) startLull(now time.Time) *change {
	c := &change{done: make(chan struct{})}
	s.lull, s.change = now, c
	time.AfterFunc(lullLasts, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.change = nil
		if s.live.wantsReopening() {
			_, _ = s.startClosing() // a closed engine leaves it as it is
		}
		close(c.done)
	})
	return c
}

// open waits for its turn.
func (s *space) open(limits hearth.Limits) (*live, error) {
	leave, ok := s.e.entrance.enter(readSize(s.dir).Series, s.e.stop)
	if !ok {
		return nil, stopping(s.id)
	}
	defer leave()
	if s.doomed() {
		return nil, notFound(s.id)
	}
	if err := s.e.takeSlot(s); err != nil {
		return nil, err
	}
	start := time.Now()
	l, err := openLive(s, limits)
	if err != nil {
		s.e.freeSlot(s)
		s.e.log.Error("open workspace", "workspace", s.id, "err", err)
		return nil, err
	}
	s.e.metrics.opening.Observe(time.Since(start).Seconds())
	return l, nil
}

func (s *space) doomed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deleting
}

// settle ends an opening.
func (s *space) settle(c *change, l *live, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.e.now()
	s.live, s.change, s.failure = l, nil, err
	s.retryAt = now.Add(reopenAfter)
	if hearth.KindOf(err) == hearth.Unavailable {
		s.retryAt = now
	}
	s.lastUse.Store(now.UnixNano())
	c.err = err
	close(c.done)
}

// startClosing is called with mu held, on a workspace that nothing pins.
func (s *space) startClosing() (*change, error) {
	if !s.e.begin(closed) {
		return nil, stopping(s.id)
	}
	c, l := &change{done: make(chan struct{})}, s.live
	s.change = c
	go func() {
		defer s.e.tasks.Done()
		if err := l.close(); err != nil {
			s.e.log.Error("close workspace", "workspace", s.id, "err", err)
		}
		s.e.freeSlot(s)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.live, s.change, s.oldest = nil, nil, l.size.OldestBlock
		close(c.done)
	}()
	return c, nil
}

// closeIfIdle starts closing a workspace that nothing pins and nobody used
// since before; it returns nil if there is nothing to close.
func (s *space) closeIfIdle(before time.Time) *change {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || s.change != nil || s.live.pins.Load() > 0 || s.lastUse.Load() >= before.UnixNano() {
		return nil
	}
	c, _ := s.startClosing() // the engine is closed: nor is there anything to close
	return c
}

// shut waits until nothing pins the workspace and closes it.
func (s *space) shut(ctx context.Context) error {
	for {
		c, shut, err := s.tryShut()
		if shut || err != nil {
			return err
		}
		wait := s.freed
		var done chan struct{}
		if c != nil {
			wait, done = nil, c.done
		}
		select {
		case <-done:
		case <-wait:
			s.passOn()
		case <-ctx.Done():
			return fmt.Errorf("close workspace %s: still in use: %w", s.id, ctx.Err())
		}
	}
}

// tryShut returns shut true once the workspace is closed, else what to wait
// for: a change, or nil for the last pin.
func (s *space) tryShut() (c *change, shut bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.change != nil:
		return s.change, false, nil
	case s.live == nil:
		return nil, true, nil
	case s.live.pins.Load() > 0:
		return nil, false, nil
	}
	s.live.warm = true
	c, err = s.startClosing()
	return c, false, err
}

// passOn hands the token to whoever else waits for it, if pins allow.
func (s *space) passOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || s.live.pins.Load() == 0 {
		s.lastPinGone()
	}
}

func (s *space) lastPinGone() {
	select {
	case s.freed <- struct{}{}:
	default:
	}
}
