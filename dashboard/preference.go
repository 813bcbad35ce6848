package dashboard

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// prefs are what a person, a team or everybody likes.
type prefs struct {
	Theme    string          `json:"theme"`
	Home     string          `json:"homeDashboardUID,omitempty"`
	Zone     string          `json:"timezone"`
	Week     string          `json:"weekStart"`
	Language string          `json:"language,omitempty"`
	Navbar   json.RawMessage `json:"navbar,omitempty"`
	History  json.RawMessage `json:"queryHistory,omitempty"`
}

const maxPrefs = 64 << 10

func (p *prefs) check() error {
	switch {
	case !slices.Contains([]string{"", "light", "dark", "system"}, p.Theme):
		return invalid("theme", "must be light, dark or system")
	case !slices.Contains([]string{"", "browser", "saturday", "sunday", "monday"}, p.Week):
		return invalid("weekStart", "must be browser, saturday, sunday or monday")
	case len(p.Zone) > 64 || len(p.Language) > 64 || len(p.Navbar)+len(p.History) > maxPrefs:
		return invalid("timezone", "is too long")
	}
	return checkUID(p.Home)
}

func (c *Call) ownPrefs() string { return key(c.id(), "user", idKey(c.User.ID)) }
func (c *Call) orgPrefs() string { return key(c.id(), "org") }

func (r *Room) readPrefs(ctx context.Context, k string) (out prefs, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		have, err := get[prefs](tx, preferenceBucket, k)
		out = deref(have)
		return err
	})
	return out, err
}

func (r *Room) writePrefs(ctx context.Context, c *Call, k string, patch bool) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		p := &prefs{}
		if patch {
			have, err := get[prefs](tx, preferenceBucket, k)
			if err != nil {
				return err
			}
			*p = deref(have)
		}
		if err := c.decode(p); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		return put(tx, preferenceBucket, k, p)
	})
	return message("Preferences updated"), err
}

// MyPreferences answers what who asks likes.
func (r *Room) MyPreferences(ctx context.Context, c *Call) (any, error) {
	return r.readPrefs(ctx, c.ownPrefs())
}

// SetMyPreferences replaces or, by PATCH, changes it.
func (r *Room) SetMyPreferences(ctx context.Context, c *Call) (any, error) {
	if c.User.ID == 0 {
		return nil, bad("API keys have no preferences")
	}
	return r.writePrefs(ctx, c, c.ownPrefs(), c.HTTP.Method == "PATCH")
}

// OrgPreferences answers what everybody begins with.
func (r *Room) OrgPreferences(ctx context.Context, c *Call) (any, error) {
	return r.readPrefs(ctx, c.orgPrefs())
}

// SetOrgPreferences replaces or, by PATCH, changes it.
func (r *Room) SetOrgPreferences(ctx context.Context, c *Call) (any, error) {
	return r.writePrefs(ctx, c, c.orgPrefs(), c.HTTP.Method == "PATCH")
}

// TeamPreferences answers what a team likes.
func (r *Room) TeamPreferences(ctx context.Context, c *Call) (any, error) {
	out := prefs{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		t, err := c.teamIn(tx)
		if err == nil {
			out = deref(t.Prefs)
		}
		return err
	})
	return out, err
}

// SetTeamPreferences replaces it.
func (r *Room) SetTeamPreferences(ctx context.Context, c *Call) (any, error) {
	p := &prefs{}
	if err := c.decode(p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	err := r.editTeam(ctx, c, func(_ store.Tx, t *team) error { t.Prefs = p; return nil })
	return message("Preferences updated"), err
}

// HomeDashboard answers the dashboard that a visit begins with, or where it is.
func (r *Room) HomeDashboard(ctx context.Context, c *Call) (any, error) {
	for _, k := range []string{c.ownPrefs(), c.orgPrefs()} {
		p, err := r.readPrefs(ctx, k)
		if err != nil {
			return nil, err
		}
		if p.Home == "" {
			continue
		}
		var d *dash
		err = r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
			d, err = c.seenDashboard(tx, p.Home, levelView)
			return err
		})
		if hearth.KindOf(err) == hearth.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		return map[string]any{"redirectUri": c.dashboardURL(d)}, nil
	}
	return map[string]any{
		"meta": map[string]any{"canSave": false, "canEdit": false, "canStar": false, "isHome": true},
		"dashboard": map[string]any{"title": "Home", "uid": "", "version": 0, "editable": false, "panels": []any{
			map[string]any{"id": 1, "type": "dashlist", "title": "Dashboards", "gridPos": map[string]int{"x": 0, "y": 0, "w": 24, "h": 12},
				"options": map[string]any{"showSearch": true, "maxItems": 100, "includeVars": false}},
		}},
	}, nil
}
