package scraper

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/dns"
	sdhttp "github.com/prometheus/prometheus/discovery/http"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/scrape"

	"github.com/hearth-metrics/hearth"
)

// A collector does the work of one scraper: a discovery manager finds groups of
// targets, sift relabels them, a scrape manager scrapes what is kept, the sink
// appends. A collector lives as long as its scraper; a change is applied to it, so
// that what has not changed goes on.
type collector struct {
	room    *Room
	id      string
	gateway *gateway
	sink    *sink
	finds   *discovery.Manager
	scrapes *scrape.Manager
	sets    chan map[string][]*targetgroup.Group // for the scrape manager
	dirty   chan struct{}                        // wakes sift
	asked   chan struct{}                        // wakes settleIn
	cancel  context.CancelFunc
	ending  atomic.Bool
	ended   chan struct{}
	log     *slog.Logger
	conns   connections

	mu       sync.Mutex
	rec      record
	ws       hearth.Workspace
	conf     *configuration
	cluster  *clusterWatch // nil: the source has none, or who the scraper is there is not known yet
	unknown  error         // why that is not known
	held     time.Time     // until when targets stay as they are, for another user's first lists
	found    map[string][]*targetgroup.Group
	pools    *pools
	funnels  map[string]funnel // by job
	targets  []labels.Labels   // those kept, of all jobs
	tallies  map[*scrape.Target]*tally
	trouble  map[*scrape.Target]string // what was told about failing targets
	searches map[string]string         // why searches fail, by what they are about
	told     budget
	wanted   int    // counts configurations given
	applied  int    // the last of them that both managers have
	stale    string // why nothing is collected: the workspace is gone, roles say no
}

// newCollector makes a collector that has nothing to do yet. It starts with run.
func newCollector(r *Room, id string) (*collector, error) {
	c := &collector{
		room: r, id: id, gateway: newGateway(), sets: make(chan map[string][]*targetgroup.Group), dirty: make(chan struct{}, 1), asked: make(chan struct{}, 1),
		ended: make(chan struct{}), log: r.opts.Log.With("scraper", id), pools: newPools(),
		found: map[string][]*targetgroup.Group{}, funnels: map[string]funnel{},
		tallies: map[*scrape.Target]*tally{}, trouble: map[*scrape.Target]string{}, searches: map[string]string{},
	}
	c.sink = &sink{c: c}
	reg := prometheus.NewRegistry() // Prometheus' own numbers, by job: not Hearth's
	opts := &scrape.Options{
		DiscoveryReloadInterval: model.Duration(500 * time.Millisecond), DiscoveryReloadOnStartup: true,
		AppendMetadata: true, PassMetadataInContext: true, HTTPClientOptions: c.httpOptions(),
	}
	quiet := slog.New(slog.DiscardHandler) // targets and their errors are told by the doctor and the ledger
	var err error
	if c.scrapes, err = scrape.NewManager(opts, quiet, nil, nil, c.sink, reg); err != nil {
		return nil, fmt.Errorf("scrape manager: %w", err)
	}
	return c, nil
}

// run collects until ctx ends.
func (c *collector) run(ctx context.Context) error {
	sd, err := discovery.CreateAndRegisterSDMetrics(prometheus.NewRegistry())
	if err != nil {
		return fmt.Errorf("discovery: %w", err)
	}
	quiet := slog.New(slog.DiscardHandler)
	c.mu.Lock()
	c.finds = discovery.NewManager(ctx, quiet, prometheus.NewRegistry(), sd, discovery.Updatert(time.Second), discovery.HTTPClientOptions(c.httpOptions()...))
	made := c.finds != nil
	c.mu.Unlock()
	defer context.AfterFunc(ctx, c.conns.closeAll)() // a target that drips keeps nobody waiting
	if !made {
		return fmt.Errorf("discovery manager of scraper %s could not be made", c.id)
	}
	var all sync.WaitGroup
	all.Go(func() { c.gateway.run(ctx) })
	all.Go(func() { c.settleIn(ctx) })
	all.Go(func() { _ = c.finds.Run() })
	all.Go(func() { _ = c.scrapes.Run(c.sets) })
	c.wake()
	c.follow(ctx)
	c.scrapes.Stop()
	all.Wait()
	return nil
}

// follow relabels whenever something was discovered or configured.
func (c *collector) follow(ctx context.Context) {
	upkeep := time.NewTicker(time.Second)
	defer upkeep.Stop()
	swept := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case found, ok := <-c.finds.SyncCh():
			if !ok {
				<-ctx.Done()
				return
			}
			c.mu.Lock()
			c.found = found
			c.mu.Unlock()
			if !c.holding() {
				c.sift(ctx)
			}
		case <-c.dirty:
			c.configure()
			if !c.holding() {
				c.sift(ctx)
			}
		case now := <-upkeep.C:
			if now.Sub(swept) >= sweepEvery {
				c.forgetGone()
				swept = now
			}
			c.tidy()
			if c.released() {
				c.sift(ctx)
			}
		}
	}
}

