package awsapi

import (
	"context"
	"net/http"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sso"
)

// signInBody is how long a form may be with which people sign in: a SAML response
// is the longest.
const signInBody = 512 << 10

// signInRows are the pages and forms by which people sign in. They have no keys
// and no session yet, so that anyone may ask; who they are is for the room sso to
// prove. docs/sign-in.md describes them.
func (s *Server) signInRows() []row {
	const g = "/grafana/{grafanaId}"
	console := func(method, path, action string, h func(*sso.Room, http.ResponseWriter, *http.Request) error) row {
		return row{method: method, path: path, action: "hearth:" + action, on: signIn, extension: true, pass: s.signInPage(h)}
	}
	grafana := func(method, path, action string, h func(*sso.Room, http.ResponseWriter, *http.Request, hearth.GrafanaWorkspace) error) row {
		return row{method: method, path: g + path, action: "hearth:" + action, on: signIn, extension: true, pass: s.signInGrafana(h)}
	}
	return []row{
		console("GET", "/ui/session", "ConsoleSession", (*sso.Room).ConsoleWho),
		console("GET", "/ui/login/options", "ConsoleLoginOptions", (*sso.Room).ConsoleOptions),
		console("POST", "/ui/login", "ConsoleLogin", (*sso.Room).ConsoleLogin),
		console("POST", "/ui/logout", "ConsoleLogout", (*sso.Room).ConsoleLogout),
		console("GET", "/ui/login/oidc", "ConsoleStartOIDC", (*sso.Room).StartConsoleOIDC),
		console("GET", "/ui/login/link", "ConsoleLink", (*sso.Room).LinkPage),
		console("POST", "/ui/login/link", "ConsoleFollowLink", (*sso.Room).FollowLink),
		console("GET", sso.OIDCCallback, "OIDCCallback", (*sso.Room).OIDCCallback),
		console("GET", sso.OIDCLoggedOut, "OIDCLoggedOut", (*sso.Room).LoggedOut),

		grafana("GET", "/login/options", "LoginOptions", (*sso.Room).LoginOptions),
		grafana("GET", "/login/session", "LoginSession", (*sso.Room).Who),
		grafana("POST", "/login", "Login", (*sso.Room).Login),
		grafana("POST", "/logout", "Logout", (*sso.Room).Logout),
		grafana("GET", "/login/saml", "StartSAML", (*sso.Room).StartSAML),
		grafana("GET", "/login/complete", "CompleteLogin", (*sso.Room).Complete),
		grafana("GET", "/login/generic_oauth", "StartOIDC", (*sso.Room).StartOIDC),
		grafana("GET", "/saml/metadata", "SAMLMetadata", (*sso.Room).SAMLMetadata),
		grafana("POST", "/saml/acs", "ConsumeSAML", (*sso.Room).ConsumeSAML),
		grafana("GET", "/saml/slo", "SAMLLogout", (*sso.Room).SAMLLogout),
		grafana("POST", "/saml/slo", "SAMLLogout", (*sso.Room).SAMLLogout),
	}
}

// rowsOf are pointers to rows.
func rowsOf(rows []row) []*row {
	out := make([]*row, len(rows))
	for i := range rows {
		out[i] = &rows[i]
	}
	return out
}

func (s *Server) signInPage(h func(*sso.Room, http.ResponseWriter, *http.Request) error) passer {
	return func(w http.ResponseWriter, r *request) {
		if err := readBody(r, s.strangers, signInBody); err != nil {
			s.refuse(r, err)
			return
		}
		if err := h(s.opts.SSO, w, r.forSignIn()); err != nil {
			s.refuse(r, err)
		}
	}
}

func (s *Server) signInGrafana(h func(*sso.Room, http.ResponseWriter, *http.Request, hearth.GrafanaWorkspace) error) passer {
	return func(w http.ResponseWriter, r *request) {
		s.signInPage(func(room *sso.Room, w http.ResponseWriter, req *http.Request) error {
			ws, err := s.grafanaToSignIn(req.Context(), r)
			if err != nil {
				return err
			}
			return h(room, w, req, ws)
		})(w, r)
	}
}

