package scraper

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/prometheus/prometheus/config"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Run collects for every scraper until ctx ends. Scrapers made by another process
// on the same store are found, too.
func (r *Room) Run(ctx context.Context) error {
	r.mu.Lock()
	r.began = r.opts.Now()
	r.mu.Unlock()
	r.running.Store(true)
	defer r.running.Store(false)
	defer r.committers.start()() // to the end: what ends writes staleness markers
	changed, stop := r.opts.Store.Changed(bucket)
	defer stop()
	tick := time.NewTicker(r.tick)
	defer tick.Stop()
	var draining sync.WaitGroup
	defer draining.Wait()
	draining.Go(func() { r.settleDebts(ctx) })
	defer r.endAll()
	for {
		if err := r.reconcile(ctx, &draining); err != nil && ctx.Err() == nil {
			r.opts.Log.Error("scrapers not reconciled", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-tick.C:
		}
	}
}

func (r *Room) endAll() {
	r.mu.Lock()
	all := r.collectors
	r.collectors = map[string]*collector{}
	r.mu.Unlock()
	var ending sync.WaitGroup
	for _, c := range all {
		ending.Go(c.end)
	}
	ending.Wait()
}

// reconcile makes what runs what should run, and writes down how it goes.
func (r *Room) reconcile(ctx context.Context, draining *sync.WaitGroup) error {
	var want []*record
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		want, err = scan(tx, "")
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	keys := map[string]bool{}
	for _, rec := range want {
		keys[rec.key()] = true
		if err := r.tend(ctx, rec); err != nil {
			errs = append(errs, fmt.Errorf("scraper %s: %w", rec.ID, err))
		}
	}
	for key, c := range r.surplus(keys) {
		draining.Go(func() {
			c.drain(ctx)
			r.mu.Lock()
			delete(r.leaving, key)
			r.mu.Unlock()
		})
	}
	return errors.Join(errs...)
}

// surplus takes out the collectors whose scraper is gone. They are leaving until they
// have drained.
func (r *Room) surplus(keys map[string]bool) map[string]*collector {
	r.mu.Lock()
	defer r.mu.Unlock()
	gone := map[string]*collector{}
	for key, c := range r.collectors {
		if !keys[key] {
			delete(r.collectors, key)
			gone[key], r.leaving[key] = c, true
		}
	}
	return gone
}

// tend brings one scraper's collector to where its record is, and the record's
// status to where the collector is.
func (r *Room) tend(ctx context.Context, rec *record) error {
	c, err := r.collectorOf(ctx, rec)
	if err != nil {
		return err
	}
	ws, err := r.workspace(ctx, rec)
	if err == nil {
		err = r.mayCollect(ctx, rec, ws)
	}
	if err == nil {
		err = r.bring(ctx, c, rec, ws)
	}
	switch kind := hearth.KindOf(err); {
	case err == nil:
		c.excuse("")
	case kind == hearth.NotFound || kind == hearth.Denied || kind == hearth.Invalid:
		c.excuse(publicText(err))
		c.pause(ctx)
	default:
		return err
	}
	return r.note(ctx, c, rec)
}

func (r *Room) collectorOf(ctx context.Context, rec *record) (*collector, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.collectors[rec.key()]; c != nil {
		return c, nil
	}
	c, err := newCollector(r, rec.ID)
	if err != nil {
		return nil, err
	}
	living, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.cancel, c.rec = cancel, *rec
	c.conf = &configuration{global: &config.GlobalConfig{}}
	c.rec.Version = 0
	r.collectors[rec.key()] = c
	go func() {
		defer close(c.ended)
		if err := c.run(living); err != nil {
			r.opts.Log.Error("scraper ended", "scraper", c.id, "err", err)
		}
	}()
	return c, nil
}

// bring applies a version of a scraper that the collector does not have yet, and
// follows the workspace's limits.
func (r *Room) bring(ctx context.Context, c *collector, rec *record, ws hearth.Workspace) error {
	c.mu.Lock()
	same, aimed := c.rec.Version == rec.Version && c.conf != nil && len(c.conf.jobs) > 0, reflect.DeepEqual(c.ws, ws)
	c.ws = ws
	c.mu.Unlock()
	if same {
		if !aimed {
			c.aim(ws)
		}
		return nil
	}
	var text []byte
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		text, err = r.configurationOf(tx, rec.key())
		return err
	})
	if err != nil {
		return err
	}
	conf, err := r.parse(text, rec.Source)
	if err != nil {
		return err
	}
	c.apply(rec, conf, ws)
	return nil
}

