package awsapi

import (
	"context"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/dashboard"
)

const grafanaService = "grafana.amazonaws.com"

// grafanaRows are the operations of Amazon Managed Grafana,
// https://docs.aws.amazon.com/grafana/latest/APIReference/API_Operations.html
func (s *Server) grafanaRows() []row {
	own := func(method, path string, code int, action string, serve handler) row {
		return op(method, ws+path, code, "grafana:"+action, ownGrafana, s.forGrafana(serve))
	}
	some := func(method, path string, code int, action string, on target, serve handler) row {
		return op(method, path, code, "grafana:"+action, on, s.forGrafana(serve))
	}
	const account4, accountID = "/serviceaccounts", "/serviceaccounts/{serviceAccountId}"
	return []row{
		some("POST", "/workspaces", 202, "CreateWorkspace", account, s.createGrafana).passes(grafanaService, "workspaceRoleArn"),
		some("GET", "/workspaces", 200, "ListWorkspaces", account, s.listGrafana),
		some("GET", "/versions", 200, "ListVersions", account, s.listGrafanaVersions),
		own("GET", "", 200, "DescribeWorkspace", s.describeGrafana),
		own("PUT", "", 202, "UpdateWorkspace", s.updateGrafana).passes(grafanaService, "workspaceRoleArn"),
		own("DELETE", "", 202, "DeleteWorkspace", s.deleteGrafana),

		own("GET", "/authentication", 200, "DescribeWorkspaceAuthentication", s.describeAuthentication),
		own("POST", "/authentication", 200, "UpdateWorkspaceAuthentication", s.updateAuthentication),
		own("GET", "/configuration", 200, "DescribeWorkspaceConfiguration", s.describeGrafanaConfiguration),
		own("PUT", "/configuration", 202, "UpdateWorkspaceConfiguration", s.updateGrafanaConfiguration),
		own("GET", "/permissions", 200, "ListPermissions", s.listPermissions),
		own("PATCH", "/permissions", 200, "UpdatePermissions", s.updatePermissions),
		own("POST", "/licenses/{licenseType}", 202, "AssociateLicense", s.associateLicense),
		own("DELETE", "/licenses/{licenseType}", 202, "DisassociateLicense", s.disassociateLicense),

		own("POST", "/apikeys", 200, "CreateWorkspaceApiKey", s.createAPIKey),
		own("DELETE", "/apikeys/{keyName}", 200, "DeleteWorkspaceApiKey", s.deleteAPIKey),
		own("POST", account4, 200, "CreateWorkspaceServiceAccount", s.createServiceAccount),
		own("GET", account4, 200, "ListWorkspaceServiceAccounts", s.listServiceAccounts),
		own("DELETE", accountID, 200, "DeleteWorkspaceServiceAccount", s.deleteServiceAccount),
		own("POST", accountID+"/tokens", 200, "CreateWorkspaceServiceAccountToken", s.createAccountToken),
		own("GET", accountID+"/tokens", 200, "ListWorkspaceServiceAccountTokens", s.listAccountTokens),
		own("DELETE", accountID+"/tokens/{tokenId}", 200, "DeleteWorkspaceServiceAccountToken", s.deleteAccountToken),

		some("GET", "/tags/{resourceArn}", 200, "ListTagsForResource", taggedResource, s.listTags),
		some("POST", "/tags/{resourceArn}", 200, "TagResource", taggedResource, s.tagResource),
		some("DELETE", "/tags/{resourceArn}", 200, "UntagResource", taggedResource, s.untagResource),
	}
}

// forGrafana answers only where there are Grafana workspaces.
func (s *Server) forGrafana(serve handler) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if s.opts.Dashboards == nil {
			return nil, notServed(r.row.action)
		}
		return serve(ctx, r)
	}
}

// grafanaID is the path's {workspaceId}, unchecked.
func (r *request) grafanaID() hearth.GrafanaID { return hearth.GrafanaID(r.param("workspaceId")) }

type grafanaSummary struct {
	Created        epoch             `json:"created"`
	Description    *string           `json:"description,omitempty"`
	Endpoint       string            `json:"endpoint"`
	Version        string            `json:"grafanaVersion"`
	ID             hearth.GrafanaID  `json:"id"`
	Modified       epoch             `json:"modified"`
	Name           *string           `json:"name,omitempty"`
	Destinations   []string          `json:"notificationDestinations,omitempty"`
	Status         hearth.Status     `json:"status"`
	Authentication grafanaAuth       `json:"authentication"`
	Tags           map[string]string `json:"tags"`
	License        *string           `json:"licenseType,omitempty"`
	Token          *string           `json:"grafanaToken,omitempty"`
}

