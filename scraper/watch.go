package scraper

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/hearth-metrics/hearth"
)

// watches are the clusters that scrapers look into now. All scrapers that are the
// same user of a cluster share one watch for each kind of object.
type watches struct {
	room   *Room
	events *prometheus.CounterVec // Prometheus' own count, by role and event

	mu       sync.Mutex
	clusters map[seat]*clusterWatch
	made     uint64 // counts clusterWatches
}

func newWatches(r *Room) *watches {
	return &watches{
		room: r, clusters: map[seat]*clusterWatch{},
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "events_total", Help: "Events of Kubernetes."}, []string{"role", "event"}),
	}
}

// A seat is somebody in a cluster.
type seat struct {
	cluster hearth.ARN
	who     string // an Identity's key
}

func (i Identity) key() string {
	return strings.Join(append([]string{i.User}, slices.Sorted(slices.Values(i.Groups))...), "\x00")
}

// A clusterWatch knows what one user may do in one cluster, and runs the watches
// that the scrapers which are that user share, as long as there are such scrapers.
type clusterWatch struct {
	*watches
	arn    hearth.ARN
	who    Identity
	cancel context.CancelFunc
	ended  chan struct{}
	serial uint64
	kick   chan struct{} // wakes probing
	refs   int           // under watches.mu

	mu     sync.Mutex
	needs  map[*collector]rights
	feeds  map[string]*feed // by what they watch
	config *rest.Config
	state  probed
}

// probed is what the last look into a cluster showed.
type probed struct {
	looked  bool
	err     error  // the cluster is not known, or does not answer
	missing rights // of those that its scrapers need
}

// join makes c one of the scrapers that are who in a cluster. leave is its reverse.
func (w *watches) join(ctx context.Context, arn hearth.ARN, who Identity) *clusterWatch {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := seat{arn, who.key()}
	cw := w.clusters[at]
	if cw == nil {
		living, cancel := context.WithCancel(context.WithoutCancel(ctx))
		w.made++
		cw = &clusterWatch{watches: w, serial: w.made, arn: arn, who: who, cancel: cancel, ended: make(chan struct{}), kick: make(chan struct{}, 1),
			needs: map[*collector]rights{}, feeds: map[string]*feed{}}
		w.clusters[at] = cw
		go func() { defer close(cw.ended); cw.run(living) }()
	}
	cw.refs++
	return cw
}

// leave is join's reverse. The last one waits until the watches have ended.
func (cw *clusterWatch) leave(c *collector) {
	cw.watches.mu.Lock()
	cw.refs--
	last := cw.refs == 0
	if last {
		delete(cw.watches.clusters, seat{cw.arn, cw.who.key()})
	}
	cw.watches.mu.Unlock()
	cw.mu.Lock()
	delete(cw.needs, c)
	cw.mu.Unlock()
	if last {
		cw.cancel()
		<-cw.ended
	}
}

// want says which rights c needs from now on.
func (cw *clusterWatch) want(c *collector, needs rights) {
	cw.mu.Lock()
	cw.needs[c] = needs
	cw.mu.Unlock()
	cw.wake()
}

// wake has the cluster looked into soon.
func (cw *clusterWatch) wake() {
	select {
	case cw.kick <- struct{}{}:
	default:
	}
}

// probeTimeout bounds one look into a cluster.
const probeTimeout = 10 * time.Second

// run looks into the cluster until ctx ends: often while something is wrong, else
// three times as seldom.
func (cw *clusterWatch) run(ctx context.Context) {
	var feeds sync.WaitGroup
	defer feeds.Wait()
	for {
		cw.probe(ctx)
		cw.tend(ctx, &feeds)
		wait := cw.room.probe
		if s := cw.look(); s.err == nil && len(s.missing) == 0 {
			wait *= 3
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-cw.kick:
			timer.Stop()
			cw.calm(ctx)
		case <-timer.C:
		}
	}
}

// calm keeps a watch that fails again and again from asking as often.
func (cw *clusterWatch) calm(ctx context.Context) {
	timer := time.NewTimer(min(200*time.Millisecond, cw.room.probe))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (cw *clusterWatch) look() probed {
	cw.mu.Lock()
	defer cw.mu.Unlock()
	return cw.state
}

// probe asks the API server what the watch's user may do.
func (cw *clusterWatch) probe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	all := rights{}
	cw.mu.Lock()
	for _, needs := range cw.needs {
		all.merge(needs)
	}
	cw.mu.Unlock()
	config, missing, err := cw.ask(ctx, all)
	if ctx.Err() != nil && err == nil {
		return
	}
	cw.mu.Lock()
	defer cw.mu.Unlock()
	if config != nil {
		cw.config = config
	}
	cw.state = probed{looked: true, err: err, missing: missing}
}

