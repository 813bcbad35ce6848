package rules

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Run evaluates the rules of every workspace until ctx is done, and keeps which
// they are in step with the store.
func (r *Room) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { r.follow(ctx) })
	for range r.opts.Workers {
		group.Go(func() { r.work(ctx) })
	}
	r.dispatch(ctx)
	r.turns.wakeAll()
	return nil
}

// follow brings the rules in step with the store, on a tick and on each change.
func (r *Room) follow(ctx context.Context) {
	changed, stop := r.opts.Store.Changed(bucket)
	defer stop()
	moved, stopMoved := r.opts.Workspaces.Changed()
	defer stopMoved()
	tick := time.NewTicker(r.tick)
	defer tick.Stop()
	r.running.Store(true)
	defer r.running.Store(false)
	for {
		if err := r.reconcile(ctx); err != nil && ctx.Err() == nil {
			r.metrics.failures.Inc()
			r.opts.Log.Error("cannot bring the rules in step with the store; trying again", "err", err)
		}
		select {
		case <-changed:
		case <-moved:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// dispatch lines groups up as their slots come.
func (r *Room) dispatch(ctx context.Context) {
	const longest = time.Minute // the clock may be set
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.turns.later:
		}
		now := r.opts.Now()
		wait := longest
		if next := r.turns.release(now); !next.IsZero() {
			wait = min(wait, next.Sub(now))
		}
		timer.Reset(max(wait, time.Millisecond))
	}
}

// work evaluates groups, one at a time.
func (r *Room) work(ctx context.Context) {
	for {
		g, running := r.turns.await(ctx)
		if g == nil {
			return
		}
		r.turns.done(g, r.evaluate(running, g))
	}
}

// reconcile loads what is new or changed, drops what is gone, and makes
// namespaces ACTIVE whose rules are loaded.
func (r *Room) reconcile(ctx context.Context) error {
	living, err := r.living(ctx)
	if err != nil {
		return err
	}
	want, dead, err := r.wanted(ctx, living)
	if err != nil {
		return err
	}
	if err := r.forgetAll(ctx, dead); err != nil {
		return err
	}
	r.unload(want, living)
	if err := r.load(ctx, want); err != nil {
		return err
	}
	return r.settleAll(ctx, want)
}

func (r *Room) living(ctx context.Context) (map[hearth.WorkspaceID]bool, error) {
	all, err := r.opts.Workspaces.Workspaces(ctx)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	living := make(map[hearth.WorkspaceID]bool, len(all))
	for _, ws := range all {
		living[ws.ID] = true
	}
	return living, nil
}

// wanted are the namespaces of living workspaces, and the keys of the others.
func (r *Room) wanted(ctx context.Context, living map[hearth.WorkspaceID]bool) (want map[string]*record, dead []string, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		want, dead = map[string]*record{}, nil
		recs, err := scan(tx, "", "", 0)
		if err != nil {
			return err
		}
		for _, rec := range recs {
			if living[rec.Workspace] {
				want[rec.key()] = rec
			} else {
				dead = append(dead, rec.key())
			}
		}
		return nil
	})
	return want, dead, err
}

// forgetAll removes the namespaces of workspaces that are gone.
func (r *Room) forgetAll(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		for _, key := range keys {
			if err := forget(tx, key); err != nil {
				return err
			}
		}
		return nil
	})
}

// unload ends the rules of namespaces that are no longer wanted.
func (r *Room) unload(want map[string]*record, living map[hearth.WorkspaceID]bool) {
	r.mu.Lock()
	var gone []*namespace
	for key, n := range r.loaded {
		if want[key] == nil {
			gone = append(gone, n)
			delete(r.loaded, key)
		}
	}
	r.mu.Unlock()
	for _, n := range gone {
		for _, g := range n.groups {
			r.end(g, living[n.ws])
		}
	}
}

