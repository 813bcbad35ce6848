package rules

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	promrules "github.com/prometheus/prometheus/rules"

	"github.com/hearth-metrics/hearth"
)

// maxStates bounds the states that one event tells of.
const maxStates = 100

// seen is an alert as it was before an evaluation, or is after it.
type seen struct {
	labels labels.Labels
	state  promrules.AlertState
	value  float64
	active time.Time
	kept   bool // fires only because of keep_firing_for
}

// statesOf returns the alerts of a rule that are pending or firing; nil for a
// rule without any, which most are.
func statesOf(rl *rule) map[uint64]seen {
	if rl.alert == nil {
		return nil
	}
	var states map[uint64]seen
	for _, a := range activeOf(rl.alert) {
		if a.State != promrules.StatePending && a.State != promrules.StateFiring {
			continue
		}
		if states == nil {
			states = map[uint64]seen{}
		}
		states[a.Labels.Hash()] = seen{a.Labels, a.State, a.Value, a.ActiveAt, !a.KeepFiringSince.IsZero()}
	}
	return states
}

// record tells the ledger of an evaluation that changed something.
func (e *evaluation) record(ctx context.Context, rl *rule, before map[uint64]seen, vector promql.Vector, err error) {
	fault := ""
	if err != nil {
		fault = plain(err).Error()
	}
	changed := e.changes(ctx, rl, before, statesOf(rl), err)
	if len(changed) == 0 && fault == rl.fault {
		return
	}
	summary := "The rule's alerts changed."
	switch {
	case fault != "":
		summary = "The rule cannot be evaluated."
		if fault != rl.fault {
			e.room.opts.Log.Warn("rule cannot be evaluated", "workspace", e.ws.ID, "namespace", e.group.namespace, "group", e.group.name, "rule", rl.Name(), "err", err)
		}
	case rl.fault != "":
		summary = "The rule can be evaluated again."
	}
	rl.fault = fault
	e.room.opts.Recorder.Record(e.event(rl, summary, changed, vector, fault))
}

func (e *evaluation) event(rl *rule, summary string, changed []string, vector promql.Vector, fault string) hearth.Event {
	d := []hearth.Detail{
		{Name: hearth.DetailNamespace, Value: e.group.namespace},
		{Name: hearth.DetailRuleGroup, Value: e.group.name},
		{Name: hearth.DetailRule, Value: rl.Name()},
		{Name: hearth.DetailQuery, Value: cut(rl.Query().String())},
		{Name: hearth.DetailEvaluated, Value: hearth.DetailTime(e.slot)},
		{Name: hearth.DetailSampleTime, Value: hearth.DetailTime(e.slot.Add(-e.behind))},
	}
	if fault != "" {
		d = append(d, hearth.Detail{Name: hearth.DetailError, Value: fault})
	} else {
		d = append(d, hearth.Detail{Name: hearth.DetailResult, Value: resultText(rl, vector)})
	}
	for i, text := range changed {
		if i == maxStates {
			d = append(d, hearth.Detail{Name: hearth.DetailOmitted, Value: strconv.Itoa(len(changed) - i)})
			break
		}
		d = append(d, hearth.Detail{Name: hearth.DetailState, Value: text})
	}
	return hearth.Event{
		Time: e.room.opts.Now(), Account: e.ws.Account, Workspace: e.ws.ID,
		Kind: hearth.EventRule, Summary: summary, Details: d,
	}
}

func resultText(rl *rule, vector promql.Vector) string {
	if rl.alert != nil {
		return fmt.Sprintf("%d alerts pending or firing", len(vector)/2) // each is in two series
	}
	return fmt.Sprintf("%d series", len(vector))
}

// changes says which alerts of rl came into another state, and why, in the order
// of their labels.
func (e *evaluation) changes(ctx context.Context, rl *rule, before, after map[uint64]seen, err error) []string {
	if rl.alert == nil || len(before) == 0 && len(after) == 0 {
		return nil
	}
	texts := map[string]string{}
	for h, now := range after {
		was, had := before[h]
		if !had {
			was.state = promrules.StateInactive
		}
		if was.state != now.state || was.kept != now.kept {
			texts[now.labels.String()] = fmt.Sprintf("%s %s -> %s: %s", now.labels, was.state, now.state, e.risen(rl, now, e.restored[h]))
		}
	}
	var why func(labels.Labels) string
	for h, was := range before {
		if _, still := after[h]; still {
			continue
		}
		if now, ok := renamed(rl, was, before, after); ok {
			texts[was.labels.String()] = fmt.Sprintf("%s %s -> inactive: the label set changed: it is %s now, and begins anew", was.labels, was.state, now.labels)
			continue
		}
		if why == nil {
			why = e.fallen(ctx, rl, err)
		}
		texts[was.labels.String()] = fmt.Sprintf("%s %s -> inactive: %s", was.labels, was.state, why(was.labels))
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		out = append(out, texts[key])
	}
	return out
}

