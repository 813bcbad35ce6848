package sso

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// signedIn is a browser that has signed in to the kitchen.
func (h *house) signedIn(t *testing.T, p *idp, name string) *browser {
	t.Helper()
	b := h.browser()
	request, _ := b.begin(kitchen, "")
	if got := b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request, name: name, attrs: map[string][]string{"login": {name}, "role": {"boss"}}})); got != name+" Admin" {
		t.Fatalf("%s\n%s", got, h.lastEvent())
	}
	return b
}

// A demotion, and the end of a user, count from the next request on.
func TestDemotionCountsAtOnce(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	b := h.signedIn(t, p, "anna")
	h.users[kitchen][0].Role = hearth.GrafanaViewer
	if got := b.who(kitchen); got != "anna Viewer" {
		t.Errorf("after a demotion: %s", got)
	}
	h.gone[1] = true
	if got := b.who(kitchen); got != "401" {
		t.Errorf("after the user is gone: %s", got)
	}
}

// A way to sign in that a Grafana workspace no longer has ends what began with it.
func TestSessionsOfARemovedProvider(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	anna := h.signedIn(t, p, "anna")
	h.mu.Lock()
	how := h.how[kitchen]
	how.Providers = []string{hearth.ProviderAWSSSO}
	h.how[kitchen] = how
	h.mu.Unlock()
	if got := anna.who(kitchen); got != "401" {
		t.Errorf("without SAML: %s", got)
	}
}

func TestRevoke(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	anna, bert := h.signedIn(t, p, "anna"), h.signedIn(t, p, "bert")
	all, err := h.Sessions(t.Context(), "111111111111")
	if err != nil || len(all) != 2 {
		t.Fatalf("%d sessions, %v", len(all), err)
	}
	if other, _ := h.Sessions(t.Context(), "222222222222"); len(other) != 0 {
		t.Errorf("another account sees %d sessions", len(other))
	}
	for _, s := range all {
		if s.Login != "anna" {
			continue
		}
		if err := h.Revoke(t.Context(), "222222222222", s.ID); hearth.KindOf(err) != hearth.NotFound {
			t.Errorf("another account revokes: %v", err)
		}
		if err := h.Revoke(t.Context(), "111111111111", s.ID); err != nil {
			t.Error(err)
		}
	}
	if a, b := anna.who(kitchen), bert.who(kitchen); a != "401" || b != "bert Admin" {
		t.Errorf("anna %s, bert %s", a, b)
	}
}

// What is on disk opens nothing, and a session survives a restart.
func TestSessionsAtRest(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	b := h.signedIn(t, p, "anna")
	u, _ := url.Parse(h.server.URL + "/grafana/" + string(kitchen) + "/")
	cookies := b.Jar.Cookies(u)
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	_, secret, _ := strings.Cut(cookies[0].Value, ".")
	h.restart()
	if got := b.who(kitchen); got != "anna Admin" {
		t.Errorf("after a restart: %s", got)
	}
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(h.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret) {
			t.Errorf("the secret is in the store%s", suffix)
		}
	}
	root, _ := url.Parse(h.server.URL + "/ui/")
	if at := b.Jar.Cookies(root); len(at) != 0 {
		t.Errorf("the cookie goes to the console, too: %v", at)
	}
}

// A session ends without use, and at the latest after its time.
func TestIdle(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	b := h.signedIn(t, p, "anna")
	for range 4 {
		h.pass(grafanaIdle - time.Hour)
		if got := b.who(kitchen); got != "anna Admin" {
			t.Fatalf("in use: %s", got)
		}
	}
	h.pass(grafanaIdle)
	if got := b.who(kitchen); got != "401" {
		t.Errorf("without use: %s", got)
	}
	b = h.signedIn(t, p, "anna")
	for range 5 {
		h.pass(grafanaLife/5 - time.Second)
		b.who(kitchen)
	}
	if got := b.who(kitchen); got != "anna Admin" {
		t.Errorf("before its end: %s", got)
	}
	h.pass(5 * time.Second)
	if got := b.who(kitchen); got != "401" {
		t.Errorf("after its end: %s", got)
	}
	if err := h.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := h.stored(t); n != 0 {
		t.Errorf("%d records are left of what has expired", n)
	}
}

// stored counts what expires.
func (h *house) stored(t *testing.T) (n int) {
	t.Helper()
	for _, bucket := range []string{sessionBucket, ticketBucket, usedBucket} {
		n += h.count(t, bucket)
	}
	return n
}

