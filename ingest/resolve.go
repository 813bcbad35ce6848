package ingest

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// resolve finds the batch's series in the cache and notes in b.news those it
// does not know.
func (c *cache) resolve(b *batch, k keys, now uint32) {
	var counts [lookupResults]int
	prev, before := uint32(0), (*series)(nil)
	c.mu.RLock()
	for i := range b.series {
		s := &b.series[i]
		id, how := c.find(prev, k, s, before)
		counts[how]++
		if how == missed {
			b.news = append(b.news, int32(i))
			prev = 0
			continue
		}
		e := c.at(id)
		if prev != 0 && (how == found || !c.at(prev).next.measured) {
			b.steps = append(b.steps, [2]uint32{prev, id})
		}
		if e.seen.Load() != now {
			e.seen.Store(now)
		}
		s.id, s.ref, s.labels, s.state = id, e.ref, e.labels, ready
		prev, before = id, s
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

// learn enters what resolving and storing the batch taught. A step is measured
// when it has proved right once.
func (c *cache) learn(b *batch, now uint32) {
	if len(b.learned)+len(b.steps) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range b.steps {
		if prev, next := w[0], w[1]; c.alive(prev) && c.at(prev).next.to == next {
			c.measure(prev)
		} else {
			c.follow(prev, next)
		}
	}
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
