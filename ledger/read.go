package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A Query selects events; zero fields select all.
type Query struct {
	Account   hearth.AccountID
	RequestID hearth.RequestID
	Workspace hearth.WorkspaceID
	Kind      hearth.EventKind
	Since     time.Time
	Until     time.Time // none later than this
	Alert     string    // name of an alert, or of a rule
	Scraper   string    // id of a scraper
	Limit     int       // 0: 100
}

const (
	defaultLimit = 100
	page         = 500
)

// Find returns the events that q selects, newest first, those just recorded
// included. For a request whose own event was only counted it returns the last
// event alike, under that event's request id.
func (l *Ledger) Find(ctx context.Context, q Query) ([]hearth.Event, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	found, err := l.find(ctx, q)
	if err != nil || len(found) > 0 || q.RequestID == "" {
		return found, err
	}
	l.mu.Lock()
	crowd, ok := l.classes.crowdWith(q.RequestID)
	l.mu.Unlock()
	switch {
	case !ok:
		return nil, nil
	case crowd.closed:
		q.RequestID = crowd.last.RequestID
		return l.find(ctx, q)
	case !q.wants(crowd.last):
		return nil, nil
	}
	return []hearth.Event{crowd.event()}, nil
}

func (l *Ledger) find(ctx context.Context, q Query) ([]hearth.Event, error) {
	err := l.flush(ctx)
	l.report(err)
	all := l.waiting(q)
	for _, log := range logs {
		if q.Kind != "" && logOf(q.Kind) != log {
			continue
		}
		found, err := l.findIn(ctx, log, q)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b hearth.Event) int { return b.Time.Compare(a.Time) })
	return all[:min(len(all), q.Limit)], nil
}

// waiting returns what q selects of the queue, which is not empty when the
// store takes nothing.
func (l *Ledger) waiting(q Query) []hearth.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []hearth.Event
	for _, e := range slices.Backward(l.queue) {
		if q.wants(e) && (q.RequestID == "" || q.RequestID == e.RequestID) {
			all = append(all, e)
		}
	}
	return all
}

// findIn reads a log page by page, for the store does not know of accounts and
// kinds.
func (l *Ledger) findIn(ctx context.Context, log string, q Query) ([]hearth.Event, error) {
	lq := store.LogQuery{Key1: string(q.RequestID), Key2: string(q.Workspace), Since: q.Since, Limit: page}
	var found []hearth.Event
	for {
		records, err := l.opts.Store.Log(ctx, log, lq)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", log, err)
		}
		for _, r := range records {
			e, err := eventOf(r)
			if err != nil {
				return nil, err
			}
			if q.wants(e) {
				found = append(found, e)
			}
			if len(found) == q.Limit {
				return found, nil
			}
		}
		if len(records) < page {
			return found, nil
		}
		lq.BeforeSeq = records[len(records)-1].Seq
	}
}

func (q Query) wants(e hearth.Event) bool {
	return (q.Account == "" || q.Account == e.Account) && (q.Kind == "" || q.Kind == e.Kind) &&
		(q.Workspace == "" || q.Workspace == e.Workspace) && !e.Time.Before(q.Since) &&
		(q.Until.IsZero() || !e.Time.After(q.Until)) && (q.Alert == "" || about(e, q.Alert)) &&
		(q.Scraper == "" || ofScraper(e, q.Scraper))
}

// ofScraper tells whether e is about the scraper, or a change of it.
func ofScraper(e hearth.Event, id string) bool {
	return e.Detail(hearth.DetailScraper) == id || strings.HasSuffix(e.Detail(hearth.DetailResource), ":scraper/"+id)
}

// about tells whether e is of the rule called name, or of one of its alerts.
func about(e hearth.Event, name string) bool {
	for _, d := range e.Details {
		switch d.Name {
		case hearth.DetailRule:
			if d.Value == name {
				return true
			}
		case hearth.DetailAlert:
			if labels, _, ok := readLabels(afterStatus(d.Value)); ok && labels[alertName] == name {
				return true
			}
		}
	}
	return false
}
