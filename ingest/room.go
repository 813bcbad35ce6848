// Package ingest turns remote write and OTLP requests into checked samples of a
// workspace.
//
// Its centre is a cache, one per open workspace, from the labels of a series as
// they stand in a request to the engine's reference of the series. A known
// series is recognised by comparing bytes: its labels are neither built nor
// sorted nor checked again.
//
// Invariants:
//   - an answer of 2xx means that everything in the request is stored;
//   - a request that cannot be parsed to its end stores nothing;
//   - good samples are stored beside refused ones, and the answer is then 400,
//     which senders do not repeat;
//   - memory is bounded before it is taken: by the claimed size, by counts while
//     parsing, and by a budget over all requests of which one workspace may hold
//     half.
package ingest

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// Engine opens the samples of a workspace; engine.Engine is one.
type Engine interface {
	// Head pins ws open. Kinds: NotFound for a deleted workspace, Unavailable
	// for now.
	Head(ctx context.Context, ws hearth.Workspace) (engine.Head, error)
}

// Options is what a Room needs. Engine is required.
type Options struct {
	Engine   Engine
	Profile  hearth.Profile   // aws-strict refuses what AWS does not offer
	Now      func() time.Time // time.Now unless a test says otherwise
	Log      *slog.Logger
	Metrics  prometheus.Registerer // nil keeps the numbers private
	Recorder hearth.Recorder       // learns of refused samples
	Tally    hearth.Tally          // counts for the workspaces' owners; nil counts nothing

	// InFlightBytes bounds the memory of all requests being worked on; 512 MiB
	// if zero. One workspace may hold half of it.
	InFlightBytes int64
	// Slots bounds the requests decoded at the same time; twice the processors
	// if zero. One workspace may hold half of them, the rest of its requests wait.
	Slots int
}

// A Room takes samples in. All its methods may be called concurrently.
type Room struct {
	engine     Engine
	profile    hearth.Profile
	now        func() time.Time
	log        *slog.Logger
	events     hearth.Recorder
	tally      hearth.Tally
	metrics    *metrics
	gate       *gate
	workspaces *workspaces
	lookups    *lookupBudget
	openings   atomic.Uint64 // of workspaces, as caches count them
}

// New makes a Room.
func New(o Options) *Room {
	r := &Room{engine: o.Engine, profile: o.Profile, now: o.Now, log: o.Log, events: o.Recorder, tally: o.Tally}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.tally == nil {
		r.tally = hearth.NoTally{}
	}
	if r.events == nil {
		r.events = hearth.NoRecord{}
	}
	if o.InFlightBytes <= 0 {
		o.InFlightBytes = 512 << 20
	}
	if o.Slots <= 0 {
		o.Slots = 2 * runtime.GOMAXPROCS(0)
	}
	r.metrics = newMetrics(o.Metrics)
	r.workspaces = newWorkspaces(max(1, o.Slots/2))
	r.gate = newGate(o.InFlightBytes, o.Slots, r.metrics)
	r.lookups = newLookupBudget()
	return r
}
