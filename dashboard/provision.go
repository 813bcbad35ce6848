package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A Shipped is a dashboard that comes with Hearth.
type Shipped struct {
	Name string
	JSON []byte
}

const (
	shippedFolder = "hearth-shipped"
	shippedTitle  = "Hearth"
	shippedHome   = "hearth-overview" // what a visit begins with, if it is among them
)

// prepare gives a new Grafana workspace the dashboards that come with Hearth, in a
// folder of their own, and lets visits begin with the one about Hearth.
func (r *Room) prepare(tx store.Tx, rec *record) error {
	if len(r.opts.Shipped) == 0 {
		return nil
	}
	c := &Call{Workspace: r.workspace(rec), User: hearth.GrafanaUser{Workspace: rec.ID, Login: "hearth", Role: hearth.GrafanaAdmin}}
	if _, err := r.addFolder(tx, c, shippedFolder, shippedTitle, ""); err != nil {
		return err
	}
	folder := shippedFolder
	for _, s := range r.opts.Shipped {
		d, err := r.saveDashboard(tx, c, save{JSON: s.JSON, Folder: &folder, Overwrite: true})
		if err != nil {
			return fmt.Errorf("shipped dashboard %s: %w", s.Name, err)
		}
		if d.UID != shippedHome {
			continue
		}
		if err := put(tx, preferenceBucket, c.orgPrefs(), &prefs{Home: d.UID}); err != nil {
			return err
		}
	}
	return nil
}

var gnetFile = regexp.MustCompile(`(?:^|-)([0-9]+)\.json$`)

// Gnet answers a dashboard by the number it has at grafana.com: from the folder of
// such dashboards or, if the configuration allows it, from there.
func (r *Room) Gnet(ctx context.Context, c *Call) (any, error) {
	n, err := c.paramID("gnetId")
	if err != nil {
		return nil, err
	}
	text, err := r.gnetFile(n)
	if err != nil {
		return nil, err
	}
	if text == nil && r.opts.GnetFetch {
		text, err = r.gnetFetch(ctx, n)
	}
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, missing("Dashboard %d is not in this Hearth's folder of dashboards (--grafana.gnet-path), and grafana.com is not asked: put its file there as %d.json, or paste its JSON.", n, n)
	}
	h, err := readHead(text)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": n, "name": h.Title, "slug": slug(h.Title), "revision": 1, "json": json.RawMessage(text)}, nil
}

// gnetFile looks in the folder: for a file with the number as its name or at its
// end, NAME-3119.json.
func (r *Room) gnetFile(n int64) ([]byte, error) {
	if r.opts.GnetPath == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(r.opts.GnetPath)
	if err != nil {
		return nil, fmt.Errorf("read the folder of dashboards: %w", err)
	}
	i := slices.IndexFunc(entries, func(e os.DirEntry) bool {
		m := gnetFile.FindStringSubmatch(e.Name())
		return m != nil && m[1] == strconv.FormatInt(n, 10) && !e.IsDir()
	})
	if i < 0 {
		return nil, nil
	}
	f, err := os.Open(filepath.Join(r.opts.GnetPath, entries[i].Name()))
	if err != nil {
		return nil, fmt.Errorf("read a dashboard of the folder: %w", err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxDashboardJSON+1))
}

func (r *Room) gnetFetch(ctx context.Context, n int64) ([]byte, error) {
	if r.client == nil {
		return nil, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://grafana.com/api/dashboards/"+strconv.FormatInt(n, 10)+"/revisions/latest/download", nil)
	if err != nil {
		return nil, err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, &hearth.Error{Kind: hearth.Unavailable, Msg: "grafana.com cannot be reached: " + reason(err), Err: err}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, missing("grafana.com has no dashboard %d: it answers %s", n, strings.TrimSpace(res.Status))
	}
	return io.ReadAll(io.LimitReader(res.Body, maxDashboardJSON+1))
}
