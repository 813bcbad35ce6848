package scraper

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kube "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// A feed runs one discovery in one cluster for all scrapers that want it. What it
// found stays when its watch breaks, and goes when a new one does not find it.
type feed struct {
	cw      *clusterWatch
	spec    feedSpec
	readers int // under cw.mu

	mu     sync.Mutex
	groups map[string]*targetgroup.Group // by source
	stamps map[string]uint64             // the run that told of each
	subs   map[*subscriber]bool
	config *rest.Config // that it runs with; nil: it does not
	cancel context.CancelFunc
	run    uint64 // counts starts
	ready  bool   // the first list of this run is there
	failed error  // of the last watch or list
	over   bool   // nobody reads it any more, and nothing starts it again
}

func newFeed(cw *clusterWatch, s feedSpec) *feed {
	return &feed{cw: cw, spec: s, groups: map[string]*targetgroup.Group{}, stamps: map[string]uint64{}, subs: map[*subscriber]bool{}}
}

func (f *feed) synced() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready
}

func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	if f.cancel != nil {
		f.cancel()
		f.cancel, f.config = nil, nil
	}
}

// tend starts the feed if it may run and does not, and ends it if it may no
// longer: then it comes back without waiting for a watch that backs off.
func (f *feed) tend(ctx context.Context, running *sync.WaitGroup, s probed, config *rest.Config) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.over:
		return // it ended while the cluster was looked into
	case s.err != nil && f.config != nil:
		return // watches outlive an API server that is away for a while
	case s.err != nil || len(f.spec.needs().in(s.missing)) > 0:
		if f.cancel != nil {
			f.cancel()
		}
		f.cancel, f.config, f.ready = nil, nil, false
		return
	case f.config == nil:
		f.start(ctx, running, config)
	case f.config.Host != config.Host:
		f.cancel()
		f.start(ctx, running, config)
	}
}

func (f *feed) start(ctx context.Context, running *sync.WaitGroup, config *rest.Config) {
	own := rest.CopyConfig(config)
	own.ContentType = "application/vnd.kubernetes.protobuf"
	own.WarningHandler = rest.NoWarnings{} // of old kinds, such as Endpoints, which their owner knows
	client, err := kube.NewForConfig(own)
	if err != nil {
		f.failed = err
		return
	}
	ctx, f.cancel = context.WithCancel(ctx)
	f.config, f.ready = config, false
	f.run++
	n := f.run
	running.Go(func() { f.watch(ctx, client, n) })
}

// watch runs the feed's discoverers until ctx ends.
func (f *feed) watch(ctx context.Context, client kube.Interface, run uint64) {
	in := newInformers(client, f.spec, func(err error) { f.trouble(run, err) })
	found := make(chan []*targetgroup.Group)
	var all sync.WaitGroup
	for _, d := range in.discoverers(f.cw.events, f.cw.room.opts.Log) {
		all.Go(func() { d.Run(ctx, found) })
	}
	all.Go(func() { in.run(ctx) })
	all.Go(func() {
		if in.wait(ctx) {
			f.listed(run)
		}
	})
	sweep := make(chan struct{})
	all.Go(func() { f.settle(ctx, run, sweep) })
	done := make(chan struct{})
	go func() { defer close(done); all.Wait() }()
	for {
		select {
		case groups := <-found:
			f.take(run, groups)
		case <-sweep:
			f.sweep(run)
			sweep = nil
		case <-done:
			return
		}
	}
}

// settled is how long after the first list what is not found again is gone.
const settled = 5 * time.Second

func (f *feed) settle(ctx context.Context, run uint64, sweep chan<- struct{}) {
	tick := time.NewTicker(settled)
	defer tick.Stop()
	for range 2 {
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				waiting = !f.synced()
			}
		}
	}
	select {
	case sweep <- struct{}{}:
	case <-ctx.Done():
	}
}

func (f *feed) listed(run uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if run == f.run {
		f.ready, f.failed = true, nil
	}
}

// trouble keeps a list's or watch's error and has the rights looked at: they may
// have been taken away.
func (f *feed) trouble(run uint64, err error) {
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || errors.Is(err, context.Canceled) {
		return // the watch is as old as the API server remembers, and begins anew by itself
	}
	f.mu.Lock()
	if run == f.run {
		f.failed = err
	}
	f.mu.Unlock()
	f.cw.room.metrics.watchFailures.Inc()
	f.cw.wake()
}

// take keeps what was discovered and tells the readers.
func (f *feed) take(run uint64, groups []*targetgroup.Group) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if run != f.run {
		return
	}
	for _, g := range groups {
		if g == nil {
			continue
		}
		if len(g.Targets) == 0 {
			delete(f.groups, g.Source)
			delete(f.stamps, g.Source)
		} else {
			f.groups[g.Source], f.stamps[g.Source] = g, run
		}
		for s := range f.subs {
			s.tell(g)
		}
	}
}

// sweep forgets what only earlier runs told of.
func (f *feed) sweep(run uint64) {
	f.mu.Lock()
	var gone []*targetgroup.Group
	for source, stamp := range f.stamps {
		if stamp < run {
			gone = append(gone, &targetgroup.Group{Source: source})
		}
	}
	f.mu.Unlock()
	f.take(run, gone)
}

// A subscriber is one reader of a feed, as Prometheus' discovery wants it.
type subscriber struct {
	feed *feed
	wake chan struct{}

	mu    sync.Mutex
	fresh map[string]*targetgroup.Group // not yet sent, by source
}

var _ discovery.Discoverer = (*subscriber)(nil)

func (s *subscriber) tell(g *targetgroup.Group) {
	s.mu.Lock()
	s.fresh[g.Source] = g
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends what the feed has and learns, until ctx ends.
func (s *subscriber) Run(ctx context.Context, up chan<- []*targetgroup.Group) {
	f := s.feed
	f.mu.Lock()
	s.fresh = maps.Clone(f.groups)
	f.subs[s] = true
	f.mu.Unlock()
	s.wake <- struct{}{}
	defer func() {
		f.mu.Lock()
		delete(f.subs, s)
		f.mu.Unlock()
		f.cw.release(f)
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		s.mu.Lock()
		groups := make([]*targetgroup.Group, 0, len(s.fresh))
		for _, g := range s.fresh {
			groups = append(groups, g)
		}
		s.fresh = map[string]*targetgroup.Group{}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case up <- groups:
		}
	}
}
