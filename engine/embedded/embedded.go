// Package embedded keeps samples in this process: one Prometheus TSDB for each
// workspace, in a directory of its own.
//
// Invariants:
//   - a TSDB is opened on first use, stays open while anything pins it (a Head,
//     an appender, a querier) and is closed when it has been idle;
//   - only directories named by an id that hearth.ParseWorkspaceID accepts are
//     touched;
//   - a commit that could not be written to the log is refused, and so is every
//     later one until the workspace was opened anew: memory never holds what the
//     log does not;
//   - no file is deleted in order to repair: it is moved into quarantine and
//     reported.
package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/fileutil"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// Durability says what a successful commit promises.
type Durability string

// The two promises. Process: what was committed survives the death of the
// process. Disk: it survives a power cut, at the price of waiting for an fsync
// that concurrent commits share.
const (
	Process Durability = "process"
	Disk    Durability = "disk"
)

// Options is what an Engine needs. Dir is required.
type Options struct {
	Dir        string
	Durability Durability     // Process if empty
	Profile    hearth.Profile // Local if empty; AWSStrict counts retention from the clock

	MaxOpen     int           // workspaces open at once; 2000 if 0
	IdleAfter   time.Duration // unused so long, a workspace is closed; 15 min if 0
	Compactions int           // running at once over all workspaces; half the CPUs if 0
	MinFree     MinFree       // less free space than this refuses appends

	// Limits gives a workspace's limits. If nil, those in the workspace handed to
	// Head count; else these do, and a change takes effect without a call.
	Limits func(hearth.WorkspaceID) (hearth.Limits, bool)

	Recorder hearth.Recorder  // learns of trouble with files; hearth.NoRecord if nil
	Now      func() time.Time // time.Now if nil
	Log      *slog.Logger
	Metrics  prometheus.Registerer // nil keeps the numbers private

	patience  time.Duration                                    // tests only: closePatience if 0
	freeSpace func(dir string) (free, total uint64, err error) // tests only
	syncFile  func(*os.File) error                             // tests only
	tune      func(*tsdb.Options)                              // tests only
}

