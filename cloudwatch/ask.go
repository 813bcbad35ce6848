package cloudwatch

import (
	"context"
	"errors"
	"math"
	"time"
)

// A point is a datapoint that is to be written.
type point struct {
	s *series
	t int64 // milliseconds
	v float64
}

const (
	lookback = 6              // periods that are asked for at least: datapoints come late
	catchUp  = 24 * time.Hour // how far back a scraper goes after it could not ask
	settled  = 3              // periods after which an absent datapoint will not come

	// A workspace that others write into takes no new series' samples of more than
	// an hour ago: a new scraper does not ask, and pay, for such datapoints.
	writable = 55 * time.Minute
)

// window is what to ask for: what the metric says, more if datapoints may be late,
// and back to where the last answer in full ended.
func (p *feedPlace) window(m *Metric, now time.Time) (start, end time.Time) {
	end = now.Add(p.clock).Truncate(m.Period).Add(-m.Delay)
	start = end.Add(-max(m.Length, lookback*m.Period))
	if since := p.covered[m.Period].Add(-2 * m.Period); !p.covered[m.Period].IsZero() && since.Before(start) {
		start = since
	}
	if p.covered[m.Period].IsZero() {
		if oldest := time.UnixMilli(begins(m, end.Add(m.Delay))); start.Before(oldest) {
			start = oldest
		}
		p.covered[m.Period] = start.Add(2 * m.Period) // the first window stays, whatever comes of it
	}
	if oldest := end.Add(-max(catchUp, m.Length)); start.Before(oldest) {
		start = oldest
	}
	return start, end
}

// ask asks for the metrics of a period and writes what is new.
func (p *feedPlace) ask(ctx context.Context, period time.Duration, now time.Time) {
	p.groups[period] = p.due(period, now)
	all := p.of(period)
	if len(all) == 0 {
		return
	}
	if p.place.job.Kind != Static {
		if err := p.feed.reserve(ctx, p.place.region, len(all)); err != nil {
			p.groups[period] = p.laterIfCapped(err, p.groups[period])
			p.fail(failedAsk, err)
			return
		}
	}
	asked, bySeries := p.fetch(ctx, all, now)
	p.feed.save(ctx)
	var points []point
	t := tally{}
	for _, b := range asked {
		if b.clock != 0 {
			p.clock = b.clock.Truncate(time.Second)
		}
		for i := range b.queries {
			points = append(points, t.points(bySeries[b.queries[i]], b, i)...)
		}
		if b.err != nil {
			t.errs = append(t.errs, b.err)
		}
	}
	t.asked = len(all)
	t.written = p.write(ctx, points, &t)
	p.finish(period, now, &t)
}

// laterIfCapped waits for the next day, or half an hour: the cap may be raised.
func (p *feedPlace) laterIfCapped(err error, next time.Time) time.Time {
	if e, ok := errors.AsType[*CapError](err); ok && e.Until.After(next) {
		return e.Until
	}
	return next
}

// fetch asks, in the way of the job's kind.
func (p *feedPlace) fetch(ctx context.Context, all []*series, now time.Time) ([]*batch, map[*query]*series) {
	queries, bySeries := make([]*query, len(all)), make(map[*query]*series, len(all))
	for i, s := range all {
		queries[i], bySeries[s.query] = s.query, s
	}
	asked := batches(queries, MetricsPerQuery, func(m *Metric) (time.Time, time.Time) { return p.window(m, now) })
	if p.place.job.Kind != Static {
		p.feed.gate.fetch(ctx, p.clients, asked)
		return asked, bySeries
	}
	for _, b := range asked {
		b.err = p.fetchStatic(ctx, b)
	}
	return asked, bySeries
}

// fetchStatic asks for each metric of a batch once, whatever its statistics.
func (p *feedPlace) fetchStatic(ctx context.Context, b *batch) (err error) {
	done := map[*Metric]error{}
	for i, q := range b.queries {
		if _, asked := done[q.metric]; asked {
			continue
		}
		points, failed := p.feed.gate.statistics(ctx, p.clients, p.place.job, q.metric, b.start, b.end)
		done[q.metric], err = failed, errors.Join(err, failed)
		for k := i; k < len(b.queries); k++ {
			if b.queries[k].metric != q.metric {
				continue
			}
			a := &b.answers[k]
			a.whole = failed == nil
			for _, d := range points {
				if v, ok := statisticOf(d, b.queries[k].statistic); ok && d.Timestamp != nil {
					a.times, a.values = append(a.times, *d.Timestamp), append(a.values, v)
				}
			}
		}
	}
	return err
}

// A tally is what came of asking.
type tally struct {
	asked, answered, absent, unfinished   int
	early, written, refused, late, notNew int
	errs                                  []error
	lastRefusal                           error
}

// points are the datapoints of one answer that are not there yet. A datapoint of a
// period that has not ended, by CloudWatch's clock, is left for later.
func (t *tally) points(s *series, b *batch, i int) (out []point) {
	a := &b.answers[i]
	if !a.whole {
		t.unfinished++
	}
	end := b.end.UnixMilli()
	if !b.served.IsZero() {
		end = min(end, b.served.UnixMilli())
	}
	for k, at := range a.times {
		switch ms := at.UnixMilli(); {
		case math.IsNaN(a.values[k]) || math.IsInf(a.values[k], 0):
		case ms+s.query.metric.Period.Milliseconds() > end:
			t.early++
		case s.has(ms):
			t.notNew++
		case ms < s.from:
		default:
			out = append(out, point{s, ms, a.values[k]})
		}
	}
	if len(a.times) > 0 {
		t.answered++
	} else if a.whole {
		t.absent++
	}
	if s.query.metric.NilToZero && a.whole {
		out = append(out, zeros(s, b, a)...)
	}
	return out
}

// zeros stand for datapoints that CloudWatch does not have and will not: those
// before a newer one, and those that are some periods old.
func zeros(s *series, b *batch, a *answer) (out []point) {
	period := s.query.metric.Period
	have := map[int64]bool{}
	for _, at := range a.times {
		have[at.Truncate(period).UnixMilli()] = true
	}
	until := b.end.Add(-settled * period)
	if newest, _, ok := a.newest(); ok && newest.After(until) {
		until = newest
	}
	for at := b.start.Truncate(period); at.Before(until); at = at.Add(period) {
		if ms := at.UnixMilli(); ms >= s.first && !at.Before(b.start) && !have[ms] && !s.has(ms) {
			out = append(out, point{s, ms, 0})
		}
	}
	return out
}

// finish tells what became of a poll.
func (p *feedPlace) finish(period time.Duration, now time.Time, t *tally) {
	if len(t.errs) == 0 {
		_, end := p.window(&Metric{Period: period}, now)
		p.covered[period] = end
	}
	p.feed.room.metrics.polled(p.feed.scraper.ID, t)
	p.tell(func(s *PlaceStatus) {
		s.LastPoll, s.Requested, s.Answered, s.Absent, s.Unfinished = now, t.asked, t.answered, t.absent, t.unfinished
		s.Written, s.WrittenTotal = t.written, s.WrittenTotal+int64(t.written)
		s.Refused, s.Late, s.Early = s.Refused+int64(t.refused), s.Late+int64(t.late), t.early
		s.ClockSkew = p.clock
		s.refusal(t.lastRefusal, now)
		if len(t.errs) == 0 {
			s.clear(failedAsk)
			s.Capped = false
		}
	})
	if len(t.errs) > 0 {
		p.fail(failedAsk, t.errs...)
	}
}
