package sso

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/hearth-metrics/hearth"
)

// OIDC is an OpenID Connect provider: what AWS SSO is to AMG. One serves all
// Grafana workspaces and the console.
type OIDC struct {
	Issuer      string
	ClientID    string
	Secret      func() (string, error) // nil: a public client
	Scopes      []string               // openid, profile, email and groups unless set
	GroupsClaim string                 // groups unless set
	Name        string                 // on the sign-in page
	ConsoleRole string                 // ARN of the role that people become in the console; empty: only by a group
	Groups      []GroupRole            // roles of groups in the console; the first of a person's counts, before ConsoleRole
	Logout      bool                   // whether the provider's session ends with ours
}

// A GroupRole is what a group's people become in the console.
type GroupRole struct{ Group, Role string }

// console tells whether anybody signs in to the console.
func (c *OIDC) console() bool { return c.ConsoleRole != "" || len(c.Groups) > 0 }

// roleOf is the role that somebody becomes in the console; empty if none is theirs.
func (c *OIDC) roleOf(groups []string) string {
	for _, g := range c.Groups {
		if slices.Contains(groups, g.Group) {
			return g.Role
		}
	}
	return c.ConsoleRole
}

// Paths of the one callback. It serves all Grafana workspaces, so that a new one
// need not be registered with the provider.
const (
	OIDCCallback   = "/login/oidc/callback"
	flowLife       = 15 * time.Minute
	providerFresh  = time.Hour
	providerAgain  = 10 * time.Second
	maxOIDCAnswer  = 1 << 20
	oidcTime       = 15 * time.Second
	flowCookiePart = "hearth-oidc-"
)

// oidcAlgorithms are those of key pairs.
var oidcAlgorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// oidcClient talks to the provider. What it knows of it is fetched when first
// needed, so that Hearth starts without it.
type oidcClient struct {
	OIDC
	client   *http.Client
	now      func() time.Time
	callback string

	mu       sync.Mutex
	provider *oidc.Provider
	at       time.Time
	tried    time.Time
	err      error
}

func newOIDCClient(c OIDC, o Options) (*oidcClient, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("sso.oidc.issuer: %q is not an https URL", c.Issuer)
	}
	if c.ClientID == "" {
		return nil, errors.New("sso.oidc.client-id: must not be empty")
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{oidc.ScopeOpenID, "profile", "email", "groups"}
	}
	if !slices.Contains(c.Scopes, oidc.ScopeOpenID) {
		c.Scopes = append([]string{oidc.ScopeOpenID}, c.Scopes...)
	}
	c.GroupsClaim = orElse(c.GroupsClaim, "groups")
	limited := *o.Client
	limited.Transport = limitedTransport{orDefault(o.Client.Transport)}
	limited.Timeout = oidcTime
	return &oidcClient{OIDC: c, client: &limited, now: o.Now, callback: o.ExternalURL + OIDCCallback}, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

func orDefault(t http.RoundTripper) http.RoundTripper {
	if t == nil {
		return http.DefaultTransport
	}
	return t
}

// limitedTransport bounds answers: the libraries read them whole.
type limitedTransport struct{ under http.RoundTripper }

func (t limitedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.under.RoundTrip(req)
	if err == nil {
		res.Body = &limitedBody{res.Body, maxOIDCAnswer}
	}
	return res, err
}

type limitedBody struct {
	io.ReadCloser
	left int64
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the identity provider's answer is too long")
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (c *oidcClient) name() string {
	if c.Name != "" {
		return c.Name
	}
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return "single sign-on"
	}
	return u.Host
}

func (c *oidcClient) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, c.client)
}

// discover returns the provider, as its discovery document has it. Its keys are
// fetched and renewed by the library, for as long as this provider is in use.
func (c *oidcClient) discover(ctx context.Context) (*oidc.Provider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.provider != nil && now.Sub(c.at) < providerFresh {
		return c.provider, nil
	}
	if c.tried.IsZero() || now.Sub(c.tried) >= providerAgain {
		c.tried = now
		p, err := oidc.NewProvider(c.context(context.WithoutCancel(ctx)), c.Issuer)
		if c.err = err; err == nil {
			c.provider, c.at = p, now
		}
	}
	if c.provider != nil { // a provider that is down for a while is still known
		return c.provider, nil
	}
	return nil, &refused{reason: unreachable, summary: "The OpenID Connect provider's discovery document cannot be had.", err: c.err,
		details: []hearth.Detail{detail(hearth.DetailIssuer, c.Issuer)}}
}

