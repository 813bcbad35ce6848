package query

import (
	"context"
	runtimemetrics "runtime/metrics"
	"time"
)

// The memory watch is the last guard: estimates made before a query cannot know
// how its series come and go. It reads the size of the heap that survived the
// last collection, so the process may reach about twice the bound before it acts.

const watchEvery = 25 * time.Millisecond

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
	var acted uint64 // the collection that last made us act: one query for each
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if q.memory <= 0 || q.active.Load() == 0 {
			continue
		}
		runtimemetrics.Read(sample)
		if live, cycle := sample[0].Value.Uint64(), sample[1].Value.Uint64(); live > uint64(q.memory) && cycle != acted {
			acted = cycle
			q.stopLargest(int64(live))
		}
	}
}

// stopLargest ends the running query that is accounted the most memory.
func (q *Room) stopLargest(live int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var largest *reading
	for rd := range q.running {
		if largest == nil || rd.weight.Load() > largest.weight.Load() {
			largest = rd
		}
	}
	if largest != nil {
		q.running[largest](overLimit("process-memory", live, q.memory, "the query was stopped because the server's memory is short (%d bytes in use, limit: %d)"))
	}
}
