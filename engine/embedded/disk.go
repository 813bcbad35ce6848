package embedded

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hearth-metrics/hearth"
)

// MinFree is the free space below which appends are refused. What is kept back
// is for compaction, for moving finished chunks out of memory (the TSDB panics
// if it cannot) and for closing cleanly.
type MinFree struct {
	Percent float64 // of the file system; 5 if 0, and then no more than 4 GiB
	Bytes   uint64  // whatever Percent says; 64 MiB if 0, and then no more than an eighth of the file system
}

// bytes returns the watermark for a file system of the given size.
func (m MinFree) bytes(total uint64) uint64 {
	share := uint64(float64(total) * m.Percent / 100)
	if m.Percent == 0 {
		share = min(total/20, 4<<30)
	}
	floor := m.Bytes
	if floor == 0 {
		floor = min(64<<20, total/8)
	}
	return max(share, floor)
}

// disk watches the free space of the file system below the engine.
type disk struct {
	dir     string
	min     MinFree
	stat    func(dir string) (free, total uint64, err error)
	low     atomic.Bool
	metrics *metrics
	log     *slog.Logger
	rec     hearth.Recorder
	now     func() time.Time
}

func newDisk(o Options, m *metrics) *disk {
	return &disk{dir: o.Dir, min: o.MinFree, stat: o.freeSpace, metrics: m, log: o.Log, rec: o.Recorder, now: o.Now}
}

// check looks at the file system and returns whether appends must be refused.
// Where free space cannot be learnt, they are not.
func (d *disk) check() bool {
	free, total, err := d.stat(d.dir)
	if err != nil {
		return false
	}
	d.metrics.diskFree.Set(float64(free))
	low := free < d.min.bytes(total)
	if d.low.CompareAndSwap(!low, low) {
		d.report(low, free, d.min.bytes(total))
	}
	return low
}

// room tells whether n more bytes can be written without going below half of
// what is kept back.
func (d *disk) room(n uint64) bool {
	free, total, err := d.stat(d.dir)
	return err != nil || free > n+d.min.bytes(total)/2
}

func (d *disk) report(low bool, free, want uint64) {
	msg, flag := "there is enough disk space again: samples are accepted", 0.0
	if low {
		msg, flag = "disk space is short: samples are refused until there is more", 1
	}
	d.metrics.diskLow.Set(flag)
	d.log.Warn(msg, "free_bytes", free, "wanted_bytes", want)
	d.rec.Record(hearth.Event{
		Time: d.now(), Kind: hearth.EventStorageTrouble, Summary: msg,
		Details: []hearth.Detail{
			{Name: hearth.DetailActual, Value: fmt.Sprint(free)},
			{Name: hearth.DetailLimit, Value: fmt.Sprint(want)},
			{Name: hearth.DetailFile, Value: d.dir},
		},
	})
}
