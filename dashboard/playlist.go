package dashboard

import (
	"context"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth/store"
)

// A playlist shows dashboards one after the other.
// https://grafana.com/docs/grafana/latest/developers/http_api/playlist/
type playlist struct {
	ID       int64          `json:"id"`
	UID      string         `json:"uid"`
	Name     string         `json:"name"`
	Interval string         `json:"interval"`
	Items    []playlistItem `json:"items"`
}

// A playlistItem is a dashboard, or those with a tag.
type playlistItem struct {
	Type  string `json:"type"`
	Value string `json:"value"`
	Title string `json:"title,omitempty"`
	Order int    `json:"order,omitempty"`
}

const (
	maxPlaylists     = 1000
	maxPlaylistItems = 500
)

var playlistTypes = []string{"dashboard_by_uid", "dashboard_by_tag", "dashboard_by_id"}

func (p *playlist) check() error {
	p.Name = strings.TrimSpace(p.Name)
	if p.Name == "" || len(p.Name) > maxSourceName {
		return invalid("name", "must have 1 to %d characters", maxSourceName)
	}
	if d, err := parseDuration(p.Interval); err != nil || d <= 0 {
		return invalid("interval", "%q is not a duration such as 5m", p.Interval)
	}
	if len(p.Items) > maxPlaylistItems {
		return invalid("items", "must be at most %d", maxPlaylistItems)
	}
	for i, it := range p.Items {
		if !slices.Contains(playlistTypes, it.Type) {
			return invalid("items", "item %d: the type must be one of %s", i, strings.Join(playlistTypes, ", "))
		}
		if it.Value == "" || len(it.Value) > maxTagLength || len(it.Title) > maxTitle {
			return invalid("items", "item %d: the value must have 1 to %d characters", i, maxTagLength)
		}
		p.Items[i].Order = i + 1
	}
	return nil
}

func playlistIn(tx store.Tx, c *Call) (*playlist, error) {
	p, err := get[playlist](tx, playlistBucket, key(c.id(), c.Param("uid")))
	if err == nil && p == nil {
		err = missing("Playlist not found")
	}
	return p, err
}

func (p *playlist) body() map[string]any {
	return map[string]any{"id": p.ID, "uid": p.UID, "name": p.Name, "interval": p.Interval}
}

func (p *playlist) whole() map[string]any {
	b := p.body()
	b["items"] = append([]playlistItem{}, p.Items...)
	return b
}

// Playlists lists the playlists by name.
func (r *Room) Playlists(ctx context.Context, c *Call) (any, error) {
	limit, err := c.number("limit", 1000)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := all[playlist](tx, playlistBucket, key(c.id()))
		list = slices.DeleteFunc(list, func(p *playlist) bool {
			return !strings.Contains(strings.ToLower(p.Name), strings.ToLower(c.text("query")))
		})
		slices.SortFunc(list, func(a, b *playlist) int { return strings.Compare(a.Name+"\x00"+a.UID, b.Name+"\x00"+b.UID) })
		for _, p := range window(list, limit, 1) {
			out = append(out, p.body())
		}
		return err
	})
	return out, err
}

// Playlist answers one with its items.
func (r *Room) Playlist(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		p, err := playlistIn(tx, c)
		if err == nil {
			out = p.whole()
		}
		return err
	})
	return out, err
}

// PlaylistItems answers the items of one.
func (r *Room) PlaylistItems(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		p, err := playlistIn(tx, c)
		if err == nil {
			out = append([]playlistItem{}, p.Items...)
		}
		return err
	})
	return out, err
}

// CreatePlaylist makes a playlist.
func (r *Room) CreatePlaylist(ctx context.Context, c *Call) (any, error) {
	p := &playlist{}
	if err := c.decode(p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	p.UID = newUID()
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if err := roomFor(tx, playlistBucket, key(c.id()), maxPlaylists, "playlists"); err != nil {
			return err
		}
		if p.ID, err = next(tx, c.id(), "playlist"); err != nil {
			return err
		}
		return put(tx, playlistBucket, key(c.id(), p.UID), p)
	})
	return p.body(), err
}

// UpdatePlaylist replaces a playlist.
func (r *Room) UpdatePlaylist(ctx context.Context, c *Call) (any, error) {
	p := &playlist{}
	if err := c.decode(p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		old, err := playlistIn(tx, c)
		if err != nil {
			return err
		}
		p.ID, p.UID = old.ID, old.UID
		return put(tx, playlistBucket, key(c.id(), p.UID), p)
	})
	return p.whole(), err
}

// DeletePlaylist deletes a playlist.
func (r *Room) DeletePlaylist(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		p, err := playlistIn(tx, c)
		if err != nil {
			return err
		}
		return tx.Delete(playlistBucket, key(c.id(), p.UID))
	})
	return struct{}{}, err
}