func (o *Options) setDefaults() {
	if o.Durability == "" {
		o.Durability = Process
	}
	if o.Profile == "" {
		o.Profile = hearth.Local
	}
	if o.MaxOpen <= 0 {
		o.MaxOpen = 2000
	}
	if o.IdleAfter <= 0 {
		o.IdleAfter = 15 * time.Minute
	}
	if o.Compactions <= 0 {
		o.Compactions = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if o.Recorder == nil {
		o.Recorder = hearth.NoRecord{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.patience <= 0 {
		o.patience = closePatience
	}
	if o.freeSpace == nil {
		o.freeSpace = freeSpace
	}
	if o.syncFile == nil {
		o.syncFile = (*os.File).Sync
	}
}

// Engine is an engine.Engine over one directory.
type Engine struct {
	opts    Options
	log     *slog.Logger
	metrics *metrics
	disk    *disk
	lock    fileutil.Releaser
	shared  *sharedMetrics
	work    chan *space // waits for upkeep

	openings atomic.Uint64 // of workspaces
	leftover atomic.Bool   // there may be directories of deletions to finish
	entrance entrance
	stop     chan struct{} // closed once stopping

	mu      sync.Mutex
	spaces  map[hearth.WorkspaceID]*space
	deleted map[hearth.WorkspaceID]time.Time // when it was last asked for
	open    map[*space]struct{}              // those open or being opened
	doomed  map[*space]struct{}              // those deleted whose files are not gone
	phase   phase
	tasks   sync.WaitGroup // openings and closings under way
}

var _ engine.Engine = (*Engine)(nil)

// Open takes possession of the directory: a second Engine on it is refused. No
// workspace is opened yet. The kind of an error is Invalid for options that make
// no sense.
func Open(o Options) (*Engine, error) {
	o.setDefaults()
	if o.Dir == "" {
		return nil, &hearth.Error{Kind: hearth.Invalid, Msg: "the metrics engine needs a directory"}
	}
	if o.Durability != Process && o.Durability != Disk {
		return nil, &hearth.Error{Kind: hearth.Invalid, Msg: fmt.Sprintf("durability %q: want %q or %q", o.Durability, Process, Disk)}
	}
	if err := makePrivate(o.Dir, o.Log); err != nil {
		return nil, fmt.Errorf("make the metrics directory: %w", err)
	}
	lock, _, err := fileutil.Flock(filepath.Join(o.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("lock %s, which another process may have open: %w", o.Dir, err)
	}
	m := newMetrics(o.Metrics)
	e := &Engine{
		opts: o, log: o.Log, metrics: m, lock: lock,
		disk:     newDisk(o, m),
		shared:   newSharedMetrics(o.Log),
		work:     make(chan *space, 2*o.MaxOpen),
		open:     map[*space]struct{}{},
		doomed:   map[*space]struct{}{},
		entrance: newEntrance(),
		stop:     make(chan struct{}),
		spaces:   map[hearth.WorkspaceID]*space{},
		deleted:  map[hearth.WorkspaceID]time.Time{},
	}
	e.leftover.Store(true)
	return e, nil
}

func (e *Engine) now() time.Time { return e.opts.Now() }

func (e *Engine) dirOf(id hearth.WorkspaceID) string { return filepath.Join(e.opts.Dir, string(id)) }

// Head implements engine.Engine.
func (e *Engine) Head(ctx context.Context, ws hearth.Workspace) (engine.Head, error) {
	s, err := e.space(ws.ID)
	if err != nil {
		return nil, err
	}
	limits := e.limitsOf(ws)
	l, err := s.acquire(ctx, limits)
	if err != nil {
		return nil, err
	}
	l.adopt(limits)
	return &head{live: l}, nil
}

// limitsOf prefers what Options.Limits says to what the caller carries.
func (e *Engine) limitsOf(ws hearth.Workspace) hearth.Limits {
	if e.opts.Limits != nil {
		if l, ok := e.opts.Limits(ws.ID); ok {
			return l
		}
	}
	return ws.Limits
}

// Reconfigure gives an open workspace its new limits at once. A closed one
// takes them when it is opened.
func (e *Engine) Reconfigure(ws hearth.Workspace) {
	e.mu.Lock()
	s := e.spaces[ws.ID]
	e.mu.Unlock()
	if s == nil {
		return
	}
	if l := s.pinIfOpen(); l != nil {
		defer l.unpin()
		l.adopt(ws.Limits)
	}
}

// space returns the entry of a workspace that was not deleted.
func (e *Engine) space(id hearth.WorkspaceID) (*space, error) {
	if _, ok := hearth.ParseWorkspaceID(string(id)); !ok {
		return nil, notFound(id)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase != running {
		return nil, stopping(id)
	}
	if e.gone(id) {
		return nil, notFound(id)
	}
	s := e.spaces[id]
	if s == nil {
		s = newSpace(e, id)
		e.spaces[id] = s
	}
	return s, nil
}

// snapshot returns the entries there are, in no order.
func (e *Engine) snapshot() []*space {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.AppendSeq(make([]*space, 0, len(e.spaces)), maps.Values(e.spaces))
}

// opened returns those open or being opened. What is done all the time is done
// to these: the closed ones may be many, and cost nothing.
func (e *Engine) opened() []*space {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.AppendSeq(make([]*space, 0, len(e.open)), maps.Keys(e.open))
}

func notFound(id hearth.WorkspaceID) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: string(id), Type: "workspace", Msg: "there is no workspace with this ID"}
}

func unavailable(id hearth.WorkspaceID, msg string, err error) error {
	return &hearth.Error{Kind: hearth.Unavailable, Resource: string(id), Msg: msg, RetryAfter: 5 * time.Second, Err: err}
}

func stopping(id hearth.WorkspaceID) error {
	return unavailable(id, "the metrics engine is stopping", nil)
}
