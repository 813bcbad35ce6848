package scraper

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"

	"github.com/hearth-metrics/hearth"
)

// role is whose line in aws-auth, or access entry, says who the scraper is in its
// cluster: its source role's, else that of the role it has by itself.
func (rec *record) role() hearth.ARN {
	text := rec.Role
	if rec.Roles.Source != "" {
		text = rec.Roles.Source
	}
	arn, _ := hearth.ParseARN(text) // checked when it was given
	return arn
}

// settleIn asks, until ctx ends, who the scraper is in its cluster, for a mapping may
// come, change and go. It runs beside the rest: an API server that hangs keeps only
// this waiting.
func (c *collector) settleIn(ctx context.Context) {
	for {
		c.identify(ctx)
		timer := time.NewTimer(c.room.probe)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-c.asked:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// identify asks once. One who cannot be asked for now is who it was.
func (c *collector) identify(ctx context.Context) {
	c.mu.Lock()
	rec, conf := c.rec, c.conf
	c.mu.Unlock()
	arn, ok := rec.Source.Cluster()
	if !ok || conf == nil || len(conf.jobs) == 0 {
		return
	}
	who, err := Identity{}, error(noCluster(arn))
	if clusters := c.room.opts.Clusters; clusters != nil {
		asking, cancel := context.WithTimeout(ctx, probeTimeout)
		who, err = clusters.Identity(asking, arn, rec.role())
		cancel()
	}
	c.mu.Lock()
	c.unknown = err
	now := c.cluster
	c.mu.Unlock()
	if err == nil && ctx.Err() == nil && (now == nil || now.who.key() != who.key()) {
		c.become(ctx, arn, who)
	}
}

// become has the scraper look into its cluster as who. Its targets stay until the
// first lists that who gets are there.
func (c *collector) become(ctx context.Context, arn hearth.ARN, who Identity) {
	cw := c.room.watches.join(ctx, arn, who)
	c.mu.Lock()
	old, conf := c.cluster, c.conf
	c.cluster = cw
	c.wanted++
	if old != nil {
		c.held = time.Now().Add(longestHold)
	}
	c.mu.Unlock()
	cw.want(c, conf.needs())
	c.wake()
	if old != nil {
		old.leave(c)
	}
}

// longestHold is how long targets stay that a former user of the cluster saw.
const longestHold = 30 * time.Second

func (c *collector) holding() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.held.IsZero()
}

// released ends a hold once the new user's lists are there, or took too long.
func (c *collector) released() bool {
	c.mu.Lock()
	held, cluster, conf, applied := c.held, c.cluster, c.conf, c.wanted == c.applied
	c.mu.Unlock()
	if held.IsZero() || time.Now().Before(held) && (!applied || cluster != nil && cluster.synced(conf) != "") {
		return false
	}
	c.mu.Lock()
	c.held = time.Time{}
	c.mu.Unlock()
	return true
}

// clusterDiscovery is a discovery by a feed. It names its watch by a number, for the
// discovery manager looks into all that a discovery points to, without locks.
type clusterDiscovery struct {
	spec   feedSpec
	c      *collector // the same in all that are compared
	serial uint64     // of the watch; 0: none
}

func (c *collector) clusterDiscovery(conf *kubernetes.SDConfig) *clusterDiscovery {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := &clusterDiscovery{spec: specOf(conf), c: c}
	if c.cluster != nil {
		d.serial = c.cluster.serial
	}
	return d
}

// Name is that of the discovery it stands for.
func (*clusterDiscovery) Name() string { return "kubernetes" }

// NewDiscovererMetrics makes none: a feed counts by itself.
func (*clusterDiscovery) NewDiscovererMetrics(prometheus.Registerer, discovery.RefreshMetricsInstantiator) discovery.DiscovererMetrics {
	return &discovery.NoopDiscovererMetrics{}
}

// NewDiscoverer reads the feed.
func (d *clusterDiscovery) NewDiscoverer(discovery.DiscovererOptions) (discovery.Discoverer, error) {
	d.c.mu.Lock()
	cluster := d.c.cluster
	d.c.mu.Unlock()
	if cluster == nil {
		return nil, fmt.Errorf("the scraper's source is no cluster")
	}
	f := cluster.feed(d.spec) // if that is a newer watch than serial's, another discovery follows
	cluster.wake()
	return &subscriber{feed: f, wake: make(chan struct{}, 1)}, nil
}
