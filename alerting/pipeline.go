package alerting

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/nflog/nflogpb"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/timeinterval"

	"github.com/hearth-metrics/hearth"
)

// pipeline is upstream's way of a group of alerts to its receivers, in upstream's
// order, with someone listening at each step.
func (a *alertmanager) pipeline(p *plan, t *templates) notify.RoutingStage {
	m := a.room.shared.pipeline
	intervals := timeinterval.NewIntervener(intervalsOf(p.definition.Config))
	used := map[string]bool{}
	p.route.Walk(func(r *dispatch.Route) { used[r.RouteOpts.Receiver] = true })
	out := notify.RoutingStage{}
	for _, r := range p.definition.Config.Receivers {
		if !used[r.Name] {
			continue
		}
		out[r.Name] = notify.MultiStage{
			a.watch(inhibited, notify.NewMuteStage(p.inhibitor, m)),
			a.watch(inactive, notify.NewTimeActiveStage(intervals, a.groupMarker, m)),
			a.watch(muted, notify.NewTimeMuteStage(intervals, a.groupMarker, m)),
			a.watch(silenced, notify.NewMuteStage(a.silencer, m)),
			a.receiver(p, r, t),
		}
	}
	return out
}

func intervalsOf(c *config.Config) map[string][]timeinterval.TimeInterval {
	out := map[string][]timeinterval.TimeInterval{}
	for _, ti := range c.MuteTimeIntervals {
		out[ti.Name] = ti.TimeIntervals
	}
	for _, ti := range c.TimeIntervals {
		out[ti.Name] = ti.TimeIntervals
	}
	return out
}

// receiver tells all integrations of a receiver at once.
func (a *alertmanager) receiver(p *plan, r config.Receiver, t *templates) notify.Stage {
	var all notify.FanoutStage
	for _, in := range integrationsOf(r) {
		in = in.withDefaults()
		id := &nflogpb.Receiver{GroupName: r.Name, Integration: in.name, Idx: uint32(in.index)}
		s := &sender{am: a, in: in, templates: t}
		all = append(all, notify.MultiStage{
			notify.NewDedupStage(in.resolved(), a.history, id),
			&delivery{am: a, in: in, next: notify.NewRetryStage(
				notify.NewIntegration(s, in.resolved(), in.name, in.index, r.Name), r.Name, a.room.shared.pipeline, a.room.shared.recorder)},
			notify.NewSetNotifiesStage(a.history, id),
			durable{a},
		})
	}
	return all
}

// durable waits until the notification log is on disk. If that fails it stays
// pending: the notification was made, and is not made again by this process.
type durable struct{ am *alertmanager }

// Exec flushes the journal.
func (d durable) Exec(ctx context.Context, _ *slog.Logger, alerts ...*alert.Alert) (context.Context, []*alert.Alert, error) {
	if err := d.am.journal.flush(context.WithoutCancel(ctx)); err != nil {
		d.am.room.metrics.failures.Inc()
		d.am.log.Error("alert manager state not remembered; trying again", "err", err)
	}
	return ctx, alerts, nil
}

// A delivery is one notification to one integration, with all its attempts.
type delivery struct {
	am   *alertmanager
	in   integration
	next notify.Stage
}

// attempts is what a delivery learns from its sender.
type attempts struct {
	id      string
	n       int
	lastErr string
	slowed  bool // an attempt was throttled
	payload string
	message string // id of the message it was published as
	subject string // of that
}

type attemptsKey struct{}

// Exec tries until it succeeds, cannot succeed, or the time is over.
func (d *delivery) Exec(ctx context.Context, l *slog.Logger, alerts ...*alert.Alert) (context.Context, []*alert.Alert, error) {
	t := &attempts{id: uuid.NewString()}
	began := time.Now()
	_, out, err := d.next.Exec(context.WithValue(ctx, attemptsKey{}, t), l, alerts...)
	switch {
	case t.n == 0 && err == nil: // only resolved alerts, for one that is not told of them
	case err == nil:
		d.am.room.metrics.notified(d.in.name, "delivered", time.Since(began))
		d.am.delivered(ctx, d.in, t, alerts, nil)
	case ctx.Err() == context.Canceled && t.lastErr == "": // stopping, or another definition
	default:
		d.am.room.metrics.notified(d.in.name, "failed", time.Since(began))
		d.tally(hearth.TallyNotificationsFailed)
		d.am.delivered(ctx, d.in, t, alerts, err)
	}
	return ctx, out, err
}
