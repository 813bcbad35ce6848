package alerting

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/alertmanager/alert"
	apiv2 "github.com/prometheus/alertmanager/api/v2"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
	amtemplate "github.com/prometheus/alertmanager/template"
	"github.com/prometheus/common/model"

	"github.com/hearth-metrics/hearth"
)

// How long things are kept and waited for. Retention is upstream's default.
const (
	retention    = 120 * time.Hour
	upkeep       = 15 * time.Minute // collection of what is past
	groupUpkeep  = 30 * time.Second
	longestFlush = time.Hour // how long a notification is retried at most
)

// shared is what all Alertmanagers of a room have in common.
type shared struct {
	pipeline *notify.Metrics
	recorder eventrecorder.Recorder // records nothing
}

func newShared() *shared {
	return &shared{pipeline: notify.NewMetrics(nowhere{}, featurecontrol.NoopFlags{})}
}

// An alertmanager is a workspace's Alertmanager: upstream's parts, with the store
// instead of files and the ledger listening.
type alertmanager struct {
	room *Room
	ws   hearth.Workspace
	log  *slog.Logger

	journal     *journal
	silences    *silence.Silences
	silencer    *silence.Silencer
	history     *nflog.Log
	alerts      *mem.Alerts
	limiter     *limiter
	groupMarker marker.GroupMarker
	api         *apiv2.API
	handler     http.Handler
	muted       *mutedLog
	slots       chan struct{} // one for each delivery under way

	// Replaced by apply.
	revision string
	current  atomic.Pointer[plan]

	using  atomic.Int64 // callers inside
	used   atomic.Int64 // when one was last, in nanoseconds
	ending chan struct{}
	ended  sync.WaitGroup
}

// A plan is what a definition makes of the Alertmanager.
type plan struct {
	definition *Definition
	route      *dispatch.Route
	dispatcher *dispatch.Dispatcher
	inhibitor  *inhibit.Inhibitor
}

// maxDeliveries bounds a workspace's deliveries under way: a receiver that hangs
// keeps its own waiting, not the memory of everyone.
const maxDeliveries = 128

func (r *Room) newAlertmanager(ctx context.Context, ws hearth.Workspace) (*alertmanager, error) {
	a := &alertmanager{
		room: r, ws: ws, journal: newJournal(r.opts.Store, ws.ID), groupMarker: marker.NewGroupMarker(),
		muted: newMutedLog(), slots: make(chan struct{}, maxDeliveries), ending: make(chan struct{}),
	}
	a.log = slog.New(&vendedLog{next: r.opts.Log.Handler(), am: a}).With("workspace", ws.ID)
	kept, err := a.journal.recall(ctx, r.opts.Log)
	if err != nil {
		return nil, err
	}
	if err := a.remember(kept); err != nil {
		return nil, err
	}
	a.limiter = newLimiter(a)
	a.alerts, err = mem.NewAlerts(context.Background(), upkeep, 0, a.limiter, a.log, r.shared.recorder, nowhere{}, featurecontrol.NoopFlags{})
	if err != nil {
		return nil, err
	}
	if err := a.alerts.Put(context.Background(), kept.alerts...); err != nil {
		return nil, err
	}
	a.api, err = apiv2.NewAPI(postedAlerts{a.alerts, a}, a.groups, a.groupMarker.Muted, a.silences, nil, a.log, nowhere{})
	if err != nil {
		return nil, err
	}
	a.handler = a.api.Handler
	a.ended.Go(a.maintain)
	return a, nil
}

// remember makes silences and the notification log of what was kept.
func (a *alertmanager) remember(kept *memory) (err error) {
	most := a.room.limits.silences
	a.silences, err = silence.New(silence.Options{
		SnapshotReader: &kept.silences, Retention: retention, Logger: a.log, Metrics: nowhere{},
		Limits: silence.Limits{MaxSilences: func() int { return most }, MaxSilenceSizeBytes: func() int { return 64 << 10 }},
	})
	if err != nil {
		return err
	}
	a.silences.SetBroadcast(a.journal.silence)
	a.silencer = silence.NewSilencer(a.silences, a.log, a.room.shared.recorder)
	a.history, err = nflog.New(nflog.Options{SnapshotReader: &kept.notified, Retention: retention, Logger: a.log, Metrics: nowhere{}})
	if err != nil {
		return err
	}
	a.history.SetBroadcast(a.journal.notification)
	return nil
}

