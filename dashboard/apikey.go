package dashboard

import (
	"context"
	"slices"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// APIKeys lists the API keys, those that have expired only if asked for.
// https://grafana.com/docs/grafana/latest/developers/http_api/auth/
func (r *Room) APIKeys(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := tokensOf(tx, c.id(), 0)
		for _, t := range list {
			over := !t.Expires.IsZero() && !r.opts.Now().Before(t.Expires)
			if over && !c.flag("includeExpired") {
				continue
			}
			b := map[string]any{"id": t.ID, "name": t.Name, "role": t.Role}
			if !t.Expires.IsZero() {
				b["expiration"] = t.Expires
			}
			if used := r.tokenOf(c.id(), t).Used; !used.IsZero() {
				b["lastUsedAt"] = used
			}
			out = append(out, b)
		}
		return err
	})
	return out, err
}

// AddAPIKey makes an API key, in the versions of Grafana that have them. Its text is
// told once.
func (r *Room) AddAPIKey(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Name    string             `json:"name"`
		Role    hearth.GrafanaRole `json:"role"`
		Seconds int64              `json:"secondsToLive"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Seconds == 0 {
		in.Seconds = 2_592_000
	}
	var p problems
	p.length("name", in.Name, 1, 100)
	p.oneOf("role", string(in.Role), []string{string(hearth.GrafanaAdmin), string(hearth.GrafanaEditor), string(hearth.GrafanaViewer)})
	p.checkLifetime(in.Seconds)
	if err := p.Err(); err != nil {
		return nil, err
	}
	secret := newAPIKey(in.Name)
	t := &token{Name: in.Name, Role: in.Role, Expires: r.opts.Now().UTC().Add(time.Duration(in.Seconds) * time.Second)}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		rec, err := load(tx, c.id())
		if err != nil {
			return err
		}
		if !slices.Contains(keyVersions, rec.Version) {
			return bad("Version %s has no API keys: create a service account and a token of it", rec.Version)
		}
		return r.addToken(tx, c.id(), t, secret)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": t.ID, "name": t.Name, "key": secret}, nil
}

// RemoveAPIKey ends an API key.
func (r *Room) RemoveAPIKey(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		err := dropToken(tx, c.id(), 0, c.Param("id"))
		if hearth.KindOf(err) == hearth.NotFound && err != nil {
			return missing("API key not found")
		}
		return err
	})
	return message("API key deleted"), err
}
