package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A feed is one scraper at work.
type feed struct {
	room      *Room
	scraper   *Scraper
	workspace atomic.Pointer[hearth.Workspace]
	gate      *gate
	spent     *spending
	places    []*feedPlace
	log       *slog.Logger
	end       context.CancelFunc
	done      chan struct{}

	mu     sync.Mutex
	owners map[string]*feedPlace // of series by their labels: each is written by one place
	saved  Spent
}

func (r *Room) newFeed(ctx context.Context, s *Scraper, ws hearth.Workspace) (*feed, error) {
	c, faults := Parse([]byte(s.Configuration))
	if len(faults) > 0 {
		return nil, fmt.Errorf("configuration of CloudWatch scraper %s: %s", s.ID, faults[0])
	}
	access, err := r.access(s)
	if err != nil {
		return nil, err
	}
	f := &feed{room: r, scraper: s, end: func() {}, done: make(chan struct{}), owners: map[string]*feedPlace{}, log: r.opts.Log.With("scraper", s.ID, "workspace", s.Workspace)}
	f.workspace.Store(&ws)
	f.spent = &spending{prices: r.opts.Prices, cap: s.DailyCap, now: r.opts.Now, capped: f.tellCapped}
	if f.spent.today, err = r.loadSpent(ctx, s.ID); err != nil {
		return nil, err
	}
	m := &meter{called: r.metrics.called, spend: func(c charge) error {
		if c.metrics > 0 {
			return nil // booked before, see reserve
		}
		return f.spent.spend(c)
	}}
	f.gate = newGate(access, c, m, Concurrency{}, r.opts.Now, f.log)
	for _, p := range places(c) {
		f.places = append(f.places, newFeedPlace(f, p))
	}
	return f, nil
}

func (r *Room) loadSpent(ctx context.Context, id string) (s Spent, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		data, err := tx.Get(spentBucket, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return json.Unmarshal(data, &s)
	})
	return s, err
}

// run lets each place ask in its own time until ctx is done.
func (f *feed) run(ctx context.Context) {
	var group sync.WaitGroup
	for _, p := range f.places {
		group.Go(func() { p.run(ctx) })
	}
	group.Wait()
	f.save(context.WithoutCancel(ctx))
}

// save keeps what was spent, so that a restart does not begin the day anew.
func (f *feed) save(ctx context.Context) {
	s := f.spent.snapshot()
	f.mu.Lock()
	same := s == f.saved
	f.saved = s
	f.mu.Unlock()
	if same {
		return
	}
	data, err := json.Marshal(s)
	if err == nil {
		err = f.room.opts.Store.Update(ctx, func(tx store.Tx) error {
			if _, err := tx.Get(bucket, f.scraper.ID); err != nil && !f.scraper.fixed {
				return nil // removed meanwhile
			}
			return tx.Put(spentBucket, f.scraper.ID, data)
		})
	}
	if err != nil && ctx.Err() == nil {
		f.log.Error("what was spent is not kept", "err", err)
	}
}

// reserve books n metrics before they are asked for, and keeps that: a kill in
// between costs too much on paper, never in fact.
func (f *feed) reserve(ctx context.Context, region string, n int) error {
	err := f.spent.spend(charge{region: region, metrics: n})
	f.save(ctx)
	return err
}

// predicted is what 30 days cost with the series there are now: the same as a plan
// says, and no more than the cap allows.
func (f *feed) predicted() (sum float64) {
	for _, p := range f.places {
		p.mu.Lock()
		sum += p.status.Month
		p.mu.Unlock()
	}
	if most := f.scraper.DailyCap * month.Hours() / 24; most > 0 {
		return min(sum, most)
	}
	return sum
}

func (f *feed) tellCapped(s Spent) {
	f.log.Warn("the day's cap is reached: CloudWatch is not asked until tomorrow (UTC)", "spent", s.Cost, "cap", f.scraper.DailyCap)
	f.room.opts.Recorder.Record(hearth.Event{
		Time: f.room.opts.Now(), Account: f.scraper.Account, Workspace: f.scraper.Workspace, Kind: hearth.EventWarning,
		Summary: fmt.Sprintf("The CloudWatch scraper %s has reached its day's cap of %.2f %s and does not ask until tomorrow (UTC).", f.scraper.Name, f.scraper.DailyCap, f.room.opts.Prices.Currency),
		Details: []hearth.Detail{{Name: "scraper", Value: f.scraper.ID}, {Name: hearth.DetailActual, Value: fmt.Sprintf("%.6f", s.Cost)}, {Name: hearth.DetailLimit, Value: fmt.Sprint(f.scraper.DailyCap)}},
	})
}

// claim makes a series a place's own; false if another place writes it.
func (f *feed) claim(key string, p *feedPlace) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if owner := f.owners[key]; owner != nil && owner != p {
		return false
	}
	f.owners[key] = p
	return true
}

func (f *feed) release(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.owners, key)
}

// jitter spreads scrapers over the seconds after a full minute.
func jitter(id string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return time.Duration(h.Sum32()%10_000) * time.Millisecond
}
