package sso

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// ConsumeSAML takes an identity provider's response. The browser comes from the
// provider's page, and so without cookies that tell whose it is: the proven
// sign-in becomes a ticket, which only the browser that began it can redeem.
func (r *Room) ConsumeSAML(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	a := r.attempt(req, ws, hearth.ProviderSAML)
	err := r.slow.check(origin(req.RemoteAddr))
	var code string
	if err == nil {
		code, err = a.consume(req.Context(), req.PostFormValue("SAMLResponse"), req.PostFormValue("RelayState"))
	}
	if err != nil {
		return failPage(w, req, a.fail(err), ws.URL+"/login")
	}
	redirect(w, ws.URL+"/login/complete?code="+code)
	return nil
}

// consume proves a response and makes a ticket of it.
func (a *attempt) consume(ctx context.Context, encoded, relay string) (code string, err error) {
	r := a.room
	how, p, err := a.prove(ctx, encoded)
	if err != nil {
		return "", err
	}
	a.note(hearth.DetailAssertion, p.assertion.ID)
	binding, err := a.requested(p)
	if err != nil {
		return "", err
	}
	found, f := identify(how, &p.assertion)
	if f != nil {
		return "", f
	}
	now := r.opts.Now()
	t := &ticket{
		Expires: now.Add(ticketLife).UTC(), Grafana: a.grafana.ID, Identity: &found.who, Binding: binding, Place: place(relay),
		Until: now.Add(lifeOf(how, p, now)).UTC(), Details: append(found.details, detail(hearth.DetailCause, found.because)),
	}
	if n := p.assertion.Subject.NameID; n != nil {
		t.NameID, t.NameFormat = n.Value, n.Format
	}
	t.SessionIndex = p.assertion.AuthnStatements[0].SessionIndex
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		until := p.goodUntil(now)
		if err := use(tx, "assertion "+string(a.grafana.ID)+" "+p.assertion.Issuer.Value+" "+p.assertion.ID, until); err != nil {
			return err
		}
		if p.InResponseTo != "" {
			if err := use(tx, "request "+string(a.grafana.ID)+" "+p.InResponseTo, now.Add(requestLife+clockSkew)); err != nil {
				return err
			}
		}
		code, err = issue(tx, signInTicket, t)
		return err
	})
	if errors.Is(err, errUsed) {
		f := refuse("replayed", "The response was used before: each lets in once.")
		f.details = found.details
		return "", f
	}
	if err != nil {
		return "", fmt.Errorf("remember sign-in: %w", err)
	}
	return code, nil
}

// prove reads a response; if its signature does not hold, once more with newer
// metadata: the identity provider may have a new certificate.
func (a *attempt) prove(ctx context.Context, encoded string) (*hearth.GrafanaSAML, *response, error) {
	if encoded == "" {
		return nil, nil, refuse("malformed", "The form has no SAMLResponse.")
	}
	for _, again := range []bool{false, true} {
		how, idp, err := a.room.samlOf(ctx, a.grafana, again)
		if err != nil {
			return nil, nil, err
		}
		want := &expected{audience: entityID(a.grafana), acs: acsURL(a.grafana), idp: idp, now: a.room.opts.Now()}
		p, f := readResponse(encoded, want)
		switch {
		case f == nil:
			return how, p, nil
		case again || f.reason != "signature" || how.MetadataURL == "":
			return nil, nil, f
		}
	}
	return nil, nil, errors.New("unreachable") // the second turn always returns
}

// requested returns the browser that asked for the response; empty for one that
// nobody asked for, if such are taken.
func (a *attempt) requested(p *response) (binding string, err error) {
	if p.InResponseTo == "" {
		if !a.room.opts.AllowUnsolicited {
			return "", refuse("unsolicited", "Nobody asked for this response: sign-ins must begin at the Grafana workspace.").
				with(hearth.DetailHint, "people open "+a.grafana.URL+"/login/saml, or sso.saml.allow-unsolicited lets sign-ins begin at the identity provider")
		}
		return "", nil
	}
	binding, f := a.room.openRequestID(a.grafana.ID, p.InResponseTo)
	if f != nil {
		return "", f
	}
	return binding, nil
}

// lifeOf is how long the session may last: as configured, and no longer than the
// identity provider's own.
func lifeOf(how *hearth.GrafanaSAML, p *response, now time.Time) time.Duration {
	life := grafanaLife
	if how.LoginValidity > 0 {
		life = how.LoginValidity
	}
	for _, s := range p.assertion.AuthnStatements {
		if s.SessionNotOnOrAfter != nil {
			life = min(life, s.SessionNotOnOrAfter.Sub(now))
		}
	}
	return life
}

