package sso

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Providers of console sessions, beside OpenID Connect.
const (
	ProviderKeys = "KEYS" // an access key and its secret
	ProviderLink = "LINK" // a link that somebody with keys made
)

// ServiceHeader must come with each request that the console makes on the
// strength of its session: it names the AWS service the request is for, and no
// other site can send it.
const (
	ServiceHeader = "X-Hearth-Service"
	RegionHeader  = "X-Hearth-Region"
)

// Console returns whom a request of the console comes from: an IAM principal, as
// of now. No session is Unauthenticated; a request that another site's page could
// have made is Denied.
func (r *Room) Console(ctx context.Context, req *http.Request) (hearth.Principal, error) {
	s, err := r.find(ctx, consoleScope, cookieOf(req, r.consoleCookie()))
	if err != nil {
		return hearth.Principal{}, err
	}
	if err := r.cross.Check(req); err != nil || req.Header.Get(ServiceHeader) == "" {
		return hearth.Principal{}, &hearth.Error{Kind: hearth.Denied, Type: CrossSiteType, Err: err,
			Msg: "The request comes from a page of another site, and may not use your session."}
	}
	return r.principal(ctx, s)
}

// principal is whose the session is. A key that was deleted or deactivated ends
// its sessions.
func (r *Room) principal(ctx context.Context, s *Session) (hearth.Principal, error) {
	token := ""
	if len(s.Sealed) > 0 {
		plain, err := r.opts.Sealer.Open(s.Sealed, "console "+s.AccessKeyID)
		if err != nil {
			return hearth.Principal{}, errNoSession()
		}
		token = string(plain)
	}
	_, p, err := r.opts.Credentials.Secret(ctx, s.AccessKeyID, token)
	switch hearth.KindOf(err) {
	case hearth.NotFound, hearth.Unauthenticated:
		return hearth.Principal{}, errNoSession()
	}
	return p, err
}

// ConsoleWho answers who is signed in to the console.
func (r *Room) ConsoleWho(w http.ResponseWriter, req *http.Request) error {
	out := map[string]any{"signedIn": false}
	s, err := r.find(req.Context(), consoleScope, cookieOf(req, r.consoleCookie()))
	if err == nil {
		var p hearth.Principal
		if p, err = r.principal(req.Context(), s); err == nil {
			out = map[string]any{
				"signedIn": true, "arn": p.ARN.String(), "account": p.Account, "userId": p.UserID, "root": p.Root,
				"provider": s.Provider, "expiresAt": s.Expires,
			}
		}
	}
	if err != nil && hearth.KindOf(err) != hearth.Unauthenticated {
		return err
	}
	return answer(w, http.StatusOK, out)
}

// ConsoleOptions answers how people sign in to the console.
func (r *Room) ConsoleOptions(w http.ResponseWriter, _ *http.Request) error {
	options := []option{{ProviderKeys, "Access key", "/ui/login", http.MethodPost}}
	if r.oidc != nil && r.oidc.console() {
		options = append(options, option{hearth.ProviderAWSSSO, "Sign in with " + r.oidc.name(), "/ui/login/oidc", http.MethodGet})
	}
	return answer(w, http.StatusOK, map[string]any{"options": options})
}

var accessKeyID = regexp.MustCompile(`^[\w.-]{1,128}$`)

// ConsoleLogin signs in with an access key and its secret. The secret is compared
// and forgotten.
func (r *Room) ConsoleLogin(w http.ResponseWriter, req *http.Request) error {
	if err := r.wantJSON(req); err != nil {
		return err
	}
	var in struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	if err := readJSON(req, &in); err != nil {
		return err
	}
	a := r.attempt(req, hearth.GrafanaWorkspace{}, ProviderKeys)
	err := r.slow.check(origin(req.RemoteAddr))
	if err == nil {
		err = a.checkKey(in.AccessKeyID, in.SecretAccessKey, in.SessionToken)
	}
	if err == nil {
		err = a.openConsole(w, in.AccessKeyID, in.SessionToken, time.Time{})
	}
	if err != nil {
		return a.fail(err)
	}
	return answer(w, http.StatusOK, map[string]string{"message": "Signed in", "redirectUrl": "/ui/"})
}

