package dashboard

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// groupBody is a group in the form of the provisioning API.
type groupBody struct {
	Title    string       `json:"title"`
	Folder   string       `json:"folderUid"`
	Interval int64        `json:"interval"`
	Rules    []*alertRule `json:"rules"`
}

func groupRules(tx store.Tx, id hearth.GrafanaID, folder, group string) (out []*alertRule, err error) {
	list, err := rulesIn(tx, id)
	for _, a := range list {
		if a.Folder == folder && a.Group == group {
			out = append(out, a)
		}
	}
	return out, err
}

func intervalOf(tx store.Tx, id hearth.GrafanaID, folder, group string) (int64, error) {
	g, err := get[ruleGroup](tx, groupBucket, groupKey(id, folder, group))
	if err != nil || g == nil {
		return defaultInterval, err
	}
	return g.Interval, nil
}

// RuleGroup answers a group.
func (r *Room) RuleGroup(ctx context.Context, c *Call) (any, error) {
	out := groupBody{Title: c.Param("group"), Folder: c.Param("folderUid"), Rules: []*alertRule{}}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		if _, err := c.seenFolder(tx, out.Folder, levelView); err != nil {
			return err
		}
		list, err := groupRules(tx, c.id(), out.Folder, out.Title)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return missing("rule group not found")
		}
		for _, a := range list {
			out.Rules = append(out.Rules, a.body())
		}
		out.Interval, err = intervalOf(tx, c.id(), out.Folder, out.Title)
		return err
	})
	return out, err
}