// apply gives the collector its scraper as it is now.
func (c *collector) apply(rec *record, conf *configuration, ws hearth.Workspace) {
	c.mu.Lock()
	c.rec, c.conf, c.stale = *rec, conf, ""
	c.wanted++
	cluster := c.cluster
	c.mu.Unlock()
	if cluster != nil {
		cluster.want(c, conf.needs())
	}
	c.aim(ws)
	c.wake()
	select {
	case c.asked <- struct{}{}:
	default:
	}
}

// aim says which workspace samples go to.
func (c *collector) aim(ws hearth.Workspace) {
	var external []labels.Label
	c.mu.Lock()
	if c.conf != nil {
		c.conf.global.ExternalLabels.Range(func(l labels.Label) { external = append(external, l) })
	}
	c.mu.Unlock()
	c.sink.to.Store(&outlet{c.room.opts.Append.Appendable(ws, "scraper "+c.id), external})
}

// configure hands the newest configuration to both managers, which may wait for
// scrapes under way; so only follow calls it.
func (c *collector) configure() {
	c.mu.Lock()
	conf, version := c.conf, c.wanted
	if version == c.applied {
		c.mu.Unlock()
		return
	}
	scrapes := c.pools.configure(conf, c.room.opts.Now())
	c.mu.Unlock()
	c.applyPools(scrapes)
	finds := map[string]discovery.Configs{}
	for _, j := range conf.jobs {
		finds[j.JobName] = c.discoveries(j)
	}
	if err := c.finds.ApplyConfig(finds); err != nil {
		c.log.Error("discoveries not applied", "err", err)
	}
	c.mu.Lock()
	c.applied = version
	c.mu.Unlock()
}

func (c *collector) applyPools(scrapes []*config.ScrapeConfig) {
	base, err := config.Load("", slog.New(slog.DiscardHandler))
	if err == nil {
		base.ScrapeConfigs = scrapes
		err = c.scrapes.ApplyConfig(base)
	}
	if err != nil {
		c.log.Error("scrape configuration not applied", "err", err)
	}
}

func (c *collector) wake() {
	select {
	case c.dirty <- struct{}{}:
	default:
	}
}

// discoveries are those of a job, with our own in place of some of Prometheus'. The
// discovery manager goes on with those that are deeply equal to what it has.
func (c *collector) discoveries(j *job) discovery.Configs {
	out := make(discovery.Configs, 0, len(j.ServiceDiscoveryConfigs))
	for _, sd := range j.ServiceDiscoveryConfigs {
		switch conf := sd.(type) {
		case *kubernetes.SDConfig:
			sd = c.clusterDiscovery(conf)
		case *dns.SDConfig, *sdhttp.SDConfig:
			sd = &search{conf: conf, c: c}
		}
		out = append(out, sd)
	}
	return out
}

// sift relabels everything found and tells the scrape manager.
func (c *collector) sift(ctx context.Context) {
	c.mu.Lock()
	conf, found := c.conf, c.found
	funnels := map[string]funnel{}
	sets := c.pools.empty()
	room := maxTargets
	c.targets = nil
	for _, j := range conf.jobs {
		targets, f := j.sift(found[j.JobName], c.room.floor)
		if len(targets) > room {
			f.Over, targets = len(targets)-room, targets[:room]
		}
		room -= len(targets)
		for _, k := range targets {
			pool := c.pools.of(j.JobName, k.api)
			sets[pool][0].Targets = append(sets[pool][0].Targets, k.target(c.gateway.address))
			c.targets = append(c.targets, k.labels)
		}
		funnels[j.JobName] = f
	}
	c.funnels = funnels
	c.mu.Unlock()
	select {
	case c.sets <- sets:
	case <-ctx.Done():
	}
}

// sweepEvery is how long what is known of a target that is gone may be kept.
const sweepEvery = 15 * time.Second

// forgetGone forgets targets that are gone.
func (c *collector) forgetGone() {
	active := map[*scrape.Target]bool{}
	for _, targets := range c.scrapes.TargetsActive() {
		for _, t := range targets {
			active[t] = true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.tallies {
		if !active[t] {
			delete(c.tallies, t)
			delete(c.trouble, t)
		}
	}
}

// tidy ends pools that have drained, and aims the gateway where the cluster is now.
func (c *collector) tidy() {
	c.mu.Lock()
	cluster := c.cluster
	scrapes, changed := c.pools.drained(c.room.opts.Now())
	c.mu.Unlock()
	if changed {
		c.applyPools(scrapes)
	}
	if cluster == nil {
		return
	}
	cluster.mu.Lock()
	config := cluster.config
	cluster.mu.Unlock()
	if to := c.gateway.to.Load(); config != nil && (to == nil || to.of != way{config.Host, cluster.who.key()}) {
		if err := c.gateway.aim(config, cluster.who.key()); err != nil {
			c.log.Error("API server not reachable", "err", err)
		}
	}
}

func (c *collector) tallyOf(t *scrape.Target) *tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tallies[t] == nil {
		c.tallies[t] = &tally{}
	}
	return c.tallies[t]
}

// end lets the loops write their staleness markers, then ends everything.
func (c *collector) end() {
	c.ending.Store(true)
	c.cancel()
	<-c.ended
	c.mu.Lock()
	cluster := c.cluster
	c.cluster = nil
	c.mu.Unlock()
	if cluster != nil {
		cluster.leave(c)
	}
}
