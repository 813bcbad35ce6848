package rules

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	promrules "github.com/prometheus/prometheus/rules"

	"github.com/hearth-metrics/hearth"
)

// An evaluation is one turn of one group.
type evaluation struct {
	room   *Room
	ws     hearth.Workspace
	group  *group
	slot   time.Time // the time the rules are told
	behind time.Duration
	query  promrules.QueryFunc

	restored map[uint64]bool // alerts that have their state from before the restart
}

// evaluate runs g, which was due, and returns when it is due next; zero if never.
func (r *Room) evaluate(ctx context.Context, g *group) (next time.Time) {
	g.evaluating.Lock()
	defer g.evaluating.Unlock()
	began := r.opts.Now()
	slot := g.due
	if missed := began.Sub(slot) / g.interval; missed > 0 && !g.retired {
		r.metrics.missed.Add(float64(missed))
		r.opts.Tally.Count(g.ws, hearth.TallyRuleMissed, g.vendedName(), float64(missed))
		slot = slot.Add(missed * g.interval)
	}
	next = slot.Add(g.interval)
	ws, err := r.opts.Workspaces.Lookup(ctx, g.ws)
	if err != nil {
		return next // going, or not yet there: reconcile will see
	}
	e := &evaluation{room: r, ws: ws, group: g, slot: slot, behind: g.behind(ws), query: r.queryIn(ws), restored: map[uint64]bool{}}
	if g.retired {
		e.slot = g.ended
		e.bury(hearth.WithWorkspace(ctx, ws))
		return time.Time{}
	}
	r.metrics.delay.Observe(max(0, began.Sub(slot).Seconds()))
	clock := time.Now()
	e.run(hearth.WithWorkspace(ctx, ws))
	took := time.Since(clock)
	r.metrics.duration.Observe(took.Seconds())
	g.evaluated(began, took)
	return next
}

func (e *evaluation) run(ctx context.Context) {
	for _, rl := range e.group.rules {
		if ctx.Err() != nil {
			return
		}
		e.rule(ctx, rl)
	}
	e.bury(ctx)
	e.group.restored()
}

// queryIn is how rules of ws ask.
func (r *Room) queryIn(ws hearth.Workspace) promrules.QueryFunc {
	return func(ctx context.Context, text string, at time.Time) (promql.Vector, error) {
		value, _, err := r.opts.Query.Query(ctx, ws, text, at)
		if err != nil {
			return nil, err
		}
		switch v := value.(type) {
		case promql.Vector:
			return v, nil
		case promql.Scalar:
			return promql.Vector{{T: v.T, F: v.V, Metric: labels.EmptyLabels()}}, nil
		}
		return nil, fmt.Errorf("the expression gives a %s; a rule needs a vector or a scalar", value.Type())
	}
}

// rule evaluates one rule, tells of its alerts and writes what it gave.
func (e *evaluation) rule(ctx context.Context, rl *rule) {
	began := time.Now()
	before := statesOf(rl)
	vector, err := e.result(ctx, rl)
	if ctx.Err() != nil {
		return // stopped in the middle: no fault of the rule
	}
	if err == nil {
		rl.SetHealth(promrules.HealthGood)
		rl.SetLastError(nil)
		e.notify(ctx, rl)
		err = e.write(ctx, rl, vector)
	}
	if err != nil {
		rl.SetHealth(promrules.HealthBad)
		rl.SetLastError(plain(err))
	}
	rl.SetEvaluationDuration(time.Since(began))
	rl.SetEvaluationTimestamp(e.room.opts.Now())
	e.room.metrics.evaluated(err)
	e.tally(err)
	e.record(ctx, rl, before, vector, err)
}

// result is what Prometheus' rule makes of the query. A rule with states from
// before a restart is asked again once its alerts have them.
func (e *evaluation) result(ctx context.Context, rl *rule) (promql.Vector, error) {
	waiting := e.remember(ctx, rl)
	if waiting {
		rl.alert.SetRestored(false)
		defer rl.alert.SetRestored(true)
	}
	vector, err := e.ask(ctx, rl)
	if err != nil || !waiting {
		return vector, err
	}
	e.restore(rl)
	rl.alert.SetRestored(true)
	return e.ask(ctx, rl)
}

func (e *evaluation) ask(ctx context.Context, rl *rule) (promql.Vector, error) {
	return rl.Eval(ctx, e.behind, e.slot, e.query, e.room.external(), e.group.limit)
}

// external is what templates know as the server's address.
func (r *Room) external() *url.URL {
	u, err := url.Parse(r.opts.ExternalURL)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// plain is an error as the owner of a rule may read it.
func plain(err error) error {
	if e, ok := errors.AsType[*hearth.Error](err); ok {
		if e.Kind == hearth.Internal {
			return errors.New("internal error; the server's log has it")
		}
		return errors.New(e.Msg)
	}
	return err
}