type grafanaAuth struct {
	Providers []string `json:"providers"`
	SAML      *string  `json:"samlConfigurationStatus,omitempty"`
}

type grafanaBody struct {
	grafanaSummary
	AccountAccess     string             `json:"accountAccessType,omitempty"`
	DataSources       []string           `json:"dataSources"`
	UnitsRole         *string            `json:"organizationRoleName,omitempty"`
	Units             []string           `json:"organizationalUnits,omitempty"`
	PermissionType    string             `json:"permissionType,omitempty"`
	StackSet          *string            `json:"stackSetName,omitempty"`
	RoleARN           *string            `json:"workspaceRoleArn,omitempty"`
	TrialConsumed     bool               `json:"freeTrialConsumed"`
	LicenseExpiration *epoch             `json:"licenseExpiration,omitempty"`
	TrialExpiration   *epoch             `json:"freeTrialExpiration,omitempty"`
	VPC               *dashboard.VPC     `json:"vpcConfiguration,omitempty"`
	Network           *dashboard.Network `json:"networkAccessControl,omitempty"`
	IPType            *string            `json:"ipAddressType,omitempty"`
}

func summaryOf(d dashboard.Description) grafanaSummary {
	b := grafanaSummary{
		Created: epoch(d.Created), Description: orNothing(d.Settings.Description), Endpoint: withoutScheme(d.URL), Version: d.Version, ID: d.ID,
		Modified: epoch(d.Modified), Name: orNothing(d.GrafanaWorkspace.Name), Destinations: d.Destinations, Status: d.Status,
		Authentication: grafanaAuth{Providers: d.Providers}, Tags: tagsBody(d.Tags), License: orNothing(d.License.Type), Token: orNothing(d.License.Token),
	}
	for _, p := range d.Providers {
		if p == hearth.ProviderSAML {
			status := samlStatus(d.SAMLConfigured)
			b.Authentication.SAML = &status
		}
	}
	return b
}

func samlStatus(configured bool) string {
	if configured {
		return "CONFIGURED"
	}
	return "NOT_CONFIGURED"
}

// withoutScheme is an endpoint as AWS spells it.
func withoutScheme(url string) string {
	for i := range len(url) - 2 {
		if url[i:i+3] == "://" {
			return url[i+3:]
		}
	}
	return url
}

func epochOf(t time.Time) *epoch {
	if t.IsZero() {
		return nil
	}
	e := epoch(t)
	return &e
}

type grafanaOutput struct {
	Workspace grafanaBody `json:"workspace"`
}

func grafanaOf(d dashboard.Description, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	sources := d.DataSources
	if sources == nil {
		sources = []string{}
	}
	return grafanaOutput{grafanaBody{
		grafanaSummary: summaryOf(d), AccountAccess: d.AccountAccess, DataSources: sources, UnitsRole: orNothing(d.UnitsRole), Units: d.Units,
		PermissionType: d.PermissionType, StackSet: orNothing(d.StackSet), RoleARN: orNothing(d.Settings.RoleARN), TrialConsumed: d.License.TrialUsed,
		LicenseExpiration: epochOf(d.License.Expires), TrialExpiration: epochOf(d.License.TrialExpires), VPC: d.VPC, Network: d.Network, IPType: orNothing(d.IPType),
	}}, nil
}

type createGrafanaInput struct {
	AccountAccess  string             `json:"accountAccessType"`
	ClientToken    *string            `json:"clientToken"`
	UnitsRole      string             `json:"organizationRoleName"`
	PermissionType string             `json:"permissionType"`
	StackSet       string             `json:"stackSetName"`
	DataSources    []string           `json:"workspaceDataSources"`
	Description    string             `json:"workspaceDescription"`
	Name           string             `json:"workspaceName"`
	Destinations   []string           `json:"workspaceNotificationDestinations"`
	Units          []string           `json:"workspaceOrganizationalUnits"`
	RoleARN        string             `json:"workspaceRoleArn"`
	Providers      []string           `json:"authenticationProviders"`
	Tags           map[string]string  `json:"tags"`
	VPC            *dashboard.VPC     `json:"vpcConfiguration"`
	Configuration  *string            `json:"configuration"`
	Network        *dashboard.Network `json:"networkAccessControl"`
	Version        *string            `json:"grafanaVersion"`
	IPType         string             `json:"ipAddressType"`
	KMSKey         *string            `json:"kmsKeyId"`
}

