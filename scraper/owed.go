package scraper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// owedBucket has what scrapers owe to workspaces they write to no more. A key is
// ACCOUNT/REGION/ID/VERSION.
const owedBucket = "scraper-owed"

// A debt is a promise of staleness markers: for the series, in one workspace, of the
// targets that a scraper had when it was deleted or sent elsewhere. It is kept in the
// transaction that does so, and forgotten once the markers are there, so that neither
// a kill nor a restart in between loses them.
type debt struct {
	Scraper record    `json:"scraper"` // as it was
	Version uint64    `json:"version"` // the scraper's after the change
	Gone    bool      `json:"gone"`    // deleted, not sent elsewhere
	Since   time.Time `json:"since"`
	given
}

// given is what the targets of a scraper have in common with their series.
type given struct {
	Targets  []map[string]string `json:"targets"`  // the labels of each, external ones too
	Interval time.Duration       `json:"interval"` // the longest
}

// maxOwed bounds the labels of a debt, in bytes as they are kept, below what the store
// takes: some 20,000 targets of a cluster. The series of targets beyond end by
// themselves, after the five minutes that queries look back.
const maxOwed = 12 << 20

// grace is how long after a change samples may still come that are the scraper's, if
// its intervals are short.
const grace = 10 * time.Second

// until is the time of the last sample that may be the scraper's. A later one is
// somebody else's, who writes the series now.
func (d *debt) until() time.Time { return d.Since.Add(max(grace, drainTime(d.Interval)/2)) }

// after is how long others have to write, from the change or from the start of this
// process, before a series is held to be nobody's: two intervals, as in Prometheus, so
// that the last sample of who writes as often as the scraper did is later than until.
func (d *debt) after() time.Duration { return max(2*grace, drainTime(d.Interval)) }

func (d *debt) key() string { return d.Scraper.key() + "/" + strconv.FormatUint(d.Version, 10) }

// owe keeps a debt, if the scraper that changes has targets.
func (r *Room) owe(tx store.Tx, d *debt) error {
	if len(d.Targets) == 0 {
		return nil
	}
	d.Since = r.opts.Now().UTC()
	return store.Write(tx, owedBucket, d.key(), d)
}

// givenBy is what the targets of a scraper of the caller have now.
func (r *Room) givenBy(ctx context.Context, id string) given {
	caller := hearth.CallerFrom(ctx)
	r.mu.Lock()
	c := r.collectors[keyOf(caller.Account, caller.Region, id)]
	r.mu.Unlock()
	if c == nil || r.opts.Samples == nil {
		return given{}
	}
	return c.given()
}

func (c *collector) given() (g given) {
	c.mu.Lock()
	targets, external := c.targets, c.conf.global.ExternalLabels
	c.mu.Unlock()
	size := 0
	for _, ls := range targets {
		of := map[string]string{}
		external.Range(func(l labels.Label) { of[l.Name] = l.Value })
		ls.Range(func(l labels.Label) {
			if !strings.HasPrefix(l.Name, model.ReservedLabelPrefix) {
				of[l.Name] = l.Value
			}
		})
		kept, err := json.Marshal(of)
		if size += len(kept) + len(","); err != nil || size > maxOwed {
			break
		}
		g.Targets = append(g.Targets, of)
		if every, err := model.ParseDuration(ls.Get(model.ScrapeIntervalLabel)); err == nil {
			g.Interval = max(g.Interval, time.Duration(every))
		}
	}
	return g
}

// settleDebts writes the markers that are owed, and looks again whenever a debt is
// made, until ctx ends. What cannot be written now is tried again.
func (r *Room) settleDebts(ctx context.Context) {
	changed, stop := r.opts.Store.Changed(owedBucket)
	defer stop()
	tick := time.NewTicker(5 * r.tick)
	defer tick.Stop()
	for open := true; ; {
		if open {
			var err error
			if open, err = r.settleAll(ctx); err != nil && ctx.Err() == nil {
				r.opts.Log.Error("staleness markers not written", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
			open = true
		case <-tick.C:
		}
	}
}

// settleAll settles the debts that are due, and tells whether any is left.
func (r *Room) settleAll(ctx context.Context) (open bool, err error) {
	debts, err := r.debts(ctx)
	if err != nil {
		return true, err
	}
	var errs []error
	for _, d := range debts {
		if !r.due(d) {
			open = true
			continue
		}
		if err := r.settleDebt(ctx, d); err != nil {
			open = true
			errs = append(errs, fmt.Errorf("scraper %s: %w", d.Scraper.ID, err))
		}
	}
	return open, errors.Join(errs...)
}

func (r *Room) debts(ctx context.Context) (all []*debt, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		all, err = store.List[debt](tx, owedBucket, "", "", 0)
		return err
	})
	return all, err
}

// due tells whether nothing of the scraper is on its way to the workspace any more:
// the collector of a deleted one has drained, and has left its own markers; that of
// another is aimed elsewhere.
func (r *Room) due(d *debt) bool {
	r.mu.Lock()
	c, leaving, from := r.collectors[d.Scraper.key()], r.leaving[d.Scraper.key()], r.began
	r.mu.Unlock()
	if d.Since.After(from) {
		from = d.Since
	}
	if r.opts.Now().Before(from.Add(d.after())) {
		return false
	}
	if d.Gone || c == nil {
		return c == nil && !leaving
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rec.Version >= d.Version
}

// settleDebt writes the markers of one debt and forgets it. What the workspace no
// longer takes is not owed: it is gone, does not let the scraper's role in any more,
// or the samples are as old as it refuses.
func (r *Room) settleDebt(ctx context.Context, d *debt) error {
	ws, err := r.workspace(ctx, &d.Scraper)
	if err == nil {
		err = r.mayCollect(ctx, &d.Scraper, ws)
	}
	marked := 0
	if err == nil {
		marked, err = r.markStale(ctx, d, ws)
	}
	switch hearth.KindOf(err) {
	case hearth.NotFound, hearth.Denied, hearth.Invalid:
	default:
		if err != nil {
			return err
		}
	}
	if marked > 0 {
		r.opts.Log.Info("series marked stale", "scraper", d.Scraper.ID, "workspace", ws.ID, "series", marked)
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error { return tx.Delete(owedBucket, d.key()) })
}
