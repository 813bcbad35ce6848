package rules

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/store"
)

// Workspaces knows every metrics workspace.
type Workspaces interface {
	// Lookup returns a workspace of any account. One that is being deleted, or is
	// not there, is NotFound.
	Lookup(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error)
	// Workspaces returns all that Lookup would find.
	Workspaces(ctx context.Context) ([]hearth.Workspace, error)
	// Changed returns a channel that receives soon after workspaces came, changed
	// or went, and a function to stop it.
	Changed() (<-chan struct{}, func())
}

// Query evaluates PromQL within a workspace's limits. The value is the caller's.
// Errors are of the kinds that the query API answers.
type Query interface {
	Query(ctx context.Context, ws hearth.Workspace, text string, at time.Time) (parser.Value, annotations.Annotations, error)
}

// Appender takes samples in. What sender writes is named so in the ledger when
// it is refused.
type Appender interface {
	Appendable(ws hearth.Workspace, sender string) storage.AppendableV2
}

// Samples opens the samples of a workspace; engine.Engine is one.
type Samples interface {
	Head(ctx context.Context, ws hearth.Workspace) (engine.Head, error)
}

// A Notifier takes alerts that fire or have ended. It must not block for long
// nor keep the slice. Alerts it could not take are offered again by the next
// evaluation.
type Notifier interface {
	Notify(ctx context.Context, ws hearth.Workspace, alerts ...*notifier.Alert) error
}

// Options is what a Room needs. Store, Workspaces, Query and Append are
// required.
type Options struct {
	Store      store.Store
	Workspaces Workspaces
	Query      Query
	Append     Appender
	Engine     Samples        // nil: alerts begin anew after a restart
	Notify     Notifier       // nil: nobody is told of alerts
	Profile    hearth.Profile // Local unless said otherwise

	// ExternalURL is what templates know as the server's own address, and what
	// links of alerts begin with; without it they have none.
	ExternalURL string

	Workers  int                   // evaluations at the same time; max(4, 2×GOMAXPROCS) if zero, and at least 2
	Now      func() time.Time      // time.Now unless a test says otherwise
	Recorder hearth.Recorder       // told of changes of namespaces and of alerts; nil forgets
	Tally    hearth.Tally          // counts for the workspaces' owners; nil counts nothing
	Log      *slog.Logger          // nil discards
	Metrics  prometheus.Registerer // nil keeps the numbers private
}

// A Room keeps the rule groups namespaces and evaluates their rules. All methods
// may be called concurrently.
//
// Kinds of errors: Invalid with Fields for input that breaks a rule, NotFound
// for what the caller does not have, Conflict for a namespace that exists or is
// busy or a token used for another request, Quota for more than may be,
// Unavailable when the store cannot write.
type Room struct {
	opts    Options
	metrics *metrics
	running atomic.Bool   // whether Run will move a namespace on
	started bool          // whether the first reconcile has ended; only reconcile asks
	settle  time.Duration // how long a change waits for the one before it
	tick    time.Duration // how often Run looks without being told

	mu     sync.RWMutex
	loaded map[string]*namespace // by the key in the store
	turns  *schedule
}

// New returns a room. It starts nothing; see Run.
func New(o Options) *Room {
	if o.Profile == "" {
		o.Profile = hearth.Local
	}
	if o.Workers == 0 {
		o.Workers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	o.Workers = max(2, o.Workers)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Recorder == nil {
		o.Recorder = hearth.NoRecord{}
	}
	if o.Tally == nil {
		o.Tally = hearth.NoTally{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Room{opts: o, settle: 2 * time.Second, tick: 5 * time.Second, loaded: map[string]*namespace{}}
	r.turns = newSchedule(o.Workers)
	r.metrics = newMetrics(o.Metrics, r)
	return r
}
