package dashboard

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The states of an alert instance, as Grafana names them.
const (
	stateNormal     = "Normal"
	statePending    = "Pending"
	stateAlerting   = "Alerting"
	stateRecovering = "Recovering"
)

const (
	maxInstances = 1000             // of one rule
	keepResolved = 15 * time.Minute // how long an ended alert is told of again, as Prometheus does
)

// An instance is one set of labels of a rule.
type instance struct {
	Labels   map[string]string `json:"labels"`
	Kind     string            `json:"kind,omitempty"` // NoData or Error; empty: of a value
	State    string            `json:"state"`
	Since    time.Time         `json:"since"`           // when this state began
	Active   time.Time         `json:"active,omitzero"` // when it stopped being normal
	Ended    time.Time         `json:"ended,omitzero"`
	Seen     time.Time         `json:"seen"`
	Value    string            `json:"value,omitempty"`
	Notes    map[string]string `json:"annotations,omitempty"`
	AllLabel map[string]string `json:"allLabels,omitempty"` // with those of the rule
}

func (in *instance) move(state string, now time.Time) {
	if in.State == state {
		return
	}
	fired := in.State == stateAlerting || in.State == stateRecovering
	in.State, in.Since = state, now
	switch {
	case state == stateNormal && fired:
		in.Ended = now
	case state != stateNormal && !fired:
		in.Ended = time.Time{}
	}
}

// A ruleState is what is known of a rule's instances.
type ruleState struct {
	id  hearth.GrafanaID
	uid string

	mu        sync.Mutex
	rule      *alertRule
	folder    string
	every     time.Duration
	instances map[string]*instance // by their labels
	evaluated time.Time
	took      time.Duration
	fault     string
	noData    bool
	dirty     bool
}

func loadState(tx store.Tx, id hearth.GrafanaID, uid string) (*ruleState, error) {
	have, err := get[map[string]*instance](tx, stateBucket, key(id, uid))
	s := &ruleState{id: id, uid: uid, instances: deref(have)}
	if s.instances == nil {
		s.instances = map[string]*instance{}
	}
	return s, err
}

// summary counts the states: by it, a change is seen.
func (s *ruleState) summary() string {
	n := map[string]int{}
	for _, in := range s.instances {
		n[in.State]++
	}
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, state+" "+strconv.Itoa(n[state]))
	}
	return orElse(strings.Join(parts, ", "), "no instances")
}

// A verdict is what an evaluation says of one set of labels.
type verdict struct {
	labels map[string]string
	firing bool
	values map[string]templateValue
}

// outcomeOf evaluates a rule. No verdicts means no data.
func (r *Room) outcomeOf(ctx context.Context, w hearth.GrafanaWorkspace, a *alertRule, now time.Time) (_ []verdict, err error) {
	defer r.contain(&err)
	queries, err := a.queries(now)
	if err != nil {
		return nil, err
	}
	found, err := r.evaluateAll(ctx, w, queries, now)
	if err != nil {
		return nil, err
	}
	c := found[a.Condition]
	switch {
	case c == nil:
		return nil, bad("the condition %s has no result", a.Condition)
	case c.err != nil:
		return nil, c.err
	case !c.numbers:
		return nil, bad("the condition %s gives series over time: reduce it to numbers first", a.Condition)
	case len(c.items) > maxInstances:
		return nil, bad("the condition %s gives %d results; a rule may have %d instances", a.Condition, len(c.items), maxInstances)
	}
	var out []verdict
	for _, item := range c.items {
		if len(item.points) == 0 {
			continue
		}
		v := item.points[0].value
		out = append(out, verdict{labels: named(item.labels), firing: v != 0 && !math.IsNaN(v), values: found.valuesFor(item.labels)})
	}
	return out, nil
}

// named are labels without the metric's name, which no alert has.
func named(l map[string]string) map[string]string {
	out := maps.Clone(l)
	delete(out, "__name__")
	return out
}

