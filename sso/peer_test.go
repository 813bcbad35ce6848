package sso

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/test/port"
)

// needs stops a test whose real peer is not there: in CI that is a failure.
func needs(t *testing.T, what string, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("CI needs %s: %v", what, err)
	default:
		t.Skipf("%s is not there: %v", what, err)
	}
}

// startPeer runs a program until the test ends, once it has said that it is ready.
func startPeer(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Cancel = func() error { return cmd.Process.Kill() }
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	ready := make(chan bool, 1)
	go func() {
		s := bufio.NewScanner(out)
		for s.Scan() {
			if s.Text() == "ready" {
				ready <- true
			}
		}
		close(ready)
	}()
	select {
	case ok := <-ready:
		if !ok {
			_ = cmd.Wait()
			t.Fatalf("%s ended: %s", program, errs.String())
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s is not ready after a minute", program)
	}
}

// person says who the peer's next visitor is.
func person(t *testing.T, folder string, p map[string]any) {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "person.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// debianPython is the one that Debian's pysaml2 belongs to.
const debianPython = "/usr/bin/python3"

var hidden = regexp.MustCompile(`name="(\w+)" value="([^"]*)"`)

// throughSAML plays the browser's way through the identity provider.
func (b *browser) throughSAML(id hearth.GrafanaID, query string) got {
	b.t.Helper()
	a := b.get("/grafana/" + string(id) + "/login/saml" + query)
	if a.status != http.StatusSeeOther {
		return a
	}
	a = b.get(a.to)
	if a.status != http.StatusOK {
		b.t.Fatalf("the identity provider: %d %s", a.status, a.body)
	}
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(a.body, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	return b.post(id, form.Get("SAMLResponse"), form.Get("RelayState"))
}

// pysaml2, which shares no code with us, verifies our requests by our metadata,
// and we its responses by its; single logout goes there and back.
func TestPySAML2(t *testing.T) {
	needs(t, "Debian's python3-pysaml2", exec.Command(debianPython, "-c", "import saml2").Run())
	folder, at := t.TempDir(), port.For(t)
	startPeer(t, debianPython, filepath.Join("..", "test", "peers", "pysaml2", "idp.py"), at, folder)
	h := openHouse(t, nil)
	h.now = time.Now()
	h.set(kitchen, func(a *hearth.GrafanaAuthentication) {
		a.Providers = []string{hearth.ProviderSAML}
		a.SAML = hearth.GrafanaSAML{
			MetadataURL: "http://127.0.0.1:" + at + "/metadata", LoginAttribute: "login", EmailAttribute: "mail", RoleAttribute: "role", GroupsAttribute: "groups",
			AdminValues: []string{"boss"}, EditorValues: []string{"writer"},
		}
	})
	for _, sign := range []string{"assertion", "response", "both"} {
		person(t, folder, map[string]any{"name_id": "u-1", "sign": sign, "attributes": map[string]any{"login": []string{"anna"}, "mail": []string{"anna@example.org"}, "role": []string{"writer"}, "groups": []string{"cooks", "ops & <x>"}}})
		b := h.browser()
		if a := b.throughSAML(kitchen, "?return_to=/d/x"); a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "/d/x") {
			t.Fatalf("%s: %+v\n%s", sign, a, h.lastEvent())
		}
		if got := b.who(kitchen); got != "anna Editor" {
			t.Errorf("%s: %s", sign, got)
		}
		who := h.idents[len(h.idents)-1]
		if who.Email != "anna@example.org" || strings.Join(who.Groups, "|") != "cooks|ops & <x>" || who.Subject != "u-1" {
			t.Errorf("%s: %+v", sign, who)
		}
		a := b.do("POST", "/grafana/"+string(kitchen)+"/logout", "", SessionHeader, "1")
		var out struct{ RedirectURL string }
		if err := json.Unmarshal([]byte(a.body), &out); err != nil || !strings.HasPrefix(out.RedirectURL, "http://127.0.0.1:"+at+"/slo") {
			t.Fatalf("%s: logout: %+v", sign, a)
		}
		if a = b.get(out.RedirectURL); a.status != http.StatusFound {
			t.Fatalf("%s: the provider's logout: %+v", sign, a)
		}
		if a = b.get(a.to); a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "/login") || b.who(kitchen) != "401" {
			t.Errorf("%s: back from the provider's logout: %+v", sign, a)
		}
	}
}

// A real browser, with its rules for cookies, comes back from an identity provider
// of another site (localhost is another one than 127.0.0.1): the provider's form
// carries no cookie of ours, and the redirect after it does.
func TestChromium(t *testing.T) {
	needs(t, "Debian's python3-pysaml2", exec.Command(debianPython, "-c", "import saml2").Run())
	chromium, err := exec.LookPath("chromium")
	needs(t, "chromium", err)
	folder, at := t.TempDir(), port.For(t)
	startPeer(t, debianPython, filepath.Join("..", "test", "peers", "pysaml2", "idp.py"), at, folder, "localhost")
	h := openHouse(t, nil)
	h.now = time.Now()
	h.set(kitchen, func(a *hearth.GrafanaAuthentication) {
		a.Providers = []string{hearth.ProviderSAML}
		a.SAML = hearth.GrafanaSAML{MetadataURL: "http://localhost:" + at + "/metadata", LoginAttribute: "login"}
	})
	person(t, folder, map[string]any{"name_id": "u-1", "attributes": map[string]any{"login": []string{"anna"}}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=10000", "--dump-dom",
		h.server.URL+"/grafana/"+string(kitchen)+"/login/saml?return_to=/api/user").Output()
	if err != nil || !strings.Contains(string(out), "anna Viewer") {
		t.Errorf("%v: %s\n%s", err, out, h.lastEvent())
	}
}

// oidcPeer starts the npm oidc-provider for the house's callback.
func oidcPeer(t *testing.T, callback string) (issuer, folder string) {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "test", "peers", "oidc"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(filepath.Join(dir, "node_modules", "oidc-provider"))
	needs(t, "npm's oidc-provider (npm ci in test/peers/oidc)", err)
	node, err := exec.LookPath("node")
	needs(t, "node", err)
	folder, at := t.TempDir(), port.For(t)
	startPeer(t, node, filepath.Join(dir, "idp.mjs"), at, callback, folder)
	return "http://127.0.0.1:" + at, folder
}

// follow goes where redirects lead, up to a page of ours or n steps.
func (b *browser) follow(at string, n int) (last got) {
	b.t.Helper()
	for range n {
		last = b.get(at)
		if last.to == "" {
			return last
		}
		next, err := url.Parse(at)
		if err == nil {
			next, err = next.Parse(last.to)
		}
		if err != nil {
			b.t.Fatal(err)
		}
		at = next.String()
	}
	return last
}

// npm's oidc-provider signs people in, with code, PKCE, state and nonce, groups by
// UserInfo.
func TestOIDCProvider(t *testing.T) {
	var issuer, folder string
	h := openHouse(t, func(o *Options) {
		issuer, folder = oidcPeer(t, o.ExternalURL+OIDCCallback)
		o.OIDC = &OIDC{Issuer: issuer, ClientID: "hearth", Secret: func() (string, error) { return "secret of hearth", nil }}
	})
	h.now = time.Now()
	h.set(kitchen, func(a *hearth.GrafanaAuthentication) { a.Providers = []string{hearth.ProviderAWSSSO} })
	person(t, folder, map[string]any{"sub": "u-1", "claims": map[string]any{"preferred_username": "anna", "name": "Anna", "email": "anna@example.org", "email_verified": false, "groups": []string{"cooks"}}})
	b := h.browser()
	a := b.follow(h.server.URL+"/grafana/"+string(kitchen)+"/login/generic_oauth?return_to=/d/x", 12)
	if a.status != http.StatusOK || a.body != "anna Viewer" {
		t.Fatalf("%+v\n%s", a, h.lastEvent())
	}
	who := h.idents[0]
	if who.Issuer != issuer || who.Subject != "u-1" || who.Email != "" || fmt.Sprint(who.Groups) != "[cooks]" || who.Name != "Anna" || who.Role != "" {
		t.Errorf("%+v", who)
	}
	if e := h.lastEvent(); !strings.Contains(e, "sso_id: "+who.SSOID()) || !strings.Contains(e, "groups: cooks") {
		t.Errorf("the ledger lacks what update-permissions needs:\n%s", e)
	}
	person(t, folder, map[string]any{"sub": "u-2", "refuses": true})
	if a := h.browser().follow(h.server.URL+"/grafana/"+string(kitchen)+"/login/generic_oauth", 12); a.status != http.StatusForbidden || !strings.Contains(h.lastEvent(), "access_denied") || !strings.Contains(h.lastEvent(), "not today") {
		t.Errorf("refused by the provider: %+v\n%s", a, h.lastEvent())
	}
}
