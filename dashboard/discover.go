package dashboard

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

func (r *Room) found(ctx context.Context, w hearth.GrafanaWorkspace, region hearth.Region) ([]hearth.Workspace, error) {
	if r.opts.Source == nil {
		return nil, nil
	}
	return r.opts.Source.Workspaces(ctx, w, region)
}

// workspaceURL is what a data source of a metrics workspace has as its URL.
func (r *Room) workspaceURL(ws hearth.Workspace) string {
	return r.opts.ExternalURL + "/workspaces/" + string(ws.ID)
}

func (r *Room) sourcesByURL(ctx context.Context, id hearth.GrafanaID) (byURL map[string]*source, err error) {
	byURL = map[string]*source{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := sourcesIn(tx, id)
		for _, s := range list {
			byURL[strings.TrimRight(s.URL, "/")] = s
		}
		return err
	})
	return byURL, err
}

// discovered finds the metrics workspaces that a service-managed Grafana workspace
// gets as data sources by itself. Where it may not list them, it gets none.
func (r *Room) discovered(ctx context.Context, rec *record) ([]hearth.Workspace, error) {
	if rec.Prepared || rec.PermissionType != "SERVICE_MANAGED" || !slices.Contains(rec.DataSources, "PROMETHEUS") {
		return nil, nil
	}
	found, err := r.found(ctx, r.workspace(rec), rec.Region)
	if hearth.KindOf(err) == hearth.Denied {
		return nil, nil
	}
	return found, err
}

// addDiscovered makes the data sources of a new Grafana workspace.
func (r *Room) addDiscovered(tx store.Tx, rec *record, found []hearth.Workspace) error {
	for i, ws := range found {
		if _, err := r.addWorkspaceSource(tx, rec.ID, ws, i == 0); err != nil {
			return err
		}
	}
	return nil
}

// addWorkspaceSource makes a data source of a metrics workspace, unless there is one.
func (r *Room) addWorkspaceSource(tx store.Tx, id hearth.GrafanaID, ws hearth.Workspace, first bool) (*source, error) {
	list, err := sourcesIn(tx, id)
	if err != nil {
		return nil, err
	}
	name := "Prometheus " + orElse(ws.Alias, string(ws.ID))
	for _, s := range list {
		if strings.TrimRight(s.URL, "/") == r.workspaceURL(ws) {
			return s, nil
		}
		if s.Name == name {
			name = "Prometheus " + string(ws.ID)
		}
	}
	settings, err := json.Marshal(map[string]any{
		"httpMethod": "POST", "sigV4Auth": true, "sigV4AuthType": "ec2_iam_role", "sigV4Region": ws.Region, "timeInterval": "15s",
	})
	if err != nil {
		return nil, err
	}
	return r.addSource(tx, id, &sourceInput{Name: name, Type: typePrometheus, URL: r.workspaceURL(ws), JSON: settings, Default: first && len(list) == 0})
}

func (r *Room) keepDiscovered(ctx context.Context, c *Call, found []hearth.Workspace) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		out = out[:0]
		for i, ws := range found {
			s, err := r.addWorkspaceSource(tx, c.id(), ws, i == 0)
			if err != nil {
				return err
			}
			out = append(out, s.body())
		}
		return nil
	})
	return map[string]any{"message": "Datasources added", "datasources": out}, err
}
