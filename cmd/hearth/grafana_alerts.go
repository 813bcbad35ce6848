package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/prometheus/prometheus/notifier"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
	"github.com/hearth-metrics/hearth/sns"
)

// alertingPlaces are all that have an alert manager: metrics workspaces, and
// Grafana workspaces under their own ids.
type alertingPlaces struct{ p *program }

// Lookup finds either.
func (a alertingPlaces) Lookup(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	g, ok := hearth.ParseGrafanaID(string(id))
	if !ok {
		return a.p.rooms.workspace.Lookup(ctx, id)
	}
	w, err := a.p.rooms.grafana.Lookup(ctx, g)
	return asPlace(w), err
}

// Changed tells of metrics workspaces; Grafana workspaces that go are found by the
// next look.
func (a alertingPlaces) Changed() (<-chan struct{}, func()) { return a.p.rooms.workspace.Changed() }

// asPlace is a Grafana workspace in the words of the alert managers.
func asPlace(w hearth.GrafanaWorkspace) hearth.Workspace {
	return hearth.Workspace{ID: hearth.WorkspaceID(w.ID), Account: w.Account, Region: w.Region, Alias: w.Name, Tags: w.Tags, Status: w.Status}
}

// alertTopics publishes alerts: of metrics workspaces as AMP does, of Grafana
// workspaces as their roles.
type alertTopics struct {
	p     *program
	roles *grafanaRoles
}

// Publish asks the topic's policy, or the role's policies.
func (t alertTopics) Publish(ctx context.Context, from hearth.Workspace, topicARN, subject, body string, attributes map[string]string) (string, error) {
	g, ok := hearth.ParseGrafanaID(string(from.ID))
	if !ok {
		return t.p.rooms.sns.Publish(ctx, from, topicARN, subject, body, attributes)
	}
	topic, err := sns.ParseTopicARN("TopicArn", topicARN)
	if err != nil {
		return "", err
	}
	w, err := t.p.rooms.grafana.Lookup(ctx, g)
	if err != nil {
		return "", err
	}
	if err := t.may(ctx, w, topic); err != nil {
		return "", err
	}
	m := sns.Message{Topic: topic, Subject: subject, Body: body, Attributes: map[string]sns.Attribute{}}
	for name, v := range attributes {
		m.Attributes[name] = sns.Attribute{Type: "String", Value: v}
	}
	return t.p.rooms.sns.PublishMessage(ctx, m)
}

// may asks whether the Grafana workspace may publish.
func (t alertTopics) may(ctx context.Context, w hearth.GrafanaWorkspace, topic hearth.ARN) error {
	as, err := t.roles.acting(ctx, w)
	if err != nil {
		return err
	}
	err = t.p.rooms.iam.Authorize(ctx, as, hearth.Access{Action: "sns:Publish", Resource: topic, Region: topic.Region, TLS: true, Time: time.Now()})
	if hearth.KindOf(err) == hearth.Denied && err != nil && w.RoleARN == "" {
		return &hearth.Error{Kind: hearth.Denied, Resource: topic.String(), Err: err,
			Msg: "the Grafana workspace may publish to topics of its account whose names begin with grafana; give it a role for others"}
	}
	return err
}

// grafanaAlerts lets the room dashboard use the alert managers.
type grafanaAlerts struct{ p *program }

// Check parses a definition.
func (g grafanaAlerts) Check(definition []byte) error {
	_, faults := alerting.Parse(definition, hearth.Local)
	if len(faults) == 0 {
		return nil
	}
	var texts []string
	for _, f := range faults {
		texts = append(texts, f.Msg)
	}
	return &hearth.Error{Kind: hearth.Invalid, Msg: strings.Join(texts, "; ")}
}

// Define creates or replaces the definition, unless it is this one.
func (g grafanaAlerts) Define(ctx context.Context, w hearth.GrafanaWorkspace, definition []byte) error {
	ws := asPlace(w)
	have, err := g.p.rooms.alerting.Describe(ctx, ws)
	switch {
	case err == nil && bytes.Equal(have.Data, definition):
		return nil
	case err == nil:
		_, err = g.p.rooms.alerting.Put(ctx, ws, definition, nil)
	case hearth.KindOf(err) == hearth.NotFound:
		_, err = g.p.rooms.alerting.Create(ctx, ws, definition, nil)
	}
	return err
}

// Notify hands alerts on.
func (g grafanaAlerts) Notify(ctx context.Context, w hearth.GrafanaWorkspace, alerts ...*notifier.Alert) error {
	return g.p.rooms.alerting.Notify(ctx, asPlace(w), alerts...)
}

// Try sends an alert once, beside the alert manager.
func (g grafanaAlerts) Try(ctx context.Context, w hearth.GrafanaWorkspace, definition []byte, labels, annotations map[string]string) error {
	return g.p.rooms.alerting.Try(ctx, asPlace(w), definition, alerting.Example{Labels: labels, Annotations: annotations})
}

// ServeAPI answers Alertmanager's API.
func (g grafanaAlerts) ServeAPI(w http.ResponseWriter, r *http.Request, of hearth.GrafanaWorkspace) error {
	return g.p.rooms.alerting.ServeAPI(w, r.WithContext(hearth.WithWorkspace(r.Context(), asPlace(of))))
}

// alertMail is how alert managers of Grafana workspaces send e-mails; nil without a
// mail server.
func (p *program) alertMail() (map[string]any, error) {
	m := &p.config.SMTP
	if m.Address == "" {
		return nil, nil
	}
	out := map[string]any{"smtp_smarthost": m.Address, "smtp_from": m.From, "smtp_require_tls": m.StartTLS != "never"}
	if m.Username != "" {
		text, err := os.ReadFile(m.PasswordFile)
		if err != nil {
			return nil, err
		}
		out["smtp_auth_username"], out["smtp_auth_password"] = m.Username, strings.TrimRight(string(text), "\r\n")
	}
	return out, nil
}