// checkKey compares the secret with that of the key, in a time that does not tell
// how much of it is right, or whether there is such a key.
func (a *attempt) checkKey(id, secret, token string) error {
	if !accessKeyID.MatchString(id) || len(secret) > 256 || len(token) > maxForm {
		return refuse("keys", "What was given is no access key id, or the secret or token is too long.")
	}
	a.note(hearth.DetailAccessKey, id)
	want, p, err := a.room.opts.Credentials.Secret(a.req.Context(), id, token)
	kind := hearth.KindOf(err)
	if err != nil && kind != hearth.NotFound && kind != hearth.Unauthenticated {
		return fmt.Errorf("look up access key: %w", err)
	}
	left, right := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(secret))
	same := subtle.ConstantTimeCompare(left[:], right[:]) == 1
	switch {
	case kind == hearth.NotFound && err != nil:
		return refuse("keys", "The access key id is not known here, is not active, or does not go with the session token.")
	case err != nil:
		return refuse("keys", "The session of the temporary keys is over.")
	case want == "" || !same:
		a.account = p.Account
		return refuse("keys", "The secret access key is wrong.")
	}
	return nil
}

// openConsole opens a console session of whoever has the access key; until bounds
// it, if it is set.
func (a *attempt) openConsole(w http.ResponseWriter, id, token string, until time.Time) error {
	r, ctx := a.room, a.req.Context()
	_, p, err := r.opts.Credentials.Secret(ctx, id, token)
	if err != nil {
		return refuse("keys", "The access key is gone, or its time is over.")
	}
	now := r.opts.Now()
	expires := now.Add(consoleLife)
	if !until.IsZero() && until.Before(expires) {
		expires = until
	}
	s := &Session{
		Account: p.Account, Principal: p.ARN.String(), AccessKeyID: id, Provider: a.provider,
		Expires: expires, Idle: int64(consoleIdle.Seconds()), Remote: a.req.RemoteAddr, Agent: a.req.UserAgent(), Hint: a.hint,
	}
	if token != "" {
		s.Sealed = r.opts.Sealer.Seal([]byte(token), "console "+id)
	}
	cookie, err := r.begin(ctx, s)
	if err != nil {
		return err
	}
	if old, err := r.find(ctx, consoleScope, cookieOf(a.req, r.consoleCookie())); err == nil {
		_ = r.end(ctx, old, "signed-in-again") // it expires by itself otherwise
	}
	r.setCookie(w, a.req, r.consoleCookie(), cookie, "/", expires.Sub(now))
	a.account, a.who = p.Account, p.ARN.String()
	a.note(hearth.DetailSession, s.ID)
	a.succeed(p.ARN.String() + " signed in to the console.")
	return nil
}

// ConsoleLogout ends the console's session.
func (r *Room) ConsoleLogout(w http.ResponseWriter, req *http.Request) error {
	if err := r.fromOurPage(req, ServiceHeader); err != nil {
		return err
	}
	s, err := r.find(req.Context(), consoleScope, cookieOf(req, r.consoleCookie()))
	if err != nil && hearth.KindOf(err) != hearth.Unauthenticated {
		return err
	}
	r.setCookie(w, req, r.consoleCookie(), "", "/", 0)
	to := "/ui/login"
	if err == nil {
		if err := r.end(req.Context(), s, "signed-out"); err != nil {
			return err
		}
		to = orElse(r.oidcLogoutURL(req.Context(), s), to)
	}
	return answer(w, http.StatusOK, map[string]string{"message": "Signed out", "redirectUrl": to})
}

// StartConsoleOIDC sends the browser to the provider, for the console.
func (r *Room) StartConsoleOIDC(w http.ResponseWriter, req *http.Request) error {
	a := r.attempt(req, hearth.GrafanaWorkspace{}, hearth.ProviderAWSSSO)
	var err error
	if r.oidc == nil || !r.oidc.console() {
		err = &hearth.Error{Kind: hearth.NotFound, Type: "OpenID Connect sign-in", Msg: "The console has no OpenID Connect sign-in: sso.oidc.issuer and sso.oidc.console-role or console-roles configure it."}
	} else {
		err = r.startOIDC(w, req, "")
	}
	if err != nil {
		return failPage(w, req, a.fail(err), r.root+"/ui/login")
	}
	return nil
}

