package rules

import (
	"context"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A Usage is how much of rules a workspace has.
type Usage struct {
	Rules       int
	Interval    time.Duration // the shortest of a group; 0 if there is none
	LargestFile int           // bytes of the longest rules file

	// Took is how long the last evaluation of each group took that was evaluated,
	// by NAMESPACE;GROUP.
	Took map[string]time.Duration
}

// Usage tells of a workspace's rules, those that are evaluated.
func (r *Room) Usage(ctx context.Context, ws hearth.WorkspaceID) (Usage, error) {
	u := Usage{Took: map[string]time.Duration{}}
	for _, g := range r.groupsOf(ws) {
		u.Rules += len(g.rules)
		if u.Interval == 0 || g.interval < u.Interval {
			u.Interval = g.interval
		}
		if at, took := g.last(); !at.IsZero() {
			u.Took[g.vendedName()] = took
		}
	}
	if u.Rules == 0 {
		return u, nil
	}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		u.LargestFile = 0
		files, err := tx.Scan(fileBucket, prefixOf(ws), "", 0)
		for _, f := range files {
			u.LargestFile = max(u.LargestFile, len(f.Value))
		}
		return err
	})
	return u, err
}

// vendedName is the value of CloudWatch's dimension RuleGroup.
func (g *group) vendedName() string { return g.namespace + ";" + g.name }

// tally counts the evaluation of one rule.
func (e *evaluation) tally(err error) {
	t, of := e.room.opts.Tally, e.group.vendedName()
	t.Count(e.ws.ID, hearth.TallyRuleEvaluations, of, 1)
	if err != nil {
		t.Count(e.ws.ID, hearth.TallyRuleFailures, of, 1)
	}
}
