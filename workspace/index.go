package workspace

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// index holds every workspace in memory, for requests must not wait for SQL. It
// is in step with the store: whoever commits a change holds Room.turn until the
// index has it. Records and workspaces in it are never changed, only replaced.
type index struct {
	mu       sync.RWMutex
	loaded   bool
	revision uint64 // of the store, as the index has it
	all      map[hearth.WorkspaceID]entry
}

type entry struct {
	rec *record
	ws  hearth.Workspace
}

func (x *index) get(id hearth.WorkspaceID) (e entry, ok, loaded bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	e, ok = x.all[id]
	return e, ok, x.loaded
}

// at tells which revision of the store the index shows.
func (x *index) at() (revision uint64, loaded bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.revision, x.loaded
}

// list returns the entries that want, oldest first.
func (x *index) list(want func(*record) bool) []entry {
	x.mu.RLock()
	var some []entry
	for _, e := range x.all {
		if want(e.rec) {
			some = append(some, e)
		}
	}
	x.mu.RUnlock()
	slices.SortFunc(some, func(a, b entry) int {
		return cmp.Or(a.rec.CreatedAt.Compare(b.rec.CreatedAt), cmp.Compare(a.rec.ID, b.rec.ID))
	})
	return some
}

func (x *index) count() map[hearth.Status]int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n := map[hearth.Status]int{}
	for _, e := range x.all {
		n[e.rec.Status]++
	}
	return n
}

func (x *index) replace(revision uint64, all map[hearth.WorkspaceID]entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all, x.revision, x.loaded = all, revision, true
}

// apply takes over one committed change. It says no if others, made by another
// process, came between: then the index must be loaded anew.
func (x *index) apply(revision uint64, saved []entry, gone ...hearth.WorkspaceID) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.loaded || revision != x.revision+1 {
		return false
	}
	for _, e := range saved {
		x.all[e.rec.ID] = e
	}
	for _, id := range gone {
		delete(x.all, id)
	}
	x.revision = revision
	return true
}

// take waits for the turn to change workspaces.
func (r *Room) take(ctx context.Context) (release func(), err error) {
	select {
	case r.turn <- struct{}{}:
		return func() { <-r.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// refresh loads the index if the store has moved on without it.
func (r *Room) refresh(ctx context.Context) error {
	release, err := r.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	return r.reload(ctx)
}

// reload needs the turn.
func (r *Room) reload(ctx context.Context) error {
	var (
		at   uint64
		recs []*record
	)
	known, loaded := r.index.at()
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		if at, err = revision(tx); err != nil || (loaded && at == known) {
			return err
		}
		recs, err = scan(tx, "", "", 0)
		return err
	})
	if err != nil || (loaded && at == known) {
		return err
	}
	all := make(map[hearth.WorkspaceID]entry, len(recs))
	for _, rec := range recs {
		all[rec.ID] = r.entry(rec)
	}
	r.index.replace(at, all)
	r.watch.notify()
	return nil
}

// settled takes over a committed change and tells of it. It needs the turn.
func (r *Room) settled(ctx context.Context, revision uint64, saved []*record, gone ...hearth.WorkspaceID) error {
	entries := make([]entry, 0, len(saved))
	for _, rec := range saved {
		entries = append(entries, r.entry(rec))
	}
	if !r.index.apply(revision, entries, gone...) {
		return r.reload(context.WithoutCancel(ctx))
	}
	r.watch.notify()
	return nil
}

func (r *Room) entry(rec *record) entry {
	return entry{rec: rec, ws: hearth.Workspace{
		ID: rec.ID, Account: rec.Account, Region: rec.Region, Alias: rec.Alias,
		Tags: rec.Tags, Status: rec.Status, Limits: merge(r.opts.Defaults, rec.Config),
	}}
}
