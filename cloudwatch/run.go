package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Run lets every scraper ask until ctx is done, and keeps which there are in step
// with the store.
func (r *Room) Run(ctx context.Context) error {
	changed, stop := r.opts.Store.Changed(bucket)
	defer stop()
	moved, stopMoved := r.opts.Workspaces.Changed()
	defer stopMoved()
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	var group sync.WaitGroup
	defer group.Wait()
	defer r.endAll()
	group.Go(func() { r.vend(ctx) })
	for {
		if err := r.reconcile(ctx, &group); err != nil && ctx.Err() == nil {
			r.metrics.failures.Inc()
			r.opts.Log.Error("cannot bring CloudWatch scrapers in step with the store; trying again", "err", err)
		}
		select {
		case <-changed:
		case <-moved:
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (r *Room) endAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, f := range r.feeds {
		f.end()
		delete(r.feeds, id)
	}
}

// reconcile starts feeds that are missing, ends those that are not wanted as they
// are, and forgets scrapers whose workspace is gone.
func (r *Room) reconcile(ctx context.Context, group *sync.WaitGroup) error {
	all, err := r.Scrapers(ctx, "")
	if err != nil {
		return fmt.Errorf("list CloudWatch scrapers: %w", err)
	}
	want := map[string]*Scraper{}
	var errs []error
	var gone []*feed
	for _, s := range all {
		switch ws, err := r.opts.Workspaces.Lookup(ctx, s.Workspace); {
		case hearth.KindOf(err) == hearth.NotFound && !s.fixed:
			errs = append(errs, r.forget(ctx, s))
		case err != nil:
			errs = append(errs, err)
		default:
			want[s.ID] = s
			errs = append(errs, r.ensure(ctx, s, ws, group))
		}
	}
	r.mu.Lock()
	for id, f := range r.feeds {
		if want[id] == nil {
			f.end()
			delete(r.feeds, id)
			gone = append(gone, f)
		}
	}
	r.mu.Unlock()
	for _, f := range gone {
		<-f.done // it counts until then
		r.metrics.forget(f.scraper.ID)
	}
	return errors.Join(errs...)
}

func (r *Room) forget(ctx context.Context, s *Scraper) error {
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		return errors.Join(tx.Delete(bucket, s.ID), tx.Delete(spentBucket, s.ID))
	})
}

// ensure has a feed of this revision, and of the workspace's limits, running.
func (r *Room) ensure(ctx context.Context, s *Scraper, ws hearth.Workspace, group *sync.WaitGroup) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.feeds[s.ID]; f != nil {
		if f.scraper.Revision == s.Revision && f.scraper.Configuration == s.Configuration && f.scraper.DailyCap == s.DailyCap {
			f.workspace.Store(&ws)
			return nil
		}
		f.end()
		<-f.done // two would write the same
		delete(r.feeds, s.ID)
	}
	f, err := r.newFeed(ctx, s, ws)
	if err != nil {
		return err
	}
	r.feeds[s.ID] = f
	running, end := context.WithCancel(ctx)
	f.end = end
	group.Go(func() { defer close(f.done); f.run(running) })
	return nil
}

// access is who a scraper asks as.
func (r *Room) access(s *Scraper) (Access, error) {
	a := Access{Dial: r.opts.Dial, Itself: r.opts.Itself, Closed: !r.opts.Own && !s.fixed}
	if !s.HasCredentials() {
		return a, nil
	}
	plain, err := r.opts.Sealer.Open(s.Credentials, s.ID)
	if err != nil {
		return a, fmt.Errorf("credentials of CloudWatch scraper %s: %w", s.ID, err)
	}
	a.Credentials = &Credentials{}
	if err := json.Unmarshal(plain, a.Credentials); err != nil {
		return a, fmt.Errorf("credentials of CloudWatch scraper %s: %w", s.ID, err)
	}
	return a, nil
}
