package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// written counts what a request stored.
type written struct{ samples, histograms, exemplars, buckets, reduced int }

// An intake stores one batch.
type intake struct {
	room   *Room
	from   origin
	limits hearth.Limits
	head   engine.Head
	app    storage.AppenderV2
	batch  *batch
	keys   keys
	strict bool // refused exemplars make the answer a 400, as in remote write 2.0

	minTime, maxTime int64 // of samples that are taken, inclusive
	refusals         refusals
	stored           written
	late             late
	sets             sets
}

// window returns the first and last time that samples may have. Nothing before
// 1970 is taken: the engine would cut blocks for all the time since.
func window(l hearth.Limits, now time.Time) (from, to int64) {
	to = 1<<63 - 1
	if l.MaxFuture > 0 {
		to = now.Add(l.MaxFuture).UnixMilli()
	}
	if l.MaxSampleAge > 0 {
		from = max(from, now.Add(-l.MaxSampleAge).UnixMilli())
	}
	return from, to
}

// append offers every series to the appender. An error means that nothing of the
// request may be stored.
func (x *intake) append(ctx context.Context) error {
	b := x.batch
	b.readySlots()
	for i := range b.series {
		if i%4096 == 4095 && ctx.Err() != nil {
			return &hearth.Error{Kind: hearth.Unavailable, Msg: "the request was given up", Err: ctx.Err()}
		}
		if b.series[i].state != ready {
			continue
		}
		if err := x.appendSeries(i); err != nil {
			return err
		}
	}
	return nil
}

// appendSeries offers all points of series i.
func (x *intake) appendSeries(i int) error {
	b := x.batch
	s := &b.series[i]
	ref := s.ref
	if ref == 0 {
		x.canonical(s)
	}
	seen := s
	if s.ref != 0 {
		seen = &b.series[b.first(i)]
	}
	if err := x.appendPoints(i, s, seen); err != nil {
		return err
	}
	if s.ref == 0 {
		return nil
	}
	if ref != s.ref {
		b.learned = append(b.learned, learned{series: int32(i), ref: s.ref, labels: s.labels})
	}
	return nil
}

// canonical looks a new series up in the engine, so that the cache shares the
// labels the engine has and an earlier series of this request is found.
func (x *intake) canonical(s *series) {
	if g, ok := x.app.(storage.GetRef); ok {
		if ref, ls := g.GetRef(s.labels, s.labels.Hash()); ref != 0 {
			s.ref, s.labels = ref, ls
		}
	}
}

// appendPoints offers the points of series i, of which seen is the first
// appearance in the request. Exemplars go with the last point that is stored.
func (x *intake) appendPoints(i int, s, seen *series) error {
	b := x.batch
	samples, hists := b.samplesOf(i), b.histsOf(i)
	if len(samples) != 1 {
		sortSamples(samples)
	}
	sortHists(hists)
	opts := x.options(i, s)
	for j := range samples {
		p := &samples[j]
		o := &opts
		if j+1 < len(samples) || len(hists) > 0 {
			o = &storage.AOptions{}
		}
		if err := x.appendSample(i, s, &seen, int32(int(s.samples)+j), p, o); err != nil {
			return err
		}
	}
	for j := range hists {
		o := &opts
		if j+1 < len(hists) {
			o = &storage.AOptions{}
		}
		if err := x.appendHist(i, s, &seen, int32(int(s.hists)+j), &hists[j], o); err != nil {
			return err
		}
	}
	return nil
}

// appendSample offers one float sample.
func (x *intake) appendSample(i int, s *series, seen **series, which int32, p *sample, o *storage.AOptions) error {
	if p.t < x.minTime || p.t > x.maxTime {
		x.refuse(s, x.outside(p.t))
		return nil
	}
	if !(*seen).newerThan(p.t) {
		if done := x.repeated(s, *seen, p.t, x.batch.sameSample(*seen, p.v), &x.stored.samples); done {
			return nil
		}
	}
	ref, err := x.offer(s.ref, s.name(), p.st, p.t, p.v, nil, nil, *o)
	if err != nil && s.lost(err) {
		ref, err = x.offer(0, s.labels, p.st, p.t, p.v, nil, nil, *o)
	}
	if err != nil {
		if err = x.failed(s, p.t, len(o.Exemplars), err); err != nil || ref == 0 {
			return err
		}
	}
	x.stored.samples++
	x.accepted(i, s, seen, ref, p.t, which, o)
	return nil
}

