package rules

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
)

// sender is what the ledger calls a rule whose samples were refused.
func (e *evaluation) sender() string { return "rules " + e.group.namespace + "/" + e.group.name }

// write appends what a rule gave, and marks stale the series that it wrote last
// time and not now. A rule with nothing to write opens nothing.
func (e *evaluation) write(ctx context.Context, rl *rule, vector promql.Vector) error {
	if len(vector) == 0 && len(rl.wrote) == 0 {
		return nil
	}
	app := e.room.opts.Append.Appendable(e.ws, e.sender()).AppenderV2(ctx)
	wrote := make(map[string]labels.Labels, len(vector))
	var refused error
	for _, s := range vector {
		if _, err := app.Append(0, s.Metric, 0, s.T, s.F, nil, s.H, inOrder); err != nil {
			refused = err
			continue
		}
		wrote[keyOfSeries(s.Metric)] = s.Metric
	}
	for key, series := range rl.wrote {
		if _, still := wrote[key]; !still {
			e.stale(app, series)
		}
	}
	if err := app.Commit(); err != nil {
		return fmt.Errorf("store the result: %w", err)
	}
	rl.wrote = wrote
	if refused != nil {
		return fmt.Errorf("store the result: %w", refused)
	}
	return nil
}

var inOrder = storage.AOptions{RejectOutOfOrder: true}

func keyOfSeries(ls labels.Labels) string {
	var buf [1024]byte
	return string(ls.Bytes(buf[:]))
}

// stale marks the end of a series. That another rule has written it since is
// none of this one's business.
func (e *evaluation) stale(app storage.AppenderV2, series labels.Labels) {
	at := timestamp.FromTime(e.slot.Add(-e.behind))
	_, _ = app.Append(0, series, 0, at, math.Float64frombits(value.StaleNaN), nil, nil, inOrder)
}

// bury marks stale the series of rules that are gone, except those that another
// rule of the workspace writes now.
func (e *evaluation) bury(ctx context.Context) {
	g := e.group
	if len(g.orphans) == 0 || ctx.Err() != nil {
		return
	}
	alive := e.room.written(g)
	app := e.room.opts.Append.Appendable(e.ws, e.sender()).AppenderV2(ctx)
	for _, series := range g.orphans {
		if !alive[keyOfSeries(series)] {
			e.stale(app, series)
		}
	}
	if err := app.Commit(); err != nil && !errors.Is(err, context.Canceled) {
		e.room.opts.Log.Warn("cannot mark series of removed rules stale", "workspace", e.ws.ID, "group", g.name, "err", err)
		return
	}
	g.orphans = nil
}

// written is what the rules of g's workspace write. Groups that are under
// evaluation by somebody else are left out rather than waited for.
func (r *Room) written(g *group) map[string]bool {
	alive := map[string]bool{}
	for _, other := range r.groupsOf(g.ws) {
		if other == g {
			addWritten(alive, g)
		} else if other.evaluating.TryLock() {
			addWritten(alive, other)
			other.evaluating.Unlock()
		}
	}
	return alive
}

func addWritten(alive map[string]bool, g *group) {
	for _, rl := range g.rules {
		for key := range rl.wrote {
			alive[key] = true
		}
	}
}
