package enginetest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// A history is what happens to some workspaces. Run twice, it ends the same,
// however often the engine or a workspace was closed in between.
type history struct {
	open  Opener
	opts  Options
	e     engine.Engine
	all   []hearth.Workspace
	clock []int64 // newest sample of each workspace
}

// testSameHistory runs a random history on an engine left alone, and again on
// one that has room for a single open workspace and is restarted now and then.
func testSameHistory(t *testing.T, open Opener) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			calm := newHistory(t, open, Options{})
			restless := newHistory(t, open, Options{MaxOpen: 1})
			calm.run(t, rand.New(rand.NewPCG(seed, 1)), nil)
			restless.run(t, rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2)))
			for i := range calm.all {
				want, got := read(t, calm.e, calm.all[i]), read(t, restless.e, restless.all[i])
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("workspace %d differs after restarts (-left alone +restarted):\n%s", i, diff)
				}
			}
			closeEngine(t, calm.e)
			closeEngine(t, restless.e)
		})
	}
}

func newHistory(t *testing.T, open Opener, o Options) *history {
	o.Dir = t.TempDir()
	h := &history{open: open, opts: o, e: open(t, o)}
	for range 3 {
		ws := workspace()
		ws.Limits.OutOfOrderWindow = time.Minute
		h.all = append(h.all, ws)
		h.clock = append(h.clock, 1_000_000)
	}
	return h
}

// run makes the history; restarts is nil for an engine that is left alone.
func (h *history) run(t *testing.T, r, restarts *rand.Rand) {
	t.Helper()
	for range 60 {
		h.step(t, r)
		if restarts != nil && restarts.IntN(12) == 0 {
			closeEngine(t, h.e)
			h.e = h.open(t, h.opts)
		}
	}
}

// step writes a request of a few samples, some late, to one workspace. What is
// refused is refused in every run alike.
func (h *history) step(t *testing.T, r *rand.Rand) {
	t.Helper()
	i := r.IntN(len(h.all))
	h.clock[i] += int64(r.IntN(40_000))
	var samples []sample
	for range 1 + r.IntN(6) {
		s := sample{series: fmt.Sprintf(`m{n="%d"}`, r.IntN(12)), t: h.clock[i], v: float64(r.IntN(100))}
		switch r.IntN(8) {
		case 0:
			s.t -= int64(r.IntN(70_000))
		case 1:
			s.series, s.h = fmt.Sprintf(`h{n="%d"}`, r.IntN(4)), intHistogram(1+r.IntN(5))
		}
		samples = append(samples, s)
	}
	using(t, h.e, h.all[i], func(head engine.Head) {
		for _, s := range samples {
			_ = tryWrite(t, head, s)
		}
	})
}