// apply makes the definition hold. The parts that it replaces stop first, as
// upstream's do when it reads its file again.
func (a *alertmanager) apply(d *Definition, revision string) error {
	t, err := newTemplates(d, a.external(), a.room.profileOf(a.ws.ID))
	if err != nil {
		return err
	}
	p := &plan{definition: d, route: dispatch.NewRoute(d.Config.Route, nil)}
	p.inhibitor = inhibit.NewInhibitor(a.alerts, d.Config.InhibitRules, a.log, a.room.shared.recorder)
	plainLabels, err := amtemplate.New()
	if err != nil {
		return err
	}
	plainLabels.ExternalURL = a.external()
	p.dispatcher = dispatch.NewDispatcher(a.alerts, p.route, a.pipeline(p, t), a.groupMarker, flushTime, groupUpkeep,
		groupLimit(a.room.limits.groups), a.log, a.room.shared.recorder, nil, plainLabels)
	a.halt()
	a.api.Update(d.Config, func(ctx context.Context, l model.LabelSet) {
		p.inhibitor.Mutes(ctx, l)
		a.silencer.Mutes(ctx, l)
	})
	a.ended.Go(p.inhibitor.Run)
	p.inhibitor.WaitForLoading()
	a.ended.Go(func() { p.dispatcher.Run(time.Now()) })
	p.dispatcher.WaitForLoading()
	a.current.Store(p)
	a.revision = revision
	return nil
}

// flushTime is how long one notification may take with all its attempts.
func flushTime(groupInterval time.Duration) time.Duration {
	return min(max(groupInterval, notify.MinTimeout), longestFlush)
}

type groupLimit int

func (n groupLimit) MaxNumberOfAggregationGroups() int { return int(n) }

// external is what links in notifications begin with.
func (a *alertmanager) external() *url.URL { return a.room.external }

// halt stops what the definition made.
func (a *alertmanager) halt() {
	if p := a.current.Load(); p != nil {
		p.inhibitor.Stop()
		p.dispatcher.Stop()
	}
}

func (a *alertmanager) stop() {
	a.halt()
	close(a.ending)
	a.alerts.Close()
	a.ended.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := a.journal.flush(ctx); err != nil {
		a.room.metrics.failures.Inc()
		a.log.Error("alert manager state not remembered", "err", err)
	}
}

// idle says that nobody is inside, nobody was for a while, and that no alert
// waits for anything.
func (a *alertmanager) idle(after time.Duration) bool {
	if a.using.Load() > 0 || time.Since(time.Unix(0, a.used.Load())) < after {
		return false
	}
	if a.limiter.count() > 0 {
		return false
	}
	groups, _, err := a.groups(context.Background(), func(*dispatch.Route) bool { return true }, func(*alert.Alert, time.Time) bool { return true })
	return err == nil && len(groups) == 0
}

func (a *alertmanager) groups(ctx context.Context, byRoute func(*dispatch.Route) bool, byAlert func(*alert.Alert, time.Time) bool) (dispatch.AlertGroups, map[model.Fingerprint][]string, error) {
	return a.current.Load().dispatcher.Groups(ctx, byRoute, byAlert)
}

// maintain collects what is past and retries what the store did not take.
func (a *alertmanager) maintain() {
	retry, collect := time.NewTicker(10*time.Second), time.NewTicker(upkeep)
	defer retry.Stop()
	defer collect.Stop()
	for {
		var err error
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		select {
		case <-retry.C:
			err = a.journal.flush(ctx)
		case <-collect.C:
			err = a.collect(ctx)
		case <-a.ending:
			cancel()
			return
		}
		cancel()
		if err != nil {
			a.room.metrics.failures.Inc()
			a.log.Error("alert manager state not remembered; trying again", "err", err)
		}
	}
}

func (a *alertmanager) collect(ctx context.Context) error {
	if _, err := a.silences.GC(); err != nil {
		return err
	}
	if _, err := a.history.GC(); err != nil {
		return err
	}
	return a.journal.expire(ctx, time.Now())
}
