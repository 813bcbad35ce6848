package ingest

import (
	"runtime"
	"testing"
)

// heapAfter is the live heap.
func heapAfter() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What a known series costs beside what the engine holds anyway.
func BenchmarkCacheMemory(b *testing.B) {
	series := podSeries(benchSeries)
	for b.Loop() {
		before := heapAfter()
		c := newCache(newMetrics(nil))
		for i, ls := range series {
			c.enter(ls, 1, uint32(i))
		}
		b.ReportMetric(float64(heapAfter()-before)/benchSeries, "B/series")
		runtime.KeepAlive(c)
	}
	runtime.KeepAlive(series)
}

// A cache never costs more than this for each series it knows.
const maxEntryBytes = 100

func TestCacheIsSmall(t *testing.T) {
	series := podSeries(50_000)
	before := heapAfter()
	c := newCache(newMetrics(nil))
	for _, ls := range series {
		c.enter(ls, 1, 0)
	}
	grown := heapAfter() - before
	if per := float64(grown) / float64(len(series)); per > maxEntryBytes {
		t.Errorf("a known series costs %.0f bytes, want at most %d", per, maxEntryBytes)
	}
	runtime.KeepAlive(c)
	runtime.KeepAlive(series)
}
