package workspace

import (
	"context"
	"time"

	"github.com/hearth-metrics/hearth"
)

// Lookup returns a workspace that may take samples and queries, of any account
// and region, from memory. The caller must authorise. One that is being deleted
// is NotFound. Maps and slices in the result are shared: do not change them.
func (r *Room) Lookup(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	e, ok, err := r.find(ctx, id)
	if err != nil {
		return hearth.Workspace{}, err
	}
	if !ok || !usable(e.rec) {
		return hearth.Workspace{}, notFound(id)
	}
	return e.ws, nil
}

// Known returns a workspace in whatever state, also one that is being deleted, of
// any account and region: its tags count in decisions about rights as long as
// anything can be asked of it. One that does not exist is NotFound. Maps and slices
// in the result are shared: do not change them.
func (r *Room) Known(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	e, ok, err := r.find(ctx, id)
	if err != nil {
		return hearth.Workspace{}, err
	}
	if !ok {
		return hearth.Workspace{}, notFound(id)
	}
	return e.ws, nil
}

// Workspaces returns every workspace that Lookup would find, oldest first.
func (r *Room) Workspaces(ctx context.Context) ([]hearth.Workspace, error) {
	if err := r.ready(ctx); err != nil {
		return nil, err
	}
	some := r.index.list(usable)
	all := make([]hearth.Workspace, 0, len(some))
	for _, e := range some {
		all = append(all, e.ws)
	}
	return all, nil
}

// Changed returns a channel that receives soon after workspaces came, changed
// or went, and a function to stop it. Lookup knows of the change by then.
func (r *Room) Changed() (<-chan struct{}, func()) { return r.watch.add() }

// usable tells whether a workspace takes samples. One that is being made does:
// an engine opens on first use.
func usable(rec *record) bool {
	return rec.Status != hearth.Deleting && rec.Status != hearth.CreationFailed
}

// find returns the workspace of any account. Only the first call asks the store.
func (r *Room) find(ctx context.Context, id hearth.WorkspaceID) (entry, bool, error) {
	e, ok, loaded := r.index.get(id)
	if loaded {
		return e, ok, nil
	}
	if err := r.ready(ctx); err != nil {
		return entry{}, false, err
	}
	e, ok, _ = r.index.get(id)
	return e, ok, nil
}

// ready makes sure that the index was loaded once.
func (r *Room) ready(ctx context.Context) error {
	if _, loaded := r.index.at(); loaded {
		return nil
	}
	return r.refresh(ctx)
}

// own returns the caller's workspace. Another account's or region's is NotFound,
// as if it did not exist.
func (r *Room) own(ctx context.Context, id hearth.WorkspaceID) (entry, error) {
	e, ok, err := r.find(ctx, id)
	if err != nil {
		return entry{}, err
	}
	if c := hearth.CallerFrom(ctx); !ok || e.rec.Account != c.Account || e.rec.Region != c.Region {
		return entry{}, notFound(id)
	}
	return e, nil
}

// wait lets a change under way come to its end, so that a script need not sleep
// between two calls. If Run does not run, or the end does not come, the change
// that waits will find the workspace busy.
func (r *Room) wait(ctx context.Context, id hearth.WorkspaceID) {
	if e, ok, _ := r.index.get(id); !ok || !e.rec.moving() || !r.running.Load() {
		return
	}
	changed, stop := r.watch.add()
	defer stop()
	late := time.NewTimer(r.settle)
	defer late.Stop()
	for {
		if e, ok, _ := r.index.get(id); !ok || !e.rec.moving() {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
