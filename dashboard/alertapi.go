package dashboard

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth/store"
)

// The states as a Prometheus names them.
var promStates = map[string]string{stateNormal: "inactive", statePending: "pending", stateAlerting: "firing", stateRecovering: "firing"}

type promAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	Active      *time.Time        `json:"activeAt"`
	Value       string            `json:"value"`
}

// alertsOf are a rule's instances, and its state: the worst of theirs.
func (e *evaluator) alertsOf(k string) (list []promAlert, state, health, fault string, at time.Time, took time.Duration) {
	e.mu.Lock()
	s := e.states[k]
	e.mu.Unlock()
	list, state, health = []promAlert{}, "inactive", "unknown"
	if s == nil {
		return list, state, health, "", at, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.instances {
		a := promAlert{Labels: in.AllLabel, Annotations: in.Notes, State: in.State, Value: in.Value}
		if in.Kind != "" {
			a.State = in.State + " (" + in.Kind + ")"
		}
		if in.State != stateNormal {
			a.Active = &in.Active
		}
		list = append(list, a)
		switch promStates[in.State] {
		case "firing":
			state = "firing"
		case "pending":
			if state == "inactive" {
				state = "pending"
			}
		}
	}
	slices.SortFunc(list, func(a, b promAlert) int { return strings.Compare(nameOf(a.Labels), nameOf(b.Labels)) })
	switch {
	case s.evaluated.IsZero():
	case s.fault != "":
		health = "error"
	case s.noData:
		health = "nodata"
	default:
		health = "ok"
	}
	return list, state, health, s.fault, s.evaluated, s.took
}

func (a *alertRule) promQuery() string {
	for i := range a.Data {
		if q, err := readQuery(a.Data[i].Model, time.Time{}, time.Time{}); err == nil && q.Expr != "" {
			return q.Expr
		}
	}
	return ""
}

// PromRules lists rules and their states in the form of a Prometheus.
func (r *Room) PromRules(ctx context.Context, c *Call) (any, error) {
	groups := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := rulesIn(tx, c.id())
		if err != nil {
			return err
		}
		var last map[string]any
		lastKey := ""
		for _, a := range list {
			f, err := get[folder](tx, folderBucket, key(c.id(), a.Folder))
			if err != nil {
				return err
			}
			level, _, err := c.levelOf(tx, a.Folder, "")
			if err != nil {
				return err
			}
			if f == nil || level < levelView || c.text("folder_uid") != "" && c.text("folder_uid") != a.Folder || c.text("rule_group") != "" && c.text("rule_group") != a.Group {
				continue
			}
			if k := a.Folder + "/" + a.Group; k != lastKey {
				every, err := intervalOf(tx, c.id(), a.Folder, a.Group)
				if err != nil {
					return err
				}
				last = map[string]any{"name": a.Group, "file": f.Title, "folderUid": a.Folder, "interval": every, "rules": []map[string]any{}, "totals": map[string]int{}}
				groups, lastKey = append(groups, last), k
			}
			rules, _ := last["rules"].([]map[string]any)
			last["rules"] = append(rules, r.promRule(c, a))
		}
		return nil
	})
	return map[string]any{"status": "success", "data": map[string]any{"groups": groups, "totals": map[string]int{}}}, err
}

func (r *Room) promRule(c *Call, a *alertRule) map[string]any {
	alerts, state, health, fault, at, took := r.evaluator.alertsOf(key(c.id(), a.UID))
	wait, _ := parseDuration(orElse(a.For, "0s")) // checked when it was saved
	out := map[string]any{
		"uid": a.UID, "folderUid": a.Folder, "name": a.Title, "query": a.promQuery(), "duration": wait.Seconds(), "type": "alerting", "state": state, "health": health,
		"labels": orEmpty(a.Labels), "annotations": orEmpty(a.Annotations), "alerts": alerts, "lastEvaluation": at, "evaluationTime": took.Seconds(),
		"isPaused": a.Paused, "totals": map[string]int{"alerts": len(alerts)},
	}
	if fault != "" {
		out["lastError"] = fault
	}
	return out
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// PromAlerts lists the instances that are not normal.
func (r *Room) PromAlerts(ctx context.Context, c *Call) (any, error) {
	out := []promAlert{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := rulesIn(tx, c.id())
		if err != nil {
			return err
		}
		for _, a := range list {
			level, _, err := c.levelOf(tx, a.Folder, "")
			if err != nil {
				return err
			}
			if level < levelView {
				continue
			}
			alerts, _, _, _, _, _ := r.evaluator.alertsOf(key(c.id(), a.UID))
			out = append(out, slices.DeleteFunc(alerts, func(x promAlert) bool { return x.State == stateNormal })...)
		}
		return nil
	})
	return map[string]any{"status": "success", "data": map[string]any{"alerts": out}}, err
}

// Alertmanager answers the API of the Grafana workspace's alert manager.
func (r *Room) Alertmanager(ctx context.Context, c *Call, w http.ResponseWriter) error {
	if err := checkRest(c.Rest); err != nil {
		return err
	}
	if r.opts.Alerts == nil {
		return missing("there is no alert manager")
	}
	if err := r.define(ctx, c.Workspace); err != nil {
		return err
	}
	return r.opts.Alerts.ServeAPI(w, c.forAlertmanager(ctx), c.Workspace)
}

// forAlertmanager is the request under the path it has at an Alertmanager, without
// what proved who asks.
func (c *Call) forAlertmanager(ctx context.Context) *http.Request {
	q := c.HTTP.Clone(ctx)
	q.URL.Path, q.URL.RawPath, q.RequestURI = "/api/v2/"+c.Rest, "", ""
	q.Header.Del("Authorization")
	q.Header.Del("Cookie")
	q.Body, q.ContentLength = io.NopCloser(bytes.NewReader(c.Body)), int64(len(c.Body))
	return q
}