func (s *Server) createGrafana(ctx context.Context, r *request) (any, error) {
	var in createGrafanaInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	return grafanaOf(s.opts.Dashboards.Create(ctx, dashboard.CreateInput{
		Settings: dashboard.Settings{
			Name: in.Name, Description: in.Description, AccountAccess: in.AccountAccess, PermissionType: in.PermissionType, DataSources: in.DataSources,
			Destinations: in.Destinations, Units: in.Units, UnitsRole: in.UnitsRole, StackSet: in.StackSet, RoleARN: in.RoleARN,
			VPC: in.VPC, Network: in.Network, IPType: in.IPType,
		},
		Providers: in.Providers, Configuration: in.Configuration, Version: in.Version, KMSKey: in.KMSKey, Tags: in.Tags, Token: in.ClientToken,
	}))
}

// page is what a list's query says about its pages.
func (q *query) page() dashboard.Page {
	return dashboard.Page{Max: q.number("maxResults"), Token: q.text("nextToken")}
}

func (s *Server) listGrafana(ctx context.Context, r *request) (any, error) {
	q := r.query()
	page := q.page()
	if q.err != nil {
		return nil, q.err
	}
	list, next, err := s.opts.Dashboards.List(ctx, page)
	if err != nil {
		return nil, err
	}
	out := struct {
		Workspaces []grafanaSummary `json:"workspaces"`
		Next       *string          `json:"nextToken,omitempty"`
	}{[]grafanaSummary{}, orNothing(next)}
	for _, d := range list {
		out.Workspaces = append(out.Workspaces, summaryOf(d))
	}
	return out, nil
}

func (s *Server) listGrafanaVersions(ctx context.Context, r *request) (any, error) {
	q := r.query()
	page, id := q.page(), q.text("workspace-id")
	if q.err != nil {
		return nil, q.err
	}
	list, next, err := s.opts.Dashboards.Versions(ctx, (*hearth.GrafanaID)(id), page)
	if err != nil {
		return nil, err
	}
	return struct {
		Versions []string `json:"grafanaVersions"`
		Next     *string  `json:"nextToken,omitempty"`
	}{append([]string{}, list...), orNothing(next)}, nil
}

func (s *Server) describeGrafana(ctx context.Context, r *request) (any, error) {
	return grafanaOf(s.opts.Dashboards.Describe(ctx, r.grafanaID()))
}

func (s *Server) deleteGrafana(ctx context.Context, r *request) (any, error) {
	return grafanaOf(s.opts.Dashboards.Delete(ctx, r.grafanaID()))
}

func (s *Server) updateGrafana(ctx context.Context, r *request) (any, error) {
	var in struct {
		AccountAccess  *string            `json:"accountAccessType"`
		UnitsRole      *string            `json:"organizationRoleName"`
		PermissionType *string            `json:"permissionType"`
		StackSet       *string            `json:"stackSetName"`
		DataSources    []string           `json:"workspaceDataSources"`
		Description    *string            `json:"workspaceDescription"`
		Name           *string            `json:"workspaceName"`
		Destinations   []string           `json:"workspaceNotificationDestinations"`
		Units          []string           `json:"workspaceOrganizationalUnits"`
		RoleARN        *string            `json:"workspaceRoleArn"`
		VPC            *dashboard.VPC     `json:"vpcConfiguration"`
		RemoveVPC      bool               `json:"removeVpcConfiguration"`
		Network        *dashboard.Network `json:"networkAccessControl"`
		RemoveNetwork  bool               `json:"removeNetworkAccessConfiguration"`
		IPType         *string            `json:"ipAddressType"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	return grafanaOf(s.opts.Dashboards.Update(ctx, r.grafanaID(), dashboard.UpdateInput{
		Name: in.Name, Description: in.Description, AccountAccess: in.AccountAccess, PermissionType: in.PermissionType,
		UnitsRole: in.UnitsRole, StackSet: in.StackSet, RoleARN: in.RoleARN, IPType: in.IPType,
		DataSources: in.DataSources, Destinations: in.Destinations, Units: in.Units,
		VPC: in.VPC, Network: in.Network, RemoveVPC: in.RemoveVPC, RemoveNetwork: in.RemoveNetwork,
	}))
}
