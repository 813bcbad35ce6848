package alerting

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/notify"

	"github.com/hearth-metrics/hearth"
)

// maxTold is how many alerts one event names.
const maxTold = 20

// event begins an event about alerts.
func (a *alertmanager) event(reason, summary string, alerts []*alert.Alert, details ...hearth.Detail) hearth.Event {
	e := hearth.Event{
		Time: a.room.opts.Now(), Account: a.ws.Account, Workspace: a.ws.ID, Kind: hearth.EventNotification, Summary: summary,
		Details: append([]hearth.Detail{{Name: hearth.DetailReason, Value: reason}}, details...),
	}
	for i, x := range alerts {
		if i == maxTold {
			e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailOmitted, Value: strconv.Itoa(len(alerts) - i)})
			break
		}
		e.Details = append(e.Details,
			hearth.Detail{Name: hearth.DetailAlert, Value: string(x.Status()) + " " + cut(x.Labels.String(), 1<<10)},
			hearth.Detail{Name: hearth.DetailFingerprint, Value: x.Fingerprint().String()})
	}
	return e
}

// grouped tells where a new alert goes and what it waits for there.
func (a *alertmanager) grouped(x *alert.Alert) {
	p := a.current.Load()
	if p == nil {
		return
	}
	for _, r := range p.route.Match(x.Labels) {
		a.room.opts.Recorder.Record(a.event("grouped",
			fmt.Sprintf("Alert %s goes to the receiver %s: a new group waits %s for others before its first notification.", x.Name(), r.RouteOpts.Receiver, r.RouteOpts.GroupWait),
			[]*alert.Alert{x},
			hearth.Detail{Name: hearth.DetailReceiver, Value: r.RouteOpts.Receiver},
			hearth.Detail{Name: hearth.DetailRoute, Value: cut(r.Key(), 1<<10)},
			hearth.Detail{Name: hearth.DetailWait, Value: r.RouteOpts.GroupWait.String()},
		))
	}
}

// where are the details of a notification's way.
func where(ctx context.Context, in integration, t *attempts) []hearth.Detail {
	out := []hearth.Detail{
		{Name: hearth.DetailDelivery, Value: t.id},
		{Name: hearth.DetailReceiver, Value: in.receiver},
		{Name: hearth.DetailIntegration, Value: fmt.Sprintf("%s[%d]", in.name, in.index)},
		{Name: hearth.DetailAttempts, Value: strconv.Itoa(t.n)},
	}
	if id, ok := notify.RouteID(ctx); ok {
		out = append(out, hearth.Detail{Name: hearth.DetailRoute, Value: cut(id, 1<<10)})
	}
	if l, ok := notify.GroupLabels(ctx); ok {
		out = append(out, hearth.Detail{Name: hearth.DetailGroup, Value: cut(l.String(), 1<<10)})
	}
	if why, ok := notify.NotificationReason(ctx); ok {
		out = append(out, hearth.Detail{Name: hearth.DetailCause, Value: why.String()})
	}
	if t.message != "" {
		out = append(out, hearth.Detail{Name: hearth.DetailMessage, Value: t.message})
	}
	if t.subject != "" {
		out = append(out, hearth.Detail{Name: hearth.DetailSubject, Value: t.subject})
	}
	if t.payload != "" {
		out = append(out, hearth.Detail{Name: hearth.DetailPayload, Value: t.payload})
	}
	return out
}

// about gives an event the id of its delivery, so that it is found by that.
func (t *attempts) about(e hearth.Event) hearth.Event {
	e.RequestID = hearth.RequestID(t.id)
	return e
}

// delivered tells how a notification ended.
func (a *alertmanager) delivered(ctx context.Context, in integration, t *attempts, alerts []*alert.Alert, err error) {
	details := where(ctx, in, t)
	if err == nil {
		a.room.opts.Recorder.Record(t.about(a.event("delivered",
			fmt.Sprintf("%d alerts were delivered to the receiver %s by %s.", len(alerts), in.receiver, in.name), alerts, details...)))
		return
	}
	details = append(details, hearth.Detail{Name: hearth.DetailError, Value: cut(hearth.Said(err), 1<<10)})
	if x, ok := errors.AsType[hearth.Explained](err); ok {
		details = append(details, x.Details(a.ws.Account)...)
	}
	a.room.opts.Recorder.Record(t.about(a.event("failed",
		fmt.Sprintf("%d alerts were not delivered to the receiver %s by %s: %s.", len(alerts), in.receiver, in.name, cut(hearth.Said(err), 400)), alerts, details...)))
}

// failing tells of an attempt that failed and is made again.
func (a *alertmanager) failing(ctx context.Context, in integration, t *attempts, alerts []*alert.Alert, err error) {
	a.room.opts.Recorder.Record(t.about(a.event("failing",
		fmt.Sprintf("An attempt to tell the receiver %s by %s failed; it is made again.", in.receiver, in.name), alerts,
		append(where(ctx, in, t), hearth.Detail{Name: hearth.DetailError, Value: cut(hearth.Said(err), 1<<10)})...)))
}

