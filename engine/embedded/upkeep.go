package embedded

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hearth-metrics/hearth"
)

// How often Run looks after things.
const (
	lookEvery   = time.Second
	upkeepEvery = time.Minute
)

// Run closes idle workspaces, compacts, applies retention and changed limits,
// and watches the disk, until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for range e.opts.Compactions {
		g.Go(func() error { return e.upkeepWorker(ctx) })
	}
	g.Go(func() error {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		next := e.now()
		for {
			e.look()
			if now := e.now(); !now.Before(next) {
				e.everyMinute()
				next = now.Add(upkeepEvery)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
	return g.Wait()
}

// look does what is cheap: it checks the disk, closes what is idle or has to be
// opened anew, and finishes deletions.
func (e *Engine) look() {
	e.disk.check()
	before := e.now().Add(-e.opts.IdleAfter)
	for _, s := range e.opened() {
		s.closeIfIdle(before)
		s.closeIfBroken()
	}
	if err := e.finishDeletions(); err != nil {
		e.log.Warn("finish deletions", "err", err)
	}
}

func (s *space) closeIfBroken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live != nil && s.change == nil && s.live.wantsReopening() {
		_, _ = s.startClosing() // a closed engine leaves it as it is
	}
}

func (e *Engine) everyMinute() {
	e.queueUpkeep()
	e.expireClosed()
	e.forgetDeletions()
}

// queueUpkeep hands the open workspaces to the workers. One that is still
// queued, or for which there is no room, has its turn the next time.
func (e *Engine) queueUpkeep() {
	for _, s := range e.opened() {
		l := s.pinIfOpen()
		if l == nil {
			continue
		}
		if l.queued.CompareAndSwap(false, true) {
			select {
			case e.work <- s:
			default:
				l.queued.Store(false)
			}
		}
		l.unpin()
	}
}

func (e *Engine) upkeepWorker(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case s := <-e.work:
			e.upkeep(ctx, s)
		}
	}
}

// upkeep looks after one open workspace.
func (e *Engine) upkeep(ctx context.Context, s *space) {
	l := s.pinIfOpen()
	if l == nil {
		return
	}
	defer l.unpin()
	l.queued.Store(false)
	if e.opts.Limits != nil {
		if limits, ok := e.opts.Limits(s.id); ok {
			l.adopt(limits)
		}
	}
	l.tidy(ctx)
	st := l.stats()
	l.keepSize(func(z *size) { z.take(st) })
}

// bytesPerChunk bounds what a finished chunk takes on disk, for most.
const bytesPerChunk = 300

// tidy moves finished chunks out of memory and compacts what is ripe, if there
// is room on the disk for what that writes.
func (l *live) tidy(ctx context.Context) {
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	if l.broken.Load() != nil {
		return
	}
	if l.e.disk.room(l.head.NumSeries() * bytesPerChunk) {
		l.db.ForceHeadMMap()
	}
	if !l.ripe() || !l.e.disk.room(uint64(l.head.Size())) {
		return
	}
	if err := l.db.Compact(ctx); err != nil {
		if ctx.Err() == nil {
			l.e.metrics.compactionErrs.Inc()
			l.e.log.Error("compact workspace", "workspace", l.space.id, "err", err)
		}
		return
	}
	l.e.metrics.compactions.Inc()
}

// ripe tells whether the head spans so much time that its older part belongs
// into a block: the TSDB's own rule.
func (l *live) ripe() bool {
	mint, maxt := l.head.MinTime(), l.head.MaxTime()
	return mint <= maxt && maxt-mint > blockRange.Milliseconds()/2*3
}

// expireClosed opens the closed workspaces whose oldest block is past their
// retention by the clock: opening removes it. Only the strict profile counts by
// the clock, and only a limit known without the workspace's caller applies.
func (e *Engine) expireClosed() {
	if e.opts.Profile != hearth.AWSStrict || e.opts.Limits == nil {
		return
	}
	for _, s := range e.snapshot() {
		if err := s.expire(); err != nil {
			e.log.Warn("open a closed workspace for its retention", "workspace", s.id, "err", err)
		}
	}
}

func (s *space) expire() error {
	if !s.expirable() {
		return nil
	}
	limits, ok := s.e.opts.Limits(s.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	past := s.oldest <= s.e.now().Add(-limits.Retention).UnixMilli()
	if !ok || limits.Retention <= 0 || !past || s.live != nil || s.change != nil || s.deleting {
		return nil
	}
	_, _, err := s.startOpening(limits)
	return err
}

// expirable tells whether the workspace is closed and has a block.
func (s *space) expirable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oldest != 0 && s.live == nil && s.change == nil && !s.deleting && !s.e.now().Before(s.retryAt)
}
