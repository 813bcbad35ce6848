package dashboard

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

// How many rules are evaluated at the same time: most wait for a data source, and
// the slow ones of one Grafana workspace do not hold up another's.
const (
	evaluators    = 32
	ownEvaluators = 4 // of one Grafana workspace
)

// An evaluator evaluates the alert rules of all Grafana workspaces, each group in
// its own time.
type evaluator struct {
	room  *Room
	woken chan struct{}
	slots chan struct{}

	mu     sync.Mutex
	groups map[string]*evalGroup // by Grafana workspace, folder and name
	states map[string]*ruleState // by Grafana workspace and uid
	shares map[hearth.GrafanaID]chan struct{}
}

// An evalGroup is rules that are evaluated one after another.
type evalGroup struct {
	id       hearth.GrafanaID
	folder   string
	title    string // of the folder
	name     string
	every    time.Duration
	rules    []*alertRule
	due      time.Time
	busy     bool
	lastEval time.Time
}

func newEvaluator(r *Room) *evaluator {
	return &evaluator{room: r, woken: make(chan struct{}, 1), slots: make(chan struct{}, evaluators), groups: map[string]*evalGroup{}, states: map[string]*ruleState{}, shares: map[hearth.GrafanaID]chan struct{}{}}
}

// wake lets the evaluator look at the rules again.
func (e *evaluator) wake() {
	select {
	case e.woken <- struct{}{}:
	default:
	}
}

