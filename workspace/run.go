package workspace

import (
	"context"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	movedAtOnce   = 500 // workspaces moved on in one transaction
	deletesAtOnce = 4   // engines wait for queries to end: one slow workspace must not hold up the others
)

// Delete begins to delete a workspace: it takes no samples from now on, and is
// gone once Run has removed its files.
func (r *Room) Delete(ctx context.Context, id hearth.WorkspaceID, token *string) error {
	var p problems
	p.checkID(id)
	p.CheckToken(token)
	if err := p.Err(); err != nil {
		return err
	}
	req := request{op: "DeleteWorkspace", id: id, token: token, summary: "Workspace is being deleted: it takes no samples from now on."}
	return r.perform(ctx, req, nil, func(tx store.Tx) (outcome, error) {
		rec, err := r.idle(ctx, tx, id)
		if err != nil {
			return outcome{}, err
		}
		rec.Status = hearth.Deleting
		return outcome{rec: rec, detail: []hearth.Detail{before(rec.Alias)}}, nil
	})
}

// Run moves workspaces along their life until ctx is done: CREATING becomes
// ACTIVE, UPDATING becomes ACTIVE, DELETING becomes gone. What cannot be done
// now is tried again.
func (r *Room) Run(ctx context.Context) error {
	changed, stop := r.opts.Store.Changed(bucket)
	defer stop()
	tick := time.NewTicker(r.tick)
	defer tick.Stop()
	r.running.Store(true)
	defer r.running.Store(false)
	d := deletions{room: r, ended: make(chan struct{}, 1), under: map[hearth.WorkspaceID]bool{}, failed: map[hearth.WorkspaceID]bool{}}
	defer d.group.Wait()
	for {
		if err := r.reconcile(ctx, &d); err != nil && ctx.Err() == nil {
			r.metrics.failures.Inc()
			r.opts.Log.Error("cannot move workspaces on; trying again", "err", err)
		}
		select {
		case <-changed:
		case <-d.ended:
		case <-tick.C:
			d.retry()
		case <-ctx.Done():
			return nil
		}
	}
}

func (r *Room) reconcile(ctx context.Context, d *deletions) error {
	if err := r.refresh(ctx); err != nil {
		return err
	}
	for {
		more, err := r.moveOn(ctx)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	for _, e := range r.index.list(func(rec *record) bool { return rec.Status == hearth.Deleting }) {
		d.start(ctx, e.rec)
	}
	return nil
}

// moveOn makes workspaces ACTIVE, and says whether there are more.
func (r *Room) moveOn(ctx context.Context) (more bool, err error) {
	release, err := r.take(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	due := r.index.list((*record).moving)
	if len(due) == 0 {
		return false, nil
	}
	more = len(due) > movedAtOnce
	var (
		moved []*record
		rev   uint64
	)
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if moved, err = activate(tx, due[:min(len(due), movedAtOnce)]); err != nil {
			return err
		}
		rev, err = nextRevision(tx)
		return err
	})
	if err != nil {
		return false, err
	}
	return more, r.settled(ctx, rev, moved)
}

func activate(tx store.Tx, due []entry) ([]*record, error) {
	var moved []*record
	for _, e := range due {
		rec, err := load(tx, e.rec.key())
		if err != nil {
			return nil, err
		}
		if rec == nil || !rec.moving() {
			continue
		}
		if rec.Status == hearth.Creating {
			rec.Status = hearth.Active
		}
		rec.Config.Updating = false
		if err := save(tx, rec); err != nil {
			return nil, err
		}
		moved = append(moved, rec)
	}
	return moved, nil
}

// deletions are the workspaces whose files are being removed.
type deletions struct {
	room  *Room
	group sync.WaitGroup
	ended chan struct{} // receives when one ended, so that another can begin

	mu     sync.Mutex
	under  map[hearth.WorkspaceID]bool
	failed map[hearth.WorkspaceID]bool // stand back until the next tick
}

// start removes a workspace in the background, unless that is under way or as
// many as allowed are. Those left are found again when one has ended.
func (d *deletions) start(ctx context.Context, rec *record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.under[rec.ID] || d.failed[rec.ID] || len(d.under) >= deletesAtOnce {
		return
	}
	d.under[rec.ID] = true
	d.group.Go(func() { d.end(rec.ID, d.room.remove(ctx, rec)) })
}

func (d *deletions) end(id hearth.WorkspaceID, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.under, id)
	if err != nil {
		d.failed[id] = true
	}
	select {
	case d.ended <- struct{}{}:
	default:
	}
}

func (d *deletions) retry() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.failed)
}

// remove deletes a workspace's samples, then its record: in this order, for the
// record is what a restart finds.
func (r *Room) remove(ctx context.Context, rec *record) error {
	err := r.opts.Engine.Delete(ctx, rec.ID)
	if err == nil {
		err = r.forget(ctx, rec)
	}
	switch {
	case err == nil:
		r.opts.Recorder.Record(hearth.Event{
			Time: r.opts.Now(), Account: rec.Account, Workspace: rec.ID, Kind: hearth.EventChanged,
			Summary: "Workspace deleted: its samples are gone.",
		})
	case ctx.Err() == nil:
		r.metrics.failures.Inc()
		r.opts.Log.Error("cannot delete a workspace; trying again", "workspace", rec.ID, "err", err)
	}
	return err
}

func (r *Room) forget(ctx context.Context, rec *record) error {
	release, err := r.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	var rev uint64
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if err := tx.Delete(bucket, rec.key()); err != nil {
			return err
		}
		rev, err = nextRevision(tx)
		return err
	})
	if err != nil {
		return err
	}
	return r.settled(ctx, rev, nil, rec.ID)
}