// becomeRole opens a console session of the configured role, if its trust policy
// lets the identity.
func (a *attempt) becomeRole(w http.ResponseWriter, who *hearth.Identity, idToken, place string) error {
	c := a.room.oidc
	arn := c.roleOf(who.Groups)
	if arn == "" || a.room.opts.Roles == nil {
		return refuse("role", "None of the groups of this identity has a role in the console: sso.oidc.console-roles gives groups roles, sso.oidc.console-role everybody.")
	}
	role, err := a.room.opts.Roles.Assume(a.req.Context(), arn, roleSession(who), idToken)
	if err != nil {
		f := &refused{reason: "role", summary: "The role of the console does not take this identity.", err: err}
		return f.with(hearth.DetailResource, arn).
			with(hearth.DetailHint, "the account needs the provider (aws iam create-open-id-connect-provider) with this client id, and the role a trust policy that lets sts:AssumeRoleWithWebIdentity")
	}
	if err := a.openConsole(w, role.AccessKeyID, role.Token, role.Expires); err != nil {
		return err
	}
	redirect(w, a.room.opts.ExternalURL+"/ui"+strings.TrimPrefix(place, "/ui"))
	return nil
}

var notInSession = regexp.MustCompile(`[^\w+=,.@-]`)

// roleSession names the role's session after who it is: 2 to 64 characters.
func roleSession(who *hearth.Identity) string {
	name := notInSession.ReplaceAllString(who.Login, "-")
	if len(name) < 2 {
		name = "console-" + name
	}
	return name[:min(len(name), 64)]
}

// linkLife is how long a link to the console waits for its one use.
const linkLife = 15 * time.Minute

// NewLink makes a link that opens the console once, as whoever has the access key.
// Its time is the zero value, or how long it waits.
func (r *Room) NewLink(ctx context.Context, accessKeyID, token string, waits time.Duration) (url string, expires time.Time, err error) {
	if waits == 0 {
		waits = linkLife
	}
	t := &ticket{Expires: r.opts.Now().Add(waits).UTC(), AccessKeyID: accessKeyID}
	if token != "" {
		t.Sealed = r.opts.Sealer.Seal([]byte(token), "console "+accessKeyID)
	}
	var code string
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		code, err = issue(tx, linkTicket, t)
		return err
	})
	return r.opts.ExternalURL + "/ui/login/link?code=" + code, t.Expires, err
}

// LinkPage asks before it signs in: programs that look at links follow them, too,
// and each is good once.
func (r *Room) LinkPage(w http.ResponseWriter, req *http.Request) error {
	code := req.URL.Query().Get("code")
	if len(code) != 43 || notInSession.MatchString(code) {
		return failPage(w, req, &hearth.Error{Kind: hearth.Invalid, Msg: "The link is not whole: copy all of it."}, r.root+"/ui/login")
	}
	page{Title: "Sign in to Hearth", Text: "The link signs this browser in to the console, once.", Action: r.root + "/ui/login/link", Name: "code", Value: code, Button: "Sign in"}.write(w, http.StatusOK)
	return nil
}

// FollowLink signs in by a link.
func (r *Room) FollowLink(w http.ResponseWriter, req *http.Request) error {
	a := r.attempt(req, hearth.GrafanaWorkspace{}, ProviderLink)
	err := r.slow.check(origin(req.RemoteAddr))
	if err == nil {
		err = a.follow(w, req.PostFormValue("code"))
	}
	if err != nil {
		return failPage(w, req, a.fail(err), r.root+"/ui/login")
	}
	redirect(w, r.opts.ExternalURL+"/ui/")
	return nil
}

func (a *attempt) follow(w http.ResponseWriter, code string) error {
	if err := a.room.cross.Check(a.req); err != nil {
		return &refused{reason: "cross-site", summary: "The link's button was pressed on a page of another site.", err: err}
	}
	t, err := a.room.redeem(a.req.Context(), linkTicket, code)
	if err != nil {
		return err
	}
	if t == nil {
		return refuse("ticket", "The link was used before, or is too old: hearth ui login-link makes a new one.")
	}
	token := ""
	if len(t.Sealed) > 0 {
		plain, err := a.room.opts.Sealer.Open(t.Sealed, "console "+t.AccessKeyID)
		if err != nil {
			return refuse("ticket", "The link was sealed with a key that is gone.")
		}
		token = string(plain)
	}
	a.note(hearth.DetailAccessKey, t.AccessKeyID)
	return a.openConsole(w, t.AccessKeyID, token, time.Time{})
}
