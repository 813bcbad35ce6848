package sso

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Signing out leads to the provider, with the ID token that it gave, if it is to end
// its session, too; from there people come back to where they sign in.
func TestOIDCLogout(t *testing.T) {
	h, o := oidcHouse(t)
	h.keys["ASIAROLE"] = "x"
	out := func(at, callback, header string) (*url.URL, string) {
		t.Helper()
		b := h.browser()
		q := b.start(o, at)
		if a := b.back(url.Values{"state": q["state"], "code": {"good"}}); a.status != http.StatusSeeOther {
			t.Fatalf("%+v\n%s", a, h.lastEvent())
		}
		a := b.do("POST", callback, "", header, "1")
		var said struct{ RedirectURL string }
		if err := json.Unmarshal([]byte(a.body), &said); err != nil {
			t.Fatalf("%+v: %v", a, err)
		}
		u, err := url.Parse(said.RedirectURL)
		if err != nil {
			t.Fatal(err)
		}
		return u, said.RedirectURL
	}
	grafana, login := "/grafana/"+string(kitchen)+"/logout", "/grafana/"+string(kitchen)+"/login/generic_oauth"
	if _, to := out(login, grafana, SessionHeader); to != "/grafana/"+string(kitchen)+"/login" {
		t.Errorf("not asked for, the provider is led to: %s", to)
	}
	h.opts.OIDC.Logout, h.opts.OIDC.ConsoleRole = true, "arn:aws:iam::000000000000:role/console"
	h.restart()
	if _, to := out(login, grafana, SessionHeader); to != "/grafana/"+string(kitchen)+"/login" {
		t.Errorf("the provider offers no logout, and people are led to %s", to)
	}
	o.mu.Lock()
	o.end = o.server.URL + "/end?theirs=1"
	o.mu.Unlock()
	h.restart()
	for _, c := range []struct{ at, callback, header, state, back string }{
		{login, grafana, SessionHeader, string(kitchen), "/grafana/" + string(kitchen) + "/login"}, {"/ui/login/oidc", "/ui/logout", ServiceHeader, "", "/ui/login"},
	} {
		u, to := out(c.at, c.callback, c.header)
		q := u.Query()
		if !strings.HasPrefix(to, o.server.URL+"/end?") || q.Get("theirs") != "1" || q.Get("client_id") != "hearth" || q.Get("state") != c.state ||
			q.Get("post_logout_redirect_uri") != h.server.URL+OIDCLoggedOut || strings.Count(q.Get("id_token_hint"), ".") != 2 {
			t.Errorf("signing out leads to %s", to)
		}
		if a := h.browser().get(OIDCLoggedOut + "?state=" + c.state); a.status != http.StatusSeeOther || a.to != h.server.URL+c.back {
			t.Errorf("from the provider people are led to %+v, want %s", a, c.back)
		}
	}
	for _, state := range []string{"//evil.example", "https://evil.example", "g-01234567890", "../x"} {
		if a := h.browser().get(OIDCLoggedOut + "?state=" + url.QueryEscape(state)); a.to != h.server.URL+"/ui/login" {
			t.Errorf("state %q leads to %s", state, a.to)
		}
	}
	o.mu.Lock()
	o.end = "javascript:alert(1)"
	o.mu.Unlock()
	h.restart()
	if _, to := out(login, grafana, SessionHeader); to != "/grafana/"+string(kitchen)+"/login" {
		t.Errorf("an address that is none leads to %s", to)
	}
}

// In the console a group's people become the group's role: the first of the list that
// is theirs, else everybody's, else nobody.
func TestConsoleRoleByGroup(t *testing.T) {
	h, o := oidcHouse(t)
	const role = "arn:aws:iam::000000000000:role/"
	for _, c := range []struct {
		groups    []string
		everybody string
		want      string
	}{
		{[]string{"cooks", "ops"}, role + "all", role + "operator"}, {[]string{"cooks"}, role + "all", role + "cook"}, {[]string{"others"}, role + "all", role + "all"},
		{[]string{"others"}, "", ""}, {nil, "", ""}, {[]string{"Ops", "ops "}, "", ""},
	} {
		h.opts.OIDC.Groups = []GroupRole{{"ops", role + "operator"}, {"cooks", role + "cook"}}
		h.opts.OIDC.ConsoleRole = c.everybody
		if got := h.opts.OIDC.roleOf(c.groups); got != c.want {
			t.Errorf("%q become %q, want %q", c.groups, got, c.want)
		}
	}
	h.opts.OIDC.Groups = h.opts.OIDC.Groups[:1]
	h.restart()
	b := h.browser()
	if a := b.get("/ui/login/options"); !strings.Contains(a.body, "/ui/login/oidc") {
		t.Errorf("not offered: %s", a.body)
	}
	q := b.start(o, "/ui/login/oidc")
	if a := b.back(url.Values{"state": q["state"], "code": {"good"}}); a.status != http.StatusForbidden || !strings.Contains(h.lastEvent(), "None of the groups") || !strings.Contains(h.lastEvent(), "groups: ") {
		t.Errorf("of no group: %+v\n%s", a, h.lastEvent())
	}
}