// SetRuleGroup replaces a group: rules that it does not have go.
func (r *Room) SetRuleGroup(ctx context.Context, c *Call) (any, error) {
	var in groupBody
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	in.Title, in.Folder = c.Param("group"), c.Param("folderUid")
	if in.Interval == 0 {
		in.Interval = defaultInterval
	}
	err := r.changeRules(ctx, c, func(tx store.Tx) error {
		_, _, err := r.replaceGroup(tx, c, in.Folder, in.Title, in.Interval, in.Rules, c.provenance())
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.RuleGroup(ctx, c)
}

// replaceGroup gives a group exactly these rules.
func (r *Room) replaceGroup(tx store.Tx, c *Call, folder, group string, interval int64, rules []*alertRule, provenance string) (made, gone []string, err error) {
	if interval < 1 || interval > 86400 {
		return nil, nil, invalid("interval", "must be 1 to 86400 seconds")
	}
	list, err := rulesIn(tx, c.id())
	if err != nil {
		return nil, nil, err
	}
	left, byUID := map[string]*alertRule{}, map[string]*alertRule{}
	for _, a := range list {
		byUID[a.UID] = a
		if a.Folder == folder && a.Group == group {
			left[a.UID] = a
		}
	}
	for _, a := range rules {
		if a == nil {
			return nil, nil, invalid("rules", "must not be null")
		}
		delete(left, a.UID)
	}
	for uid := range left { // first, so that another may have its title
		if err := tx.Delete(ruleBucket, key(c.id(), uid)); err != nil {
			return nil, nil, err
		}
		gone = append(gone, uid)
	}
	list = slices.DeleteFunc(list, func(a *alertRule) bool { return left[a.UID] != nil })
	for i, a := range rules {
		was := byUID[a.UID]
		if was != nil {
			if _, err := c.seenFolder(tx, was.Folder, levelEdit); err != nil {
				return nil, nil, err
			}
		}
		a.Folder, a.Group, a.Provenance = folder, group, provenance
		if list, err = r.putRule(tx, c, a, was, list); err != nil {
			return nil, nil, err
		}
		a.Index = i
		if err := put(tx, ruleBucket, key(c.id(), a.UID), a); err != nil {
			return nil, nil, err
		}
		made = append(made, a.UID)
	}
	if _, err := c.seenFolder(tx, folder, levelEdit); err != nil {
		return nil, nil, err
	}
	return made, gone, put(tx, groupBucket, groupKey(c.id(), folder, group), ruleGroup{interval})
}

// DeleteRuleGroup deletes a group with its rules.
func (r *Room) DeleteRuleGroup(ctx context.Context, c *Call) (any, error) {
	err := r.changeRules(ctx, c, func(tx store.Tx) error {
		folder, group := c.Param("folderUid"), c.Param("group")
		if _, err := c.seenFolder(tx, folder, levelEdit); err != nil {
			return err
		}
		list, err := groupRules(tx, c.id(), folder, group)
		if err == nil && len(list) == 0 {
			err = missing("rule group not found")
		}
		for _, a := range list {
			if err := tx.Delete(ruleBucket, key(c.id(), a.UID)); err != nil {
				return err
			}
		}
		return err
	})
	return Reply{Code: http.StatusNoContent}, err
}

// rulerRule is a rule in the form of the ruler's API.
type rulerRule struct {
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Keep        string            `json:"keep_firing_for,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Alert       rulerAlert        `json:"grafana_alert"`
}

type rulerAlert struct {
	ID         int64           `json:"id"`
	OrgID      int64           `json:"orgId"`
	Title      string          `json:"title"`
	Condition  string          `json:"condition"`
	Data       []ruleQuery     `json:"data"`
	Updated    time.Time       `json:"updated"`
	Interval   int64           `json:"intervalSeconds"`
	Version    int64           `json:"version"`
	UID        string          `json:"uid"`
	Folder     string          `json:"namespace_uid"`
	Group      string          `json:"rule_group"`
	NoData     string          `json:"no_data_state"`
	Error      string          `json:"exec_err_state"`
	Missing    int64           `json:"missing_series_evals_to_resolve,omitempty"`
	Paused     bool            `json:"is_paused"`
	Provenance string          `json:"provenance,omitempty"`
	Settings   *notifySettings `json:"notification_settings,omitempty"`
	Record     json.RawMessage `json:"record,omitempty"`
}

func (a *alertRule) ruler(interval int64) rulerRule {
	return rulerRule{For: a.For, Keep: a.Keep, Labels: a.Labels, Annotations: a.Annotations, Alert: rulerAlert{
		ID: a.ID, OrgID: 1, Title: a.Title, Condition: a.Condition, Data: a.Data, Updated: a.Updated, Interval: interval, Version: a.Version,
		UID: a.UID, Folder: a.Folder, Group: a.Group, NoData: a.NoData, Error: a.Error, Missing: a.Missing, Paused: a.Paused, Provenance: a.Provenance, Settings: a.Settings,
	}}
}

type rulerGroup struct {
	Name     string      `json:"name"`
	Interval string      `json:"interval"`
	Rules    []rulerRule `json:"rules"`
}

// rulerGroups are the groups of a folder, or of all (empty), by folder title.
func (r *Room) rulerGroups(ctx context.Context, c *Call, folder, group string) (map[string][]*rulerGroup, error) {
	out := map[string][]*rulerGroup{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := rulesIn(tx, c.id())
		if err != nil {
			return err
		}
		var last *rulerGroup
		lastFolder := ""
		for _, a := range list {
			if folder != "" && a.Folder != folder || group != "" && a.Group != group {
				continue
			}
			f, err := c.seenFolder(tx, a.Folder, levelView)
			if hearth.KindOf(err) == hearth.NotFound && err != nil {
				continue
			}
			if err != nil {
				return err
			}
			every, err := intervalOf(tx, c.id(), a.Folder, a.Group)
			if err != nil {
				return err
			}
			if last == nil || last.Name != a.Group || lastFolder != a.Folder {
				last, lastFolder = &rulerGroup{Name: a.Group, Interval: strconv.FormatInt(every, 10) + "s"}, a.Folder
				out[f.Title] = append(out[f.Title], last)
			}
			last.Rules = append(last.Rules, a.ruler(every))
		}
		return nil
	})
	return out, err
}

// RulerRules lists all groups by folder.
func (r *Room) RulerRules(ctx context.Context, c *Call) (any, error) {
	return r.rulerGroups(ctx, c, c.Param("folderUid"), "")
}

// RulerGroup answers one group.
func (r *Room) RulerGroup(ctx context.Context, c *Call) (any, error) {
	found, err := r.rulerGroups(ctx, c, c.Param("folderUid"), c.Param("group"))
	if err != nil {
		return nil, err
	}
	for _, groups := range found {
		return Reply{Code: http.StatusAccepted, Body: groups[0]}, nil
	}
	return nil, missing("rule group does not exist")
}

// SetRulerGroup replaces a group.
func (r *Room) SetRulerGroup(ctx context.Context, c *Call) (any, error) {
	var in rulerGroup
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	every, err := parseDuration(orElse(in.Interval, "1m"))
	if err != nil {
		return nil, invalid("interval", "%v", err)
	}
	var rules []*alertRule
	for _, x := range in.Rules {
		g := x.Alert
		rules = append(rules, &alertRule{
			UID: g.UID, Title: g.Title, Condition: g.Condition, Data: g.Data, NoData: g.NoData, Error: g.Error, For: x.For, Keep: x.Keep,
			Annotations: x.Annotations, Labels: x.Labels, Missing: g.Missing, Paused: g.Paused, Settings: g.Settings, Record: g.Record, Group: in.Name,
		})
	}
	var made, gone []string
	err = r.changeRules(ctx, c, func(tx store.Tx) (err error) {
		made, gone, err = r.replaceGroup(tx, c, c.Param("folderUid"), in.Name, int64(every/time.Second), rules, "")
		return err
	})
	created, updated := []string{}, []string{}
	for i, uid := range made {
		if in.Rules[i].Alert.UID == "" {
			created = append(created, uid)
		} else {
			updated = append(updated, uid)
		}
	}
	return Reply{Code: http.StatusAccepted, Body: map[string]any{"message": "rule group updated successfully", "created": created, "updated": updated, "deleted": orNone(gone)}}, err
}

// DeleteRuler deletes a group, or all of a folder.
func (r *Room) DeleteRuler(ctx context.Context, c *Call) (any, error) {
	err := r.changeRules(ctx, c, func(tx store.Tx) error {
		folder, group := c.Param("folderUid"), c.Param("group")
		if _, err := c.seenFolder(tx, folder, levelEdit); err != nil {
			return err
		}
		list, err := rulesIn(tx, c.id())
		for _, a := range list {
			if a.Folder == folder && (group == "" || a.Group == group) {
				if err := tx.Delete(ruleBucket, key(c.id(), a.UID)); err != nil {
					return err
				}
			}
		}
		return err
	})
	return Reply{Code: http.StatusAccepted, Body: message("rules deleted")}, err
}

// EvaluateRules answers what queries and expressions give now, as the editor of
// alert rules asks.
func (r *Room) EvaluateRules(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Data      []ruleQuery `json:"data"`
		Condition string      `json:"condition"`
		Now       time.Time   `json:"now"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Now.IsZero() {
		in.Now = r.opts.Now()
	}
	if len(in.Data) > maxQueries {
		return nil, invalid("data", "must be 1 to %d queries and expressions", maxQueries)
	}
	a := &alertRule{Data: in.Data}
	queries, err := a.queries(in.Now)
	if err != nil {
		return nil, err
	}
	found, err := r.evaluateAll(ctx, c.Workspace, queries, in.Now)
	if err != nil {
		return nil, err
	}
	results := map[string]result{}
	for _, q := range queries {
		results[q.RefID] = found.panel(q.RefID)
	}
	text, err := encodeResults(results)
	return Reply{Raw: text, Type: "application/json"}, err
}