// appendHist offers one native histogram.
func (x *intake) appendHist(i int, s *series, seen **series, which int32, p *histSample, o *storage.AOptions) error {
	if p.t < x.minTime || p.t > x.maxTime {
		x.refuse(s, x.outside(p.t))
		return nil
	}
	reduced, bad := p.check(x.limits.NativeHistogramBuckets)
	if bad != nil {
		x.refuse(s, bad.when(p.t))
		return nil
	}
	if reduced {
		x.room.metrics.reduced.Inc()
		x.stored.reduced++
	}
	if !(*seen).newerThan(p.t) {
		if done := x.repeated(s, *seen, p.t, x.batch.sameHist(*seen, p), &x.stored.histograms); done {
			return nil
		}
	}
	ref, err := x.offer(s.ref, s.name(), p.st, p.t, 0, p.h, p.fh, *o)
	if err != nil && s.lost(err) {
		ref, err = x.offer(0, s.labels, p.st, p.t, 0, p.h, p.fh, *o)
	}
	if err != nil {
		if err = x.failed(s, p.t, len(o.Exemplars), err); err != nil || ref == 0 {
			return err
		}
	}
	x.stored.histograms++
	x.stored.buckets += p.buckets()
	x.accepted(i, s, seen, ref, p.t, ^which, o)
	return nil
}

// name is what the engine is told beside the reference. A series it knows needs
// no labels, and without them it need not ask whether the series is new.
func (s *series) name() labels.Labels {
	if s.ref != 0 {
		return labels.EmptyLabels()
	}
	return s.labels
}

// lost tells whether the engine refused a sample because the series has left its
// memory: the labels must be given again.
func (s *series) lost(err error) bool { return s.ref != 0 && errors.Is(err, tsdb.ErrInvalidSample) }

// accepted notes that a point went in under ref.
func (x *intake) accepted(i int, s *series, seen **series, ref storage.SeriesRef, t int64, which int32, o *storage.AOptions) {
	if s.ref != ref {
		first := s.ref == 0
		s.ref = ref
		if first { // made just now, so this is its first appearance
			*seen = &x.batch.series[x.batch.first(i)]
		}
	}
	if (*seen).newerThan(t) {
		(*seen).took(t, which)
	}
	x.stored.exemplars += len(o.Exemplars)
}

// repeated deals with a sample that is not newer than another of the same series
// in this request. done says that it need not be offered to the engine.
func (x *intake) repeated(s, seen *series, t int64, same bool, stored *int) (done bool) {
	last := seen.lastT
	switch {
	case t == last && same:
		*stored++
	case t == last:
		r := refuse(newValue, "samples with different value but same timestamp (duplicate sample for timestamp) in one request").when(t)
		r.last = &last
		x.refuse(s, r)
	case x.limits.OutOfOrderWindow <= 0:
		r := refuse(outOfOrder, "out of order sample").when(t)
		r.last = &last
		x.refuse(s, r)
	case t < x.head.Stats().MaxTime-x.limits.OutOfOrderWindow.Milliseconds():
		r := refuse(tooOld, "too old sample").when(t)
		r.last = &last
		x.refuse(s, r)
	default:
		return false
	}
	return true
}

// outside refuses a time that is not in the window.
func (x *intake) outside(t int64) *refusal {
	if t > x.maxTime {
		r := refuse(tooFarAhead, "timestamp too new: more than "+x.limits.MaxFuture.String()+" ahead of the server's clock").when(t)
		r.limit = &x.maxTime
		return r
	}
	r := refuse(tooOldAge, "timestamp too old").when(t)
	r.limit = &x.minTime
	return r
}

// refuse notes one refused sample of s.
func (x *intake) refuse(s *series, r *refusal) {
	s.refused++
	x.sets.refused(x.limits, s.labels, 1)
	x.refusals.distinct(r.reason, s.labels.Hash())
	if len(x.refusals.events) >= maxEvents {
		x.refusals.add(r, 1, nil)
		return
	}
	x.refusals.add(r, 1, pairsOf(s.labels))
}

func pairsOf(ls labels.Labels) (to []labels.Label) {
	ls.Range(func(l labels.Label) { to = append(to, l) })
	return to
}

// failed sorts out an error of the engine: nil if it concerns only this sample
// (which is then refused) or only its exemplars.
func (x *intake) failed(s *series, t int64, exemplars int, err error) error {
	if partial, ok := errors.AsType[*storage.AppendPartialError](err); ok {
		x.lostExemplars(s, t, min(exemplars, len(partial.ExemplarErrors)), partial)
		return nil
	}
	r := x.explain(s.labels, t, err)
	if r == nil {
		return fmt.Errorf("append to %s: %w", x.from.workspace.ID, err)
	}
	x.refuse(s, r)
	return nil
}