func (cw *clusterWatch) ask(ctx context.Context, needs rights) (*rest.Config, rights, error) {
	clusters := cw.room.opts.Clusters
	if clusters == nil {
		return nil, nil, noCluster(cw.arn)
	}
	config, err := clusters.Collector(ctx, cw.arn, cw.who)
	if err != nil {
		return nil, nil, err
	}
	gaps, err := clusters.Gaps(ctx, cw.arn, cw.who, needs.rules())
	return config, rightsOf(gaps), err
}

// A feedSpec is what one discovery watches. Equal ones share a feed.
type feedSpec struct {
	Role       kubernetes.Role
	Namespaces []string
	Selectors  []kubernetes.SelectorConfig
	Attach     kubernetes.AttachMetadataConfig
}

func specOf(k *kubernetes.SDConfig) feedSpec {
	return feedSpec{Role: k.Role, Namespaces: k.NamespaceDiscovery.Names, Selectors: k.Selectors, Attach: k.AttachMetadata}
}

func (s feedSpec) key() string {
	buf, err := json.Marshal(s)
	if err != nil {
		panic("scraper: " + err.Error()) // our own types
	}
	return string(buf)
}

func (s feedSpec) needs() rights {
	return discoveryNeeds(&kubernetes.SDConfig{Role: s.Role, AttachMetadata: s.Attach,
		NamespaceDiscovery: kubernetes.NamespaceDiscovery{Names: s.Namespaces}})
}

// feed returns the feed of s, which ends when its last reader leaves.
func (cw *clusterWatch) feed(s feedSpec) *feed {
	cw.mu.Lock()
	defer cw.mu.Unlock()
	f := cw.feeds[s.key()]
	if f == nil {
		f = newFeed(cw, s)
		cw.feeds[s.key()] = f
	}
	f.readers++
	return f
}

func (cw *clusterWatch) release(f *feed) {
	cw.mu.Lock()
	f.readers--
	last := f.readers == 0
	if last {
		delete(cw.feeds, f.spec.key())
	}
	cw.mu.Unlock()
	if last {
		f.end()
	}
}

// tend starts feeds that may run, and begins those anew whose way has changed. A
// feed whose rights are missing is not started: its watches would back off, and
// come late when the rights are there.
func (cw *clusterWatch) tend(ctx context.Context, running *sync.WaitGroup) {
	cw.mu.Lock()
	feeds := make([]*feed, 0, len(cw.feeds))
	for _, f := range cw.feeds {
		feeds = append(feeds, f)
	}
	state, config := cw.state, cw.config
	cw.mu.Unlock()
	for _, f := range feeds {
		f.tend(ctx, running, state, config)
	}
}

// reason says why a scraper with these needs does not find its targets; empty if
// it does.
func (cw *clusterWatch) reason(id string, needs rights) string {
	s := cw.look()
	switch {
	case !s.looked:
		return "Looking into the cluster."
	case s.err != nil:
		return shutOut(cw.arn, s.err)
	}
	if gaps := needs.in(s.missing); len(gaps) > 0 {
		return fmt.Sprintf("User %s may not: %s. hearth scraper doctor %s --yaml prints the ClusterRole to apply.", cw.who.User, gaps, id)
	}
	return ""
}

// shutOut says why a cluster is not looked into.
func shutOut(arn hearth.ARN, err error) string {
	if hearth.KindOf(err) == hearth.NotFound {
		return "No cluster with the ARN " + arn.String() + " is registered."
	}
	return "The API server of " + arn.Resource + " does not let the scraper in: " + publicText(err)
}

// synced tells whether all discoveries of a configuration have seen their
// objects once.
func (cw *clusterWatch) synced(c *configuration) (waiting string) {
	cw.mu.Lock()
	defer cw.mu.Unlock()
	for _, j := range c.jobs {
		for _, sd := range j.ServiceDiscoveryConfigs {
			k, ok := sd.(*kubernetes.SDConfig)
			if !ok {
				continue
			}
			if f := cw.feeds[specOf(k).key()]; f == nil || !f.synced() {
				return "Waiting for the first list of " + string(k.Role) + "."
			}
		}
	}
	return ""
}
