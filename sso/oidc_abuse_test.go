package sso

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/hearth-metrics/hearth"
)

// An op is an OpenID Connect provider that also does what none should.
type op struct {
	t      testing.TB
	key    *rsa.PrivateKey
	server *httptest.Server

	mu    sync.Mutex
	nonce string // of the last request
	form  url.Values
	token func(c map[string]any) string // makes the ID token; nil: a good one
	info  map[string]any
	size  int    // bytes that discovery is padded with
	end   string // where it signs people out
}

func newOP(t testing.TB) *op {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	o := &op{t: t, key: key}
	o.server = httptest.NewServer(o)
	t.Cleanup(o.server.Close)
	return o
}

func (o *op) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	base := o.server.URL
	answer := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(map[string]any{"issuer": base, "authorization_endpoint": base + "/auth", "token_endpoint": base + "/token", "jwks_uri": base + "/keys", "userinfo_endpoint": base + "/info",
			"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}, "padding": strings.Repeat("x", o.size), "end_session_endpoint": o.end})
	case "/keys":
		answer(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &o.key.PublicKey, KeyID: "1", Use: "sig"}}})
	case "/info":
		answer(o.info)
	case "/token":
		if err := r.ParseForm(); err != nil {
			o.t.Error(err)
		}
		o.form = r.PostForm
		if r.PostForm.Get("code") == "bad" {
			w.WriteHeader(http.StatusBadRequest)
			answer(map[string]string{"error": "invalid_grant", "error_description": "no such code"})
			return
		}
		answer(map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": o.make()})
	}
}

// claims are those of a good token.
func (o *op) claims(now time.Time) map[string]any {
	return map[string]any{"iss": o.server.URL, "sub": "u-1", "aud": "hearth", "exp": now.Add(time.Minute).Unix(), "iat": now.Unix(), "nonce": o.nonce,
		"preferred_username": "anna", "email": "anna@example.org", "groups": []string{"cooks"}}
}

func (o *op) make() string {
	if o.token != nil {
		return o.token(o.claims(time.Now()))
	}
	return o.sign(jose.RS256, o.key, o.claims(time.Now()))
}

func (o *op) sign(alg jose.SignatureAlgorithm, key any, c map[string]any) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	text, err := jwt.Signed(s).Claims(c).Serialize()
	if err != nil {
		o.t.Fatal(err)
	}
	return text
}

// start begins a sign-in and returns what the provider was asked.
func (b *browser) start(o *op, at string) url.Values {
	b.t.Helper()
	a := b.get(at)
	u, err := url.Parse(a.to)
	if err != nil || a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, o.server.URL+"/auth?") {
		b.t.Fatalf("%+v\n%s", a, b.h.lastEvent())
	}
	q := u.Query()
	o.mu.Lock()
	o.nonce = q.Get("nonce")
	o.mu.Unlock()
	return q
}

func (b *browser) back(q url.Values) got { b.t.Helper(); return b.get(OIDCCallback + "?" + q.Encode()) }

func oidcHouse(t testing.TB) (*house, *op) {
	o := newOP(t)
	h := openHouse(t, func(op *Options) {
		op.OIDC = &OIDC{Issuer: o.server.URL, ClientID: "hearth"}
		op.Roles = roles{}
	})
	h.now = time.Now()
	for _, id := range []hearth.GrafanaID{kitchen, cellar} {
		h.set(id, func(a *hearth.GrafanaAuthentication) { a.Providers = []string{hearth.ProviderAWSSSO} })
	}
	return h, o
}

// roles lets in whom they are told to.
type roles struct{}

func (roles) Assume(_ context.Context, arn, session, token string) (Role, error) {
	if session != "anna" || !strings.HasPrefix(token, "ey") {
		return Role{}, errors.New("not trusted")
	}
	return Role{AccessKeyID: "ASIAROLE", Token: "session", Expires: time.Now().Add(time.Hour)}, nil
}

// What a sign-in asks, and that the code is bound to who asked.
func TestOIDCRequest(t *testing.T) {
	h, o := oidcHouse(t)
	b := h.browser()
	q := b.start(o, "/grafana/"+string(kitchen)+"/login/generic_oauth?return_to=//evil.example")
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 43 {
			t.Errorf("%s is %q", name, q.Get(name))
		}
	}
	if q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != h.server.URL+OIDCCallback || q.Get("response_type") != "code" || q.Get("scope") != "openid profile email groups" {
		t.Errorf("%v", q)
	}
	a := b.back(url.Values{"state": q["state"], "code": {"good"}, "iss": {o.server.URL}})
	if a.status != http.StatusSeeOther || a.to != h.server.URL+"/grafana/"+string(kitchen)+"/" || b.who(kitchen) != "anna Viewer" || b.who(cellar) != "401" {
		t.Errorf("%+v, %s, %s\n%s", a, b.who(kitchen), b.who(cellar), h.lastEvent())
	}
	if len(o.form.Get("code_verifier")) < 43 {
		t.Errorf("the code is exchanged without a verifier: %v", o.form)
	}
	if a := b.back(url.Values{"state": q["state"], "code": {"good"}}); a.status != http.StatusForbidden || !strings.Contains(h.lastEvent(), "reason: state") {
		t.Errorf("the same answer again: %+v", a)
	}
}

