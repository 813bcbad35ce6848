package embedded

import (
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/tsdb"
)

// mostWrites bounds what a writeClock remembers.
const mostWrites = 512

// A writeClock counts writes and remembers how far back in time each reached: the
// engine.WriteClock of one opening of a workspace. A write that reaches as far
// back as earlier ones makes them needless, so what is kept grows in both
// numbers, and where it is too much neighbours become one: the further in the
// past, the more. Thus a write may seem to be later than it was, by a small share
// of its age.
//
// Blocks that come and go count as a write to everything, and are noticed when
// the clock is read.
type writeClock struct {
	db *tsdb.DB

	mu     sync.Mutex
	first  uint64 // moment of the opening
	last   uint64
	writes []write
	blocks []ulid.ULID
}

type write struct {
	moment uint64
	oldest int64
}

// start is called before anything is appended. Moments of different openings
// are never the same.
func (c *writeClock) start(opening uint64, db *tsdb.DB) {
	c.db = db
	c.first = opening << 40
	c.last = c.first
	c.blocks = ids(db)
}

func ids(db *tsdb.DB) []ulid.ULID {
	blocks := db.Blocks()
	all := make([]ulid.ULID, len(blocks))
	for i, b := range blocks {
		all[i] = b.Meta().ULID
	}
	return all
}

// wrote notes samples of which the oldest has this time.
func (c *writeClock) wrote(oldest int64) {
	if oldest == math.MaxInt64 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(oldest)
}

// note is called with mu held.
func (c *writeClock) note(oldest int64) {
	c.last++
	n := len(c.writes)
	for n > 0 && c.writes[n-1].oldest >= oldest {
		n--
	}
	c.writes = append(c.writes[:n], write{c.last, oldest})
	if len(c.writes) > mostWrites {
		c.thin()
	}
}

// thin merges neighbours until there is room for as many again as a quarter.
func (c *writeClock) thin() {
	for share := uint64(32); len(c.writes) > mostWrites/4*3; share /= 2 {
		c.merge(share)
	}
}

// merge makes one write of neighbours that span no more than this share of their
// age: as late as the latest, as old as the oldest. A share of 0 is everything.
func (c *writeClock) merge(share uint64) {
	kept := c.writes[:1]
	from := c.first // the moment before those in the last of kept
	for _, w := range c.writes[1:] {
		last := &kept[len(kept)-1]
		if (w.moment-from)*share <= c.last-w.moment {
			last.moment = w.moment
			continue
		}
		from = last.moment
		kept = append(kept, w)
	}
	c.writes = kept
}

func (c *writeClock) now() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look()
	return c.last
}

func (c *writeClock) since(moment uint64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look()
	if moment < c.first || moment > c.last {
		return math.MinInt64
	}
	i := sort.Search(len(c.writes), func(i int) bool { return c.writes[i].moment > moment })
	if i == len(c.writes) {
		return math.MaxInt64
	}
	return c.writes[i].oldest
}

// look notices blocks that came or went. It is called with mu held.
func (c *writeClock) look() {
	if blocks := ids(c.db); !slices.Equal(blocks, c.blocks) {
		c.blocks = blocks
		c.note(math.MinInt64)
	}
}