// grafanaToSignIn is the Grafana workspace in the path. Whether one exists is no
// secret: people who sign in have not proven anything yet.
func (s *Server) grafanaToSignIn(ctx context.Context, r *request) (hearth.GrafanaWorkspace, error) {
	none := &hearth.Error{Kind: hearth.NotFound, Resource: clip(r.param("grafanaId")), Type: "Grafana workspace", Msg: "There is no Grafana workspace at this address."}
	id, ok := hearth.ParseGrafanaID(r.param("grafanaId"))
	if !ok {
		return hearth.GrafanaWorkspace{}, none
	}
	ws, err := s.opts.SSO.Workspace(ctx, id)
	if hearth.KindOf(err) == hearth.NotFound && err != nil {
		return ws, none
	}
	return ws, err
}

// forSignIn is the client's request with its id in the context and the body as it
// was read.
func (r *request) forSignIn() *http.Request {
	d := r.http.WithContext(hearth.WithCaller(r.http.Context(), hearth.Caller{RequestID: r.id}))
	d.Body = r.body.reader()
	d.ContentLength = int64(len(r.body.bytes()))
	d.TransferEncoding = nil
	return d
}

// maySignIn lets anyone try.
func (s *Server) maySignIn(r *request) error {
	if s.opts.SSO == nil {
		return notServed(r.row.action)
	}
	return nil
}

// sessionRows list and end browser sessions, and make links to the console.
func (s *Server) sessionRows() []row {
	return []row{
		op("GET", "/hearth/v1/sessions", 200, "hearth:ListSessions", account, s.listSessions),
		op("DELETE", "/hearth/v1/sessions/{sessionId}", 200, "hearth:RevokeSession", account, s.revokeSession),
		op("POST", "/hearth/v1/login-links", 200, "hearth:CreateLoginLink", account, s.createLoginLink),
	}
}

type sessionBody struct {
	ID        string           `json:"sessionId"`
	Grafana   hearth.GrafanaID `json:"grafanaWorkspaceId,omitempty"`
	Login     string           `json:"login,omitempty"`
	Principal string           `json:"principal,omitempty"`
	SSOID     string           `json:"ssoId,omitempty"`
	Provider  string           `json:"provider"`
	Created   time.Time        `json:"createdAt"`
	Seen      time.Time        `json:"lastUsedAt"`
	Expires   time.Time        `json:"expiresAt"`
	Remote    string           `json:"remote,omitempty"`
	Agent     string           `json:"userAgent,omitempty"`
}

func (s *Server) listSessions(ctx context.Context, r *request) (any, error) {
	if s.opts.SSO == nil {
		return nil, notServed(r.row.action)
	}
	all, err := s.opts.SSO.Sessions(ctx, r.caller.Account)
	if err != nil {
		return nil, err
	}
	out := struct {
		Sessions []sessionBody `json:"sessions"`
	}{[]sessionBody{}}
	for _, v := range all {
		b := sessionBody{
			ID: v.ID, Grafana: v.Grafana, Login: v.Login, Principal: v.Principal, Provider: v.Provider,
			Created: v.Created, Seen: v.Seen, Expires: v.Expires, Remote: v.Remote, Agent: v.Agent,
		}
		if v.Provider == hearth.ProviderAWSSSO && v.Grafana != "" {
			b.SSOID = hearth.Identity{Issuer: v.Issuer, Subject: v.Subject}.SSOID()
		}
		out.Sessions = append(out.Sessions, b)
	}
	return out, nil
}

func (s *Server) revokeSession(ctx context.Context, r *request) (any, error) {
	if s.opts.SSO == nil {
		return nil, notServed(r.row.action)
	}
	return struct{}{}, s.opts.SSO.Revoke(ctx, r.caller.Account, r.param("sessionId"))
}

// createLoginLink makes a link that opens the console as whoever signed the
// request. A session or a bearer token makes none: it would outlive itself.
func (s *Server) createLoginLink(ctx context.Context, r *request) (any, error) {
	switch {
	case s.opts.SSO == nil:
		return nil, notServed(r.row.action)
	case r.sig == nil:
		return nil, &hearth.Error{Kind: hearth.Denied, Msg: "Sign the request with an access key: a link opens the console as its owner."}
	}
	url, expires, err := s.opts.SSO.NewLink(ctx, r.sig.AccessKeyID, r.sig.Token, 0)
	if err != nil {
		return nil, err
	}
	return struct {
		URL     string    `json:"url"`
		Expires time.Time `json:"expiresAt"`
	}{url, expires}, nil
}
