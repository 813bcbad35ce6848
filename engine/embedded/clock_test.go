package embedded

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth/engine"
)

// A writeClock forgets only in one direction: what it says is never later than
// the truth, and near to it for what is recent.
func TestWriteClock(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir()})
	defer e.Close()
	h, err := e.Head(t.Context(), testWorkspace())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Release()
	c := &h.(*head).live.clock
	first := c.now()
	rnd := rand.New(rand.NewPCG(1, 2))
	var all []int64 // by moment
	for i := range 20_000 {
		oldest := int64(i) - rnd.Int64N(5)
		if rnd.IntN(1000) == 0 {
			oldest -= rnd.Int64N(3000)
		}
		c.wrote(oldest)
		all = append(all, oldest)
	}
	truth := make([]int64, len(all)+1) // since before each
	truth[len(all)] = math.MaxInt64
	for i := len(all) - 1; i >= 0; i-- {
		truth[i] = min(truth[i+1], all[i])
		if got := c.since(first + uint64(i)); got > truth[i] {
			t.Fatalf("since the write %d of %d: got %d, want %d", i, len(all), got, truth[i])
		}
	}
	for i := range all {
		if earlier := i - (len(all)-i)/8; earlier >= 0 && c.since(first+uint64(i)) < truth[earlier] {
			t.Fatalf("since the write %d of %d: got %d, of before %d", i, len(all), c.since(first+uint64(i)), earlier)
		}
	}
	if n := len(c.writes); n > mostWrites+1 {
		t.Errorf("%d writes are remembered", n)
	}
}

// Compaction and retention are noticed.
func TestWriteClockBlocks(t *testing.T) {
	e := openEngine(t, Options{Dir: t.TempDir()})
	defer e.Close()
	ws := testWorkspace()
	ws.Limits.Retention = 4 * time.Hour
	h, err := e.Head(t.Context(), ws)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Release()
	live := h.(*head).live
	changes := 0
	for ts := int64(0); ts < (20 * time.Hour).Milliseconds(); ts += (10 * time.Minute).Milliseconds() {
		a := h.AppenderV2(t.Context())
		if _, err := a.Append(0, labels.FromStrings("__name__", "up"), 0, ts, 1, nil, nil, storage.AOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := a.Commit(); err != nil {
			t.Fatal(err)
		}
		moment := h.(engine.WriteClock).Written()
		blocks := ids(live.db)
		live.tidy(t.Context())
		if !slices.Equal(blocks, ids(live.db)) {
			changes++
			if got := h.(engine.WriteClock).OldestSince(moment); got != math.MinInt64 {
				t.Errorf("at %s blocks changed, and since then: %d", time.UnixMilli(ts).UTC(), got)
			}
		}
	}
	if changes < 3 {
		t.Errorf("blocks changed %d times", changes)
	}
}

func BenchmarkWriteClock(b *testing.B) {
	e := openEngine(b, Options{Dir: b.TempDir()})
	defer e.Close()
	h, err := e.Head(b.Context(), testWorkspace())
	if err != nil {
		b.Fatal(err)
	}
	defer h.Release()
	c := &h.(*head).live.clock
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		c.wrote(i)
	}
}
