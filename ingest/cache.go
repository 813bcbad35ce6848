package ingest

import (
	"hash/maphash"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth/engine"
)

// A cache knows the series of one open workspace. It holds the labels that the
// engine holds, not a copy, so a series costs it an entry and one or two slots:
// 70 to 90 bytes.
//
// Requests read it together under the read lock; new series are entered under
// the write lock, one request's at a time.
type cache struct {
	seed    maphash.Seed
	metrics *metrics
	opening uint64 // of the workspace, among all since the program started; never 0

	mu    sync.RWMutex
	pages []*[pageEntries]entry // by id; entries never move
	free  []uint32              // ids that can be used again
	next  uint32                // lowest id never used
	slots []slot                // open addressing, linear probing, at most 3/4 full
	live  *atomic.Int64
	rules labelRules // what the known series were checked against
	swept uint32     // minute of the last search for silent series
}

// An entry is one known series. An id of 0 means none.
type entry struct {
	labels labels.Labels // as the engine encodes them; empty if the entry is free
	ref    storage.SeriesRef
	next   step          // to the series that followed this one last time
	prev   uint32        // the entry whose step leads here, 0 if none
	seen   atomic.Uint32 // minute it was last used
	meta   atomic.Uint32 // fingerprint of the metadata last stored with it
	tag    uint32        // of its slot
}

// A slot is a tag, the low half of the labels' hash, above an id.
type slot uint64

func (s slot) id() uint32  { return uint32(s) }
func (s slot) tag() uint32 { return uint32(s >> 32) }

const (
	pageBits    = 6 // small, for most workspaces have few series
	pageEntries = 1 << pageBits
	firstSlots  = 64
	maxOpenings = 1<<(64-openingShift) - 1 // told apart in references
)

// cacheOf returns what is known of an open workspace's series.
func (r *Room) cacheOf(head engine.Head) *cache {
	return head.Local(func() any {
		c := newCache(r.metrics)
		c.opening = r.openings.Add(1)%maxOpenings + 1
		return c
	}).(*cache)
}

func newCache(m *metrics) *cache {
	c := &cache{seed: maphash.MakeSeed(), metrics: m, next: 1, slots: make([]slot, firstSlots), live: new(atomic.Int64)}
	// The engine lets go of a cache without a word when the workspace closes.
	runtime.AddCleanup(c, func(n *atomic.Int64) { m.cached.Sub(float64(n.Load())) }, c.live)
	return c
}

func (c *cache) at(id uint32) *entry { return &c.pages[id>>pageBits][id&(pageEntries-1)] }

// find returns the entry of series s, guessing first that it is the one that
// followed prev last time: the entry of before, which stands before s in the
// request. The caller holds the read lock.
func (c *cache) find(prev uint32, k keys, s, before *series) (id uint32, how int) {
	if prev != 0 {
		if id = c.foretold(prev, k, s, before); id != 0 {
			return id, predicted
		}
	}
	h, ok := k.hash(s, c.seed)
	if !ok {
		return 0, missed
	}
	mask := uint32(len(c.slots) - 1)
	for i := uint32(h) & mask; c.slots[i] != 0; i = (i + 1) & mask {
		if c.slots[i].tag() == uint32(h) && k.match(s, text(c.at(c.slots[i].id()).labels)) {
			return c.slots[i].id(), found
		}
	}
	return 0, missed
}

// hashOf hashes labels as keys.hash does.
func (c *cache) hashOf(ls labels.Labels) (h uint64) {
	ls.Range(func(l labels.Label) {
		h += mix(maphash.String(c.seed, l.Name), maphash.String(c.seed, l.Value))
	})
	return h
}

// known returns the entry with exactly these labels; 0 if there is none. The
// caller holds a lock.
func (c *cache) known(h uint32, ls labels.Labels) uint32 {
	mask := uint32(len(c.slots) - 1)
	for i := h & mask; c.slots[i] != 0; i = (i + 1) & mask {
		if id := c.slots[i].id(); c.slots[i].tag() == h && labels.Equal(c.at(id).labels, ls) {
			return id
		}
	}
	return 0
}

// enter makes ls, which the engine keeps, known under ref and returns its id.
// The caller holds the write lock.
func (c *cache) enter(ls labels.Labels, ref storage.SeriesRef, now uint32) uint32 {
	h := uint32(c.hashOf(ls))
	if id := c.known(h, ls); id != 0 {
		c.at(id).ref = ref
		return id
	}
	if (int(c.live.Load())+1)*4 > len(c.slots)*3 {
		c.grow()
	}
	id := c.alloc()
	e := c.at(id)
	e.labels, e.ref, e.tag = ls, ref, h
	e.meta.Store(0)
	e.seen.Store(now)
	c.put(slot(h)<<32 | slot(id))
	c.live.Add(1)
	c.metrics.cached.Inc()
	return id
}

func (c *cache) alloc() uint32 {
	if n := len(c.free); n > 0 {
		id := c.free[n-1]
		c.free = c.free[:n-1]
		return id
	}
	id := c.next
	c.next++
	if int(id>>pageBits) == len(c.pages) {
		c.pages = append(c.pages, new([pageEntries]entry))
	}
	return id
}

func (c *cache) put(s slot) {
	mask := uint32(len(c.slots) - 1)
	i := s.tag() & mask
	for c.slots[i] != 0 {
		i = (i + 1) & mask
	}
	c.slots[i] = s
}

func (c *cache) grow() {
	old := c.slots
	c.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s != 0 {
			c.put(s)
		}
	}
}

// forget frees the entry. The caller holds the write lock.
func (c *cache) forget(id uint32) {
	e := c.at(id)
	c.unslot(e.tag, id)
	c.detach(e)
	e.labels, e.ref = labels.EmptyLabels(), 0
	c.free = append(c.free, id)
	c.live.Add(-1)
	c.metrics.cached.Dec()
	c.metrics.evicted.Inc()
}

// unslot empties the entry's slot and moves up those that had to step past it,
// so that a search may stop at the first empty slot.
func (c *cache) unslot(tag, id uint32) {
	mask := uint32(len(c.slots) - 1)
	hole := tag & mask
	for c.slots[hole].id() != id {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; c.slots[i] != 0; i = (i + 1) & mask {
		home := c.slots[i].tag() & mask
		if (i-home)&mask >= (i-hole)&mask {
			c.slots[hole] = c.slots[i]
			hole = i
		}
	}
	c.slots[hole] = 0
}