// A templateValue is what $values.A is: its labels, its Value, and as text the value.
type templateValue struct {
	Labels map[string]string
	Value  float64
}

// String is the value.
func (v templateValue) String() string { return strconv.FormatFloat(v.Value, 'f', -1, 64) }

func (all sets) valuesFor(l map[string]string) map[string]templateValue {
	out := map[string]templateValue{}
	for ref, s := range all {
		if s.err != nil || !s.numbers {
			continue
		}
		for _, item := range s.items {
			if _, ok := joined(item.labels, l); ok && len(item.points) > 0 {
				out[ref] = templateValue{item.labels, item.points[0].value}
				break
			}
		}
	}
	return out
}

// advance moves the instances on by one evaluation.
func (s *ruleState) advance(found []verdict, err error, now time.Time) {
	a := s.rule
	if a.Paused {
		for _, in := range s.instances {
			in.move(stateNormal, now)
		}
		return
	}
	kind, policy := "", ""
	switch {
	case err != nil:
		kind, policy = "Error", a.Error
	case len(found) == 0:
		kind, policy = "NoData", a.NoData
	}
	s.noData = kind == "NoData"
	switch policy {
	case "":
		for _, v := range found {
			s.seen(v, "", now)
		}
		s.forget(now, false)
	case "KeepLast":
		for _, in := range s.instances {
			in.Seen = now
		}
	case "OK":
		s.forget(now, true)
	case "Alerting":
		if len(s.instances) == 0 {
			s.seen(verdict{labels: map[string]string{}, firing: true}, kind, now)
		}
		for _, in := range s.instances {
			s.step(in, true, now)
		}
	default: // an alert of its own
		s.seen(verdict{firing: true, labels: map[string]string{"rulename": a.Title, "datasource_uid": a.Data[0].Source, "ref_id": a.Data[0].RefID}}, kind, now)
		for _, in := range s.instances {
			if in.Kind == "" {
				in.Seen = now // it is not known to be over
			}
		}
		s.forget(now, false)
	}
}

// seen moves one instance on by its verdict.
func (s *ruleState) seen(v verdict, kind string, now time.Time) {
	k := kind + labels.FromMap(v.labels).String()
	in := s.instances[k]
	if in == nil {
		if len(s.instances) >= 2*maxInstances {
			return
		}
		in = &instance{Labels: v.labels, Kind: kind, State: stateNormal, Since: now}
		s.instances[k] = in
		s.dirty = true
	}
	in.Seen = now
	if v.firing || in.AllLabel == nil {
		s.describe(in, v, now)
	}
	s.step(in, v.firing, now)
}

func (s *ruleState) step(in *instance, firing bool, now time.Time) {
	wait, _ := parseDuration(orElse(s.rule.For, "0s")) // checked when it was saved
	keep, _ := parseDuration(orElse(s.rule.Keep, "0s"))
	in.Seen = now
	switch {
	case firing && in.State == stateNormal:
		in.Active = now
		if in.move(statePending, now); wait == 0 {
			in.move(stateAlerting, now)
		}
	case firing && in.State == statePending && now.Sub(in.Since) >= wait:
		in.move(stateAlerting, now)
	case firing && in.State == stateRecovering:
		in.move(stateAlerting, now)
	case !firing && in.State == statePending:
		in.move(stateNormal, now)
	case !firing && in.State == stateAlerting && keep > 0:
		in.move(stateRecovering, now)
	case !firing && in.State == stateAlerting, !firing && in.State == stateRecovering && now.Sub(in.Since) >= keep:
		in.move(stateNormal, now)
	}
}

// forget ends instances that have not been seen for as many evaluations as the rule
// says, two if it says nothing, or all that were not seen just now, and drops those
// that ended long ago.
func (s *ruleState) forget(now time.Time, all bool) {
	patience := time.Duration(s.rule.Missing)
	if patience == 0 {
		patience = 2
	}
	for k, in := range s.instances {
		if in.Seen.Equal(now) && !all {
			continue
		}
		if all || in.Kind != "" || now.Sub(in.Seen) >= patience*max(s.every, time.Second) {
			in.move(stateNormal, now)
		}
		if in.State == stateNormal && now.Sub(in.Since) > keepResolved {
			delete(s.instances, k)
			s.dirty = true
		}
	}
}

