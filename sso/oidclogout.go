package sso

import (
	"context"
	"net/http"
	"net/url"

	"github.com/hearth-metrics/hearth"
)

// OIDCLoggedOut is where the provider sends people back to whom it has signed out. It
// serves all Grafana workspaces and the console, as the callback does.
const OIDCLoggedOut = "/login/oidc/logged-out"

// maxHint is how long an ID token may be to be kept for the logout.
const maxHint = 8 << 10

// keepHint keeps the ID token, sealed: a provider wants to see it before it signs
// anybody out.
func (a *attempt) keepHint(raw string) {
	if a.room.oidc.Logout && len(raw) <= maxHint {
		a.hint = a.room.opts.Sealer.Seal([]byte(raw), "id token")
	}
}

// oidcLogoutURL asks the provider to end its session, too; empty if it does not offer
// that, or is not to be asked.
// https://openid.net/specs/openid-connect-rpinitiated-1_0.html
func (r *Room) oidcLogoutURL(ctx context.Context, s *Session) string {
	if r.oidc == nil || !r.oidc.Logout || s.Provider != hearth.ProviderAWSSSO {
		return ""
	}
	p, err := r.oidc.discover(ctx)
	if err != nil {
		r.opts.Log.Warn("no logout at the provider", "err", err)
		return ""
	}
	var more struct {
		End string `json:"end_session_endpoint"`
	}
	u, fault := url.Parse("")
	if err = p.Claims(&more); err == nil {
		u, fault = url.Parse(more.End)
	}
	if err != nil || fault != nil || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		return ""
	}
	q := u.Query()
	q.Set("client_id", r.oidc.ClientID)
	q.Set("post_logout_redirect_uri", r.opts.ExternalURL+OIDCLoggedOut)
	if s.Grafana != "" {
		q.Set("state", string(s.Grafana))
	}
	if plain, err := r.opts.Sealer.Open(s.Hint, "id token"); err == nil && len(s.Hint) > 0 {
		q.Set("id_token_hint", string(plain))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// LoggedOut leads from the provider back to where people sign in. Nothing is ended
// here: that was done before the provider was asked.
func (r *Room) LoggedOut(w http.ResponseWriter, req *http.Request) error {
	id, ok := hearth.ParseGrafanaID(req.URL.Query().Get("state"))
	if !ok {
		redirect(w, r.opts.ExternalURL+"/ui/login")
		return nil
	}
	redirect(w, r.opts.ExternalURL+grafanaPath(id)+"/login")
	return nil
}
