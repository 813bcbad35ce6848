package awsapi

import (
	"context"
	"strconv"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/dashboard"
)

type authenticationBody struct {
	Providers []string  `json:"providers"`
	SAML      *samlBody `json:"saml,omitempty"`
	SSO       *struct{} `json:"awsSso,omitempty"`
}

type samlBody struct {
	Status        string          `json:"status"`
	Configuration *dashboard.SAML `json:"configuration,omitempty"`
}

func authenticationOf(d dashboard.AuthenticationDescription, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	b := authenticationBody{Providers: d.Providers}
	for _, p := range d.Providers {
		switch p {
		case hearth.ProviderSAML:
			b.SAML = &samlBody{Status: samlStatus(d.SAML != nil), Configuration: d.SAML}
		case hearth.ProviderAWSSSO:
			b.SSO = &struct{}{}
		}
	}
	return struct {
		Authentication authenticationBody `json:"authentication"`
	}{b}, nil
}

func (s *Server) describeAuthentication(ctx context.Context, r *request) (any, error) {
	return authenticationOf(s.opts.Dashboards.DescribeAuthentication(ctx, r.grafanaID()))
}

func (s *Server) updateAuthentication(ctx context.Context, r *request) (any, error) {
	var in struct {
		Providers []string        `json:"authenticationProviders"`
		SAML      *dashboard.SAML `json:"samlConfiguration"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	return authenticationOf(s.opts.Dashboards.UpdateAuthentication(ctx, r.grafanaID(), in.Providers, in.SAML))
}

func (s *Server) describeGrafanaConfiguration(ctx context.Context, r *request) (any, error) {
	text, version, err := s.opts.Dashboards.Configuration(ctx, r.grafanaID())
	return struct {
		Configuration string `json:"configuration"`
		Version       string `json:"grafanaVersion"`
	}{text, version}, err
}

func (s *Server) updateGrafanaConfiguration(ctx context.Context, r *request) (any, error) {
	var in struct {
		Configuration *string `json:"configuration"`
		Version       *string `json:"grafanaVersion"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.Configuration == nil {
		return nil, invalidField("configuration", "must not be null")
	}
	return struct{}{}, s.opts.Dashboards.Configure(ctx, r.grafanaID(), *in.Configuration, in.Version)
}

func (s *Server) listPermissions(ctx context.Context, r *request) (any, error) {
	q := r.query()
	page, f := q.page(), dashboard.PermissionFilter{Type: deref(q.text("userType")), UserID: deref(q.text("userId")), GroupID: deref(q.text("groupId"))}
	if q.err != nil {
		return nil, q.err
	}
	list, next, err := s.opts.Dashboards.Permissions(ctx, r.grafanaID(), f, page)
	return struct {
		Next        *string                 `json:"nextToken,omitempty"`
		Permissions []*dashboard.Permission `json:"permissions"`
	}{orNothing(next), append([]*dashboard.Permission{}, list...)}, err
}

func (s *Server) updatePermissions(ctx context.Context, r *request) (any, error) {
	var in struct {
		Batch []dashboard.Instruction `json:"updateInstructionBatch"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.Batch == nil {
		return nil, invalidField("updateInstructionBatch", "must not be null")
	}
	failures, err := s.opts.Dashboards.UpdatePermissions(ctx, r.grafanaID(), in.Batch)
	return struct {
		Errors []dashboard.PartialFailure `json:"errors"`
	}{failures}, err
}

func (s *Server) associateLicense(ctx context.Context, r *request) (any, error) {
	return grafanaOf(s.opts.Dashboards.Associate(ctx, r.grafanaID(), r.param("licenseType"), r.http.Header.Get("Grafana-Token")))
}

func (s *Server) disassociateLicense(ctx context.Context, r *request) (any, error) {
	return grafanaOf(s.opts.Dashboards.Disassociate(ctx, r.grafanaID(), r.param("licenseType")))
}

func (s *Server) createAPIKey(ctx context.Context, r *request) (any, error) {
	var in struct {
		Name    string `json:"keyName"`
		Role    string `json:"keyRole"`
		Seconds int64  `json:"secondsToLive"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	secret, err := s.opts.Dashboards.CreateAPIKey(ctx, r.grafanaID(), in.Name, in.Role, in.Seconds)
	return struct {
		Name string           `json:"keyName"`
		Key  string           `json:"key"`
		ID   hearth.GrafanaID `json:"workspaceId"`
	}{in.Name, secret, r.grafanaID()}, err
}

func (s *Server) deleteAPIKey(ctx context.Context, r *request) (any, error) {
	return struct {
		Name string           `json:"keyName"`
		ID   hearth.GrafanaID `json:"workspaceId"`
	}{r.param("keyName"), r.grafanaID()}, s.opts.Dashboards.DeleteAPIKey(ctx, r.grafanaID(), r.param("keyName"))
}

type serviceAccountBody struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Disabled  string           `json:"isDisabled,omitempty"` // a text, as AWS's model has it
	Role      string           `json:"grafanaRole"`
	Workspace hearth.GrafanaID `json:"workspaceId,omitempty"`
}

func (s *Server) createServiceAccount(ctx context.Context, r *request) (any, error) {
	var in struct {
		Name string `json:"name"`
		Role string `json:"grafanaRole"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	a, err := s.opts.Dashboards.CreateServiceAccount(ctx, r.grafanaID(), in.Name, in.Role)
	return serviceAccountBody{ID: strconv.FormatInt(a.ID, 10), Name: a.Name, Role: dashboard.RoleName(a.Role), Workspace: r.grafanaID()}, err
}

func (s *Server) listServiceAccounts(ctx context.Context, r *request) (any, error) {
	q := r.query()
	page := q.page()
	if q.err != nil {
		return nil, q.err
	}
	list, next, err := s.opts.Dashboards.ServiceAccounts(ctx, r.grafanaID(), page)
	out := struct {
		Next     *string              `json:"nextToken,omitempty"`
		Accounts []serviceAccountBody `json:"serviceAccounts"`
		ID       hearth.GrafanaID     `json:"workspaceId"`
	}{orNothing(next), []serviceAccountBody{}, r.grafanaID()}
	for _, a := range list {
		out.Accounts = append(out.Accounts, serviceAccountBody{
			ID: strconv.FormatInt(a.ID, 10), Name: a.Name, Disabled: strconv.FormatBool(a.Disabled), Role: dashboard.RoleName(a.Role),
		})
	}
	return out, err
}

func (s *Server) deleteServiceAccount(ctx context.Context, r *request) (any, error) {
	id := r.param("serviceAccountId")
	return struct {
		Account string           `json:"serviceAccountId"`
		ID      hearth.GrafanaID `json:"workspaceId"`
	}{id, r.grafanaID()}, s.opts.Dashboards.DeleteServiceAccount(ctx, r.grafanaID(), id)
}

type accountTokenBody struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Key     string `json:"key,omitempty"`
	Created *epoch `json:"createdAt,omitempty"`
	Expires *epoch `json:"expiresAt,omitempty"`
	Used    *epoch `json:"lastUsedAt,omitempty"`
}

func (s *Server) createAccountToken(ctx context.Context, r *request) (any, error) {
	var in struct {
		Name    string `json:"name"`
		Seconds int64  `json:"secondsToLive"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	account := r.param("serviceAccountId")
	t, err := s.opts.Dashboards.CreateToken(ctx, r.grafanaID(), account, in.Name, in.Seconds)
	return struct {
		Token   accountTokenBody `json:"serviceAccountToken"`
		Account string           `json:"serviceAccountId"`
		ID      hearth.GrafanaID `json:"workspaceId"`
	}{accountTokenBody{ID: strconv.FormatInt(t.ID, 10), Name: t.Name, Key: t.Secret}, account, r.grafanaID()}, err
}

func (s *Server) listAccountTokens(ctx context.Context, r *request) (any, error) {
	q := r.query()
	page := q.page()
	if q.err != nil {
		return nil, q.err
	}
	account := r.param("serviceAccountId")
	list, next, err := s.opts.Dashboards.Tokens(ctx, r.grafanaID(), account, page)
	out := struct {
		Next    *string            `json:"nextToken,omitempty"`
		Tokens  []accountTokenBody `json:"serviceAccountTokens"`
		Account string             `json:"serviceAccountId"`
		ID      hearth.GrafanaID   `json:"workspaceId"`
	}{orNothing(next), []accountTokenBody{}, account, r.grafanaID()}
	for _, t := range list {
		out.Tokens = append(out.Tokens, accountTokenBody{
			ID: strconv.FormatInt(t.ID, 10), Name: t.Name, Created: epochOf(t.Created), Expires: epochOf(t.Expires), Used: epochOf(t.Used),
		})
	}
	return out, err
}

func (s *Server) deleteAccountToken(ctx context.Context, r *request) (any, error) {
	account, token := r.param("serviceAccountId"), r.param("tokenId")
	return struct {
		Token   string           `json:"tokenId"`
		Account string           `json:"serviceAccountId"`
		ID      hearth.GrafanaID `json:"workspaceId"`
	}{token, account, r.grafanaID()}, s.opts.Dashboards.DeleteToken(ctx, r.grafanaID(), account, token)
}