func (c *oidcClient) oauth(p *oidc.Provider) (*oauth2.Config, error) {
	conf := &oauth2.Config{ClientID: c.ClientID, Endpoint: p.Endpoint(), RedirectURL: c.callback, Scopes: c.Scopes}
	if c.Secret != nil {
		secret, err := c.Secret()
		if err != nil {
			return nil, fmt.Errorf("sso.oidc.client-secret-file: %w", err)
		}
		conf.ClientSecret = secret
	}
	return conf, nil
}

// A flow is a sign-in that has begun. The browser carries it, sealed.
type flow struct {
	State    string           `json:"s"`
	Nonce    string           `json:"n"`
	Verifier string           `json:"v"`
	Grafana  hearth.GrafanaID `json:"g,omitempty"` // empty: the console
	Place    string           `json:"p"`
	Issuer   string           `json:"i"`
	Began    int64            `json:"b"`
}

// StartOIDC sends the browser to the provider, for a Grafana workspace.
func (r *Room) StartOIDC(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	if elsewhere(w, req, ws.URL, "/login/generic_oauth") {
		return nil
	}
	a := r.attempt(req, ws, hearth.ProviderAWSSSO)
	err := r.mayOIDC(req.Context(), ws)
	if err == nil {
		err = r.startOIDC(w, req, ws.ID)
	}
	if err != nil {
		return failPage(w, req, a.fail(err), ws.URL+"/login")
	}
	return nil
}

// mayOIDC tells whether people sign in to the workspace by OpenID Connect.
func (r *Room) mayOIDC(ctx context.Context, ws hearth.GrafanaWorkspace) error {
	if r.oidc == nil {
		return &hearth.Error{Kind: hearth.NotFound, Type: "OpenID Connect sign-in", Msg: "No OpenID Connect provider is configured: sso.oidc.issuer names one."}
	}
	how, err := r.opts.Workspaces.Authentication(ctx, ws.ID)
	if err == nil && !how.Allows(hearth.ProviderAWSSSO) {
		err = &hearth.Error{Kind: hearth.NotFound, Type: "OpenID Connect sign-in", Resource: string(ws.ID), Msg: "This Grafana workspace has no AWS SSO sign-in: aws grafana update-workspace-authentication adds it."}
	}
	return err
}

func (r *Room) startOIDC(w http.ResponseWriter, req *http.Request, g hearth.GrafanaID) error {
	p, err := r.oidc.discover(req.Context())
	if err != nil {
		return err
	}
	conf, err := r.oidc.oauth(p)
	if err != nil {
		return err
	}
	f := flow{
		State: newSecret(), Nonce: newSecret(), Verifier: oauth2.GenerateVerifier(), Grafana: g,
		Place: place(req.URL.Query().Get("return_to")), Issuer: r.oidc.Issuer, Began: r.opts.Now().Unix(),
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return err
	}
	box := base64.RawURLEncoding.EncodeToString(r.opts.Sealer.Seal(plain, "oidc flow"))
	r.setCookie(w, req, flowCookie(f.State), box, OIDCCallback, flowLife)
	redirect(w, conf.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)))
	return nil
}

func flowCookie(state string) string { return flowCookiePart + hashOf(state)[:12] }

// openFlow returns the flow that the browser carries for a state.
func (r *Room) openFlow(req *http.Request, state string) (*flow, *refused) {
	none := refuse("state", "This browser did not begin this sign-in, or began it more than %s ago.", flowLife).
		with(hearth.DetailHint, "cookies must be allowed, and Hearth opened under the address it has as web.external-url: "+r.opts.ExternalURL)
	box, err := base64.RawURLEncoding.DecodeString(cookieOf(req, flowCookie(state)))
	if state == "" || err != nil {
		return nil, none
	}
	plain, err := r.opts.Sealer.Open(box, "oidc flow")
	f := &flow{}
	if err != nil || json.Unmarshal(plain, f) != nil || subtle.ConstantTimeCompare([]byte(f.State), []byte(state)) != 1 {
		return nil, none
	}
	if r.opts.Now().Sub(time.Unix(f.Began, 0)) > flowLife || f.Issuer != r.oidc.Issuer {
		return nil, none
	}
	return f, nil
}