// Answers that must not let in, each for its reason.
func TestOIDCRefusals(t *testing.T) {
	h, o := oidcHouse(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) func(map[string]any) string {
		return func(c map[string]any) string { c[name] = value; return o.sign(jose.RS256, o.key, c) }
	}
	public := []byte(fmt.Sprint(o.key.PublicKey.N))
	for _, c := range []struct {
		name   string
		token  func(map[string]any) string
		answer url.Values // besides state
		info   map[string]any
		want   string
	}{
		{"nonce of another sign-in", with("nonce", "x"), nil, nil, "nonce"},
		{"no nonce", with("nonce", nil), nil, nil, "nonce"},
		{"another audience", with("aud", "other"), nil, nil, "token"},
		{"two audiences, for another party", with("aud", []string{"hearth", "other"}), nil, nil, "audience"},
		{"another authorized party", with("azp", "other"), nil, nil, "audience"},
		{"another issuer", with("iss", "https://evil.example"), nil, nil, "token"},
		{"expired", with("exp", time.Now().Add(-time.Hour).Unix()), nil, nil, "token"},
		{"no subject", with("sub", ""), nil, nil, "token"},
		{"a long subject", with("sub", strings.Repeat("x", 256)), nil, nil, "token"},
		{"signed by a stranger", func(c map[string]any) string { return o.sign(jose.RS256, stranger, c) }, nil, nil, "token"},
		{"signed with the public key as a secret", func(c map[string]any) string { return o.sign(jose.HS256, public, c) }, nil, nil, "token"},
		{"algorithm none", func(c map[string]any) string {
			parts := strings.Split(o.sign(jose.RS256, o.key, c), ".")
			return "eyJhbGciOiJub25lIn0." + parts[1] + "."
		}, nil, nil, "token"},
		{"no token", func(map[string]any) string { return "" }, nil, nil, "token"},
		{"a huge token", func(map[string]any) string { return strings.Repeat("x", maxIDToken+1) }, nil, nil, "token"},
		{"mixed up: another provider answers", nil, url.Values{"code": {"good"}, "iss": {"https://evil.example"}}, nil, "issuer"},
		{"a bad code", nil, url.Values{"code": {"bad"}}, nil, "provider"},
		{"no code", nil, url.Values{}, nil, "malformed"},
		{"an error", nil, url.Values{"error": {"access_denied"}}, nil, "provider"},
		{"two codes", nil, url.Values{"code": {"good", "good"}}, nil, "malformed"},
		{"UserInfo of somebody else", func(c map[string]any) string { delete(c, "groups"); return o.sign(jose.RS256, o.key, c) }, nil, map[string]any{"sub": "u-2", "groups": []string{"admins"}}, "subject"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.slow = newLimiter(h.clock)
			b := h.browser()
			q := b.start(o, "/grafana/"+string(kitchen)+"/login/generic_oauth")
			o.mu.Lock()
			o.token, o.info = c.token, c.info
			o.mu.Unlock()
			if c.answer == nil {
				c.answer = url.Values{"code": {"good"}}
			}
			c.answer.Set("state", q.Get("state"))
			a := b.back(c.answer)
			if a.status != http.StatusForbidden || !strings.Contains(h.lastEvent(), "reason: "+c.want+"\n") && !strings.HasSuffix(h.lastEvent(), "reason: "+c.want) {
				t.Errorf("%d, want %s\n%s", a.status, c.want, h.lastEvent())
			}
			if got := b.who(kitchen); got != "401" {
				t.Errorf("there is a session: %s", got)
			}
		})
	}
	if len(h.idents) != 0 {
		t.Errorf("let in: %+v", h.idents)
	}
}

