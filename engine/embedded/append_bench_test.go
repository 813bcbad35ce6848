package embedded

import (
	"context"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/hearth-metrics/hearth/engine"
)

const benchSeries = 200_000

// BenchmarkAppendKnown is what the engine costs for each sample of a known
// series: 200k series, 2000 samples a commit, by reference. The variants show
// what each setting is worth; "tsdb" goes around the engine's appender.
func BenchmarkAppendKnown(b *testing.B) {
	for _, v := range []struct {
		name string
		tune func(*tsdb.Options)
		raw  bool
	}{
		{name: "as-is"},
		{name: "tsdb", raw: true},
		{name: "isolated", tune: func(o *tsdb.Options) { o.IsolationDisabled = false }},
		{name: "snappy", tune: func(o *tsdb.Options) { o.WALCompression = compression.Snappy }},
		{name: "uncompressed", tune: func(o *tsdb.Options) { o.WALCompression = compression.None }},
		{name: "stripes-16384", tune: func(o *tsdb.Options) { o.StripeSize = tsdb.DefaultStripeSize }},
		{name: "stripes-512", tune: func(o *tsdb.Options) { o.StripeSize = 512 }},
		{name: "xor2", tune: func(o *tsdb.Options) { o.FloatChunkEncoding = chunkenc.EncXOR2 }},
	} {
		b.Run(v.name, func(b *testing.B) { benchAppend(b, v.tune, v.raw) })
	}
}

func benchAppend(b *testing.B, tune func(*tsdb.Options), raw bool) {
	e := openEngine(b, Options{Dir: b.TempDir(), tune: tune})
	defer e.Close()
	h, err := e.Head(context.Background(), testWorkspace())
	if err != nil {
		b.Fatal(err)
	}
	defer h.Release()
	refs := make([]storage.SeriesRef, benchSeries)
	if err := fill(h, refs, 0, benchSeries, 0, 1); err != nil {
		b.Fatal(err)
	}
	appendable := storage.AppendableV2(h)
	if raw {
		appendable = h.(*head).live.head
	}
	b.ReportAllocs()
	round := 1
	var n int
	runtime.GC()
	wal, cpu := walBytes(h), cpuSeconds()
	for b.Loop() {
		// One iteration is one commit of 2000 samples.
		lo := n % benchSeries
		if lo == 0 {
			round++
		}
		appendKnown(b, appendable, refs[lo:lo+2000], int64(round)*15_000)
		n += 2000
	}
	b.ReportMetric(1e9*(cpuSeconds()-cpu)/float64(n), "cpu-ns/sample")
	b.ReportMetric(float64(walBytes(h)-wal)/float64(n), "wal-B/sample")
}

func appendKnown(b *testing.B, to storage.AppendableV2, refs []storage.SeriesRef, ts int64) {
	a := to.AppenderV2(context.Background())
	for i, ref := range refs {
		if _, err := a.Append(ref, labels.EmptyLabels(), 0, ts, float64(ts)*float64(i%17), nil, nil, storage.AOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Commit(); err != nil {
		b.Fatal(err)
	}
}

// cpuSeconds is what this process has used: other work on the machine spoils
// elapsed time far more.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func walBytes(h engine.Head) int64 { return dirBytes(h.(*head).live.space.dir + "/wal") }

// BenchmarkCreate is what a new series costs.
func BenchmarkCreate(b *testing.B) {
	e := openEngine(b, Options{Dir: b.TempDir()})
	defer e.Close()
	h, err := e.Head(context.Background(), testWorkspace())
	if err != nil {
		b.Fatal(err)
	}
	defer h.Release()
	b.ReportAllocs()
	n, cpu := 0, cpuSeconds()
	for b.Loop() {
		a := h.AppenderV2(context.Background())
		for range 1000 {
			n++
			if _, err := a.Append(0, podSeries(n/1000, n), 0, 15_000, 1, nil, nil, storage.AOptions{}); err != nil {
				b.Fatal(fmt.Errorf("series %d: %w", n, err))
			}
		}
		if err := a.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1e9*(cpuSeconds()-cpu)/float64(n), "cpu-ns/series")
}
