package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/dashboard"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/shipped"
)

// newGrafana joins the Grafana workspaces with what they read and tell.
func (p *program) newGrafana() (*dashboard.Room, error) {
	keys, err := p.config.keyring()
	if err != nil {
		return nil, err
	}
	sealer, err := keys.Sealer("grafana secret")
	if err != nil {
		return nil, err
	}
	mail, err := p.alertMail()
	if err != nil {
		return nil, fmt.Errorf("smtp.password-file: %w", err)
	}
	r := &p.rooms
	return dashboard.New(dashboard.Options{
		Alerts: grafanaAlerts{p}, History: grafanaHistory{p, alertTopics{p, &grafanaRoles{iam: r.iam}}}, Mail: mail, Shipped: p.shippedDashboards(), GnetPath: p.config.Grafana.GnetPath, GnetFetch: p.config.Grafana.GnetFetch,
		Files: p.config.Grafana.ProvisioningPath, FilesFor: p.provisioned, Env: os.LookupEnv,
		Store: r.store, Sealer: sealer, Client: p.config.guardedClient(), Source: &ownMetrics{p: p, roles: &grafanaRoles{iam: r.iam}},
		Metadata: samlMetadata{}, ExternalURL: p.url, Profile: hearth.Profile(p.config.Profile), Recorder: r.ledger, Log: p.log, Metrics: p.registry,
	}), nil
}

// provisioned tells whether provisioning files are for a Grafana workspace: those of
// other accounts have to be named by their ids, for their names are theirs to choose.
func (p *program) provisioned(w hearth.GrafanaWorkspace) bool {
	names, own := p.config.Grafana.ProvisioningFor, w.Account == hearth.AccountID(p.config.AWS.AccountID)
	return slices.Contains(names, string(w.ID)) || own && (len(names) == 0 || slices.Contains(names, w.Name))
}

// shippedDashboards are those that come with Hearth. `hearth dev` shows them in
// every new Grafana workspace; elsewhere these begin empty, as AWS's do.
func (p *program) shippedDashboards() (out []dashboard.Shipped) {
	if p.mode != "dev" {
		return nil
	}
	for _, f := range shipped.Dashboards("") {
		out = append(out, dashboard.Shipped{Name: f.Name, JSON: f.Text})
	}
	return out
}

// ownMetrics lets Grafana workspaces ask the metrics workspaces of this Hearth, as
// their roles, through the front door.
type ownMetrics struct {
	p     *program
	roles *grafanaRoles
}

// Workspaces lists the metrics workspaces that the role may list.
func (m *ownMetrics) Workspaces(ctx context.Context, w hearth.GrafanaWorkspace, region hearth.Region) ([]hearth.Workspace, error) {
	as, err := m.roles.acting(ctx, w)
	if err != nil {
		return nil, err
	}
	err = m.p.rooms.iam.Authorize(ctx, as, hearth.Access{
		Action: "aps:ListWorkspaces", Region: region, TLS: true, Time: time.Now(),
		Resource: hearth.ARN{Partition: "aws", Service: "aps", Region: region, Account: w.Account, Resource: "/workspaces"},
	})
	if err != nil {
		return nil, err
	}
	all, err := m.p.rooms.workspace.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	var out []hearth.Workspace
	for _, ws := range all {
		if ws.Account == w.Account && ws.Region == region {
			out = append(out, ws)
		}
	}
	return out, nil
}

// Find tells URLs of this Hearth's metrics workspaces: under its own address, or
// under AWS's, if the workspace is here.
func (m *ownMetrics) Find(u *url.URL) (hearth.WorkspaceID, bool) {
	for _, own := range []string{m.p.url, m.p.ownURL} {
		if rest, ok := strings.CutPrefix(u.String(), own+"/workspaces/"); ok {
			return hearth.ParseWorkspaceID(strings.TrimRight(rest, "/"))
		}
	}
	rest, ok := strings.CutPrefix(strings.Trim(u.Path, "/"), "workspaces/")
	id, valid := hearth.ParseWorkspaceID(rest)
	if !ok || !valid || !strings.HasPrefix(u.Hostname(), "aps-workspaces.") {
		return "", false
	}
	_, err := m.p.lookup(context.Background(), id)
	return id, err == nil
}