// renamed finds the alert that has taken the place of one that is gone: it is
// new, and differs only in labels that the rule's own templates make, such as
// severity: '{{ if gt $value 9.0 }}page{{ else }}ticket{{ end }}'. To Prometheus it
// is another alert, whose `for` begins anew.
func renamed(rl *rule, was seen, before, after map[uint64]seen) (seen, bool) {
	made := []string{}
	rl.Labels().Range(func(l labels.Label) {
		if strings.Contains(l.Value, "{{") {
			made = append(made, l.Name)
		}
	})
	if len(made) == 0 {
		return seen{}, false
	}
	same := labels.NewBuilder(was.labels).Del(made...).Labels()
	for h, now := range after {
		if _, old := before[h]; !old && labels.Equal(same, labels.NewBuilder(now.labels).Del(made...).Labels()) {
			return now, true
		}
	}
	return seen{}, false
}

// risen is the reason of an alert that is pending or firing.
func (e *evaluation) risen(rl *rule, now seen, restored bool) string {
	value := "value " + strconv.FormatFloat(now.value, 'g', -1, 64)
	if restored {
		value = "as before the restart; " + value
	}
	waited, hold := e.slot.Sub(now.active).Round(time.Second), rl.alert.HoldDuration()
	switch {
	case now.kept:
		return fmt.Sprintf("the expression no longer gives it; it is kept firing for %s", rl.alert.KeepFiringFor())
	case now.state == promrules.StatePending:
		return fmt.Sprintf("%s; pending for %s of %s", value, waited, hold)
	case hold > 0:
		return fmt.Sprintf("%s; true for %s, at least %s", value, waited, hold)
	}
	return value
}

// fallen returns what tells the reason of an alert that the expression no longer
// gives. For a comparison the side that is compared is asked again: either it
// has a value, which is on the other side of the threshold, or there is none.
func (e *evaluation) fallen(ctx context.Context, rl *rule, err error) func(labels.Labels) string {
	if err != nil {
		return func(labels.Labels) string { return plain(err).Error() }
	}
	compared, ok := comparedSide(rl.Query())
	if !ok {
		return func(labels.Labels) string { return "the expression no longer gives it" }
	}
	vector, err := e.query(ctx, compared, e.slot.Add(-e.behind))
	if err != nil {
		return func(labels.Labels) string { return "the expression no longer gives it" }
	}
	return func(alert labels.Labels) string {
		for _, s := range vector {
			if within(s.Metric, alert) {
				return "the condition no longer holds: value " + strconv.FormatFloat(s.F, 'g', -1, 64)
			}
		}
		return "no data"
	}
}

// comparedSide is the left side of a comparison with a number.
func comparedSide(expr parser.Expr) (string, bool) {
	b, ok := comparison(expr)
	if !ok {
		return "", false
	}
	return b.LHS.String(), true
}

func comparison(expr parser.Expr) (*parser.BinaryExpr, bool) {
	for {
		p, ok := expr.(*parser.ParenExpr)
		if !ok {
			break
		}
		expr = p.Expr
	}
	b, ok := expr.(*parser.BinaryExpr)
	return b, ok && b.Op.IsComparisonOperator() && !b.ReturnBool && b.RHS.Type() == parser.ValueTypeScalar && b.LHS.Type() == parser.ValueTypeVector
}

// Compared takes an expression such as rate(x[5m]) > 5 apart, so that people can
// be shown what is on its left. ok is false for one that compares nothing with a
// number.
func Compared(text string) (left, op, right string, ok bool) {
	expr, err := promQL.ParseExpr(text)
	if err != nil {
		return "", "", "", false
	}
	b, ok := comparison(expr)
	if !ok {
		return "", "", "", false
	}
	return b.LHS.String(), b.Op.String(), b.RHS.String(), true
}

// within tells whether an alert with labels alert comes from a series with
// labels ls: it has them all, unless the rule overrides one.
func within(ls, alert labels.Labels) bool {
	all := true
	ls.Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel && alert.Get(l.Name) != l.Value {
			all = false
		}
	})
	return all
}
