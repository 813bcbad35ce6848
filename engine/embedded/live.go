package embedded

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// A live workspace is one whose TSDB is open.
type live struct {
	space *space
	e     *Engine
	db    *tsdb.DB
	head  *tsdb.Head

	sizeMu sync.Mutex
	size   size   // as recorded on disk
	opened uint64 // how many series it had then

	pins    atomic.Int64 // heads, appenders and queriers that use it
	broken  atomic.Pointer[hearth.Error]
	series  *series
	late    late
	clock   writeClock
	starts  starts
	sync    *groupSync // nil unless durable to disk
	meta    metadataLog
	warm    bool // to be opened again when the engine starts
	upkeep  sync.Mutex
	queued  atomic.Bool // for upkeep
	limits  atomic.Pointer[hearth.Limits]
	storeMu sync.Mutex // guards what applies to the TSDB: window and exemplars

	exemplars exemplarRoom

	localMu sync.Mutex
	local   any
}

// openLive opens the workspace's TSDB, putting damaged files aside.
func openLive(s *space, limits hearth.Limits) (*live, error) {
	l := &live{space: s, e: s.e, size: readSize(s.dir)}
	l.limits.Store(&limits)
	l.meta.init(l)
	db, err := l.openDB(limits)
	if err != nil {
		return nil, fmt.Errorf("open the samples of workspace %s: %w", s.id, err)
	}
	l.db, l.head = db, db.Head()
	l.clock.start(s.e.openings.Add(1), db)
	db.DisableCompactions() // upkeep does it, a few workspaces at a time
	if err := s.e.shared.slim(db); err != nil {
		s.e.log.Warn("workspace keeps metrics of its own", "workspace", s.id, "err", err)
	}
	if l.late.log.Load() {
		l.slimLateLog()
	}
	l.series.replaying.Store(false)
	l.opened = uint64(l.size.Series)
	l.applyToDB(limits)
	l.keepSize(func(z *size) { z.Clean, z.Warm = false, true })
	if s.e.opts.Durability == Process {
		return l, nil
	}
	if l.sync, err = newGroupSync(s.dir, s.e); err != nil {
		return nil, errors.Join(fmt.Errorf("follow the log of workspace %s: %w", s.id, err), l.close())
	}
	return l, nil
}

// unpin undoes one pin.
func (l *live) unpin() {
	if l.pins.Add(-1) == 0 {
		l.space.lastPinGone()
	}
}

// used undoes the pin of a user: the workspace is idle from now on at the
// earliest.
func (l *live) used() {
	l.space.lastUse.Store(l.e.now().UnixNano())
	l.unpin()
}

// fail makes the workspace refuse appends until it was opened anew: what is in
// memory and what is in the log may differ from here on.
func (l *live) fail(doing string, err error) *hearth.Error {
	l.e.metrics.commitFailures.Inc()
	refusal := &hearth.Error{
		Kind: hearth.Unavailable, Resource: string(l.space.id), RetryAfter: 5 * time.Second,
		Msg: "samples cannot be stored now: writing to disk failed", Err: fmt.Errorf("%s: %w", doing, err),
	}
	if l.broken.CompareAndSwap(nil, refusal) {
		l.e.log.Error("workspace refuses samples until it is opened anew", "workspace", l.space.id, "err", refusal.Err)
		l.e.report(l.space.id, "samples are refused: "+doing+" failed",
			hearth.Detail{Name: hearth.DetailError, Value: err.Error()})
	}
	return refusal
}

// wantsReopening tells whether the workspace should be opened anew and can be:
// it failed, or it has outgrown its tables.
func (l *live) wantsReopening() bool {
	return (l.broken.Load() != nil || l.outgrown()) && l.pins.Load() == 0 && !l.e.disk.check()
}

// close is called once nothing pins the workspace.
func (l *live) close() error {
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	failed := l.broken.Load() != nil
	now := l.stats()
	err := errors.Join(l.db.Close(), l.meta.close())
	if l.sync != nil {
		err = errors.Join(err, l.sync.close())
	}
	l.keepSize(func(z *size) {
		z.take(now)
		z.Clean, z.Warm = err == nil && !failed, l.warm
	})
	return err
}

// adopt takes over limits that changed.
func (l *live) adopt(limits hearth.Limits) {
	if was := l.limits.Load(); sameLimits(was, &limits) {
		return
	}
	l.storeMu.Lock()
	was := l.limits.Swap(&limits)
	l.storeMu.Unlock()
	if was.OutOfOrderWindow != limits.OutOfOrderWindow {
		l.applyToDB(limits)
	}
	if sameLabelSets(was.LabelSets, limits.LabelSets) {
		l.series.setMax(limits)
		return
	}
	l.upkeep.Lock() // no series is collected meanwhile
	defer l.upkeep.Unlock()
	if err := l.series.recount(l.head, limits); err != nil {
		l.e.log.Error("count series by label set", "workspace", l.space.id, "err", err)
	}
}

// applyToDB sets the out-of-order window and the room for exemplars. The log of
// late samples is not made here, but when the first one comes.
func (l *live) applyToDB(limits hearth.Limits) {
	l.storeMu.Lock()
	defer l.storeMu.Unlock()
	l.head.ApplyConfig(l.dbConfig(limits), nil)
}

func (l *live) dbConfig(limits hearth.Limits) *config.Config {
	return &config.Config{StorageConfig: config.StorageConfig{
		TSDBConfig:      &config.TSDBConfig{OutOfOrderTimeWindow: limits.OutOfOrderWindow.Milliseconds()},
		ExemplarsConfig: &config.ExemplarsConfig{MaxExemplars: l.exemplars.size.Load()},
	}}
}

// seriesDropped tells the write path which references died.
func (l *live) seriesDropped(refs []storage.SeriesRef) {
	l.localMu.Lock()
	local := l.local
	l.localMu.Unlock()
	if d, ok := local.(interface{ SeriesDropped([]storage.SeriesRef) }); ok {
		d.SeriesDropped(refs)
	}
}

func (l *live) stats() engine.Stats {
	st := engine.Stats{
		ActiveSeries:          int64(l.head.NumSeries()),
		NativeHistogramSeries: int64(l.head.NumNativeHistogramSeries()),
		LabelSets:             l.series.bySet(),
		Samples:               l.space.samples.Load(),
		DiskBytes:             dirBytes(l.space.dir),
		Open:                  true,
	}
	st.MinTime, st.MaxTime = timeRange(l.db)
	return st
}

// timeRange covers blocks and head.
func timeRange(db *tsdb.DB) (mint, maxt int64) {
	h := db.Head()
	mint, maxt = min(h.MinTime(), h.MinOOOTime()), max(h.MaxTime(), h.MaxOOOTime())
	for _, b := range db.Blocks() {
		mint, maxt = min(mint, b.MinTime()), max(maxt, b.MaxTime()-1)
	}
	return mint, maxt
}
