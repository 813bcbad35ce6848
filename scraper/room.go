package scraper

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"net"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/storage"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/store"
)

// Workspaces knows every metrics workspace.
type Workspaces interface {
	// Lookup returns a workspace of any account. One that is being deleted, or is
	// not there, is NotFound.
	Lookup(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error)
}

// Appender takes samples in. What sender writes is named so in the ledger when
// it is refused.
type Appender interface {
	Appendable(ws hearth.Workspace, sender string) storage.AppendableV2
}

// Samples reads what a workspace has: which series to end when a scraper goes.
type Samples interface {
	Head(ctx context.Context, ws hearth.Workspace) (engine.Head, error)
}

// Clusters knows the registered clusters.
type Clusters interface {
	// Identity tells who a scraper with this role is in the cluster now. NotFound
	// if no cluster has the ARN. A zero role is one that nothing maps.
	Identity(ctx context.Context, cluster, role hearth.ARN) (Identity, error)
	// Collector returns how to reach the cluster's API server as who, through the
	// guarded dialer. NotFound if no cluster has the ARN.
	Collector(ctx context.Context, cluster hearth.ARN, who Identity) (*rest.Config, error)
	// Gaps tells which of needs who may not do there now.
	Gaps(ctx context.Context, cluster hearth.ARN, who Identity, needs []rbacv1.PolicyRule) ([]rbacv1.PolicyRule, error)
}

// An Identity is a user of Kubernetes and the groups it is in.
type Identity struct {
	User   string
	Groups []string
}

// RoleChecker decides whether a scraper's roles let it read and write where it
// wants to.
type RoleChecker interface {
	// MayCollect returns nil if the service may assume the source role for this
	// scraper and, where there is a target role, the source role may assume that
	// and the target role may write to the workspace. Otherwise the error is of
	// kind Denied, and its Msg says what is missing.
	MayCollect(ctx context.Context, scraper hearth.ARN, roles Roles, ws hearth.Workspace) error
}

// A Sealer encrypts what must not be read from disk.
type Sealer interface {
	Seal(plain []byte, about string) []byte
	Open(box []byte, about string) ([]byte, error)
}

// Options is what a Room needs. Store, Workspaces and Append are required.
type Options struct {
	Store      store.Store
	Workspaces Workspaces
	Append     Appender
	Samples    Samples        // nil: series that a killed process left are not ended
	Sealer     Sealer         // for configurations, which may hold passwords; nil keeps them in clear
	Clusters   Clusters       // nil: no cluster is known
	Roles      RoleChecker    // nil: roles are refused
	Profile    hearth.Profile // Local unless said otherwise

	// Dial makes every connection that a scraper's configuration causes; nil dials
	// without a guard.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Probe time.Duration // how often a cluster that is not fine is looked into; 0: 5 s
	// Resolver answers dns_sd_configs; nil is the machine's.
	Resolver *net.Resolver
	Now      func() time.Time      // time.Now unless a test says otherwise
	Recorder hearth.Recorder       // told of changes and of trouble with targets; nil forgets
	Log      *slog.Logger          // nil discards
	Metrics  prometheus.Registerer // nil keeps the numbers private
}

// A Room keeps scrapers and collects for them. All methods may be called
// concurrently.
//
// Kinds of errors: Invalid with Fields for input that breaks a rule, NotFound
// for what the caller does not have, Conflict for a scraper that is busy or a
// token used for another request, Quota for more than may be, Unavailable when
// the store cannot write.
type Room struct {
	opts       Options
	metrics    *metrics
	watches    *watches
	committers *committers
	running    atomic.Bool   // whether Run will move a scraper on
	settle     time.Duration // how long a change waits for the one before it
	tick       time.Duration // how often Run looks without being told
	floor      time.Duration // the shortest scrape interval
	probe      time.Duration // how often the rights in a cluster are looked at

	mu         sync.Mutex
	collectors map[string]*collector // by the key in the store
	leaving    map[string]bool       // those whose scraper is gone, until they have drained
	began      time.Time             // when Run did
}

// New returns a room. It starts nothing; see Run.
func New(o Options) *Room {
	if o.Profile == "" {
		o.Profile = hearth.Local
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	}
	if o.Resolver == nil {
		o.Resolver = &net.Resolver{PreferGo: true} // of which ctx ends a question
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Recorder == nil {
		o.Recorder = hearth.NoRecord{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Room{
		opts: o, settle: 2 * time.Second, tick: time.Second, floor: shortestInterval(o.Profile), probe: cmp.Or(o.Probe, 5*time.Second),
		collectors: map[string]*collector{}, leaving: map[string]bool{},
	}
	r.metrics = newMetrics(o.Metrics, r)
	r.watches, r.committers = newWatches(r), newCommitters()
	return r
}

func (r *Room) strict() bool { return r.opts.Profile == hearth.AWSStrict }
