package embedded

import "sync/atomic"

// Exemplars live in a ring whose slots are allocated at once, so it starts when
// the first exemplar comes and grows with their number.
const (
	firstExemplars = 1 << 10
	mostExemplars  = 100_000
)

type exemplarRoom struct {
	size atomic.Int64 // slots of the ring; 0 until the first exemplar
	seen atomic.Int64
}

// makeRoom is called before n exemplars are appended.
func (l *live) makeRoom(n int) {
	seen := l.exemplars.seen.Add(int64(n))
	if slots := l.exemplars.size.Load(); seen < slots || slots == mostExemplars {
		return
	}
	l.storeMu.Lock()
	slots := l.exemplars.size.Load()
	for slots <= seen && slots < mostExemplars {
		slots = min(max(4*slots, firstExemplars), mostExemplars)
	}
	l.exemplars.size.Store(slots)
	l.head.ApplyConfig(l.dbConfig(*l.limits.Load()), nil)
	l.storeMu.Unlock()
	// The log keeps exemplars too: the next opening must find room for them.
	l.keepSize(func(z *size) { z.Exemplars = slots })
}
