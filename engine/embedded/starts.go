package embedded

import (
	"math/bits"
	"sync/atomic"

	"github.com/prometheus/prometheus/storage"
)

// A startOf is when a series says that it began.
type startOf struct {
	ref storage.SeriesRef
	st  int64
}

// starts remembers what start each series said last. The TSDB stores a zero at a
// start that is new to the series and later than its samples, and nothing at one
// it was told before: so most samples with a start, which are sent with the same
// one for hours, do not reach back to it.
//
// What is forgotten, because two series share a slot, only makes a write seem to
// reach further back than it did.
type starts struct {
	table atomic.Pointer[[]atomic.Uint64]
}

const (
	leastStarts = 1 << 10
	mostStarts  = 1 << 20
	startBits   = 45 // milliseconds until the year 3084
)

// slot returns where s belongs and what it looks like there; false if it does
// not fit.
func (s startOf) slot(table []atomic.Uint64) (at, word uint64, ok bool) {
	n := bits.TrailingZeros(uint(len(table)))
	high := uint64(s.ref) >> n
	if s.ref == 0 || s.st <= 0 || s.st >= 1<<startBits || high >= 1<<(64-startBits) {
		return 0, 0, false
	}
	return uint64(s.ref) & uint64(len(table)-1), high<<startBits | uint64(s.st), true
}

func (t *starts) known(s startOf) bool {
	table := t.table.Load()
	if table == nil {
		return false
	}
	at, word, ok := s.slot(*table)
	return ok && (*table)[at].Load() == word
}

// learn is called once the samples with these starts are committed, with the
// number of series there are.
func (t *starts) learn(said []startOf, series uint64) {
	if len(said) == 0 {
		return
	}
	table := t.table.Load()
	if want := startsFor(series); table == nil || len(*table) < want {
		bigger := make([]atomic.Uint64, want)
		table = &bigger
		t.table.Store(table)
	}
	for _, s := range said {
		if at, word, ok := s.slot(*table); ok {
			(*table)[at].Store(word)
		}
	}
}

// startsFor returns a power of two.
func startsFor(series uint64) int {
	return 1 << bits.Len64(min(max(series, leastStarts), mostStarts)-1)
}