// note writes down how a collector is, if that has changed.
func (r *Room) note(ctx context.Context, c *collector, rec *record) error {
	pending, reason := c.condition()
	status := rec.Status
	switch {
	case reason == "":
		status = hearth.Active
	case pending && rec.Status != hearth.Active, rec.Status == hearth.Creating:
	case pending:
		reason = ""
	default:
		status = updateFailed
	}
	reason = clipTo(reason, 250)
	if status == rec.Status && reason == rec.Reason {
		return nil
	}
	var lines []string
	if !pending && reason != "" {
		lines = c.watchLines() // of now: who reads the status may mend what is wrong
	}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		now, err := load(tx, rec.key())
		if err != nil || now == nil || now.Version != rec.Version {
			return err // it has changed, or is gone: another round will see
		}
		now.Status, now.Reason = status, reason
		return save(tx, now)
	})
	if err == nil {
		r.recordStatus(rec, status, reason, lines)
	}
	return err
}

// recordStatus tells the ledger; lines are AWS's about the same, an event each.
func (r *Room) recordStatus(rec *record, status hearth.Status, reason string, lines []string) {
	for _, line := range lines {
		e := rec.event(r.opts.Now(), hearth.EventScrape, line)
		e.Details = []hearth.Detail{{Name: hearth.DetailScraper, Value: rec.ID}, {Name: hearth.DetailComponent, Value: ServiceDiscovery}, {Name: hearth.DetailReason, Value: reason}}
		r.opts.Recorder.Record(e)
	}
	e := rec.event(r.opts.Now(), hearth.EventScrape, "The scraper is "+string(status)+".")
	e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailScraper, Value: rec.ID})
	if reason != "" {
		e.Summary = reason
		e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailComponent, Value: ServiceDiscovery}, hearth.Detail{Name: hearth.DetailReason, Value: reason})
	}
	e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailState, Value: string(rec.Status) + " -> " + string(status)})
	r.opts.Recorder.Record(e)
}

// excuse says why nothing is collected whatever the cluster says; empty takes it
// back.
func (c *collector) excuse(why string) {
	c.mu.Lock()
	c.stale = why
	c.mu.Unlock()
}

// pause stops collecting until another version is applied, or the reason to stop
// has gone.
func (c *collector) pause(ctx context.Context) {
	c.mu.Lock()
	idle := c.conf == nil || len(c.conf.jobs) == 0
	c.mu.Unlock()
	if idle {
		return
	}
	c.empty()
}

// empty takes all jobs away. The pools stay until their series are stale.
func (c *collector) empty() {
	none := &configuration{global: &config.GlobalConfig{}}
	c.mu.Lock()
	c.conf = none
	c.wanted++
	c.mu.Unlock()
	c.wake()
}

// drain ends a collector whose scraper is gone, once its series are marked stale.
func (c *collector) drain(ctx context.Context) {
	c.empty()
	for c.draining() {
		timer := time.NewTimer(500 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			c.end()
			return
		case <-timer.C:
		}
	}
	c.end()
}

func (c *collector) draining() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wanted != c.applied || len(c.pools.retired) > 0
}

// condition says why the scraper does not collect, or not all; empty if it does.
// pending means that it will, in a moment.
func (c *collector) condition() (pending bool, reason string) {
	c.mu.Lock()
	stale, cluster, conf, unknown := c.stale, c.cluster, c.conf, c.unknown
	arn, ok := c.rec.Source.Cluster()
	c.mu.Unlock()
	switch {
	case stale != "":
		return false, stale
	case !ok:
		return false, ""
	case cluster == nil && unknown != nil:
		return false, shutOut(arn, unknown)
	case cluster == nil:
		return true, "Looking into the cluster."
	}
	if s := cluster.look(); !s.looked {
		return true, "Looking into the cluster."
	}
	if reason := cluster.reason(c.id, conf.needs()); reason != "" {
		return false, reason
	}
	if waiting := cluster.synced(conf); waiting != "" {
		return true, waiting
	}
	return false, ""
}

// publicText is an error as the owner of a scraper may read it: what is about
// their own cluster and targets is no secret to them.
func publicText(err error) string {
	if e, ok := errors.AsType[*hearth.Error](err); ok {
		if e.Err != nil && e.Kind == hearth.Unavailable {
			return e.Msg + ": " + e.Err.Error()
		}
		return e.Msg
	}
	return err.Error()
}