// Serve answers as the Grafana workspace's role.
func (m *ownMetrics) Serve(w http.ResponseWriter, r *http.Request, as hearth.GrafanaWorkspace) {
	acting, err := m.roles.acting(r.Context(), as)
	if err != nil {
		status := http.StatusForbidden
		if hearth.KindOf(err) != hearth.Denied {
			status = http.StatusInternalServerError
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"status":"error","errorType":"execution","error":%q}`, roleFault(err))
		return
	}
	m.p.rooms.door.ServeAs(acting, w, r)
}

func roleFault(err error) string {
	if hearth.KindOf(err) == hearth.Denied {
		return err.Error()
	}
	return "the role of the Grafana workspace cannot be assumed"
}

// grafanaRoles assumes the roles of Grafana workspaces, and again before their
// sessions are over.
type grafanaRoles struct {
	iam *iam.Room

	mu       sync.Mutex
	sessions map[string]roleSession // by role and Grafana workspace
}

type roleSession struct {
	*iam.Credentials
	until time.Time
}

// roleEvery is how often a role is assumed anew: its trust may have changed.
const roleEvery = time.Minute

// acting is in whose name a Grafana workspace asks: its role, or the service role
// that it has if its permissions are managed for it.
func (g *grafanaRoles) acting(ctx context.Context, w hearth.GrafanaWorkspace) (p hearth.Principal, err error) {
	switch {
	case w.RoleARN == "" && w.Managed:
		return g.iam.ServicePrincipal(grafanaServiceRole(w))
	case w.RoleARN == "":
		return p, &hearth.Error{Kind: hearth.Denied, Resource: string(w.ID),
			Msg: "the Grafana workspace has no role: give it one by aws grafana update-workspace --workspace-role-arn, or let its permissions be SERVICE_MANAGED"}
	}
	c, err := g.session(ctx, w)
	if err != nil {
		return p, err
	}
	_, p, err = g.iam.Secret(ctx, c.AccessKeyID, c.Token)
	return p, err
}

// grafanaPolicy is what AWS's managed role of a Grafana workspace may: read the
// metrics of its account, and publish to its topics whose names begin with grafana.
// Lists of rules and alerts are for Grafana's alert pages.
// https://docs.aws.amazon.com/grafana/latest/userguide/AMG-manage-permissions.html
const grafanaPolicy = `{"Version": "2012-10-17", "Statement": [
  {"Sid": "ReadMetrics", "Effect": "Allow", "Resource": "arn:aws:aps:*:ACCOUNT:*", "Action": ["aps:ListWorkspaces", "aps:DescribeWorkspace",
    "aps:QueryMetrics", "aps:GetLabels", "aps:GetSeries", "aps:GetMetricMetadata", "aps:ListRules", "aps:ListAlerts"]},
  {"Sid": "NotifyTopics", "Effect": "Allow", "Resource": "arn:aws:sns:*:ACCOUNT:grafana*", "Action": "sns:Publish"}]}`

func grafanaServiceRole(w hearth.GrafanaWorkspace) iam.ServiceRole {
	return iam.ServiceRole{
		Account: w.Account, Name: "AmazonGrafanaServiceRole-" + string(w.ID), Session: string(w.ID),
		Policy: strings.ReplaceAll(grafanaPolicy, "ACCOUNT", string(w.Account)),
	}
}

func (g *grafanaRoles) session(ctx context.Context, w hearth.GrafanaWorkspace) (*iam.Credentials, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	k := w.RoleARN + " " + string(w.ID)
	if s, ok := g.sessions[k]; ok && now.Before(s.until) {
		return s.Credentials, nil
	}
	c, err := g.iam.AssumeForService(ctx, "grafana.amazonaws.com", iam.AssumeInput{RoleARN: w.RoleARN, SessionName: string(w.ID)}, hearth.Access{
		TLS: true, Time: now, Region: w.Region, Context: map[string]string{"aws:SourceAccount": string(w.Account), "aws:SourceArn": w.ARN().String()},
	})
	if err != nil {
		return nil, err
	}
	if g.sessions == nil || len(g.sessions) > 1000 {
		g.sessions = map[string]roleSession{}
	}
	g.sessions[k] = roleSession{c, now.Add(roleEvery)}
	return c, nil
}
