package alerting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/dispatch"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A Usage is how much of alerting a workspace has. Alerts and groups are those of an
// Alertmanager that is open: one that is not has none.
type Usage struct {
	Active, Suppressed, Unprocessed int // alerts by state
	AlertBytes                      int64
	Groups                          int // of alerts that are told of together
	Silences                        int // of every state
	DefinitionBytes                 int
	Templates, InhibitRules         int
}

// Usage tells of a workspace's alert manager; ok is false if it has no definition.
// It opens none.
func (r *Room) Usage(ctx context.Context, ws hearth.WorkspaceID) (u Usage, ok bool, err error) {
	data, err := r.data(ctx, ws)
	if hearth.KindOf(err) == hearth.NotFound {
		return u, false, nil
	}
	if err != nil {
		return u, false, err
	}
	u.DefinitionBytes = len(data)
	if d, faults := Parse(data, r.profileOf(ws)); len(faults) == 0 {
		u.Templates, u.InhibitRules = len(d.Templates), len(d.Config.InhibitRules)
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		kept, err := tx.Scan(silences, string(ws)+"/", "", 0)
		u.Silences = len(kept)
		return err
	})
	if err != nil {
		return u, false, fmt.Errorf("count silences: %w", err)
	}
	return u, true, r.live(ctx, ws, &u)
}

// live adds what only an open Alertmanager knows.
func (r *Room) live(ctx context.Context, ws hearth.WorkspaceID, u *Usage) error {
	r.mu.Lock()
	s := r.seats[ws]
	r.mu.Unlock()
	if s == nil {
		return nil
	}
	s.mu.Lock()
	a := s.live
	if a != nil {
		a.using.Add(1)
	}
	s.mu.Unlock()
	if a == nil {
		return nil
	}
	defer a.using.Add(-1)
	u.AlertBytes = a.limiter.bytes()
	if groups, _, err := a.groups(ctx, func(*dispatch.Route) bool { return true }, func(*alert.Alert, time.Time) bool { return true }); err == nil {
		u.Groups = len(groups)
	}
	return a.states(ctx, u)
}

// states asks upstream's own API how alerts stand.
func (a *alertmanager) states(ctx context.Context, u *Usage) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "/api/v2/alerts", nil)
	if err != nil {
		return err
	}
	out := &held{header: http.Header{}}
	a.handler.ServeHTTP(out, q)
	if out.code != http.StatusOK {
		return fmt.Errorf("list alerts: status %d", out.code)
	}
	var all []struct{ Status struct{ State string } }
	if err := json.Unmarshal(out.body.Bytes(), &all); err != nil {
		return fmt.Errorf("list alerts: %w", err)
	}
	for _, one := range all {
		switch one.Status.State {
		case "suppressed":
			u.Suppressed++
		case "unprocessed":
			u.Unprocessed++
		default:
			u.Active++
		}
	}
	return nil
}

func (l *limiter) bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// tally counts a notification, in all and by the integration it was for.
func (d *delivery) tally(what hearth.Tallied) { d.am.tally(what, d.in.name) }

func (a *alertmanager) tally(what hearth.Tallied, integration string) {
	a.room.opts.Tally.Count(a.ws.ID, what, "", 1)
	a.room.opts.Tally.Count(a.ws.ID, what, integration, 1)
}

// isThrottled tells errors of receivers that are told too much. Upstream's
// integrations have no error of their own for that, only a text.
func isThrottled(err error) bool {
	if e, ok := errors.AsType[*hearth.Error](err); ok && e.Kind == hearth.Throttled {
		return true
	}
	return err != nil && strings.Contains(err.Error(), "unexpected status code 429")
}