// run evaluates until ctx is done, and waits for what is under way.
func (e *evaluator) run(ctx context.Context) error {
	var under sync.WaitGroup
	defer under.Wait()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	looked := time.Time{}
	for {
		now := e.room.opts.Now()
		if now.Sub(looked) > time.Minute || looked.After(now) {
			e.look(ctx)
			e.defineAll(ctx)
			looked = now
		}
		for _, g := range e.dueAt(now) {
			under.Go(func() { e.evaluate(ctx, g, now) })
		}
		select {
		case <-tick.C:
		case <-e.woken:
			e.look(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

func (e *evaluator) failed(what string, err error) {
	if err != nil {
		e.room.metrics.failures.Inc()
		e.room.opts.Log.Error("alert rules of Grafana workspaces: "+what+" failed; trying again", "err", err)
	}
}

// defineAll repeats definitions, in case the program ended between a change and
// its definition.
func (e *evaluator) defineAll(ctx context.Context) {
	recs, err := e.room.records(ctx)
	if ctx.Err() == nil {
		e.failed("defining", err)
	}
	for _, rec := range recs {
		if rec.Status != hearth.Active {
			continue
		}
		if err := e.defineAgain(ctx, rec); err != nil && ctx.Err() == nil {
			e.failed("defining those of "+string(rec.ID), err) // the others go on
		}
	}
}

func (e *evaluator) defineAgain(ctx context.Context, rec *record) error {
	has := false
	err := e.room.opts.Store.View(ctx, func(tx store.Tx) error {
		for _, bucket := range []string{contactBucket, ruleBucket, alertingBucket} {
			entries, err := tx.Scan(bucket, key(rec.ID), "", 1)
			if err != nil {
				return err
			}
			has = has || len(entries) > 0
		}
		return nil
	})
	if err != nil || !has {
		return err
	}
	return e.room.define(ctx, e.room.workspace(rec))
}

// look reads the rules. Groups that stay keep their time, rules their states.
func (e *evaluator) look(ctx context.Context) {
	found := map[string]*evalGroup{}
	kept := map[string]*ruleState{}
	err := e.room.opts.Store.View(ctx, func(tx store.Tx) error {
		recs, err := all[record](tx, workspaceBucket, "")
		if err != nil {
			return err
		}
		for _, rec := range recs {
			if rec.Status == hearth.Deleting {
				continue
			}
			if err := e.lookAt(tx, rec.ID, found, kept); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		if ctx.Err() == nil {
			e.failed("reading", err)
		}
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for k, g := range found {
		if old := e.groups[k]; old != nil {
			g.due, g.busy, g.lastEval = old.due, old.busy, old.lastEval
			if old.busy {
				old.rules = nil // what is under way ends; the new one goes on
			}
		}
	}
	gone := []*ruleState{}
	for k, s := range e.states {
		if kept[k] == nil {
			gone = append(gone, s)
		} else {
			kept[k] = s
		}
	}
	e.groups, e.states = found, kept
	maps.DeleteFunc(e.shares, func(_ hearth.GrafanaID, slots chan struct{}) bool { return len(slots) == 0 })
	for _, s := range gone {
		e.resolveAll(ctx, s)
	}
}

func (e *evaluator) lookAt(tx store.Tx, id hearth.GrafanaID, found map[string]*evalGroup, kept map[string]*ruleState) error {
	list, err := rulesIn(tx, id)
	if err != nil || len(list) == 0 {
		return err
	}
	for _, a := range list {
		k := groupKey(id, a.Folder, a.Group)
		g := found[k]
		if g == nil {
			every, err := intervalOf(tx, id, a.Folder, a.Group)
			if err != nil {
				return err
			}
			f, err := get[folder](tx, folderBucket, key(id, a.Folder))
			if err != nil {
				return err
			}
			g = &evalGroup{id: id, folder: a.Folder, name: a.Group, every: time.Duration(every) * time.Second}
			if f != nil {
				g.title = f.Title
			}
			found[k] = g
		}
		g.rules = append(g.rules, a)
		s, err := loadState(tx, id, a.UID)
		if err != nil {
			return err
		}
		kept[key(id, a.UID)] = s
	}
	return nil
}

// dueAt marks the groups whose time has come as busy and returns them. One that is
// still busy leaves its turn out.
func (e *evaluator) dueAt(now time.Time) (due []*evalGroup) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, g := range e.groups {
		if g.due.After(now) && g.due.Sub(now) <= g.every {
			continue
		}
		g.due = now.Add(g.every)
		if g.busy {
			e.room.metrics.missed.Inc()
			continue
		}
		g.busy = true
		due = append(due, g)
	}
	return due
}

func (e *evaluator) evaluate(ctx context.Context, g *evalGroup, now time.Time) {
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		g.busy, g.lastEval = false, now
		if live := e.groups[groupKey(g.id, g.folder, g.name)]; live != nil {
			live.busy, live.lastEval = false, now
		}
	}()
	w, err := e.room.Lookup(ctx, g.id)
	if err != nil {
		return // it is going; look forgets it
	}
	e.mu.Lock()
	rules := slices.Clone(g.rules)
	e.mu.Unlock()
	own := e.share(g.id)
	for _, a := range rules {
		if !enter(ctx, own) {
			return
		}
		if enter(ctx, e.slots) {
			e.turn(ctx, w, g, a, now)
			<-e.slots
		}
		<-own
	}
}

// enter takes a slot, unless ctx ends before one is free.
func enter(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// share are the slots of one Grafana workspace.
func (e *evaluator) share(id hearth.GrafanaID) chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shares[id] == nil {
		e.shares[id] = make(chan struct{}, ownEvaluators)
	}
	return e.shares[id]
}

// turn is one; what it breaks is its own evaluation only.
func (e *evaluator) turn(ctx context.Context, w hearth.GrafanaWorkspace, g *evalGroup, a *alertRule, now time.Time) {
	var err error
	defer func() {
		if err != nil {
			e.room.metrics.failures.Inc()
		}
	}()
	defer e.room.contain(&err)
	e.one(ctx, w, g, a, now)
}

// one evaluates one rule, moves its instances on, remembers and tells.
func (e *evaluator) one(ctx context.Context, w hearth.GrafanaWorkspace, g *evalGroup, a *alertRule, now time.Time) {
	e.mu.Lock()
	s := e.states[key(g.id, a.UID)]
	e.mu.Unlock()
	if s == nil {
		return
	}
	limit := min(max(g.every, 10*time.Second), askTimeout)
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	found, err := e.room.outcomeOf(asking, w, a, now)
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rule, s.folder, s.every = a, g.title, g.every
	s.evaluated, s.took, s.fault = now, time.Since(began), ""
	if err != nil {
		s.fault = queryFault(e.room.told(err)).Msg
	}
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	e.room.metrics.evaluations.WithLabelValues(outcome).Inc()
	before := s.summary()
	s.advance(found, err, now)
	if err := s.tell(ctx, e.room, w, now); err != nil && ctx.Err() == nil {
		e.failed("telling", err)
	}
	if after := s.summary(); after != before || s.dirty {
		s.dirty = false
		e.failed("remembering", e.room.opts.Store.Update(ctx, func(tx store.Tx) error {
			if have, err := get[alertRule](tx, ruleBucket, key(g.id, a.UID)); err != nil || have == nil {
				return err
			}
			return put(tx, stateBucket, key(g.id, a.UID), s.instances)
		}))
		if after != before {
			e.room.recordState(w, a, g, before, after)
		}
	}
}

// resolveAll ends the alerts of a rule that is gone.
func (e *evaluator) resolveAll(ctx context.Context, s *ruleState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := e.room.opts.Now()
	for _, in := range s.instances {
		in.move(stateNormal, now)
	}
	w, err := e.room.Lookup(ctx, s.id)
	if err != nil {
		return
	}
	e.failed("ending", s.tell(ctx, e.room, w, now))
	e.failed("forgetting", e.room.opts.Store.Update(ctx, func(tx store.Tx) error {
		if have, err := get[alertRule](tx, ruleBucket, key(s.id, s.uid)); err != nil || have != nil {
			return err
		}
		return tx.Delete(stateBucket, key(s.id, s.uid))
	}))
}

// recordState writes into the ledger that a rule's states changed.
func (r *Room) recordState(w hearth.GrafanaWorkspace, a *alertRule, g *evalGroup, before, after string) {
	r.opts.Recorder.Record(hearth.Event{
		Time: r.opts.Now(), Account: w.Account, Workspace: hearth.WorkspaceID(w.ID), Kind: hearth.EventRule,
		Summary: "A Grafana-managed alert rule's states changed.",
		Details: []hearth.Detail{
			{Name: hearth.DetailRule, Value: a.Title}, {Name: hearth.DetailRuleGroup, Value: g.name}, {Name: hearth.DetailNamespace, Value: g.title}, {Name: hearth.DetailFolder, Value: g.folder},
			{Name: hearth.DetailResource, Value: w.ARN().String()}, {Name: hearth.DetailState, Value: fmt.Sprintf("%s -> %s", before, after)},
		},
	})
}