// describe gives an instance the labels and annotations of its rule, with values.
func (s *ruleState) describe(in *instance, v verdict, now time.Time) {
	a := s.rule
	all := maps.Clone(v.labels)
	if all == nil {
		all = map[string]string{}
	}
	var values []string
	for _, ref := range slices.Sorted(maps.Keys(v.values)) {
		values = append(values, fmt.Sprintf("[ var='%s' labels={%s} value=%s ]", ref, strings.Trim(labels.FromMap(v.values[ref].Labels).String(), "{}"), v.values[ref]))
	}
	in.Value = strings.Join(values, ", ")
	data := templateData{Labels: v.labels, Values: v.values, Value: in.Value}
	left := maxDescribed
	for _, k := range slices.Sorted(maps.Keys(a.Labels)) {
		all[k] = expanded(k, a.Labels[k], data, now, &left)
	}
	all["alertname"], all["grafana_folder"] = a.Title, s.folder
	if in.Kind != "" {
		all["alertname"] = "Datasource" + in.Kind
	}
	a.Settings.mark(all)
	in.AllLabel, in.Notes = all, map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(a.Annotations)) {
		in.Notes[k] = expanded(k, a.Annotations[k], data, now, &left)
	}
	if in.Kind == "Error" {
		in.Notes["Error"] = s.fault
	}
}

type templateData struct {
	Labels map[string]string
	Values map[string]templateValue
	Value  string
}

const (
	maxExpanded  = 16 << 10 // bytes of one label or annotation
	maxDescribed = 64 << 10 // bytes of what templates of one instance expand to
)

// templateHead declares what templates may name.
const templateHead = "{{$labels := .Labels}}{{$values := .Values}}{{$value := .Value}}"

// expanded fills a template of a label or annotation in. One that fails says so in
// its place, as Grafana does. What does not fit into left is cut off.
func expanded(name, text string, data templateData, now time.Time, left *int) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	if hearth.CheckTemplate(templateHead, text) != nil {
		return text
	}
	nothing := func(context.Context, string, time.Time) (promql.Vector, error) {
		return nil, fmt.Errorf("queries are not asked in templates of alert rules")
	}
	e := template.NewTemplateExpander(context.Background(), templateHead+text, "__alert_"+name, data, model.Time(timestamp.FromTime(now)), nothing, &url.URL{}, nil)
	out, err := e.Expand()
	if err != nil {
		return text
	}
	if most := min(maxExpanded, *left); len(out) > most {
		out = out[:most]
	}
	*left -= len(out)
	return strings.ToValidUTF8(out, "?")
}

// tell sends what fires, and what ended a short while ago.
func (s *ruleState) tell(ctx context.Context, r *Room, w hearth.GrafanaWorkspace, now time.Time) error {
	if r.opts.Alerts == nil {
		return nil
	}
	var out []*notifier.Alert
	for _, in := range s.instances {
		a := &notifier.Alert{Labels: labels.FromMap(in.AllLabel), Annotations: labels.FromMap(in.Notes), StartsAt: in.Active,
			GeneratorURL: w.URL + "/alerting/grafana/" + s.uid + "/view"}
		switch {
		case in.State == stateAlerting || in.State == stateRecovering:
			a.EndsAt = now.Add(4 * max(s.every, time.Minute))
		case in.State == stateNormal && !in.Ended.IsZero() && now.Sub(in.Ended) < keepResolved:
			a.EndsAt = in.Ended
		default:
			continue
		}
		out = append(out, a)
	}
	if len(out) == 0 {
		return nil
	}
	return r.opts.Alerts.Notify(ctx, w, out...)
}
