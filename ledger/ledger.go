// Package ledger keeps what was refused, dropped or changed, and why, so that
// "hearth why" and the browser can explain it later.
//
// Invariants:
//   - Record never blocks and never fails its caller: what does not fit is
//     dropped and counted;
//   - the ledger is bounded on disk and in memory, and what strangers cause
//     (denials) cannot push out what happened to others;
//   - no session token is kept.
package ledger

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	defaultKeep = 100_000
	queueSize   = 8192 // events waiting to be written
	queueBytes  = 16 << 20
	batchSize   = 256 // written at once, without waiting longer
	batchDelay  = 200 * time.Millisecond
)

// Options is what a Ledger needs. Store is required.
type Options struct {
	Store   store.Store
	Keep    int                   // events kept of each log (denials, all others); 0: 100,000
	Now     func() time.Time      // time.Now unless a test says otherwise
	Log     *slog.Logger          // nil discards
	Metrics prometheus.Registerer // nil keeps the numbers private
}

// A Ledger is a hearth.Recorder that keeps what it is told. Its methods may be
// called concurrently.
type Ledger struct {
	opts    Options
	metrics *metrics

	mu      sync.Mutex
	queue   []hearth.Event
	queued  int // bytes in queue
	classes classes
	wake    chan struct{} // something is queued
	full    chan struct{} // a whole batch is queued

	writing sync.Mutex     // held while a batch is on its way to the store
	untrim  map[string]int // records written to a log since it was trimmed; guarded by writing
}

var _ hearth.Recorder = (*Ledger)(nil)

// New returns a Ledger. Until Run runs, events wait in its queue.
func New(o Options) *Ledger {
	if o.Keep <= 0 {
		o.Keep = defaultKeep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Ledger{
		opts:    o,
		metrics: newMetrics(o.Metrics),
		classes: newClasses(),
		wake:    make(chan struct{}, 1),
		full:    make(chan struct{}, 1),
		untrim:  map[string]int{},
	}
}

// Record takes e. Of many events alike within a minute, those after the first
// few are only counted.
func (l *Ledger) Record(e hearth.Event) {
	now := l.opts.Now()
	if e.Time.IsZero() {
		e.Time = now
	}
	e = fit(e)
	l.metrics.recorded(e.Kind)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.classes.collapse(e, now) {
		l.metrics.collapsed.Inc()
		return
	}
	l.enqueue(e)
}

// enqueue adds e and wakes Run. It needs l.mu.
func (l *Ledger) enqueue(e hearth.Event) {
	l.add(e)
	signal(l.wake)
	if len(l.queue) >= batchSize {
		signal(l.full)
	}
}

// add needs l.mu.
func (l *Ledger) add(e hearth.Event) {
	n := sizeOf(e)
	if len(l.queue) >= queueSize || l.queued+n > queueBytes {
		l.metrics.dropped.Inc()
		return
	}
	l.queue, l.queued = append(l.queue, e), l.queued+n
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
