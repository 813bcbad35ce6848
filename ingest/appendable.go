package ingest

import (
	"context"
	"errors"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

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
	ctx     context.Context
	x       intake
	rules   labelRules
	opening uint64 // which opening of the workspace references are of
	pairs   []labels.Label
	taken   int
	err     error // that of opening the workspace, repeated
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
	g.opening = g.x.room.cacheOf(head).opening
	return nil
}

// Append offers one sample. Labels that come with a reference were checked when
// the reference was given out, and the engine need not see them again.
func (g *guarded) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	if err := g.open(); err != nil {
		return 0, err
	}
	ref = g.known(ref)
	if bad := g.check(ref, ls, t, h, fh); bad != nil {
		return 0, g.refuse(ls, bad)
	}
	got, err := g.offer(ref, ls, st, t, v, h, fh, o)
	if err != nil {
		if err = g.judge(ls, t, err); err != nil {
			return 0, err
		}
	}
	g.taken++
	if len(g.x.limits.LabelSets) > 0 {
		g.x.sets.stored(g.x.limits, ls, 1)
	}
	if h != nil || fh != nil {
		g.x.stored.histograms++
		g.x.stored.buckets += (&histSample{h: h, fh: fh}).buckets()
	} else {
		g.x.stored.samples++
	}
	return g.stamped(got), nil
}

// judge returns what the writer is told about the engine's error; nil if the
// sample went in without its exemplars.
func (g *guarded) judge(ls labels.Labels, t int64, err error) error {
	if partial, ok := errors.AsType[*storage.AppendPartialError](err); ok {
		g.x.room.metrics.dropped.Add(float64(len(partial.ExemplarErrors)))
		return nil
	}
	if bad := g.x.explain(ls, t, err); bad != nil {
		return g.refuse(ls, bad)
	}
	return err
}

// offer appends by reference alone where there is one.
func (g *guarded) offer(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	if ref == 0 {
		return g.x.offer(0, ls, st, t, v, h, fh, o)
	}
	got, err := g.x.offer(ref, labels.EmptyLabels(), st, t, v, h, fh, o)
	if err != nil && errors.Is(err, tsdb.ErrInvalidSample) { // the series has left memory
		return g.x.offer(0, ls, st, t, v, h, fh, o)
	}
	return got, err
}

// A writer may keep references for longer than a workspace stays open, and while
// it is aimed at another workspace. The engine would take such a reference for
// whatever series has that number now, so the opening stands in its high bits.
const openingShift = 44

// known is the engine's reference, or 0 if ref is of another opening.
func (g *guarded) known(ref storage.SeriesRef) storage.SeriesRef {
	if uint64(ref)>>openingShift != g.opening {
		return 0
	}
	return ref & (1<<openingShift - 1)
}

func (g *guarded) stamped(ref storage.SeriesRef) storage.SeriesRef {
	if ref == 0 || uint64(ref)>>openingShift != 0 {
		return 0
	}
	return ref | storage.SeriesRef(g.opening<<openingShift)
}

// check refuses what remote write would refuse.
func (g *guarded) check(ref storage.SeriesRef, ls labels.Labels, t int64, h *histogram.Histogram, fh *histogram.FloatHistogram) *refusal {
	if t < g.x.minTime || t > g.x.maxTime {
		return g.x.outside(t)
	}
	if h != nil || fh != nil {
		reduced, bad := (&histSample{h: h, fh: fh}).check(g.x.limits.NativeHistogramBuckets)
		if bad != nil {
			return bad.when(t)
		}
		if reduced {
			g.x.stored.reduced++
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
	g.x.sets.refused(g.x.limits, ls, 1)
	g.x.refusals.distinct(bad.reason, ls.Hash())
	g.x.refusals.add(bad, 1, pairs)
	return &errRefused{bad.sentence(spell(pairs))}
}

// GetRef lets a caller find the reference of a series.
func (g *guarded) GetRef(ls labels.Labels, hash uint64) (storage.SeriesRef, labels.Labels) {
	if a, ok := g.x.app.(storage.GetRef); ok {
		ref, ls := a.GetRef(ls, hash)
		return g.stamped(ref), ls
	}
	return 0, labels.EmptyLabels()
}

// Commit stores the batch, unless it exceeds the workspace's rate.
func (g *guarded) Commit() error {
	g.x.room.report(g.x.from, &g.x.refusals, &g.x.sets)
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
		g.x.room.throttled(g.x.from.workspace.ID, g.taken)
		g.x.room.events.Record(g.x.from.sign(rateEvent(err, g.taken)))
	}
	return err
}

// Rollback stores nothing.
func (g *guarded) Rollback() error {
	g.x.room.report(g.x.from, &g.x.refusals, &g.x.sets)
	if g.x.app == nil {
		return nil
	}
	defer g.x.head.Release()
	return g.x.app.Rollback()
}
