package alerting

import (
	"context"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Run makes definitions ACTIVE, opens the alert managers that have alerts from
// before, closes those with nothing to do, and forgets those of workspaces that
// are gone, until ctx is done. Then it closes them all.
func (r *Room) Run(ctx context.Context) error {
	r.running.Store(true)
	defer r.running.Store(false)
	changed, stop := r.opts.Store.Changed(definitions)
	defer stop()
	moved, end := r.opts.Workspaces.Changed()
	defer end()
	tick := time.NewTicker(r.tick)
	defer tick.Stop()
	defer r.close()
	r.resume(ctx)
	for {
		if err := r.reconcile(ctx); err != nil && ctx.Err() == nil {
			r.metrics.failures.Inc()
			r.opts.Log.Error("cannot bring alert managers to their definitions; trying again", "err", err)
		}
		select {
		case <-changed:
		case <-moved:
		case <-tick.C:
			for _, id := range r.taken() {
				r.shut(id, true)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// resume opens the alert managers of workspaces whose alerts were posted before
// the last end.
func (r *Room) resume(ctx context.Context) {
	all, err := r.records(ctx)
	if err != nil {
		return // reconcile says so
	}
	for _, rec := range all {
		has := false
		err := r.opts.Store.View(ctx, func(tx store.Tx) error {
			entries, err := tx.Scan(posted, string(rec.Workspace)+"/", "", 1)
			has = len(entries) > 0
			return err
		})
		if err != nil || !has {
			continue
		}
		ws, err := r.opts.Workspaces.Lookup(ctx, rec.Workspace)
		if err == nil {
			err = r.with(ctx, ws, func(*alertmanager) error { return nil })
		}
		if err != nil {
			r.opts.Log.Error("alert manager not resumed", "workspace", rec.Workspace, "err", err)
		}
	}
}

func (r *Room) reconcile(ctx context.Context) error {
	all, err := r.records(ctx)
	if err != nil {
		return err
	}
	for _, rec := range all {
		ws, err := r.opts.Workspaces.Lookup(ctx, rec.Workspace)
		switch {
		case hearth.KindOf(err) == hearth.NotFound:
			if err := r.abandon(ctx, rec); err != nil {
				return err
			}
		case err != nil:
			return err
		case rec.Status != hearth.Active:
			if err := r.activate(ctx, ws, rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// activate makes the definition hold, where an Alertmanager is open, and says so.
func (r *Room) activate(ctx context.Context, ws hearth.Workspace, rec *record) error {
	if r.isOpen(ws.ID) {
		if err := r.with(ctx, ws, func(*alertmanager) error { return nil }); err != nil {
			return err
		}
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		now, err := loadRecord(tx, ws.ID)
		if hearth.KindOf(err) == hearth.NotFound {
			return nil
		}
		if err != nil || now.Revision != rec.Revision || now.Status == hearth.Active {
			return err
		}
		now.Status = hearth.Active
		return saveRecord(tx, now)
	})
}

func (r *Room) abandon(ctx context.Context, rec *record) error {
	r.shut(rec.Workspace, false)
	r.mu.Lock()
	delete(r.seats, rec.Workspace)
	r.mu.Unlock()
	return r.opts.Store.Update(ctx, func(tx store.Tx) error { return forget(tx, rec.Workspace) })
}

func (r *Room) isOpen(id hearth.WorkspaceID) bool {
	r.mu.Lock()
	s := r.seats[id]
	r.mu.Unlock()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live != nil
}

// close ends every Alertmanager, and lets none begin.
func (r *Room) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for _, id := range r.taken() {
		r.shut(id, false)
	}
}
