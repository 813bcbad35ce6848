package dashboard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// flushEvery is how often the use of tokens is written down.
const flushEvery = time.Minute

// Run makes Grafana workspaces ACTIVE, deletes those that are being deleted,
// evaluates alert rules and follows provisioning files, until ctx is done.
func (r *Room) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.reconcileForever(ctx) })
	g.Go(func() error { return r.evaluator.run(ctx) })
	g.Go(func() error { return r.files.run(ctx) })
	return g.Wait()
}

func (r *Room) reconcileForever(ctx context.Context) error {
	changed, stop := r.opts.Store.Changed(workspaceBucket)
	defer stop()
	tick, flush := time.NewTicker(r.tick), time.NewTicker(flushEvery)
	defer tick.Stop()
	defer flush.Stop()
	for {
		if err := r.reconcile(ctx); err != nil && ctx.Err() == nil {
			r.metrics.failures.Inc()
			r.opts.Log.Error("cannot move Grafana workspaces on; trying again", "err", err)
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-flush.C:
			if err := r.flushUse(ctx); err != nil {
				r.opts.Log.Error("the use of tokens is not written down", "err", err)
			}
		case <-ctx.Done():
			flushing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return r.flushUse(flushing)
		}
	}
}

// reconcile moves every Grafana workspace to where it is going.
func (r *Room) reconcile(ctx context.Context) error {
	recs, err := r.records(ctx)
	if err != nil {
		return err
	}
	var faults []error // of one, which does not keep the others from moving on
	for _, rec := range recs {
		var err error
		switch {
		case rec.Status == hearth.Deleting:
			err = r.purge(ctx, rec.ID)
		case rec.Status != hearth.Active:
			err = r.activate(ctx, rec)
			r.files.wake()
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", rec.ID, err))
		}
	}
	return errors.Join(faults...)
}

func (r *Room) records(ctx context.Context) (recs []*record, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		recs, err = all[record](tx, workspaceBucket, "")
		return err
	})
	return recs, err
}

// purge deletes a Grafana workspace with all it has, in one change.
func (r *Room) purge(ctx context.Context, id hearth.GrafanaID) error {
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		for _, bucket := range ownBuckets {
			if err := deleteAll(tx, bucket, key(id)); err != nil {
				return err
			}
		}
		return tx.Delete(workspaceBucket, string(id))
	})
}

// activate gives a new Grafana workspace what it begins with, and makes it ACTIVE.
func (r *Room) activate(ctx context.Context, was *record) error {
	found, err := r.discovered(ctx, was)
	if err != nil {
		return err
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		rec, err := load(tx, was.ID)
		if hearth.KindOf(err) == hearth.NotFound {
			return nil
		}
		if err != nil || rec.Status != was.Status {
			return err
		}
		if err := r.addDiscovered(tx, rec, found); err != nil {
			return err
		}
		if !rec.Prepared {
			if err := r.prepare(tx, rec); err != nil {
				return err
			}
		}
		rec.Prepared, rec.Status = true, hearth.Active
		return put(tx, workspaceBucket, string(rec.ID), rec)
	})
}
