package rules

import (
	"context"
	"time"
)

// Reconcile is one round of Run's following of the store.
func (r *Room) Reconcile(ctx context.Context) error { return r.reconcile(ctx) }

// Next is when the next group is due; zero if none is.
func (r *Room) Next() time.Time {
	r.turns.mu.Lock()
	defer r.turns.mu.Unlock()
	if len(r.turns.waiting) == 0 {
		return time.Time{}
	}
	return r.turns.waiting[0].due
}

// Evaluate runs every group that is due, one after the other.
func (r *Room) Evaluate(ctx context.Context) {
	r.turns.release(r.opts.Now())
	for {
		g, running := r.turns.tryTake(ctx)
		if g == nil {
			return
		}
		r.turns.done(g, r.evaluate(running, g))
	}
}
