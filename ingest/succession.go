package ingest

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"
)

// Series that stand side by side in one request mostly stand side by side in the
// next, and have most labels in common: those of the target. So the cache chains
// its entries in the order they came, and remembers for each link how much the
// two label sets share at the front and at the back. If a request's series was
// found to be the one entry, and the next series of the request repeats its bytes
// where the next entry repeats its labels, only what lies between is compared
// with the entry. What both ends hold was compared already, as part of the
// series before.

// A step leads from an entry to the one that followed it last time.
//
// Steps change under the cache's write lock only, and at most one leads to any
// entry: so when an entry is forgotten, nothing is left that speaks of its labels.
type step struct {
	to          uint32 // 0 if none
	measured    bool   // the rest is known
	between     uint8  // labels of the first entry that are in neither overlap
	front, back overlap
}

// An overlap is what two label sets have in common at one end.
type overlap struct {
	bytes  uint16 // in the engine's encoding
	more   uint8  // bytes by which remote write 1.0 is longer
	labels uint8
}

// foretold returns the entry that followed prev last time if series s is that
// one; 0 if not. before has the labels of prev.
func (c *cache) foretold(prev uint32, k keys, s, before *series) uint32 {
	w := &c.at(prev).next
	if w.to == 0 {
		return 0
	}
	known := text(c.at(w.to).labels)
	if w.measured && !before.odd {
		if !k.follows(s, before, known, w) {
			return 0
		}
	} else if !k.match(s, known) {
		return 0
	}
	return w.to
}

// follow makes next the entry that comes after prev, if both are alive. The
// caller holds the write lock.
func (c *cache) follow(prev, next uint32) {
	if prev == next || !c.alive(prev) || !c.alive(next) {
		return
	}
	p, n := c.at(prev), c.at(next)
	if p.next.to == next {
		return
	}
	c.unlink(p)
	if n.prev != 0 {
		c.unlink(c.at(n.prev))
	}
	p.next, n.prev = step{to: next}, prev
}

// unlink forgets what follows p.
func (c *cache) unlink(p *entry) {
	if p.next.to != 0 {
		c.at(p.next.to).prev = 0
		p.next = step{}
	}
}

// detach takes e out of its chain.
func (c *cache) detach(e *entry) {
	c.unlink(e)
	if e.prev != 0 {
		c.unlink(c.at(e.prev))
	}
}

func (c *cache) alive(id uint32) bool {
	return id != 0 && id < c.next && !c.at(id).labels.IsEmpty()
}

// measure finds out what the entry after prev shares with it. The caller holds
// the write lock.
func (c *cache) measure(prev uint32) {
	if !c.alive(prev) {
		return
	}
	if p := c.at(prev); p.next.to != 0 && !p.next.measured {
		p.next.compare(p.labels, c.at(p.next.to).labels)
	}
}

// maxOverlap bounds the labels of an overlap, and so the bytes by which it is
// longer on the wire.
const maxOverlap = 40

// compare finds what a and b, its ends, share at the front and at the back. The
// two do not meet, neither in a nor in b.
func (w *step) compare(a, b labels.Labels) {
	w.measured = true
	x, y := make([]labels.Label, 0, 2*maxOverlap), make([]labels.Label, 0, 2*maxOverlap)
	a.Range(func(l labels.Label) { x = append(x, l) })
	b.Range(func(l labels.Label) { y = append(y, l) })
	if len(x) > math.MaxUint8 {
		return
	}
	n := min(len(x), len(y))
	for i := 0; i < n && x[i] == y[i] && w.front.add(x[i]); i++ {
	}
	for i := 1; i <= n-int(w.front.labels) && x[len(x)-i] == y[len(y)-i] && w.back.add(x[len(x)-i]); i++ {
	}
	w.between = uint8(len(x)) - w.front.labels - w.back.labels
}

// add counts one more label, if it can.
func (o *overlap) add(l labels.Label) bool {
	n := prefixed(len(l.Name)) + prefixed(len(l.Value))
	if o.labels == maxOverlap || int(o.bytes)+n > math.MaxUint16 {
		return false
	}
	o.labels++
	o.bytes += uint16(n)
	o.more += uint8(sizeV1(len(l.Name), len(l.Value)) - n)
	return true
}

// prefixed is the size of a name or value of n bytes in the engine's encoding.
func prefixed(n int) int {
	if n < 255 {
		return n + 1
	}
	return n + 4
}

// sizeV1 is the size of a label field as encoders write it.
func sizeV1(name, value int) int {
	n := 2 + varintSize(name) + name + varintSize(value) + value
	return 1 + varintSize(n) + n
}

func varintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}