// State: nobody signs another browser in, and nobody can make one up.
func TestOIDCState(t *testing.T) {
	h, o := oidcHouse(t)
	attacker, victim := h.browser(), h.browser()
	q := attacker.start(o, "/grafana/"+string(kitchen)+"/login/generic_oauth")
	victim.start(o, "/grafana/"+string(kitchen)+"/login/generic_oauth")
	for name, state := range map[string]string{"the attacker's": q.Get("state"), "none": "", "made up": newSecret()} {
		if a := victim.back(url.Values{"state": {state}, "code": {"good"}}); a.status != http.StatusForbidden || victim.who(kitchen) != "401" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	b := h.browser()
	q = b.start(o, "/grafana/"+string(kitchen)+"/login/generic_oauth")
	h.pass(flowLife + time.Second)
	if a := b.back(url.Values{"state": q["state"], "code": {"good"}}); a.status != http.StatusForbidden {
		t.Errorf("late: %+v", a)
	}
	h.now = time.Now()
	q = b.start(o, "/grafana/"+string(kitchen)+"/login/generic_oauth")
	h.set(kitchen, func(a *hearth.GrafanaAuthentication) { a.Providers = nil })
	if a := b.back(url.Values{"state": q["state"], "code": {"good"}}); a.status != http.StatusNotFound {
		t.Errorf("AWS_SSO was taken away meanwhile: %+v", a)
	}
}

// return_to leads nowhere else, in a Grafana workspace and in the console.
func TestOIDCOpenRedirects(t *testing.T) {
	h, o := oidcHouse(t)
	h.opts.OIDC.ConsoleRole = "arn:aws:iam::000000000000:role/console"
	h.restart()
	h.keys["ASIAROLE"] = "x"
	for at, home := range map[string]string{"/grafana/" + string(kitchen) + "/login/generic_oauth": "/grafana/" + string(kitchen), "/ui/login/oidc": "/ui"} {
		for to, want := range map[string]string{
			"https://evil.example": "/", "//evil.example": "/", `/\evil.example`: "/", "/../..//evil.example": "/", "/%2e%2e/%2e%2e/x": "/", "javascript:alert(1)": "/",
			"/%2f%2fevil.example": "/", "/a\r\nX: y": "/", "@evil.example": "/", "/x?a=b": "/x?a=b",
		} {
			b := h.browser()
			q := b.start(o, at+"?return_to="+url.QueryEscape(to))
			if a := b.back(url.Values{"state": q["state"], "code": {"good"}}); a.status != http.StatusSeeOther || a.to != h.server.URL+home+want {
				t.Errorf("%s, return_to %q leads to %q (%d), want %s", at, to, a.to, a.status, home+want)
			}
		}
	}
	b := h.browser()
	q := b.start(o, "/ui/login/oidc?return_to=/ui/topics") // as the console's page has it
	if a := b.back(url.Values{"state": q["state"], "code": {"good"}}); a.to != h.server.URL+"/ui/topics" {
		t.Errorf("a page of the console: %q", a.to)
	}
}

// A provider that is down, or says too much, stops nothing but its own sign-ins.
func TestOIDCUnreachable(t *testing.T) {
	h, o := oidcHouse(t)
	o.size = maxOIDCAnswer
	if a := h.browser().get("/grafana/" + string(kitchen) + "/login/generic_oauth"); a.status != http.StatusServiceUnavailable || !strings.Contains(h.lastEvent(), "too long") {
		t.Errorf("a huge answer: %d\n%s", a.status, h.lastEvent())
	}
	o.mu.Lock()
	o.size = 0
	o.mu.Unlock()
	h.pass(time.Minute)
	h.browser().start(o, "/grafana/"+string(kitchen)+"/login/generic_oauth")
	if _, err := New(Options{OIDC: &OIDC{Issuer: "http://idp.example.org", ClientID: "x"}, Client: http.DefaultClient}); err == nil {
		t.Error("an issuer without TLS is taken")
	}
}

// The console becomes the configured role, if that trusts the identity.
func TestConsoleByOIDC(t *testing.T) {
	h, o := oidcHouse(t)
	if a := h.browser().get("/ui/login/oidc"); a.status != http.StatusNotFound {
		t.Errorf("without a role: %d", a.status)
	}
	h.opts.OIDC.ConsoleRole = "arn:aws:iam::000000000000:role/console"
	h.restart()
	h.keys["ASIAROLE"] = "x"
	b := h.browser()
	q := b.start(o, "/ui/login/oidc?return_to=/workspaces")
	a := b.back(url.Values{"state": q["state"], "code": {"good"}})
	if a.status != http.StatusSeeOther || a.to != h.server.URL+"/ui/workspaces" || !strings.Contains(b.get("/ui/session").body, "ASIAROLE") {
		t.Errorf("%+v %s\n%s", a, b.get("/ui/session").body, h.lastEvent())
	}
	o.token = func(c map[string]any) string { c["preferred_username"] = "bert"; return o.sign(jose.RS256, o.key, c) }
	b = h.browser()
	q = b.start(o, "/ui/login/oidc")
	if a := b.back(url.Values{"state": q["state"], "code": {"good"}}); a.status != http.StatusForbidden || !strings.Contains(h.lastEvent(), "not trusted") {
		t.Errorf("%+v\n%s", a, h.lastEvent())
	}
}