// Whoever has proven nothing makes nothing be written.
func TestStrangersWriteNothing(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	for range 20 {
		b := h.browser()
		request, _ := b.begin(kitchen, "")
		b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request, sign: "none"}))
		b.get("/grafana/" + string(kitchen) + "/login/complete?code=" + newSecret())
		b.json("/ui/login", `{"accessKeyId":"AKIAROOT","secretAccessKey":"x"}`)
	}
	if n := h.stored(t); n != 0 {
		t.Errorf("%d records", n)
	}
}

// One user has so many sessions and no more; the one used longest ago ends.
func TestManySessionsOfOneUser(t *testing.T) {
	h := openHouse(t, func(o *Options) { o.Local = true })
	if err := h.SetLocal(t.Context(), "long enough", true); err != nil {
		t.Fatal(err)
	}
	var first *browser
	for i := range maxPerOwner + 3 {
		b := h.browser()
		if a := b.json("/grafana/"+string(kitchen)+"/login", `{"user":"admin","password":"long enough"}`); a.status != http.StatusOK {
			t.Fatal(a)
		}
		if i == 0 {
			first = b
		}
		h.pass(time.Second)
	}
	if n := h.count(t, sessionBucket); n != maxPerOwner {
		t.Errorf("%d sessions, want %d", n, maxPerOwner)
	}
	if got := first.who(kitchen); got != "401" {
		t.Errorf("the first session: %s", got)
	}
}

// A cookie that somebody planted, or had before, is worth nothing after a sign-in.
func TestSessionFixation(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	b := h.signedIn(t, p, "anna")
	u, _ := url.Parse(h.server.URL + "/grafana/" + string(kitchen) + "/")
	before := b.Jar.Cookies(u)[0]
	request, _ := b.begin(kitchen, "")
	if got := b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request, name: "bert"})); got != "bert Viewer" {
		t.Fatal(got)
	}
	after := b.Jar.Cookies(u)[0]
	if before.Value == after.Value {
		t.Error("the session kept its cookie over a sign-in")
	}
	thief := h.browser()
	if a := thief.do("GET", "/grafana/"+string(kitchen)+"/api/user", "", "Cookie", before.Name+"="+before.Value); a.status != http.StatusUnauthorized {
		t.Errorf("the session of before is still good: %d %s", a.status, a.body)
	}
	for _, planted := range []string{"1." + strings.Repeat("a", 43), "1.", ".", "", "../1." + strings.Repeat("a", 43), after.Value + "; " + after.Name + "=x", "1." + strings.SplitN(after.Value, ".", 2)[1]} {
		if a := thief.do("GET", "/grafana/"+string(kitchen)+"/api/user", "", "Cookie", before.Name+"="+planted); a.status != http.StatusUnauthorized {
			t.Errorf("the planted cookie %q: %d", planted, a.status)
		}
	}
	// The kitchen's cookie under the cellar's name.
	h.users[cellar] = h.users[kitchen]
	if a := thief.do("GET", "/grafana/"+string(cellar)+"/api/user", "", "Cookie", h.grafanaCookie(cellar)+"="+after.Value); a.status != http.StatusUnauthorized {
		t.Errorf("the cookie of another workspace: %d %s", a.status, a.body)
	}
	if a := thief.do("GET", "/ui/session", "", "Cookie", h.consoleCookie()+"="+after.Value); !strings.Contains(a.body, `"signedIn":false`) {
		t.Errorf("the cookie of a workspace at the console: %s", a.body)
	}
}

// Cookies are kept from scripts, other sites and plain connections.
func TestCookieAttributes(t *testing.T) {
	for _, external := range []string{"", "https://hearth.example.org"} {
		h := openHouse(t, func(o *Options) {
			o.Local = true
			if external != "" {
				o.ExternalURL = external
			}
		})
		if err := h.SetLocal(t.Context(), "long enough", true); err != nil {
			t.Fatal(err)
		}
		a := h.browser().json("/grafana/"+string(kitchen)+"/login", `{"user":"admin","password":"long enough"}`)
		c := a.header.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/grafana/" + string(kitchen)} {
			if !strings.Contains(c, want) {
				t.Errorf("%s lacks %s", c, want)
			}
		}
		if secure := strings.Contains(c, "Secure") && strings.HasPrefix(c, "__Secure-"); secure != (external != "") {
			t.Errorf("%q: %s", external, c)
		}
		c = h.browser().json("/ui/login", `{"accessKeyId":"AKIAROOT","secretAccessKey":"root-secret"}`).header.Get("Set-Cookie")
		if host := strings.HasPrefix(c, "__Host-") && strings.Contains(c, "Path=/;"); host != (external != "") {
			t.Errorf("%q: %s", external, c)
		}
	}
}

