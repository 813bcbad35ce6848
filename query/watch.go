package query

import (
	"context"
	"math"
	runtimemetrics "runtime/metrics"
	"time"
)

// The memory watch is the last guard: estimates made before a query cannot know
// how its series come and go. It reads the size of the heap that survived the
// last collection, so the process may reach about twice the bound before it acts.

const (
	watchEvery = 25 * time.Millisecond
	idleEvery  = 40   // of these, one looks while no query runs
	restWindow = 2400 // of these make a minute
)

// A rest is how large the live heap is without queries, as far as one can tell
// while there are always some: the least of the last minute or two. Samples in
// memory belong to it, and must not stop queries however many they are.
type rest struct {
	before, now uint64
	ticks       int
}

func newRest() rest { return rest{before: math.MaxUint64, now: math.MaxUint64} }

func (r *rest) see(live uint64) {
	r.now = min(r.now, live)
}

func (r *rest) tick() {
	if r.ticks++; r.ticks%restWindow == 0 {
		r.before, r.now = r.now, math.MaxUint64
	}
}

// bound is the live heap above which queries are stopped: what is allowed, or a
// quarter of that beyond what there is without them.
func (r *rest) bound(memory int64) uint64 {
	return max(uint64(memory), min(r.before, r.now)+uint64(memory)/4)
}

// begin registers an evaluation, so that the memory watch can stop it. The
// returned function ends it.
func (q *Room) begin(ctx context.Context, rd *reading) (context.Context, func(error)) {
	ctx, cancel := context.WithCancelCause(ctx)
	q.mu.Lock()
	q.running[rd] = cancel
	q.active.Store(int64(len(q.running)))
	q.mu.Unlock()
	return ctx, func(cause error) {
		q.mu.Lock()
		delete(q.running, rd)
		q.active.Store(int64(len(q.running)))
		q.mu.Unlock()
		cancel(cause)
	}
}

func (q *Room) watchMemory(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	sample := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	idle := newRest()
	var acted uint64 // the collection that last made us act: one query for each
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		idle.tick()
		running := q.active.Load() > 0
		if q.memory <= 0 || !running && idle.ticks%idleEvery != 0 {
			continue
		}
		runtimemetrics.Read(sample)
		live, cycle := sample[0].Value.Uint64(), sample[1].Value.Uint64()
		idle.see(live)
		if running && live > idle.bound(q.memory) && cycle != acted {
			acted = cycle
			q.stopLargest(int64(live), int64(idle.bound(q.memory)))
		}
	}
}

// stopLargest ends the running query that is accounted the most memory.
func (q *Room) stopLargest(live, bound int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var largest *reading
	for rd := range q.running {
		if largest == nil || rd.weight.Load() > largest.weight.Load() {
			largest = rd
		}
	}
	if largest != nil {
		q.running[largest](overLimit("process-memory", live, bound, "the query was stopped because the server's memory is short (%d bytes in use, limit: %d)"))
	}
}
