package embedded

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/wlog"

	"github.com/hearth-metrics/hearth"
)

var errAppenderDone = errors.New("appender used after Commit or Rollback")

// late takes care of samples that come out of order. The TSDB keeps them in a
// second log, whose buffers cost every workspace 100 KB, while most never see
// such a sample. So the second log is made when the first one comes: the commit
// that brought it writes it into a block instead, before it is acknowledged.
//
// The TSDB only logs a failure to write the second log, and the first one does
// not bring these samples back; so the failure is read off its counter.
type late struct {
	mu     sync.RWMutex // read-locked by commits, locked to make the log
	log    atomic.Bool  // the second log is there
	failed failedWrites
}

// eagerWindow is the window from which on the second log is made at once: one
// that long is asked for in order to use it, and the first block would be many.
const eagerWindow = time.Hour

// eager tells whether the workspace is opened with the second log.
func (lt *late) eager(dir string, limits hearth.Limits) bool {
	left, err := os.ReadDir(filepath.Join(dir, wlog.WblDirName))
	return limits.OutOfOrderWindow > eagerWindow || err == nil && len(left) > 0
}

func (lt *late) commit(l *live, a storage.AppenderV2) error {
	lt.mu.RLock()
	logged := lt.log.Load()
	before := lt.failed.read(logged)
	err := a.Commit()
	after := lt.failed.read(logged)
	lt.mu.RUnlock()
	switch {
	case err != nil:
		return err
	case after > before:
		return errors.New("write samples that came out of order")
	case logged || l.head.MinOOOTime() == math.MaxInt64:
		return nil
	}
	return lt.store(l)
}

// store makes the second log and writes what is only in memory into a block.
func (lt *late) store(l *live) error {
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	lt.mu.Lock()
	if !lt.log.Load() {
		if err := l.makeLateLog(); err != nil {
			lt.mu.Unlock()
			return fmt.Errorf("make the log of late samples: %w", err)
		}
		lt.log.Store(true)
	}
	lt.mu.Unlock()
	if err := l.db.CompactOOOHead(context.Background()); err != nil {
		return fmt.Errorf("write late samples: %w", err)
	}
	return nil
}

func (l *live) makeLateLog() error {
	l.storeMu.Lock()
	defer l.storeMu.Unlock()
	if err := l.db.ApplyConfig(l.dbConfig(*l.limits.Load())); err != nil {
		return err
	}
	l.slimLateLog()
	return nil
}

// slimLateLog is best effort.
func (l *live) slimLateLog() {
	if err := l.e.shared.slimLateLog(l.db); err != nil {
		l.e.log.Debug("late log keeps metrics of its own", "workspace", l.space.id, "err", err)
	}
}

// failedWrites finds one counter among those a TSDB registers, and forgets the
// rest. It is a prometheus.Registerer.
type failedWrites struct {
	found atomic.Pointer[prometheus.Collector]
}

const failedWritesPrefix = `Desc{fqName: "prometheus_tsdb_out_of_order_wbl_writes_failed_total"`

// Register implements prometheus.Registerer.
func (f *failedWrites) Register(c prometheus.Collector) error {
	if _, plain := c.(prometheus.Metric); plain {
		return nil // the counter comes wrapped, for its name gets a prefix
	}
	descs := make(chan *prometheus.Desc, 16)
	c.Describe(descs)
	if len(descs) == 1 && strings.HasPrefix((<-descs).String(), failedWritesPrefix) {
		f.found.Store(&c)
	}
	return nil
}

// MustRegister implements prometheus.Registerer.
func (f *failedWrites) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		_ = f.Register(c)
	}
}

// Unregister implements prometheus.Registerer.
func (f *failedWrites) Unregister(prometheus.Collector) bool { return false }

// read returns how many writes failed; 0 if there is no second log.
func (f *failedWrites) read(logged bool) float64 {
	c := f.found.Load()
	if c == nil || !logged {
		return 0
	}
	ms := make(chan prometheus.Metric, 1)
	(*c).Collect(ms)
	var m dto.Metric
	if err := (<-ms).Write(&m); err != nil {
		return 0
	}
	return m.GetCounter().GetValue()
}