// Pages of other sites change nothing with a session.
func TestCrossSiteRequests(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	b := h.signedIn(t, p, "anna")
	at := "/grafana/" + string(kitchen) + "/api/dashboards/db"
	for name, c := range map[string]struct {
		header []string
		want   int
	}{
		"our page":             {[]string{SessionHeader, "1", "Sec-Fetch-Site", "same-origin"}, 200},
		"a program":            {[]string{SessionHeader, "1"}, 200},
		"without the header":   {nil, 403},
		"another site":         {[]string{SessionHeader, "1", "Sec-Fetch-Site", "cross-site"}, 403},
		"a sibling's page":     {[]string{SessionHeader, "1", "Sec-Fetch-Site", "same-site"}, 403},
		"an old browser":       {[]string{SessionHeader, "1", "Origin", "https://evil.example"}, 403},
		"an old browser, ours": {[]string{SessionHeader, "1", "Origin", h.server.URL}, 200},
		"no origin":            {[]string{SessionHeader, "1", "Origin", "null"}, 403},
	} {
		if a := b.do("POST", at, "{}", c.header...); a.status != c.want {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, c.want)
		}
	}
	if a := b.do("POST", "/grafana/"+string(kitchen)+"/logout", "", SessionHeader, "1", "Sec-Fetch-Site", "cross-site"); a.status != 403 {
		t.Errorf("another site logs out: %d", a.status)
	}
	if a := b.do("POST", "/ui/login", "accessKeyId=AKIAROOT&secretAccessKey=root-secret", "Content-Type", "application/x-www-form-urlencoded"); a.status < 400 {
		t.Errorf("a form signs in: %d", a.status)
	}
	if a := b.do("POST", "/ui/login", `{"accessKeyId":"AKIAROOT","secretAccessKey":"root-secret"}`, "Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"); a.status != 403 {
		t.Errorf("another site signs in: %d", a.status)
	}
}

func TestLocalAdministrator(t *testing.T) {
	h := openHouse(t, func(o *Options) { o.Local = true })
	at := "/grafana/" + string(kitchen) + "/login"
	form := func(user, password string) string { return fmt.Sprintf(`{"user":%q,"password":%q}`, user, password) }
	if a := h.browser().json(at, form("admin", "")); a.status != 401 {
		t.Errorf("before a password was set: %d", a.status)
	}
	if err := h.SetLocal(t.Context(), "long enough", true); err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	if a := b.json(at, form("admin", "long enough")); a.status != 200 || b.who(kitchen) != "admin Admin" {
		t.Errorf("%+v, %s", a, b.who(kitchen))
	}
	for _, wrong := range [][2]string{{"admin", "long enoug"}, {"admin", ""}, {"Admin", "long enough"}, {"", ""}, {"admin", strings.Repeat("x", 5000)}} {
		if a := h.browser().json(at, form(wrong[0], wrong[1])); a.status != 401 {
			t.Errorf("%.20q: %d %s", wrong, a.status, a.body)
		}
	}
	if err := h.SetLocal(t.Context(), "another one", true); err != nil {
		t.Fatal(err)
	}
	if got := b.who(kitchen); got != "401" {
		t.Errorf("the session of the old password: %s", got)
	}
	if err := h.SetLocal(t.Context(), "short", false); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("a short password: %v", err)
	}
	h.opts.Local = false
	h.restart()
	if a := h.browser().json(at, form("admin", "another one")); a.status != 404 {
		t.Errorf("switched off: %d", a.status)
	}
}

// Who fails too often waits; who comes from elsewhere does not, and after a minute
// nobody does.
func TestFailuresAreSlowedDown(t *testing.T) {
	h := openHouse(t, nil)
	b := h.browser()
	for range failuresAllowed {
		if a := b.json("/ui/login", `{"accessKeyId":"AKIAROOT","secretAccessKey":"x"}`); a.status != 401 {
			t.Fatal(a)
		}
	}
	if a := b.json("/ui/login", `{"accessKeyId":"AKIAROOT","secretAccessKey":"root-secret"}`); a.status != 429 {
		t.Errorf("after %d failures: %d", failuresAllowed, a.status)
	}
	if err := h.slow.check("203.0.113.9"); err != nil {
		t.Errorf("somebody else is held up: %v", err)
	}
	h.pass(failuresWindow)
	if a := b.json("/ui/login", `{"accessKeyId":"AKIAROOT","secretAccessKey":"root-secret"}`); a.status != 200 {
		t.Errorf("a minute later: %d", a.status)
	}
	l := newLimiter(h.clock)
	for i := range maxCounted + 100 {
		l.failed(fmt.Sprint(i))
	}
	if len(l.counts) > maxCounted {
		t.Errorf("%d origins are remembered", len(l.counts))
	}
	for remote, want := range map[string]string{"192.0.2.1:80": "192.0.2.1", "[2001:db8::1]:80": "2001:db8::/64", "[2001:db8::ffff:1]:80": "2001:db8::/64", "[::ffff:192.0.2.1]:1": "192.0.2.1", "x": "x"} {
		if got := origin(remote); got != want {
			t.Errorf("origin(%s) = %s, want %s", remote, got, want)
		}
	}
}

