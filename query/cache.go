package query

import (
	"container/list"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
)

// A cache keeps results of range queries. It is bounded in bytes: when it is full,
// the workspace that holds the most loses what it used least recently, so one
// with little loses nothing to one with much. It may be used concurrently.
type cache struct {
	most    int64
	metrics *cacheMetrics

	mu      sync.Mutex
	bytes   int64
	shelves map[hearth.WorkspaceID]*shelf
}

// A shelf is what is kept of one workspace.
type shelf struct {
	bytes   int64
	results map[resultKey]*list.Element // of *result
	used    *list.List                  // the most recent first
}

// A resultKey says which evaluations are the same but for their range. Limits are
// part of it, so that a tighter one is felt.
type resultKey struct {
	text            string
	every, beat     int64 // milliseconds: the step, and the start within it
	lookback        time.Duration
	samples, series int
	memory          int64
}

// A result is what was evaluated at a moment of the workspace's clock.
type result struct {
	key    resultKey
	moment uint64
	grid   *grid
	bytes  int64
}

// resultBytes is what a result takes beside its grid and text.
const resultBytes = 512

// largestShare is which part of the cache one result may take at most.
const largestShare = 8

func newCache(most int64, reg prometheus.Registerer) *cache {
	c := &cache{most: most, shelves: make(map[hearth.WorkspaceID]*shelf)}
	c.metrics = newCacheMetrics(reg, func() float64 {
		c.mu.Lock()
		defer c.mu.Unlock()
		return float64(c.bytes)
	})
	return c
}

func (c *cache) get(ws hearth.WorkspaceID, k resultKey) *result {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.shelves[ws]
	if s == nil {
		return nil
	}
	e := s.results[k]
	if e == nil {
		return nil
	}
	s.used.MoveToFront(e)
	return e.Value.(*result)
}

// put keeps what was evaluated instead of what was kept under the same key.
func (c *cache) put(ws hearth.WorkspaceID, r *result) {
	r.bytes = r.grid.bytes() + int64(len(r.key.text)) + resultBytes
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(ws, r.key)
	if r.bytes > c.most/largestShare {
		return
	}
	s := c.shelves[ws]
	if s == nil {
		s = &shelf{results: make(map[resultKey]*list.Element), used: list.New()}
		c.shelves[ws] = s
	}
	s.results[r.key] = s.used.PushFront(r)
	s.bytes += r.bytes
	c.bytes += r.bytes
	for c.bytes > c.most {
		c.evict()
	}
}

// drop forgets what is kept under k.
func (c *cache) drop(ws hearth.WorkspaceID, k resultKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(ws, k)
}

// remove is called with mu held.
func (c *cache) remove(ws hearth.WorkspaceID, k resultKey) {
	s := c.shelves[ws]
	if s == nil {
		return
	}
	e := s.results[k]
	if e == nil {
		return
	}
	r := s.used.Remove(e).(*result)
	delete(s.results, k)
	s.bytes -= r.bytes
	c.bytes -= r.bytes
	if len(s.results) == 0 {
		delete(c.shelves, ws)
	}
}

// evict is called with mu held, when something is kept.
func (c *cache) evict() {
	var (
		largest *shelf
		of      hearth.WorkspaceID
	)
	for ws, s := range c.shelves {
		if largest == nil || s.bytes > largest.bytes {
			largest, of = s, ws
		}
	}
	c.metrics.evicted.Inc()
	c.remove(of, largest.used.Back().Value.(*result).key)
}

type cacheMetrics struct {
	lookups *prometheus.CounterVec
	evicted prometheus.Counter
}

func newCacheMetrics(reg prometheus.Registerer, bytes func() float64) *cacheMetrics {
	m := &cacheMetrics{
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hearth_query_cache_lookups_total", Help: "Range queries whose results can be kept: answered from what was kept (hit), with some steps evaluated (part), or evaluated as a whole (miss); torn are those of part that writes overtook, and that were evaluated as a whole.",
		}, []string{"result"}),
		evicted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hearth_query_cache_evicted_total", Help: "Results that were given up for others.",
		}),
	}
	if reg != nil {
		reg.MustRegister(m.lookups, m.evicted, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "hearth_query_cache_bytes", Help: "What kept results take.",
		}, bytes))
	}
	return m
}
