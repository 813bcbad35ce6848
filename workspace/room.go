// Package workspace is the life of a metrics workspace: made, described,
// configured, tagged, deleted, exactly as Amazon Managed Service for Prometheus
// does it.
//
// A workspace belongs to one account and one region: those of the caller in
// the context. To every other caller it does not exist. Only Lookup and
// Workspaces look across accounts, for the front door (which authorises) and
// for rooms that work in the background.
//
// State lives in the store. CREATING becomes ACTIVE, and DELETING becomes
// gone, by reconciling from there, so a restart at any moment is an ordinary
// start.
package workspace

import (
	"context"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// An Engine holds the samples of workspaces. Deleting a workspace it does not
// hold is not an error.
type Engine interface {
	Delete(ctx context.Context, ws hearth.WorkspaceID) error
}

// Options is what a Room needs. Store and Engine are required.
type Options struct {
	Store    store.Store
	Engine   Engine
	Profile  hearth.Profile        // Local unless said otherwise
	Defaults hearth.Limits         // of a workspace without configuration; zero: hearth.LimitsOf(Profile)
	Now      func() time.Time      // time.Now unless a test says otherwise
	Recorder hearth.Recorder       // told of every change; nil forgets
	Log      *slog.Logger          // nil discards
	Metrics  prometheus.Registerer // nil keeps the numbers private
}

// A Room keeps the metrics workspaces. All methods may be called concurrently.
//
// Kinds of errors: Invalid with Fields for input that breaks a rule, NotFound
// for a workspace the caller does not have, Conflict for a change while another
// is under way or a token used for another request, Quota in profile
// aws-strict, Unavailable when the store cannot write.
type Room struct {
	opts    Options
	metrics *metrics
	index   index
	watch   watchers
	turn    chan struct{} // held from before a commit until index has it
	running atomic.Bool   // whether Run will move a workspace on

	ensuring sync.Mutex
	settle   time.Duration // how long a change waits for the one before it
	tick     time.Duration // how often Run looks without being told
}

// New returns a room. It starts nothing; see Run.
func New(o Options) *Room {
	if o.Profile == "" {
		o.Profile = hearth.Local
	}
	if reflect.ValueOf(o.Defaults).IsZero() {
		o.Defaults = hearth.LimitsOf(o.Profile)
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
	r := &Room{opts: o, turn: make(chan struct{}, 1), settle: 2 * time.Second, tick: 5 * time.Second}
	r.metrics = newMetrics(o.Metrics, &r.index)
	return r
}
