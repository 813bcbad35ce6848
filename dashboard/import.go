package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// An importInput gives a value to one of a dashboard's __inputs.
type importInput struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Plugin string `json:"pluginId"`
	Value  string `json:"value"`
}

// Import makes a dashboard of one that was exported for others: its __inputs get
// values first. https://grafana.com/docs/grafana/latest/dashboards/share-dashboards-panels/
func (r *Room) Import(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Dashboard json.RawMessage `json:"dashboard"`
		Inputs    []importInput   `json:"inputs"`
		Overwrite bool            `json:"overwrite"`
		FolderUID *string         `json:"folderUid"`
		FolderID  *int64          `json:"folderId"`
		Path      string          `json:"path"`
		Plugin    string          `json:"pluginId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Dashboard == nil {
		return nil, invalid("dashboard", "is missing: plugins bring no dashboards here")
	}
	text, err := fillInputs(in.Dashboard, in.Inputs)
	if err != nil {
		return nil, err
	}
	if text, err = splice(text, setting{"id", []byte("null")}); err != nil {
		return nil, bad("bad request data: dashboard: %v", err)
	}
	var d *dash
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		to, err := folderMeant(tx, c.id(), in.FolderUID, in.FolderID)
		if err != nil {
			return err
		}
		if to == nil {
			to = new(string)
		}
		if err := r.importElements(tx, c, text, to); err != nil {
			return err
		}
		d, err = r.saveDashboard(tx, c, save{JSON: text, Folder: to, Overwrite: in.Overwrite})
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"uid": d.UID, "pluginId": in.Plugin, "title": d.Title, "imported": true, "importedUri": "db/" + slug(d.Title), "importedUrl": c.dashboardURL(d),
		"slug": slug(d.Title), "dashboardId": d.ID, "folderId": deref(in.FolderID), "folderUid": d.Folder, "importedRevision": 1, "revision": 1,
		"description": "", "path": in.Path, "removed": false,
	}, nil
}

var inputPattern = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)\}`)

// fillInputs puts values where a dashboard's JSON has ${NAME} for one of its
// __inputs, and leaves every other byte as it is.
func fillInputs(raw []byte, given []importInput) ([]byte, error) {
	var declared struct {
		Inputs []struct {
			Name  string  `json:"name"`
			Type  string  `json:"type"`
			Value *string `json:"value"`
		} `json:"__inputs"`
	}
	if err := json.Unmarshal(raw, &declared); err != nil {
		return nil, bad("bad request data: dashboard: %v", err)
	}
	values := map[string][]byte{}
	for _, d := range declared.Inputs {
		if d.Type == "constant" && d.Value != nil {
			values[d.Name] = inText(*d.Value)
		}
		for _, g := range given {
			if g.Name == d.Name && (g.Type == d.Type || g.Type == "" || g.Name != "*") {
				values[d.Name] = inText(g.Value)
			}
		}
		if values[d.Name] == nil {
			return nil, bad("Dashboard input variable: %s missing from import command", d.Name)
		}
	}
	if len(values) == 0 {
		return raw, nil
	}
	text, err := without(raw, "__inputs")
	if err != nil {
		return nil, bad("bad request data: dashboard: %v", err)
	}
	return filled(text, values)
}

// filled is text with the values, if that is not longer than a dashboard may be.
func filled(text []byte, values map[string][]byte) ([]byte, error) {
	var out []byte
	at := 0
	for _, m := range inputPattern.FindAllIndex(text, -1) {
		v := values[string(text[m[0]+2:m[1]-1])]
		if v == nil {
			continue
		}
		out = append(append(out, text[at:m[0]]...), v...)
		if at = m[1]; len(out) > maxDashboardJSON {
			return nil, &hearth.Error{Kind: hearth.TooLarge, Msg: fmt.Sprintf("The dashboard has more than %d bytes with the values of its inputs.", maxDashboardJSON)}
		}
	}
	return append(out, text[at:]...), nil
}

// inText is a value as it stands between the quotes of a JSON text.
func inText(v string) []byte {
	text := setText("", v).value
	return bytes.TrimSuffix(bytes.TrimPrefix(text, []byte(`"`)), []byte(`"`))
}
