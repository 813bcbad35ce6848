package rules

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	promrules "github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// namespace is a rule groups namespace whose rules are evaluated.
type namespace struct {
	ws      hearth.WorkspaceID
	name    string
	version uint64
	groups  []*group
}

// A group is rules that are evaluated one after the other.
type group struct {
	ws              hearth.WorkspaceID
	namespace, name string
	spec            string // as the file has it: groups of one spec are the same
	interval        time.Duration
	offset          *time.Duration // nil: the workspace's
	limit           int
	rules           []*rule
	retired         bool // its rules are gone; the series they left are marked stale

	// Of the schedule, guarded by its mutex.
	due     time.Time
	at      int // in the heap; -1 if not there
	removed bool
	cancel  context.CancelFunc // of the evaluation under way

	// Held while the group is evaluated.
	evaluating sync.Mutex
	orphans    []labels.Labels // series of rules that are gone, not yet marked stale
	restoring  int             // evaluations in which earlier states may still be found
	ended      time.Time       // when a retired group was last a group

	mu       sync.Mutex
	lastEval time.Time
	took     time.Duration
}

// A rule is one of Prometheus' and what is remembered of its last evaluation.
type rule struct {
	promrules.Rule
	alert *promrules.AlertingRule // nil for a recording rule
	wrote map[string]labels.Labels
	saved map[string]forState // states before the restart that no alert has taken up
	fault string              // the error of the last evaluation
}

// newGroup makes what a file says. The file has been checked.
func (r *Room) newGroup(ws hearth.WorkspaceID, ns string, spec rulefmt.RuleGroup) (*group, error) {
	text, err := yaml.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", spec.Name, err)
	}
	g := &group{
		ws: ws, namespace: ns, name: spec.Name, spec: string(text),
		interval: time.Duration(spec.Interval), limit: spec.Limit, at: -1,
	}
	if g.interval == 0 {
		g.interval = defaultInterval
	}
	if spec.QueryOffset != nil {
		d := time.Duration(*spec.QueryOffset)
		g.offset = &d
	}
	for _, one := range spec.Rules {
		rl, err := r.newRule(one, spec.Labels)
		if err != nil {
			return nil, fmt.Errorf("group %s: %w", spec.Name, err)
		}
		g.rules = append(g.rules, rl)
	}
	return g, nil
}

func (r *Room) newRule(spec rulefmt.Rule, common map[string]string) (*rule, error) {
	expr, err := promQL.ParseExpr(spec.Expr)
	if err != nil {
		return nil, fmt.Errorf("rule %s%s: %w", spec.Alert, spec.Record, err)
	}
	with := maps.Clone(common)
	if with == nil {
		with = map[string]string{}
	}
	maps.Copy(with, spec.Labels)
	if spec.Alert == "" {
		return &rule{Rule: promrules.NewRecordingRule(spec.Record, expr, labels.FromMap(with))}, nil
	}
	alert := promrules.NewAlertingRule(
		spec.Alert, expr, time.Duration(spec.For), time.Duration(spec.KeepFiringFor),
		labels.FromMap(with), labels.FromMap(spec.Annotations), labels.EmptyLabels(), r.opts.ExternalURL,
		true, slog.New(slog.DiscardHandler),
	)
	return &rule{Rule: alert, alert: alert}, nil
}

// inherit takes over what from knew, once it is no longer evaluated: alerts of
// rules with the same name and labels go on, and series of rules that are gone
// become orphans.
func (g *group) inherit(from *group, m *promrules.Metrics) {
	from.evaluating.Lock()
	defer from.evaluating.Unlock()
	opts := &promrules.ManagerOptions{Metrics: m}
	promrules.NewGroup(promrules.GroupOptions{Interval: g.interval, Rules: g.plain(), Opts: opts}).
		CopyState(promrules.NewGroup(promrules.GroupOptions{Interval: from.interval, Rules: from.plain(), Opts: opts}))

	left := map[string][]*rule{}
	for _, old := range from.rules {
		left[old.identity()] = append(left[old.identity()], old)
	}
	for _, rl := range g.rules {
		if same := left[rl.identity()]; len(same) > 0 {
			rl.wrote, rl.saved, rl.fault = same[0].wrote, same[0].saved, same[0].fault
			left[rl.identity()] = same[1:]
		}
	}
	g.orphans, g.restoring = from.orphans, from.restoring
	for _, gone := range left {
		for _, old := range gone {
			for _, series := range old.wrote {
				g.orphans = append(g.orphans, series)
			}
		}
	}
}

func (g *group) plain() []promrules.Rule {
	all := make([]promrules.Rule, len(g.rules))
	for i, rl := range g.rules {
		all[i] = rl.Rule
	}
	return all
}

// identity is by what a rule is found again after its file was replaced.
func (rl *rule) identity() string { return rl.Name() + rl.Labels().String() }

// retire makes the group that marks stale what g wrote, after g is no longer
// evaluated. It waits, so that a rule that only moved can write first.
func (g *group) retire(now time.Time) *group {
	g.evaluating.Lock()
	defer g.evaluating.Unlock()
	last := &group{ws: g.ws, namespace: g.namespace, name: g.name, interval: g.interval, offset: g.offset, at: -1, retired: true, orphans: g.orphans, ended: now}
	for _, rl := range g.rules {
		for _, series := range rl.wrote {
			last.orphans = append(last.orphans, series)
		}
	}
	return last
}

// behind is how far back the group's rules look.
func (g *group) behind(ws hearth.Workspace) time.Duration {
	if g.offset != nil {
		return *g.offset
	}
	return ws.Limits.RuleQueryOffset
}

// evaluated remembers an evaluation for those who list rules.
func (g *group) evaluated(at time.Time, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lastEval, g.took = at, took
}

func (g *group) last() (at time.Time, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lastEval, g.took
}
