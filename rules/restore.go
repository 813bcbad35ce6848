package rules

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/model/value"
	promrules "github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// After a restart alerts go on where they were: since when each was active
// stands in ALERTS_FOR_STATE. Prometheus has this too, but only for rules that
// wait ten minutes or more; here it is for all.
const (
	forStateMetric = "ALERTS_FOR_STATE"
	outage         = time.Hour // states older than this are not believed
	restoreTurns   = 3         // evaluations in which senders may catch up and states be found again
)

// forState is the newest sample of an ALERTS_FOR_STATE series.
type forState struct {
	at     time.Time // the sample's
	active time.Time // since when the alert was active
}

// remember reads the states of rl's alerts from before the restart, in the first
// evaluation after it, and tells whether any wait for their alert.
func (e *evaluation) remember(ctx context.Context, rl *rule) bool {
	if rl.alert == nil || e.group.restoring == 0 || e.room.opts.Engine == nil {
		return false
	}
	if e.group.restoring == restoreTurns && rl.saved == nil {
		saved, err := e.savedStates(ctx, rl)
		if err != nil {
			e.room.opts.Log.Warn("cannot restore the state of an alert", "workspace", e.ws.ID, "group", e.group.name, "rule", rl.Name(), "err", err)
		}
		rl.saved = saved
	}
	return len(rl.saved) > 0
}

// restored counts one evaluation after the restart.
func (g *group) restored() {
	if g.restoring == 0 {
		return
	}
	if g.restoring--; g.restoring == 0 {
		for _, rl := range g.rules {
			rl.saved = nil
		}
	}
}

func (e *evaluation) savedStates(ctx context.Context, rl *rule) (map[string]forState, error) {
	head, err := e.room.opts.Engine.Head(ctx, e.ws)
	if err != nil {
		return nil, err
	}
	defer head.Release()
	from, to := timestamp.FromTime(e.slot.Add(-e.behind-outage)), timestamp.FromTime(e.slot)
	q, err := head.Querier(from, to)
	if err != nil {
		return nil, err
	}
	defer q.Close() //nolint:errcheck // only read from
	set := q.Select(ctx, false, &storage.SelectHints{Start: from, End: to}, forStateMatchers(rl)...)
	saved := map[string]forState{}
	for set.Next() {
		series := set.At()
		if state, ok := newest(series); ok {
			name := series.Labels().DropReserved(func(n string) bool { return n == model.MetricNameLabel })
			saved[name.String()] = state
		}
	}
	return saved, set.Err()
}

// forStateMatchers leaves out labels whose values are templates: they differ
// from alert to alert.
func forStateMatchers(rl *rule) []*labels.Matcher {
	ms := []*labels.Matcher{
		labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, forStateMetric),
		labels.MustNewMatcher(labels.MatchEqual, labels.AlertName, rl.Name()),
	}
	rl.Labels().Range(func(l labels.Label) {
		if !strings.Contains(l.Value, "{{") && l.Name != labels.AlertName {
			ms = append(ms, labels.MustNewMatcher(labels.MatchEqual, l.Name, l.Value))
		}
	})
	return ms
}

func newest(series storage.Series) (forState, bool) {
	it := series.Iterator(nil)
	t, v := int64(0), math.Float64frombits(value.StaleNaN)
	for it.Next() == chunkenc.ValFloat {
		t, v = it.At()
	}
	if it.Err() != nil || math.IsNaN(v) {
		return forState{}, false // the alert had ended
	}
	return forState{at: timestamp.Time(t), active: time.Unix(int64(v), 0).UTC()}, true
}

// restore gives rl's alerts that have just become active their earlier states.
// Time in which nothing was evaluated does not count as waiting. One that fired
// still fires, and since the slot in which it began to.
func (e *evaluation) restore(rl *rule) {
	hold := rl.alert.HoldDuration()
	rl.alert.ForEachActiveAlert(func(a *promrules.Alert) {
		s, ok := rl.saved[a.Labels.String()]
		if !ok || !a.ActiveAt.Equal(e.slot) {
			return
		}
		delete(rl.saved, a.Labels.String())
		a.ActiveAt = s.active
		last := s.at.Add(e.behind)
		e.restored[a.Labels.Hash()] = true
		if waited := last.Sub(s.active); waited < hold {
			a.ActiveAt = s.active.Add(max(0, e.slot.Sub(last)-e.group.interval))
			return
		}
		slots := (hold + e.group.interval - 1) / e.group.interval
		a.State, a.FiredAt = promrules.StateFiring, s.active.Add(slots*e.group.interval)
	})
}
