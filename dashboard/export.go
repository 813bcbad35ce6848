package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// An exportFile is what Grafana's file provisioning of alerting reads.
// https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
type exportFile struct {
	APIVersion int             `json:"apiVersion"`
	Groups     []*exportGroup  `json:"groups,omitempty"`
	Contacts   []*exportPoint  `json:"contactPoints,omitempty"`
	Policies   []exportPolicy  `json:"policies,omitempty"`
	Timings    []*exportTiming `json:"muteTimes,omitempty"`
}

type exportGroup struct {
	OrgID    int           `json:"orgId"`
	Name     string        `json:"name"`
	Folder   string        `json:"folder"` // its title
	Interval string        `json:"interval"`
	Rules    []*exportRule `json:"rules"`
	uid      string        // of the folder
}

type exportRule struct {
	UID         string            `json:"uid"`
	Title       string            `json:"title"`
	Condition   string            `json:"condition"`
	Data        []ruleQuery       `json:"data"`
	NoData      string            `json:"noDataState"`
	Error       string            `json:"execErrState"`
	For         string            `json:"for"`
	Keep        string            `json:"keepFiringFor,omitempty"`
	Missing     int64             `json:"missing_series_evals_to_resolve,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Paused      bool              `json:"isPaused"`
	Settings    *notifySettings   `json:"notification_settings,omitempty"`
}

type exportPoint struct {
	OrgID     int              `json:"orgId"`
	Name      string           `json:"name"`
	Receivers []exportReceiver `json:"receivers"`
}

type exportReceiver struct {
	UID      string         `json:"uid"`
	Type     string         `json:"type"`
	Settings map[string]any `json:"settings"`
	Silent   bool           `json:"disableResolveMessage"`
}

type exportPolicy struct {
	OrgID int `json:"orgId"`
	policy
}

type exportTiming struct {
	OrgID     int             `json:"orgId"`
	Name      string          `json:"name"`
	Intervals json.RawMessage `json:"time_intervals"`
}

// exported is a file in the form that is asked for: YAML, or JSON by format=json or
// the header Accept.
func (c *Call) exported(f exportFile, name string) (any, error) {
	f.APIVersion = 1
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, err
	}
	out := Reply{Raw: text, Type: "application/json"}
	switch format := c.text("format"); {
	case format == "json", format == "" && strings.Contains(c.HTTP.Header.Get("Accept"), "json"):
	case format == "", format == "yaml":
		out.Type = "application/yaml"
		if out.Raw, err = yamlOf(text); err != nil {
			return nil, err
		}
	default:
		return nil, invalid("format", "must be yaml or json")
	}
	if c.flag("download") {
		out.File = name + "." + strings.TrimPrefix(out.Type, "application/")
	}
	return out, nil
}

// yamlOf is a JSON text in YAML's way of writing, its members in the same order.
func yamlOf(text []byte) ([]byte, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return nil, err
	}
	plain(&n)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	err := e.Encode(&n)
	return out.Bytes(), err
}

func plain(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "\n") {
		n.Style = yaml.LiteralStyle
	}
	for _, c := range n.Content {
		plain(c)
	}
}

// ExportContactPoints answers contact points as a provisioning file. Secrets are not
// told, to nobody: Denied if they are asked for.
func (r *Room) ExportContactPoints(ctx context.Context, c *Call) (any, error) {
	if c.flag("decrypt") {
		return nil, &hearth.Error{Kind: hearth.Denied, Msg: "secrets of contact points are not told again: leave decrypt out, and they are [REDACTED]"}
	}
	var f exportFile
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := contactsIn(tx, c.id())
		for _, p := range list {
			if n := c.text("name"); n != "" && n != p.Name {
				continue
			}
			if n := len(f.Contacts); n == 0 || f.Contacts[n-1].Name != p.Name {
				f.Contacts = append(f.Contacts, &exportPoint{OrgID: 1, Name: p.Name})
			}
			last := f.Contacts[len(f.Contacts)-1]
			settings, _ := p.body()["settings"].(map[string]any)
			last.Receivers = append(last.Receivers, exportReceiver{UID: p.UID, Type: p.Type, Settings: maps.Clone(settings), Silent: p.Silent})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.exported(f, "contact-points")
}

// ExportPolicies answers the tree of notification policies as a provisioning file.
func (r *Room) ExportPolicies(ctx context.Context, c *Call) (any, error) {
	s, err := r.readAlerting(ctx, c)
	if err != nil {
		return nil, err
	}
	s.Policy.Provenance = ""
	return c.exported(exportFile{Policies: []exportPolicy{{1, s.Policy}}}, "notification-policies")
}

// ExportMuteTimings answers mute timings, or the one of the path, as a provisioning
// file.
func (r *Room) ExportMuteTimings(ctx context.Context, c *Call) (any, error) {
	s, err := r.readAlerting(ctx, c)
	if err != nil {
		return nil, err
	}
	var f exportFile
	name := c.Param("name")
	for _, t := range s.Timings {
		if name == "" || t.Name == name {
			f.Timings = append(f.Timings, &exportTiming{1, t.Name, t.Intervals})
		}
	}
	if name != "" && len(f.Timings) == 0 {
		return nil, missing("mute timing not found")
	}
	return c.exported(f, "mute-timings")
}

// ExportRules answers alert rules of folders that who asks may see as a provisioning
// file: all, or those of the folder, group or rule that is named.
func (r *Room) ExportRules(ctx context.Context, c *Call) (any, error) {
	folder, group, uid := orElse(c.Param("folderUid"), c.text("folderUid")), orElse(c.Param("group"), c.text("group")), orElse(c.Param("uid"), c.text("ruleUid"))
	var f exportFile
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := rulesIn(tx, c.id())
		if err != nil {
			return err
		}
		for _, a := range list {
			if folder != "" && a.Folder != folder || group != "" && a.Group != group || uid != "" && a.UID != uid {
				continue
			}
			if err := f.add(tx, c, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(f.Groups) == 0 && folder+group+uid != "" {
		err = missing("no alert rule found")
	}
	if err != nil {
		return nil, err
	}
	return c.exported(f, "alert-rules")
}

// add puts a rule into its group, if who asks may see its folder.
func (f *exportFile) add(tx store.Tx, c *Call, a *alertRule) error {
	in, err := c.seenFolder(tx, a.Folder, levelView)
	if kind := hearth.KindOf(err); err != nil && (kind == hearth.NotFound || kind == hearth.Denied) {
		return nil
	}
	if err != nil {
		return err
	}
	if n := len(f.Groups); n == 0 || f.Groups[n-1].uid != a.Folder || f.Groups[n-1].Name != a.Group {
		every, err := intervalOf(tx, c.id(), a.Folder, a.Group)
		if err != nil {
			return err
		}
		f.Groups = append(f.Groups, &exportGroup{OrgID: 1, Name: a.Group, Folder: in.Title, Interval: strconv.FormatInt(every, 10) + "s", uid: a.Folder})
	}
	g := f.Groups[len(f.Groups)-1]
	g.Rules = append(g.Rules, &exportRule{
		UID: a.UID, Title: a.Title, Condition: a.Condition, Data: a.Data, NoData: a.NoData, Error: a.Error, For: a.For, Keep: a.Keep, Missing: a.Missing,
		Annotations: a.Annotations, Labels: a.Labels, Paused: a.Paused, Settings: a.Settings,
	})
	return nil
}
