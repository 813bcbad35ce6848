package cluster

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A Sealer encrypts what must not be read from disk.
type Sealer interface {
	Seal(plain []byte, about string) []byte
	Open(box []byte, about string) ([]byte, error)
}

// Providers keeps the identity providers that accounts trust.
type Providers interface {
	// PinProvider makes an account trust an issuer, for tokens meant for the
	// client ids and signed with one of just these keys (a JSON Web Key Set). The
	// owner's own provider gets the keys; another's, or one whose keys are fetched,
	// is a Conflict.
	PinProvider(ctx context.Context, account hearth.AccountID, issuer, owner string, clientIDs []string, keys []byte) error
}

// Scrapers tells what collects from a cluster.
type Scrapers interface {
	// ScrapersOf returns the ids of the scrapers whose source is the cluster.
	ScrapersOf(ctx context.Context, cluster hearth.ARN) ([]string, error)
	// RolesOf returns their roles, which aws-auth and access entries may map.
	RolesOf(ctx context.Context, cluster hearth.ARN) ([]hearth.ARN, error)
}

// Options is what a Room needs. Store, Sealer and Dial are required.
type Options struct {
	Store     store.Store
	Sealer    Sealer                                                            // for credentials
	Dial      func(ctx context.Context, network, addr string) (net.Conn, error) // guarded
	Providers Providers                                                         // nil: no identity provider is made
	Scrapers  Scrapers                                                          // nil: summaries name none
	Recorder  hearth.Recorder                                                   // takes what changed
	Profile   hearth.Profile
	UserAgent string // of requests to API servers; hearth if empty

	Patience time.Duration // for one question to an API server; 0: 15 s

	Now     func() time.Time                     // time.Now unless a test says otherwise
	After   func(time.Duration) <-chan time.Time // time.After unless a test says otherwise
	Log     *slog.Logger                         // nil discards
	Metrics prometheus.Registerer                // nil keeps the numbers private
}

// A Room has the clusters of all accounts. Its methods may be called
// concurrently. While Run runs, it looks after their health.
type Room struct {
	opts    Options
	metrics *metrics

	mu    sync.Mutex
	links map[hearth.ARN]*link
	seen  map[hearth.ARN]*Report // the newest check of each
}

// New returns a room. It starts nothing.
func New(o Options) *Room {
	if o.Recorder == nil {
		o.Recorder = hearth.NoRecord{}
	}
	if o.Patience == 0 {
		o.Patience = askPatience
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Profile == "" {
		o.Profile = hearth.Local
	}
	if o.UserAgent == "" {
		o.UserAgent = "hearth"
	}
	r := &Room{opts: o, links: map[hearth.ARN]*link{}, seen: map[hearth.ARN]*Report{}}
	r.metrics = newMetrics(o.Metrics)
	return r
}