// Complete redeems the ticket of a proven sign-in, for the browser that began it,
// and opens the session.
func (r *Room) Complete(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	a := r.attempt(req, ws, hearth.ProviderSAML)
	err := r.slow.check(origin(req.RemoteAddr))
	if err == nil {
		err = a.complete(w, req.URL.Query().Get("code"))
	}
	if err != nil {
		return failPage(w, req, a.fail(err), ws.URL+"/login")
	}
	return nil
}

func (a *attempt) complete(w http.ResponseWriter, code string) error {
	r, ctx := a.room, a.req.Context()
	t, err := r.redeem(ctx, signInTicket, code)
	if err != nil {
		return err
	}
	if t == nil || t.Grafana != a.grafana.ID {
		return refuse("ticket", "The link that completes a sign-in was used before, or is older than %s.", ticketLife)
	}
	if t.Binding != "" && !a.begunHere(w, t.Binding) {
		f := refuse("browser", "The sign-in was begun by another browser than the one that completes it.").
			with(hearth.DetailHint, "cookies must be allowed, and the Grafana workspace opened under its own address: "+a.grafana.URL)
		f.details = append(f.details, t.Details...)
		return f
	}
	a.details = append(a.details, t.Details...)
	s := &Session{Expires: t.Until, NameID: t.NameID, NameFormat: t.NameFormat, SessionIndex: t.SessionIndex}
	if err := a.signIn(w, *t.Identity, s); err != nil {
		return err
	}
	redirect(w, a.grafana.URL+t.Place)
	return nil
}

// begunHere tells whether the browser has the secret of the request, and takes it
// away.
func (a *attempt) begunHere(w http.ResponseWriter, binding string) bool {
	for _, c := range a.req.Cookies() {
		if len(c.Name) == len(a.room.samlCookie("")) && c.Name[:12] == "hearth-saml-" && hashOf(c.Value)[:32] == binding {
			a.room.setCookie(w, a.req, c.Name, "", completePath(a.grafana.ID), 0)
			return true
		}
	}
	return false
}

// signIn makes the user and the session of a proven identity.
func (a *attempt) signIn(w http.ResponseWriter, who hearth.Identity, s *Session) error {
	r, ctx := a.room, a.req.Context()
	u, err := r.opts.Users.SignedIn(ctx, a.grafana.ID, who)
	if err != nil {
		return err
	}
	now := r.opts.Now()
	s.Account, s.Grafana, s.User, s.Login = a.account, a.grafana.ID, u.ID, u.Login
	s.Provider, s.Issuer, s.Subject = who.Provider, who.Issuer, who.Subject
	s.Idle, s.Remote, s.Agent = int64(grafanaIdle.Seconds()), a.req.RemoteAddr, a.req.UserAgent()
	if s.Expires.IsZero() {
		s.Expires = now.Add(grafanaLife)
	}
	cookie, err := r.begin(ctx, s)
	if err != nil {
		return err
	}
	r.endPrevious(a.req, a.grafana.ID)
	home := grafanaPath(a.grafana.ID)
	if who.Provider == hearth.ProviderLocal {
		home = homePath(a.req, a.grafana.ID)
	}
	r.setCookie(w, a.req, r.grafanaCookie(a.grafana.ID), cookie, home, s.Expires.Sub(now))
	a.who = u.Login
	a.note(hearth.DetailSession, s.ID)
	a.note(hearth.DetailGranted, string(u.Role))
	a.succeed(fmt.Sprintf("%s signed in to the Grafana workspace as %s%s.", u.Login, u.Role, a.why(who.Role, u.Role)))
	return nil
}

// why says where the role came from, if the identity provider did not decide it.
func (a *attempt) why(claimed, granted hearth.GrafanaRole) string {
	for _, d := range a.details {
		if d.Name == hearth.DetailCause && claimed == granted {
			return ", for " + d.Value
		}
	}
	if claimed != "" && claimed != granted {
		return "; the identity provider gives " + string(claimed) + ", but permissions in the workspace say otherwise"
	}
	return ""
}

// endPrevious ends the session that the browser had before: a sign-in never goes on
// with a session that somebody else may know.
func (r *Room) endPrevious(req *http.Request, g hearth.GrafanaID) {
	if old, err := r.find(req.Context(), string(g), cookieOf(req, r.grafanaCookie(g))); err == nil {
		_ = r.end(req.Context(), old, "signed-in-again") // it expires by itself otherwise
	}
}
