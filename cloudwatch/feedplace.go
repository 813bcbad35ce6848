package cloudwatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// A feedPlace asks one place and writes what it answers. step does whatever is due
// and is called by one goroutine.
type feedPlace struct {
	feed  *feed
	place place

	found    *found
	clients  *clients
	series   map[string]*series // by key of the query
	infos    []labels.Labels
	groups   map[time.Duration]time.Time // by period, when it is due
	nextLook time.Time
	clock    time.Duration               // CloudWatch's minus ours, as its last answer says
	covered  map[time.Duration]time.Time // by period: up to there nothing is left to ask for

	mu     sync.Mutex
	status PlaceStatus
}

// settle is how long after the end of a period it is first asked for.
const settle = 20 * time.Second

func newFeedPlace(f *feed, p place) *feedPlace {
	fp := &feedPlace{feed: f, place: p, series: map[string]*series{}, groups: map[time.Duration]time.Time{}, covered: map[time.Duration]time.Time{}}
	fp.status = PlaceStatus{Job: p.job.Name, Kind: string(p.job.Kind), Region: p.region, Role: p.role.ARN}
	for _, m := range p.job.Metrics {
		fp.groups[m.Period] = time.Time{}
	}
	return fp
}

func (p *feedPlace) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		next := p.step(ctx)
		timer.Reset(min(max(next.Sub(p.now()), time.Second), time.Minute)) // the clock may be set
	}
}

func (p *feedPlace) now() time.Time { return p.feed.room.opts.Now() }

// step looks for metrics and asks for datapoints if their time has come, and says
// when to come again.
func (p *feedPlace) step(ctx context.Context) (next time.Time) {
	now := p.now()
	if !now.Before(p.nextLook) {
		p.look(ctx, now)
	}
	if p.found != nil {
		for period, due := range p.groups {
			if !now.Before(due) && ctx.Err() == nil {
				p.ask(ctx, period, now)
			}
		}
	}
	next = p.nextLook
	for _, due := range p.groups {
		if p.found != nil && due.Before(next) {
			next = due
		}
	}
	p.tell(func(s *PlaceStatus) { s.NextPoll = next })
	return next
}

const (
	lookAgain  = time.Minute // after a look that failed
	failedLook = "looking for metrics"
	failedAsk  = "asking for datapoints"
)

// look finds the metrics there are. One that fails leaves those known.
func (p *feedPlace) look(ctx context.Context, now time.Time) {
	f, c, err := p.feed.gate.discover(ctx, &p.place)
	p.feed.save(ctx)
	if err != nil {
		p.fail(failedLook, err)
		p.nextLook = now.Add(lookAgain)
		return
	}
	p.nextLook = now.Add(DiscoverEvery)
	if len(f.problems) > 0 {
		p.nextLook = now.Add(lookAgain)
		f.queries = p.keepUnlisted(f)
	}
	p.found, p.clients = f, c
	p.adopt(f)
	if err := p.recall(ctx, now); err != nil {
		p.found = nil // without it datapoints would be written twice
		p.fail(failedLook, err)
		p.nextLook = now.Add(lookAgain)
		return
	}
	p.tell(func(s *PlaceStatus) {
		s.Resources, s.Found, s.Skipped, s.LastLook = len(f.resources), len(p.series), f.skipped, now
		s.Unlisted, s.Unwanted, s.Month = f.unlisted, f.unwanted, p.month()
		if len(f.problems) == 0 {
			s.clear(failedLook)
		}
	})
	if len(f.problems) > 0 {
		p.fail(failedLook, f.problems...)
	}
}

// month is what 30 days of asking cost.
func (p *feedPlace) month() float64 {
	var plan PlacePlan
	p.found.price(p.place.job, &PlanOptions{MetricsPerQuery: MetricsPerQuery}, &plan)
	return plan.month(p.feed.room.opts.Prices.of(p.place.region))
}

// keepUnlisted adds the queries of names that could not be listed this time.
func (p *feedPlace) keepUnlisted(f *found) []*query {
	have := map[string]bool{}
	listed := map[string]bool{}
	for _, q := range f.queries {
		have[q.key()], listed[q.data.MetricName] = true, true
	}
	out := f.queries
	for key, s := range p.series {
		if !have[key] && !listed[s.query.data.MetricName] {
			out = append(out, s.query)
		}
	}
	return out
}

func (p *feedPlace) fail(doing string, errs ...error) {
	capped := false
	for _, err := range errs {
		if again := p.now().Add(lookAgain); expired(err) && p.nextLook.After(again) {
			p.nextLook = again // with new clients
		}
		if expired(err) {
			p.feed.gate.forget()
		}
		if _, is := errors.AsType[*CapError](err); is {
			capped = true
		} else {
			p.feed.log.Warn("CloudWatch was not asked in full", "doing", doing, p.place.attrs(), "err", err)
		}
	}
	p.feed.room.metrics.failures.Inc()
	p.tell(func(s *PlaceStatus) {
		s.Errors++
		s.problem(doing, errs)
		s.Capped = capped
	})
}

func (p *feedPlace) tell(change func(*PlaceStatus)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.status)
}

// due is when a period is asked for next: a little after the next one has ended.
func (p *feedPlace) due(period time.Duration, now time.Time) time.Time {
	return now.Truncate(period).Add(period + min(settle, period/2) + jitter(p.feed.scraper.ID))
}
