package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	trimEvery    = 1000 // records between two trims of a log
	longestWrite = 5 * time.Second
	retry        = time.Second // after the store took nothing
)

// Run writes events to the store, within 200 ms or as soon as there are 256 of
// them, until ctx ends; then it writes the rest and returns nil.
func (l *Ledger) Run(ctx context.Context) error {
	l.trimAll(ctx)
	sweep := time.NewTicker(window / 6)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			l.finish(ctx)
			return nil
		case <-sweep.C:
			l.sweep(l.opts.Now().Add(-window))
			l.report(l.flush(ctx)) // also what the store did not take before
		case <-l.wake:
			l.pause(ctx, batchDelay, l.full)
			if err := l.flush(ctx); err != nil {
				l.report(err)
				l.pause(ctx, retry, nil)
			}
		}
	}
}

// pause returns after d, or sooner when ctx or enough ends it.
func (l *Ledger) pause(ctx context.Context, d time.Duration, enough <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-enough:
	}
}

func (l *Ledger) finish(ctx context.Context) {
	l.sweep(l.opts.Now())
	l.report(l.flush(ctx))
}

// sweep writes down the classes of events begun before t.
func (l *Ledger) sweep(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.classes.close(t) {
		l.enqueue(e)
	}
}

// flush writes all that is queued. When it returns nil, every event recorded
// before the call is in the store. Events that the store did not take go back
// into the queue. A write that has begun is not given up with ctx, for then
// nobody would know whether it has to be repeated.
func (l *Ledger) flush(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestWrite)
	defer cancel()
	for {
		batch := l.take()
		if len(batch) == 0 {
			return nil
		}
		if rest, err := l.write(ctx, batch); err != nil {
			l.putBack(rest)
			return err
		}
	}
}

func (l *Ledger) take() []hearth.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.queue), batchSize)
	batch := l.queue[:n:n]
	l.queue = l.queue[n:]
	for _, e := range batch {
		l.queued -= sizeOf(e)
	}
	if len(l.queue) == 0 {
		l.queue = nil // let go of the array
	}
	return batch
}

func (l *Ledger) putBack(batch []hearth.Event) {
	l.metrics.failures.Inc()
	l.mu.Lock()
	defer l.mu.Unlock()
	later := l.queue
	l.queue, l.queued = nil, 0
	for _, e := range append(batch, later...) {
		l.add(e)
	}
}

// write appends a batch to the logs it belongs to; rest is what was not
// written. It needs l.writing.
func (l *Ledger) write(ctx context.Context, batch []hearth.Event) (rest []hearth.Event, err error) {
	for _, log := range logs {
		var records []store.Record
		rest = nil
		for _, e := range batch {
			if logOf(e.Kind) == log {
				records = append(records, recordOf(e))
			} else {
				rest = append(rest, e)
			}
		}
		if err := l.appendTo(ctx, log, records); err != nil {
			return batch, err
		}
		batch = rest
	}
	return nil, nil
}

func (l *Ledger) appendTo(ctx context.Context, log string, records []store.Record) error {
	if len(records) == 0 {
		return nil
	}
	if err := l.opts.Store.AppendLog(ctx, log, records); err != nil {
		return fmt.Errorf("write %d events: %w", len(records), err)
	}
	if l.untrim[log] += len(records); l.untrim[log] >= trimEvery {
		l.trim(ctx, log)
	}
	return nil
}

func (l *Ledger) trimAll(ctx context.Context) {
	l.writing.Lock()
	defer l.writing.Unlock()
	for _, log := range logs {
		l.trim(ctx, log)
	}
}

// trim needs l.writing. A log that could not be trimmed is tried again later.
func (l *Ledger) trim(ctx context.Context, log string) {
	if err := l.opts.Store.TrimLog(ctx, log, l.opts.Keep); err != nil {
		l.report(fmt.Errorf("trim %s: %w", log, err))
		return
	}
	l.untrim[log] = 0
}

func (l *Ledger) report(err error) {
	if err != nil {
		l.opts.Log.Error("ledger", "err", err)
	}
}