// end stops a group. With mark, the series it wrote are marked stale later.
func (r *Room) end(g *group, mark bool) {
	r.turns.remove(g)
	if !mark {
		return
	}
	now := r.opts.Now()
	if last := g.retire(now); len(last.orphans) > 0 {
		r.turns.add(last, now.Add(2*g.interval))
	}
}

// load reads the files that are new or have changed.
func (r *Room) load(ctx context.Context, want map[string]*record) error {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		rec := want[key]
		if n := r.at(key); n != nil && n.version == rec.Version || rec.Status == failed && r.started {
			continue
		}
		var data []byte
		err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
			data, err = tx.Get(fileBucket, key)
			return err
		})
		if err == nil {
			err = r.replace(rec, data)
		}
		rec.Reason = ""
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.opts.Log.Error("cannot load a rules file", "namespace", key, "err", err)
			rec.Reason = "The rules file cannot be loaded by this version of Hearth: " + plain(err).Error()
		}
	}
	r.started = true
	return nil
}

func (r *Room) at(key string) *namespace {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.loaded[key]
}

// replace makes the groups of a file run, in place of those the namespace had.
// A group that is the same goes on undisturbed.
func (r *Room) replace(rec *record, data []byte) error {
	file, err := checkFile(rec.Name, data, hearth.Local, hearth.LimitsOf(hearth.Local))
	if err != nil {
		return err
	}
	n := &namespace{ws: rec.Workspace, name: rec.Name, version: rec.Version}
	old := map[string]*group{}
	if had := r.at(rec.key()); had != nil {
		for _, g := range had.groups {
			old[g.name] = g
		}
	}
	var fresh []*group
	for _, spec := range file.Groups {
		g, err := r.newGroup(rec.Workspace, rec.Name, spec)
		if err != nil {
			return err
		}
		if same := old[g.name]; same != nil && same.spec == g.spec {
			g = same
		} else {
			fresh = append(fresh, g)
		}
		n.groups = append(n.groups, g)
	}
	r.take(rec.key(), n, fresh, old)
	return nil
}

// take stops the groups that are replaced, lets their successors inherit, and
// starts these.
func (r *Room) take(key string, n *namespace, fresh []*group, old map[string]*group) {
	for _, g := range n.groups {
		if old[g.name] == g {
			delete(old, g.name)
		}
	}
	for _, g := range fresh {
		if had := old[g.name]; had != nil {
			delete(old, g.name)
			r.turns.remove(had)
			g.inherit(had, r.metrics.group)
		} else if !r.started {
			g.restoring = restoreTurns
		}
	}
	r.mu.Lock()
	r.loaded[key] = n
	r.mu.Unlock()
	for _, g := range old {
		r.end(g, true)
	}
	now := r.opts.Now()
	for _, g := range fresh {
		r.turns.add(g, g.slotAfter(now))
	}
}

// settleAll makes namespaces ACTIVE whose rules are loaded, and tells why others
// are not.
func (r *Room) settleAll(ctx context.Context, want map[string]*record) error {
	due := map[string]*record{}
	for key, rec := range want {
		if rec.Status != rec.settled() {
			due[key] = rec
		}
	}
	if len(due) == 0 {
		return nil
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		for key, had := range due {
			rec, err := load(tx, key)
			if err != nil {
				return err
			}
			if rec == nil || rec.Version != had.Version {
				continue // changed again meanwhile
			}
			rec.Status, rec.Reason = had.settled(), had.Reason
			if err := save(tx, rec); err != nil {
				return err
			}
		}
		return nil
	})
}

// groupsOf returns the groups of a workspace, by namespace and then in the order
// of their names.
func (r *Room) groupsOf(ws hearth.WorkspaceID) []*group {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var all []*group
	for _, n := range r.loaded {
		if n.ws == ws {
			all = append(all, n.groups...)
		}
	}
	slices.SortFunc(all, byName)
	return all
}

func (r *Room) size() (groups, rules int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, n := range r.loaded {
		groups += len(n.groups)
		for _, g := range n.groups {
			rules += len(g.rules)
		}
	}
	return groups, rules
}
