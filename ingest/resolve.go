package ingest

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// resolve finds the batch's series in the cache and notes in b.news those it
// does not know.
func (c *cache) resolve(b *batch, k keys, now uint32) {
	var counts [lookupResults]int
	prev := uint32(0)
	c.mu.RLock()
	for i := range b.series {
		s := &b.series[i]
		id, how := c.find(prev, k, s)
		counts[how]++
		if how == missed {
			b.news = append(b.news, int32(i))
			prev = 0
			continue
		}
		e := c.at(id)
		if how == found && prev != 0 {
			c.at(prev).next.Store(id)
		}
		if e.seen.Load() != now {
			e.seen.Store(now)
		}
		s.id, s.ref, s.labels, s.state = id, e.ref, e.labels, ready
		prev = id
	}
	c.mu.RUnlock()
	for how, n := range counts {
		c.metrics.lookups[how].Add(float64(n))
	}
}

// A learned series goes into the cache, or has a new reference.
type learned struct {
	series int32
	ref    storage.SeriesRef
	labels labels.Labels
}

// learn enters what storing the batch taught.
func (c *cache) learn(b *batch, now uint32) {
	if len(b.learned) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range b.learned {
		b.series[l.series].id = c.enter(l.labels, l.ref, now)
	}
	for _, l := range b.learned { // join each to its neighbours in the request
		i := int(l.series)
		if i > 0 {
			c.follow(b.series[i-1].id, b.series[i].id)
		}
		if i+1 < len(b.series) {
			c.follow(b.series[i].id, b.series[i+1].id)
		}
	}
}

// follow notes that next came after prev. Either may be none, or be gone.
func (c *cache) follow(prev, next uint32) {
	if prev != 0 && next != 0 && prev < c.next {
		c.at(prev).next.Store(next)
	}
}
