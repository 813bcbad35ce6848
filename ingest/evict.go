package ingest

import (
	"github.com/prometheus/prometheus/storage"
)

// A series that was not written for maxSilence minutes is forgotten even if the
// engine says nothing; they are looked for every sweepEvery minutes.
const (
	maxSilence = 180
	sweepEvery = 15
)

// forgetAtOnce bounds how long the write lock is held.
const forgetAtOnce = 1024

// SeriesDropped forgets series that left the engine's memory. The engine calls it.
func (c *cache) SeriesDropped(refs []storage.SeriesRef) {
	gone := make(map[storage.SeriesRef]struct{}, len(refs))
	for _, r := range refs {
		gone[r] = struct{}{}
	}
	c.forgetIf(func(e *entry) bool {
		_, ok := gone[e.ref]
		return ok
	})
}

// sweep forgets silent series, now and then.
func (c *cache) sweep(now uint32) {
	c.mu.Lock()
	due := now-c.swept >= sweepEvery
	if due {
		c.swept = now
	}
	c.mu.Unlock()
	if due {
		c.forgetIf(func(e *entry) bool { return now-e.seen.Load() > maxSilence && now > e.seen.Load() })
	}
}

// forgetIf forgets the entries for which gone says so. It looks for them beside
// the readers and locks them out only for a few entries at a time.
func (c *cache) forgetIf(gone func(*entry) bool) {
	var ids []uint32
	c.mu.RLock()
	for id := uint32(1); id < c.next; id++ {
		if e := c.at(id); !e.labels.IsEmpty() && gone(e) {
			ids = append(ids, id)
		}
	}
	c.mu.RUnlock()
	for len(ids) > 0 {
		n := min(len(ids), forgetAtOnce)
		c.forgetThose(ids[:n], gone)
		ids = ids[n:]
	}
}

// forgetThose forgets ids for which gone still holds.
func (c *cache) forgetThose(ids []uint32, gone func(*entry) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if id >= c.next {
			return // everything was forgotten meanwhile
		}
		if e := c.at(id); !e.labels.IsEmpty() && gone(e) {
			c.forget(id)
		}
	}
}

// checkAgainst forgets everything if the rules for labels have changed, so that
// every series is checked again.
func (c *cache) checkAgainst(r labelRules) {
	c.mu.RLock()
	same := c.rules == r
	c.mu.RUnlock()
	if same {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rules == r {
		return
	}
	c.metrics.cached.Sub(float64(c.live.Swap(0)))
	c.pages, c.free, c.next, c.slots, c.rules = nil, nil, 1, make([]slot, firstSlots), r
}