func TestConsole(t *testing.T) {
	h := openHouse(t, nil)
	b := h.browser()
	login := func(id, secret, token string) got {
		t.Helper()
		return b.json("/ui/login", fmt.Sprintf(`{"accessKeyId":%q,"secretAccessKey":%q,"sessionToken":%q}`, id, secret, token))
	}
	for _, wrong := range [][3]string{{"AKIAROOT", "", ""}, {"AKIAROOT", "user-secret", ""}, {"AKIANOBODY", "", ""}, {"AKIANOBODY", "x", ""}, {"AKIAROOT", "root-secret", "token"}, {"../x", "", ""}, {"", "", ""}} {
		h.slow = newLimiter(h.clock)
		if a := login(wrong[0], wrong[1], wrong[2]); a.status != 401 || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%q: %d %s", wrong, a.status, a.body)
		}
	}
	h.slow = newLimiter(h.clock)
	if a := login("AKIAUSER", "user-secret", ""); a.status != 200 {
		t.Fatal(a)
	}
	ask := func(header ...string) error {
		t.Helper()
		u, _ := url.Parse(h.server.URL + "/")
		req, _ := http.NewRequest("POST", h.server.URL+"/workspaces", nil)
		for _, c := range b.Jar.Cookies(u) {
			req.AddCookie(c)
		}
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		p, err := h.Console(t.Context(), req)
		if err == nil && p.AccessKeyID != "AKIAUSER" {
			t.Errorf("the session is of %+v", p)
		}
		return err
	}
	if err := ask(ServiceHeader, "aps"); err != nil {
		t.Error(err)
	}
	if err := ask(); hearth.KindOf(err) != hearth.Denied {
		t.Errorf("without the header: %v", err)
	}
	if err := ask(ServiceHeader, "aps", "Sec-Fetch-Site", "cross-site"); hearth.KindOf(err) != hearth.Denied {
		t.Errorf("from another site: %v", err)
	}
	delete(h.keys, "AKIAUSER")
	if err := ask(ServiceHeader, "aps"); hearth.KindOf(err) != hearth.Unauthenticated {
		t.Errorf("the key is gone: %v", err)
	}
}

// A link opens the console once, and only by its button.
func TestLink(t *testing.T) {
	h := openHouse(t, nil)
	link, _, err := h.NewLink(t.Context(), "AKIAROOT", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(link, "code=")
	for range 2 { // programs that look at links
		if a := h.browser().get(link); a.status != 200 || !strings.Contains(a.body, code) || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	b := h.browser()
	if a := b.do("POST", "/ui/login/link", url.Values{"code": {code}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site"); a.status != 403 {
		t.Errorf("from another site: %d", a.status)
	}
	if a := b.form("/ui/login/link", url.Values{"code": {code}}); a.status != 303 || !strings.Contains(b.get("/ui/session").body, `"signedIn":true`) {
		t.Errorf("%+v", a)
	}
	if a := h.browser().form("/ui/login/link", url.Values{"code": {code}}); a.status != 403 || !strings.Contains(h.lastEvent(), "used before") {
		t.Errorf("again: %d\n%s", a.status, h.lastEvent())
	}
	late, _, _ := h.NewLink(t.Context(), "AKIAROOT", "", 0)
	h.pass(linkLife)
	_, code, _ = strings.Cut(late, "code=")
	if a := h.browser().form("/ui/login/link", url.Values{"code": {code}}); a.status != 403 {
		t.Errorf("late: %d", a.status)
	}
	if a := h.browser().get("/ui/login/link?code=%3Cscript%3E"); a.status != 400 || strings.Contains(a.body, "<script>") {
		t.Errorf("a code that is none: %d %s", a.status, a.body)
	}
}
