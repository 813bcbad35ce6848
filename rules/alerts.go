package rules

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/notifier"
	promrules "github.com/prometheus/prometheus/rules"

	"github.com/hearth-metrics/hearth"
)

// resendAfter is how often an alert that goes on is told again, as Prometheus
// does by default.
const resendAfter = time.Minute

// activeOf returns the alerts of a rule themselves, not copies, to read from for
// whoever evaluates the rule. They are changed in ForEachActiveAlert only.
func activeOf(rule *promrules.AlertingRule) []*promrules.Alert {
	if rule.ActiveAlertsCount() == 0 {
		return nil
	}
	var all []*promrules.Alert
	rule.ForEachActiveAlert(func(a *promrules.Alert) { all = append(all, a) })
	return all
}

// notify tells of alerts that fire or have ended, at the pace Prometheus would.
// What the notifier did not take is due again at the next evaluation.
func (e *evaluation) notify(ctx context.Context, rl *rule) {
	to := e.room.opts.Notify
	if to == nil || rl.alert == nil {
		return
	}
	var out []*notifier.Alert
	due := map[*promrules.Alert]bool{}
	until := e.slot.Add(4 * max(e.group.interval, resendAfter)) // two failures do not end an alert
	for _, a := range activeOf(rl.alert) {
		if e.due(a) {
			due[a] = true
			out = append(out, e.outgoing(rl, a, until))
		}
	}
	if len(out) == 0 {
		return
	}
	if err := to.Notify(ctx, e.ws, out...); err != nil {
		e.room.metrics.untold.Add(float64(len(out)))
		e.room.opts.Log.Warn("alerts were not taken; they are offered again", "workspace", e.ws.ID, "group", e.group.name, "rule", rl.Name(), "alerts", len(out), "err", err)
		return
	}
	rl.alert.ForEachActiveAlert(func(a *promrules.Alert) {
		if due[a] {
			a.LastSentAt, a.ValidUntil = e.slot, until
		}
	})
}

func (e *evaluation) due(a *promrules.Alert) bool {
	if a.State == promrules.StatePending {
		return false
	}
	return a.ResolvedAt.After(a.LastSentAt) || a.LastSentAt.Add(resendAfter).Before(e.slot)
}

func (e *evaluation) outgoing(rl *rule, a *promrules.Alert, until time.Time) *notifier.Alert {
	out := &notifier.Alert{Labels: a.Labels.Copy(), Annotations: a.Annotations, StartsAt: a.FiredAt, EndsAt: until}
	fires := a.ResolvedAt.IsZero()
	if !fires {
		out.EndsAt = a.ResolvedAt
	}
	if base := e.room.opts.ExternalURL; base != "" {
		w := e.watched(rl)
		if fires {
			w.Value = strconv.FormatFloat(a.Value, 'g', -1, 64)
		}
		out.GeneratorURL = w.ExploreURL(base)
	}
	return out
}

// watched is what the rule watches now.
func (e *evaluation) watched(rl *rule) hearth.Watched {
	return hearth.Watched{
		Workspace: e.ws.ID, Namespace: e.group.namespace, Group: e.group.name, Rule: rl.Name(),
		Expr: rl.Query().String(), At: e.slot.Add(-e.behind),
	}
}