// OIDCCallback takes the provider's answer, for whichever workspace or for the
// console the sign-in had begun.
func (r *Room) OIDCCallback(w http.ResponseWriter, req *http.Request) error {
	if r.oidc == nil {
		return r.mayOIDC(req.Context(), hearth.GrafanaWorkspace{})
	}
	a := r.attempt(req, hearth.GrafanaWorkspace{}, hearth.ProviderAWSSSO)
	back := r.opts.ExternalURL + "/ui/login"
	err := r.slow.check(origin(req.RemoteAddr))
	if err == nil {
		err = a.callback(w, &back)
	}
	if err != nil {
		return failPage(w, req, a.fail(err), back)
	}
	return nil
}

func (a *attempt) callback(w http.ResponseWriter, back *string) error {
	r, q := a.room, a.req.URL.Query()
	for name, values := range q {
		if len(values) > 1 {
			return refuse("malformed", "The parameter %s is there twice.", name)
		}
	}
	f, no := r.openFlow(a.req, q.Get("state"))
	if no != nil {
		return no
	}
	r.setCookie(w, a.req, flowCookie(f.State), "", OIDCCallback, 0)
	if f.Grafana != "" {
		ws, err := r.opts.Workspaces.Lookup(a.req.Context(), f.Grafana)
		if err != nil {
			return err
		}
		*a = *r.attempt(a.req, ws, hearth.ProviderAWSSSO)
		*back = ws.URL + "/login"
		if err := r.mayOIDC(a.req.Context(), ws); err != nil {
			return err // it may have changed since
		}
	}
	if err := a.answeredOIDC(q); err != nil {
		return err
	}
	who, raw, err := a.exchange(f, q.Get("code"))
	if err != nil {
		return err
	}
	a.keepHint(raw)
	if f.Grafana == "" {
		return a.becomeRole(w, who, raw, f.Place)
	}
	if err := a.signIn(w, *who, &Session{Hint: a.hint}); err != nil {
		return err
	}
	redirect(w, a.grafana.URL+f.Place)
	return nil
}

// answeredOIDC refuses answers of another provider, and those that say no.
func (a *attempt) answeredOIDC(q url.Values) error {
	if iss := q.Get("iss"); iss != "" && iss != a.room.oidc.Issuer { // RFC 9207
		return mismatch("issuer", "The provider that answered", iss, a.room.oidc.Issuer)
	}
	if e := q.Get("error"); e != "" {
		return refuse("provider", "The OpenID Connect provider refused the sign-in: %s.", detail("", e).Value).with(hearth.DetailAnswer, q.Get("error_description")).tell(providerRefused)
	}
	if q.Get("code") == "" {
		return refuse("malformed", "The provider's answer has no code.")
	}
	return nil
}

// exchange turns the code into an identity that the provider has proven.
func (a *attempt) exchange(f *flow, code string) (*hearth.Identity, string, error) {
	c := a.room.oidc
	ctx := c.context(a.req.Context())
	p, err := c.discover(ctx)
	if err != nil {
		return nil, "", err
	}
	conf, err := c.oauth(p)
	if err != nil {
		return nil, "", err
	}
	token, err := conf.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return nil, "", exchangeFailed(err)
	}
	raw, _ := token.Extra("id_token").(string)
	claims, no := c.verify(ctx, p, raw, f.Nonce)
	if no != nil {
		return nil, "", no
	}
	if err := c.addUserInfo(ctx, p, token, claims); err != nil {
		return nil, "", err
	}
	who := claims.identity(c)
	a.note(hearth.DetailIssuer, who.Issuer)
	a.note(hearth.DetailSubjectID, who.Subject)
	a.note(hearth.DetailLogin, who.Login)
	a.note(hearth.DetailSSOID, who.SSOID())
	a.note(hearth.DetailGroups, strings.Join(who.Groups, ", "))
	return who, raw, nil
}

// exchangeFailed tells a provider that says no from one that says nothing.
func exchangeFailed(err error) error {
	f := &refused{reason: unreachable, summary: "The OpenID Connect provider did not exchange the code.", err: err}
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		f.reason = "provider"
		f.summary = "The OpenID Connect provider refused the code."
		f.err = nil
		f.with(hearth.DetailAnswer, strings.TrimSpace(e.ErrorCode+" "+e.ErrorDescription))
		if e.ErrorCode == "invalid_client" {
			f.with(hearth.DetailHint, "compare sso.oidc.client-id and the file of sso.oidc.client-secret-file with what the provider has")
		}
	}
	return f
}
