package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

const (
	checkEvery   = time.Minute
	checksAtOnce = 4
)

// Run asks every cluster how it is, every minute and when it is new, until ctx
// ends.
func (r *Room) Run(ctx context.Context) error {
	changed, stop := r.opts.Store.Changed(clusterBucket)
	defer stop()
	tick := r.opts.After(checkEvery)
	r.checkAll(ctx, false)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			r.checkAll(ctx, true)
		case <-tick:
			tick = r.opts.After(checkEvery)
			r.checkAll(ctx, false)
		}
	}
}

// checkAll examines all clusters that have a kubeconfig, or only those that were
// not examined yet, a few at once.
func (r *Room) checkAll(ctx context.Context, onlyNew bool) {
	all, err := r.everywhere(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.opts.Log.Error("clusters not examined", "err", err)
		}
		return
	}
	r.forget(all)
	places := make(chan struct{}, checksAtOnce)
	var running sync.WaitGroup
	for _, c := range all {
		if len(c.Sealed) == 0 || onlyNew && r.LastReport(c.ARN()) != nil {
			continue
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			running.Wait()
			return
		}
		running.Go(func() {
			defer func() { <-places }()
			r.examine(ctx, c)
		})
	}
	running.Wait()
	r.count(all)
}

func (r *Room) count(all []*Cluster) {
	reachable := 0
	for _, c := range all {
		if p := r.LastReport(c.ARN()); p != nil && p.Trouble == "" {
			reachable++
		}
	}
	r.metrics.clusters.Set(float64(len(all)))
	r.metrics.reachable.Set(float64(reachable))
}

// forget drops links and reports of clusters that are gone.
func (r *Room) forget(all []*Cluster) {
	there := map[hearth.ARN]bool{}
	for _, c := range all {
		there[c.ARN()] = true
	}
	var gone []hearth.ARN
	r.mu.Lock()
	for arn := range r.links {
		if !there[arn] {
			gone = append(gone, arn)
		}
	}
	for arn := range r.seen {
		if !there[arn] {
			gone = append(gone, arn)
		}
	}
	r.mu.Unlock()
	for _, arn := range gone {
		r.dropLink(arn)
	}
}
