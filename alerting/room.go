// Package alerting turns alerts that fire into notifications: a workspace's alert
// manager definition, and the Alertmanager that carries it out.
//
// A workspace has at most one definition, and one Alertmanager made of
// upstream's packages once it has something to do: an alert, or a question. What
// was acknowledged (definitions, silences, alerts that were posted) and what was
// notified is in the store before the answer is given, so a restart at any
// moment is an ordinary start and notifies nobody twice.
//
// A definition is a stranger's program. It reads no file, reaches only what the
// guarded dialer lets it, and its templates are rendered here, bounded in time
// and size.
package alerting

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Workspaces knows the metrics workspaces. A workspace that is gone is NotFound.
type Workspaces interface {
	Lookup(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error)
	Changed() (<-chan struct{}, func())
}

// A Publisher publishes to topics in the name of a workspace, which the topic's
// policy must allow. A refusal is of kind Denied or NotFound; other errors may
// pass.
type Publisher interface {
	Publish(ctx context.Context, from hearth.Workspace, topicARN, subject, message string, attributes map[string]string) (messageID string, err error)
}

// A DialFunc makes the connections that a definition causes.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Options is what a Room needs. Store and Workspaces are required.
type Options struct {
	Store      store.Store
	Workspaces Workspaces
	Publisher  Publisher // nil: sns_configs fail, saying so
	Dial       DialFunc  // nil: nothing is reached over the network

	ExternalURL string                // what links in notifications begin with
	Sealer      Sealer                // nil: definitions are kept as they are
	Profile     hearth.Profile        // Local unless said otherwise
	Now         func() time.Time      // of records and events; time.Now unless a test says otherwise
	Recorder    hearth.Recorder       // takes what became of alerts; nil forgets
	Tally       hearth.Tally          // counts for the workspaces' owners; nil counts nothing
	Log         *slog.Logger          // nil discards
	Metrics     prometheus.Registerer // nil keeps the numbers private
}

// A Room keeps the alert managers. All methods may be called concurrently.
//
// Kinds of errors: Invalid with Fields for a definition that is not good,
// NotFound where there is none, Conflict for creating a second one, Unavailable
// when the store cannot write or the room is closing.
type Room struct {
	opts     Options
	limits   limits
	external *url.URL
	metrics  *metrics
	shared   *shared
	trials   chan struct{} // one for each trial under way

	mu      sync.Mutex
	seats   map[hearth.WorkspaceID]*seat
	closed  bool
	running atomic.Bool  // whether Run will make a definition hold
	opened  atomic.Int64 // how many are open

	idleAfter time.Duration // how long an Alertmanager without alerts is kept
	settle    time.Duration // how long a change waits for the one before it
	tick      time.Duration // how often Run looks without being told
}

// A seat holds a workspace's Alertmanager, if it is open.
type seat struct {
	mu   sync.Mutex
	live *alertmanager
}

// New returns a room. It starts nothing; see Run.
func New(o Options) (*Room, error) {
	if o.Profile == "" {
		o.Profile = hearth.Local
	}
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
	if o.Dial == nil {
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("connections are not allowed here")
		}
	}
	external, err := url.Parse(o.ExternalURL)
	if err != nil {
		return nil, err
	}
	r := &Room{
		opts: o, limits: limitsOf(o.Profile), external: external, shared: newShared(), trials: make(chan struct{}, trialSlots),
		seats: map[hearth.WorkspaceID]*seat{}, idleAfter: 15 * time.Minute, settle: 2 * time.Second, tick: 30 * time.Second,
	}
	r.metrics = newMetrics(o.Metrics, r)
	return r, nil
}

// errClosing is what callers get while the program ends.
func errClosing() error {
	return &hearth.Error{Kind: hearth.Unavailable, Msg: "Hearth is stopping"}
}

// seatOf returns the workspace's seat.
func (r *Room) seatOf(id hearth.WorkspaceID) (*seat, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosing()
	}
	s := r.seats[id]
	if s == nil {
		s = &seat{}
		r.seats[id] = s
	}
	return s, nil
}

// with runs fn with the workspace's Alertmanager, opened and brought up to its
// definition. NotFound if the workspace has none.
func (r *Room) with(ctx context.Context, ws hearth.Workspace, fn func(*alertmanager) error) error {
	am, err := r.open(ctx, ws)
	if err != nil {
		return err
	}
	defer am.using.Add(-1)
	return fn(am)
}

// open returns the Alertmanager with its count of users one higher, so that it is
// not closed under them.
func (r *Room) open(ctx context.Context, ws hearth.Workspace) (*alertmanager, error) {
	rec, err := r.record(ctx, ws.ID)
	if err != nil {
		return nil, err
	}
	s, err := r.seatOf(ws.ID)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || s.live.revision != rec.Revision {
		if err := r.bring(ctx, s, ws, rec); err != nil {
			return nil, err
		}
	}
	s.live.used.Store(time.Now().UnixNano())
	s.live.using.Add(1)
	return s.live, nil
}

// bring opens the Alertmanager if it is not, and gives it the definition of rec.
func (r *Room) bring(ctx context.Context, s *seat, ws hearth.Workspace, rec *record) error {
	data, err := r.data(ctx, ws.ID)
	if err != nil {
		return err
	}
	d, faults := Parse(data, r.profileOf(ws.ID))
	if len(faults) > 0 {
		return invalid(faults) // it was good when it came: a newer Hearth asks for more
	}
	if s.live != nil {
		return s.live.apply(d, rec.Revision)
	}
	am, err := r.newAlertmanager(ctx, ws)
	if err != nil {
		return err
	}
	if err := am.apply(d, rec.Revision); err != nil {
		am.stop()
		return err
	}
	s.live = am
	r.opened.Add(1)
	return nil
}

// shut closes the workspace's Alertmanager; if only idle, then unless it has
// something to do.
func (r *Room) shut(id hearth.WorkspaceID, onlyIdle bool) {
	r.mu.Lock()
	s := r.seats[id]
	r.mu.Unlock()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || (onlyIdle && !s.live.idle(r.idleAfter)) {
		return
	}
	s.live.stop()
	s.live = nil
	r.opened.Add(-1)
}

// taken lists the workspaces with a seat.
func (r *Room) taken() []hearth.WorkspaceID {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []hearth.WorkspaceID
	for id := range r.seats {
		ids = append(ids, id)
	}
	return ids
}
