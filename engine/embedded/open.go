package embedded

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/hearth-metrics/hearth"
)

const (
	blockRange = 2 * time.Hour
	// reloadEvery is how often the TSDB looks for blocks past their retention,
	// besides after each compaction.
	reloadEvery = 30 * time.Minute
	// many series make a workspace big: it gets tables that are fast, where a
	// small one gets tables that are small.
	many = 10_000
)

// dbOptions fits the TSDB to what the workspace held when it was last open. See
// docs/decisions/0031-embedded-engine.md for the measurements behind each.
func (l *live) dbOptions(limits hearth.Limits) *tsdb.Options {
	o := tsdb.DefaultOptions()
	o.NoLockfile = true // one lock guards the whole directory
	o.StripeSize = stripes(l.size.Series)
	o.WALSegmentSize = 32 << 20
	o.WALReplayConcurrency = runtime.GOMAXPROCS(0)
	o.WALCompression = compression.Snappy
	if l.size.Series < many {
		o.WALSegmentSize = 4 << 20
		o.WALReplayConcurrency = 1
		o.WALCompression = compression.None // it keeps a buffer as big as the biggest record
	}
	o.HeadChunksWriteBufferSize = 64 << 10 // the least it takes
	o.IsolationDisabled = true
	o.MinBlockDuration = blockRange.Milliseconds()
	o.MaxBlockDuration = longestBlock(limits.Retention).Milliseconds()
	o.BlocksToDelete = l.expired
	o.BlockReloadInterval = reloadEvery
	// Series loaded from a snapshot lie scattered in memory, and each later sample
	// of a big workspace costs three times as much.
	o.EnableMemorySnapshotOnShutdown = l.size.Series < many
	o.EnableExemplarStorage = true
	o.MaxExemplars = l.exemplars.size.Load()
	o.EnableSTAsZeroSample = true
	o.SeriesLifecycleCallback = l.series
	o.NewCompactorFunc = l.e.shared.newCompactor
	if l.late.eager(l.space.dir, limits) {
		o.OutOfOrderTimeWindow = limits.OutOfOrderWindow.Milliseconds()
	}
	if l.e.opts.tune != nil {
		l.e.opts.tune(o)
	}
	return o
}

// stripes returns how finely to divide the series table: a power of two. A
// stripe costs a quarter of a KB; too few cost time for every sample.
func stripes(series int64) int {
	switch {
	case series >= many:
		return tsdb.DefaultStripeSize
	case series >= many/10:
		return 512
	}
	return 32
}

// outgrown tells whether the workspace has so many more series than when it was
// opened that opening it anew, which takes a moment, pays.
func (l *live) outgrown() bool {
	return l.opened < many && l.head.NumSeries() >= many+many/2
}

// longestBlock is a tenth of the retention, as Prometheus has it: a block goes
// only when all of it is past.
func longestBlock(retention time.Duration) time.Duration {
	const longest = 31 * 24 * time.Hour
	if retention <= 0 {
		return longest
	}
	return min(max(retention/10, blockRange), longest)
}

func (s *sharedMetrics) newCompactor(ctx context.Context, _ prometheus.Registerer, log *slog.Logger, ranges []int64, pool chunkenc.Pool, o *tsdb.Options) (tsdb.Compactor, error) {
	return tsdb.NewLeveledCompactorWithOptions(ctx, nil, log, ranges, pool, tsdb.LeveledCompactorOptions{
		MaxBlockChunkSegmentSize:    o.MaxBlockChunkSegmentSize,
		EnableOverlappingCompaction: o.EnableOverlappingCompaction,
		Metrics:                     s.compactor,
	})
}

// openDB opens the TSDB. What it would delete in order to repair is put back
// and repaired with less loss, or else kept in quarantine.
func (l *live) openDB(limits hearth.Limits) (*tsdb.DB, error) {
	r := newRescue(l.e, l.space.id, l.space.dir)
	if err := r.prepare(!l.size.Clean); err != nil {
		return nil, err
	}
	if l.size.Series >= many {
		if err := r.dropSnapshots(func(string) bool { return true }); err != nil {
			return nil, err
		}
	}
	l.exemplars.size.Store(l.size.Exemplars)
	log := l.e.log.With("workspace", l.space.id)
	for try := 0; ; try++ {
		if err := r.stage(); err != nil {
			return nil, err
		}
		l.series = newSeries(limits, l.seriesDropped)
		db, err := tsdb.Open(l.space.dir, tsdbLog(log), &l.late.failed, l.dbOptions(limits), nil)
		if err == nil && (try > 0 || !r.lostLog()) {
			l.late.log.Store(l.late.failed.found.Load() != nil)
			return db, r.settle()
		}
		if err != nil && (try == repairs || outside(err)) {
			return nil, errors.Join(err, r.restore())
		}
		log.Warn("workspace did not open as it is: repairing", "err", err, "try", try)
		if db != nil {
			if err := db.Close(); err != nil {
				log.Warn("workspace did not close well before its repair", "err", err)
			}
		}
		if err := errors.Join(r.restore(), r.repair(try)); err != nil {
			return nil, err
		}
	}
}

// outside tells whether err comes from the machine rather than from the files,
// so that repairing them would be wrong.
func outside(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EACCES, syscall.EROFS, os.ErrPermission} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// expired chooses the blocks whose samples are all past the retention. In the
// local profile the retention counts back from the newest sample, so that what
// is backfilled stays; in the strict one from the clock, as on AWS.
func (l *live) expired(blocks []*tsdb.Block) map[ulid.ULID]struct{} {
	gone := map[ulid.ULID]struct{}{}
	cutoff, limited := l.cutoff(blocks)
	for _, b := range blocks {
		m := b.Meta()
		if m.Compaction.Deletable || limited && m.MaxTime <= cutoff {
			gone[m.ULID] = struct{}{}
		}
	}
	return gone
}

func (l *live) cutoff(blocks []*tsdb.Block) (ms int64, limited bool) {
	retention := l.limits.Load().Retention
	if retention <= 0 {
		return 0, false
	}
	from := l.e.now().UnixMilli()
	if l.e.opts.Profile != hearth.AWSStrict {
		from = min(from, l.newest(blocks))
	}
	return from - retention.Milliseconds(), true
}

// newest is the time of the newest sample. While the TSDB is being opened its
// head is not there yet, and the recorded time stands in.
func (l *live) newest(blocks []*tsdb.Block) int64 {
	t := l.size.MaxTime
	if l.head != nil {
		t = max(l.head.MaxTime(), l.head.MaxOOOTime())
	}
	for _, b := range blocks {
		t = max(t, b.Meta().MaxTime)
	}
	return t
}

// oldestBlock returns the end of the oldest block, 0 if there is none.
func oldestBlock(db *tsdb.DB) (t int64) {
	for i, b := range db.Blocks() {
		if m := b.Meta().MaxTime; i == 0 || m < t {
			t = m
		}
	}
	return t
}
