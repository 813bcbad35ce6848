package dashboard

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth/store"
)

// A shortURL stands for a place in the Grafana workspace. Its uid is derived of the
// place, so that the same one asked for again is the same.
// https://grafana.com/docs/grafana/latest/developers/http_api/short_url/
type shortURL struct {
	Path    string    `json:"path"`
	Created time.Time `json:"created"`
}

const (
	maxShortURLs    = 20_000
	maxShortURLPath = 2000
)

// checkShortPath refuses whatever a browser could take for another site or could climb
// out of the Grafana workspace by.
func checkShortPath(path string) error {
	u, err := url.Parse(path)
	switch {
	case err != nil || path == "" || len(path) > maxShortURLPath:
		return invalid("path", "must be a relative path of at most %d characters", maxShortURLPath)
	case u.IsAbs() || u.Host != "" || strings.HasPrefix(path, "/") || u.Opaque != "":
		return invalid("path", "must be relative to the Grafana workspace, such as d/UID/NAME?from=now-1h")
	case strings.ContainsAny(path, "\\\r\n\t\x00") || strings.Contains(u.Path, "..") || strings.HasPrefix(u.Path, "/"):
		return invalid("path", "must not have .. or \\ or blanks other than spaces")
	}
	return nil
}

// CreateShortURL makes a short address of a place in the Grafana workspace.
func (r *Room) CreateShortURL(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Path string `json:"path"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := checkShortPath(in.Path); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(in.Path))
	uid := base64.RawURLEncoding.EncodeToString(sum[:9])
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		k := key(c.id(), uid)
		have, err := get[shortURL](tx, shortURLBucket, k)
		if err != nil || have != nil {
			return err
		}
		if err := roomFor(tx, shortURLBucket, key(c.id()), maxShortURLs, "short URLs"); err != nil {
			return err
		}
		return put(tx, shortURLBucket, k, &shortURL{Path: in.Path, Created: r.opts.Now().UTC()})
	})
	return map[string]any{"uid": uid, "url": c.Workspace.URL + "/goto/" + uid + "?orgId=1"}, err
}

// Goto leads to the place that a short address stands for, and to the start if
// there is none, as Grafana does.
func (r *Room) Goto(ctx context.Context, c *Call, w http.ResponseWriter) error {
	var s *shortURL
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		s, err = get[shortURL](tx, shortURLBucket, key(c.id(), c.Param("uid")))
		return err
	})
	if err != nil {
		return err
	}
	to := c.site() + "/"
	if s != nil {
		to += s.Path
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
	return nil
}
