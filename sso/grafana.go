package sso

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/hearth-metrics/hearth"
)

// Workspace is the Grafana workspace of an id. One that does not exist is
// NotFound.
func (r *Room) Workspace(ctx context.Context, id hearth.GrafanaID) (hearth.GrafanaWorkspace, error) {
	return r.opts.Workspaces.Lookup(ctx, id)
}

// GrafanaUser is who a request to a Grafana workspace comes from, by its session
// and as of now: what an administrator took away, a role or the whole way to sign
// in, is gone with the next request. No session, or one of elsewhere, is
// Unauthenticated; a change that another site's page could have asked for is Denied.
func (r *Room) GrafanaUser(ctx context.Context, ws hearth.GrafanaWorkspace, req *http.Request) (hearth.GrafanaUser, error) {
	s, err := r.find(ctx, string(ws.ID), cookieOf(req, r.grafanaCookie(ws.ID)))
	if err != nil {
		return hearth.GrafanaUser{}, err
	}
	if !r.offers(ws, s.Provider) {
		return hearth.GrafanaUser{}, errNoSession()
	}
	if err := r.fromOurPage(req, SessionHeader); err != nil {
		return hearth.GrafanaUser{}, err
	}
	u, err := r.opts.Users.User(ctx, ws.ID, s.User)
	switch hearth.KindOf(err) {
	case hearth.NotFound, hearth.Denied:
		return hearth.GrafanaUser{}, errNoSession()
	}
	return u, err
}

// offers tells whether people may sign in to the workspace in this way.
func (r *Room) offers(ws hearth.GrafanaWorkspace, provider string) bool {
	switch provider {
	case hearth.ProviderLocal:
		return r.opts.Local
	case hearth.ProviderAWSSSO:
		return r.oidc != nil && slices.Contains(ws.Providers, provider)
	}
	return slices.Contains(ws.Providers, provider)
}

// An option is a way to sign in.
type option struct {
	Provider string `json:"provider"` // SAML, AWS_SSO, LOCAL, KEYS
	Label    string `json:"label"`
	URL      string `json:"url"`    // where to go (GET), or to post to
	Method   string `json:"method"` // GET or POST
}

// LoginOptions answers how people sign in to the workspace.
func (r *Room) LoginOptions(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	how, err := r.opts.Workspaces.Authentication(req.Context(), ws.ID)
	if err != nil {
		return err
	}
	base := grafanaPath(ws.ID)
	options := []option{}
	if how.Allows(hearth.ProviderSAML) && how.SAML.Configured() {
		options = append(options, option{hearth.ProviderSAML, "Sign in with SAML", base + "/login/saml", http.MethodGet})
	}
	if r.offers(ws, hearth.ProviderAWSSSO) {
		options = append(options, option{hearth.ProviderAWSSSO, "Sign in with " + r.oidc.name(), base + "/login/generic_oauth", http.MethodGet})
	}
	if r.offers(ws, hearth.ProviderLocal) {
		options = append(options, option{hearth.ProviderLocal, "Local administrator", base + "/login", http.MethodPost})
	}
	return answer(w, http.StatusOK, map[string]any{"workspaceId": ws.ID, "workspaceName": ws.Name, "options": options})
}

// answer writes JSON that nobody keeps.
func answer(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, err = w.Write(text)
	return err
}

const maxForm = 16 << 10 // bytes of a JSON object with which people sign in

func readJSON(req *http.Request, v any) error {
	text, err := io.ReadAll(io.LimitReader(req.Body, maxForm+1))
	if err == nil && len(text) > maxForm {
		return &hearth.Error{Kind: hearth.TooLarge, Msg: "The sign-in form is too long."}
	}
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return &hearth.Error{Kind: hearth.Malformed, Type: "sign-in form", Msg: "The sign-in form is not a JSON object with texts.", Err: err}
	}
	return nil
}

// Login signs the local administrator in.
func (r *Room) Login(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	if err := r.wantJSON(req); err != nil {
		return err
	}
	if !r.opts.Local {
		return &hearth.Error{Kind: hearth.NotFound, Type: "local sign-in", Msg: "There is no local administrator here: sso.local.password-file sets one."}
	}
	var in struct{ User, Password string }
	if err := readJSON(req, &in); err != nil {
		return err
	}
	a := r.attempt(req, ws, hearth.ProviderLocal)
	err := r.slow.check(origin(req.RemoteAddr))
	if err == nil {
		err = r.checkLocal(req.Context(), in.User, in.Password)
	}
	if err == nil {
		err = a.signIn(w, localIdentity(), &Session{})
	}
	if err != nil {
		return a.fail(err)
	}
	return answer(w, http.StatusOK, map[string]string{"message": "Logged in", "redirectUrl": grafanaPath(ws.ID) + "/"})
}

// Logout ends the browser's session in the workspace. Where the identity provider
// offers single logout, redirectUrl leads there.
func (r *Room) Logout(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	if err := r.fromOurPage(req, SessionHeader); err != nil {
		return err
	}
	name := r.grafanaCookie(ws.ID)
	s, err := r.find(req.Context(), string(ws.ID), cookieOf(req, name))
	if err != nil && hearth.KindOf(err) != hearth.Unauthenticated {
		return err
	}
	r.setCookie(w, req, name, "", homePath(req, ws.ID), 0)
	to := grafanaPath(ws.ID) + "/login"
	if err == nil {
		if err := r.end(req.Context(), s, "signed-out"); err != nil {
			return err
		}
		a := r.attempt(req, ws, s.Provider)
		a.who = s.Login
		a.note(hearth.DetailSession, s.ID)
		a.record(hearth.EventSignIn, s.Login+" signed out.")
		to = orElse(orElse(r.logoutURL(req.Context(), ws, s), r.oidcLogoutURL(req.Context(), s)), to)
	}
	return answer(w, http.StatusOK, map[string]string{"message": "Logged out", "redirectUrl": to})
}

// Who answers who is signed in to the workspace.
func (r *Room) Who(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	out := map[string]any{"signedIn": false}
	u, err := r.GrafanaUser(req.Context(), ws, req)
	if e, ok := errors.AsType[*hearth.Error](err); ok && e.Kind == hearth.Unauthenticated {
		return answer(w, http.StatusOK, out)
	}
	if err != nil {
		return err
	}
	s, err := r.find(req.Context(), string(ws.ID), cookieOf(req, r.grafanaCookie(ws.ID)))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]any{
		"signedIn": true, "login": u.Login, "name": u.Name, "email": u.Email, "role": u.Role, "provider": s.Provider, "expiresAt": s.Expires,
	})
}