// warn records what AWS writes to its vended log as a warning.
func (a *alertmanager) warn(reason, text string, details ...hearth.Detail) {
	a.room.opts.Recorder.Record(hearth.Event{
		Time: a.room.opts.Now(), Account: a.ws.Account, Workspace: a.ws.ID, Kind: hearth.EventWarning, Summary: text,
		Details: append([]hearth.Detail{{Name: hearth.DetailReason, Value: reason}}, details...),
	})
}

// refuse tells that an alert was not taken.
func (a *alertmanager) refuse(x *alert.Alert, err error) error {
	a.room.metrics.refused.Inc()
	a.warn("alert_limit", err.Error(), hearth.Detail{Name: hearth.DetailAlert, Value: cut(x.Labels.String(), 1<<10)})
	return err
}

// tooManyGroups turns upstream's log line into AWS's.
func (a *alertmanager) tooManyGroups(r slog.Record) {
	var groups, limit, name string
	r.Attrs(func(x slog.Attr) bool {
		switch x.Key {
		case "groups":
			groups = x.Value.String()
		case "limit":
			limit = x.Value.String()
		case "alert":
			name = x.Value.String()
		}
		return true
	})
	a.room.metrics.refused.Inc()
	a.warn("group_limit", fmt.Sprintf("Too many aggregation groups, cannot create new group for alert, groups=%s, limit=%s, alert=%s", groups, limit, name))
}

// Why alerts do not leave a group.
const (
	inhibited = "inhibited"
	silenced  = "silenced"
	muted     = "muted"
	inactive  = "inactive"
)

// watch runs a stage that may hold alerts back, and tells the ledger when it
// holds back others than the time before.
func (a *alertmanager) watch(why string, next notify.Stage) notify.Stage {
	return notify.StageFunc(func(ctx context.Context, l *slog.Logger, alerts ...*alert.Alert) (context.Context, []*alert.Alert, error) {
		ctx2, out, err := next.Exec(ctx, l, alerts...)
		if err == nil {
			a.held(ctx2, why, missing(alerts, out))
		}
		return ctx2, out, err
	})
}

// missing are the alerts of all that are not in some.
func missing(all, some []*alert.Alert) []*alert.Alert {
	if len(all) == len(some) {
		return nil
	}
	left := map[*alert.Alert]bool{}
	for _, x := range some {
		left[x] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(x *alert.Alert) bool { return left[x] })
}

func (a *alertmanager) held(ctx context.Context, why string, alerts []*alert.Alert) {
	key, _ := notify.GroupKey(ctx)
	if !a.muted.changed(key+"\x00"+why, alerts) || len(alerts) == 0 {
		return
	}
	receiver, _ := notify.ReceiverName(ctx)
	details, by := a.holders(ctx, why, alerts)
	details = append(details, hearth.Detail{Name: hearth.DetailReceiver, Value: receiver})
	if l, ok := notify.GroupLabels(ctx); ok {
		details = append(details, hearth.Detail{Name: hearth.DetailGroup, Value: cut(l.String(), 1<<10)})
	}
	a.room.metrics.held.WithLabelValues(why).Add(float64(len(alerts)))
	a.room.opts.Recorder.Record(a.event(why,
		fmt.Sprintf("%d alerts were not sent to the receiver %s: %s by %s.", len(alerts), receiver, why, by), alerts, details...))
}

// holders are what holds alerts back, as details and in words.
func (a *alertmanager) holders(ctx context.Context, why string, alerts []*alert.Alert) (details []hearth.Detail, by string) {
	var names []string
	add := func(detail string, values []string) {
		for _, v := range values {
			if !slices.Contains(names, v) && len(names) < maxTold {
				names = append(names, v)
				details = append(details, hearth.Detail{Name: detail, Value: v})
			}
		}
	}
	m, _ := marker.FromContext(ctx)
	for _, x := range alerts {
		switch {
		case why == silenced && m != nil:
			add(hearth.DetailSilence, m.Status(x.Fingerprint()).SilencedBy)
		case why == inhibited && m != nil:
			add(hearth.DetailInhibitor, m.Status(x.Fingerprint()).InhibitedBy)
		}
	}
	if why == muted || why == inactive {
		route, _ := notify.RouteID(ctx)
		key, _ := notify.GroupKey(ctx)
		intervals, _ := a.groupMarker.Muted(route, key)
		add(hearth.DetailInterval, intervals)
	}
	if len(names) == 0 {
		return details, "nothing that still exists"
	}
	return details, strings.Join(names, ", ")
}

// A mutedLog remembers what was held back last, so that it is told once.
type mutedLog struct {
	mu   sync.Mutex
	last map[string]uint64
}

// maxMuted bounds the memory: beyond, something may be told twice.
const maxMuted = 20_000

func newMutedLog() *mutedLog { return &mutedLog{last: map[string]uint64{}} }

func (l *mutedLog) changed(key string, alerts []*alert.Alert) bool {
	var sum uint64
	if len(alerts) > 0 {
		h := fnv.New64a()
		for _, x := range alerts {
			fmt.Fprintf(h, "%x ", uint64(x.Fingerprint()))
		}
		sum = h.Sum64()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last[key] == sum {
		return false
	}
	if len(l.last) >= maxMuted {
		clear(l.last)
	}
	if sum == 0 {
		delete(l.last, key)
	} else {
		l.last[key] = sum
	}
	return true
}
