package ingest

import (
	"context"
	"errors"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// Appendable is the way in for the program's own writers: scrapers, rules,
// CloudWatch. The same limits hold as for remote write and the ledger learns of
// refused samples under the name sender.
//
// An appender opens the workspace at its first use and lets go of it in Commit or
// Rollback. A refused sample answers an error that is storage.ErrOutOfBounds, so
// that scrape and rule loops count it and go on; an error of kind Throttled from
// Commit means that nothing of the batch is stored.
func (r *Room) Appendable(ws hearth.Workspace, sender string) storage.AppendableV2 {
	return appendable{r, ws, sender}
}

type appendable struct {
	room   *Room
	ws     hearth.Workspace
	sender string
}

func (a appendable) AppenderV2(ctx context.Context) storage.AppenderV2 {
	from := origin{workspace: a.ws, caller: hearth.CallerFrom(ctx), sender: a.sender, now: a.room.now()}
	g := &guarded{ctx: ctx, x: intake{room: a.room, from: from, limits: a.ws.Limits}}
	g.x.minTime, g.x.maxTime = window(a.ws.Limits, from.now)
	g.rules = labelRulesOf(a.ws.Limits)
	return g
}

// guarded checks what goes into an engine's appender.
type guarded struct {
	ctx   context.Context
	x     intake
	rules labelRules
	pairs []labels.Label
	taken int
	err   error // that of opening the workspace, repeated
}

// errRefused is a refused sample. To a scrape loop it looks like one that is out
// of bounds: counted, and no reason to fail the scrape.
type errRefused struct{ msg string }

func (e *errRefused) Error() string        { return e.msg }
func (e *errRefused) Is(target error) bool { return target == storage.ErrOutOfBounds }

func (g *guarded) open() error {
	if g.x.app != nil || g.err != nil {
		return g.err
	}
	var head engine.Head
	if head, g.err = g.x.room.engine.Head(g.ctx, g.x.from.workspace); g.err != nil {
		return g.err
	}
	g.x.head, g.x.app = head, head.AppenderV2(g.ctx)
	return nil
}

// Append offers one sample. Labels that come with a reference were checked when
// the reference was given out.
func (g *guarded) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	if err := g.open(); err != nil {
		return 0, err
	}
	if bad := g.check(ref, ls, t, &histSample{h: h, fh: fh}); bad != nil {
		return 0, g.refuse(ls, bad)
	}
	got, err := g.x.app.Append(ref, ls, st, t, v, h, fh, o)
	if partial, ok := errors.AsType[*storage.AppendPartialError](err); ok {
		g.x.room.metrics.dropped.Add(float64(len(partial.ExemplarErrors)))
	} else if err != nil {
		if bad := g.x.explain(ls, t, err); bad != nil {
			return 0, g.refuse(ls, bad)
		}
		return 0, err
	}
	g.taken++
	if h != nil || fh != nil {
		g.x.stored.histograms++
	} else {
		g.x.stored.samples++
	}
	return got, nil
}

// check refuses what remote write would refuse.
func (g *guarded) check(ref storage.SeriesRef, ls labels.Labels, t int64, h *histSample) *refusal {
	if t < g.x.minTime || t > g.x.maxTime {
		return g.x.outside(t)
	}
	if h.h != nil || h.fh != nil {
		if _, bad := h.check(g.x.limits.NativeHistogramBuckets); bad != nil {
			return bad.when(t)
		}
	}
	if ref != 0 {
		return nil
	}
	g.pairs = g.pairs[:0]
	ls.Range(func(l labels.Label) { g.pairs = append(g.pairs, l) })
	return g.rules.check(tidy(g.pairs, false))
}

func (g *guarded) refuse(ls labels.Labels, bad *refusal) error {
	pairs := pairsOf(ls)
	g.x.refusals.add(bad, 1, pairs)
	return &errRefused{bad.sentence(spell(pairs))}
}

// GetRef lets a caller find the reference of a series.
func (g *guarded) GetRef(ls labels.Labels, hash uint64) (storage.SeriesRef, labels.Labels) {
	if a, ok := g.x.app.(storage.GetRef); ok {
		return a.GetRef(ls, hash)
	}
	return 0, labels.EmptyLabels()
}

// Commit stores the batch, unless it exceeds the workspace's rate.
func (g *guarded) Commit() error {
	g.x.room.report(g.x.from, &g.x.refusals)
	if g.x.app == nil {
		return g.err
	}
	defer g.x.head.Release()
	if err := g.throttle(); err != nil {
		return errors.Join(err, g.x.app.Rollback())
	}
	if err := g.x.app.Commit(); err != nil {
		return err
	}
	g.x.count()
	return nil
}

func (g *guarded) throttle() error {
	w := g.x.room.workspaces.enter(g.x.from.workspace.ID, g.x.from.now)
	defer w.leave()
	err := w.take(g.x.limits, g.x.from.now, g.taken, 0)
	if err != nil {
		g.x.room.metrics.discarded.WithLabelValues(rateLimited).Add(float64(g.taken))
		g.x.room.events.Record(g.x.from.sign(rateEvent(err, g.taken)))
	}
	return err
}

// Rollback stores nothing.
func (g *guarded) Rollback() error {
	g.x.room.report(g.x.from, &g.x.refusals)
	if g.x.app == nil {
		return nil
	}
	defer g.x.head.Release()
	return g.x.app.Rollback()
}
