package cloudwatch

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/store"
)

// Workspaces knows who has which workspace.
type Workspaces interface {
	// Lookup answers NotFound for a workspace that takes no samples.
	Lookup(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error)
	Changed() (<-chan struct{}, func())
}

// Append is the way into a workspace, within its limits.
type Append interface {
	Appendable(ws hearth.Workspace, sender string) storage.AppendableV2
}

// Samples reads what a workspace has, to know which datapoints are there.
type Samples interface {
	Head(ctx context.Context, ws hearth.Workspace) (engine.Head, error)
}

// A Sealer encrypts what must not be read from disk.
type Sealer interface {
	Seal(plain []byte, about string) []byte
	Open(box []byte, about string) ([]byte, error)
}

// Options is what a Room needs. Store, Workspaces, Append, Samples, Sealer and
// Prices are required.
type Options struct {
	Store      store.Store
	Workspaces Workspaces
	Append     Append
	Samples    Samples
	Sealer     Sealer // for scrapers' credentials
	Prices     *Prices

	// Own lets scrapers ask AWS as this process, by its environment. Whoever may
	// make a scraper then reads CloudWatch with rights that are not theirs.
	Own      bool
	Fixed    []Input // scrapers of the operator's, which nobody else can change; they ask as this process
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Itself   []string // URLs of this Hearth, see Access
	Recorder hearth.Recorder
	Usage    Usage  // what is vended as CloudWatch's metrics; nil: nothing
	Tally    *Tally // what is counted for them between two minutes; nil: nothing

	Now     func() time.Time      // time.Now unless a test says otherwise
	Log     *slog.Logger          // nil discards
	Metrics prometheus.Registerer // nil keeps the numbers private
}

// A Room has the CloudWatch scrapers of all workspaces. Its methods may be called
// concurrently; scrapers ask while Run runs.
type Room struct {
	opts    Options
	metrics *metrics

	mu    sync.Mutex
	feeds map[string]*feed // by scraper id
}

// New returns a room. It starts nothing.
func New(o Options) *Room {
	if o.Recorder == nil {
		o.Recorder = hearth.NoRecord{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Room{opts: o, feeds: map[string]*feed{}}
	r.metrics = newMetrics(o.Metrics, r)
	return r
}
