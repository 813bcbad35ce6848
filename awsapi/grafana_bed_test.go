package awsapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// grafanaOf makes a Grafana workspace, or finds it, and waits until it is ACTIVE.
func (d *door) grafanaOf(p person, region hearth.Region, name string) hearth.GrafanaWorkspace {
	d.t.Helper()
	caller := hearth.Caller{Principal: p.principal(), Account: p.account, Region: region}
	w, err := d.opts.Dashboards.Ensure(d.t.Context(), caller, name)
	if err != nil {
		d.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); w.Status != hearth.Active; {
		if w, err = d.opts.Dashboards.Lookup(d.t.Context(), w.ID); err != nil {
			d.t.Fatal(err)
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("the Grafana workspace is %s, want ACTIVE", w.Status)
		}
	}
	return w
}

// tokenFor makes a service account with a role, and a token of it.
func (d *door) tokenFor(p person, w hearth.GrafanaWorkspace, role string) string {
	d.t.Helper()
	ctx := hearth.WithCaller(d.t.Context(), hearth.Caller{Principal: p.principal(), Account: p.account, Region: w.Region})
	a, err := d.opts.Dashboards.CreateServiceAccount(ctx, w.ID, "story-"+role, role)
	if err != nil {
		d.t.Fatal(err)
	}
	t, err := d.opts.Dashboards.CreateToken(ctx, w.ID, fmt.Sprint(a.ID), "t", 3600)
	if err != nil {
		d.t.Fatal(err)
	}
	return t.Secret
}

// grafanaAsk is a request of Grafana's HTTP API; path from /api on.
func grafanaAsk(w hearth.GrafanaWorkspace, token, method, path, body string) ask {
	return ask{method: method, url: "/grafana/" + string(w.ID) + path, body: body, header: map[string]string{"Authorization": "Bearer " + token}}
}

// grafanaCast is a Grafana workspace with a token of each role, and a token of
// another Grafana workspace of the same account.
type grafanaCast struct {
	w      hearth.GrafanaWorkspace
	names  []string
	tokens []string
}

func castOf(d *door, name string) grafanaCast {
	c := grafanaCast{w: d.grafanaOf(alice, "us-west-2", name), names: []string{"viewer", "editor", "admin", "stranger"}}
	for _, role := range []string{"VIEWER", "EDITOR", "ADMIN"} {
		c.tokens = append(c.tokens, d.tokenFor(alice, c.w, role))
	}
	other := d.grafanaOf(alice, "us-west-2", name+"-other")
	c.tokens = append(c.tokens, d.tokenFor(alice, other, "ADMIN"))
	return c
}

// nobodys fills the names of a row's path with those of nobody.
func nobodys(w hearth.GrafanaWorkspace, path string) string {
	path = strings.ReplaceAll(path, "{grafanaId}", string(w.ID))
	for {
		before, rest, ok := strings.Cut(path, "{")
		if !ok {
			return path
		}
		_, after, _ := strings.Cut(rest, "}")
		path = before + "9999" + after
	}
}

// Every row of Grafana's HTTP API asks for its role, and lets nobody of another
// Grafana workspace in: whoever has less is told so, and whoever has it is not.
func TestGrafanaRolesOfEveryRow(t *testing.T) {
	d := openDoor(t, nil)
	c := castOf(d, "cast")
	roles := []hearth.GrafanaRole{viewer, editor, admin}
	n := 0
	for _, r := range d.tables()[grafanaHTTP] {
		if r.on == grafanaOpen {
			continue
		}
		n++
		d.failures.sources = nil // nobody is slowed down here
		if r.role == "" {
			t.Errorf("%s %s names no role", r.method, r.path)
		}
		url := nobodys(c.w, r.path)
		for i, role := range roles {
			status, body := d.say(ask{method: r.method, url: url, body: "{}", header: map[string]string{"Authorization": "Bearer " + c.tokens[i]}})
			refused := status == http.StatusForbidden && strings.Contains(body, "Role needed: ")
			if refused == role.Allows(r.role) {
				t.Errorf("%s %s as %s: %d %s; the row needs %s", r.method, r.path, role, status, body, r.role)
			}
			if status >= 500 && status != http.StatusNotImplemented {
				t.Errorf("%s %s as %s: %d %s", r.method, r.path, role, status, body)
			}
		}
		for name, header := range map[string]string{
			"a token of another Grafana workspace": "Bearer " + c.tokens[3], "no token": "", "a made-up token": "Bearer glsa_x", "a password": "Basic YTpi",
		} {
			a := ask{method: r.method, url: url, body: "{}"}
			if header != "" {
				a.header = map[string]string{"Authorization": header}
			}
			want := http.StatusUnauthorized
			if r.operation() == "Goto" && header == "" {
				want = http.StatusFound // to sign in
			}
			if status, body := d.say(a); status != want {
				t.Errorf("%s %s with %s: %d %s, want %d", r.method, r.path, name, status, body, want)
			}
		}
		if status, _ := d.say(ask{by: &alice, method: r.method, url: url, body: "{}", service: "grafana"}); status != http.StatusUnauthorized {
			t.Errorf("%s %s, signed: %d, want 401", r.method, r.path, status)
		}
	}
	if n < 60 {
		t.Errorf("%d rows only", n)
	}
}

// What changes something is not for viewers.
func TestGrafanaViewersChangeNothing(t *testing.T) {
	own := map[string]bool{
		"Star": true, "Unstar": true, "StarByID": true, "UnstarByID": true, "SetDashboardPermissionsByID": true, "SetUserPreferences": true, "PatchUserPreferences": true, // of their own
		"Query": true, "DataSourceProxy": true, "DataSourceProxyByID": true, "DataSourceResource": true, // reading, by POST
		"CreateShortURL":          true,                               // a name for an address
		"SetDashboardPermissions": true, "SetFolderPermissions": true, // decided by the rights of the thing
	}
	for _, r := range (&Server{}).tables()[grafanaHTTP] {
		if r.method != "GET" && r.role == viewer && !own[r.operation()] && !strings.Contains(r.operation(), "Grant") { // grants: by the rights of the thing
			t.Errorf("%s %s may be asked by viewers", r.method, r.path)
		}
	}
}

// The pages of a stored text come back as data, never as a page.
func TestGrafanaAnswersAreNoPages(t *testing.T) {
	d := openDoor(t, nil)
	w := d.grafanaOf(alice, "us-west-2", "pages")
	token := d.tokenFor(alice, w, "ADMIN")
	evil := `<img src=x onerror=alert(1)><script>alert(1)</script>`
	res := d.do(grafanaAsk(w, token, "POST", "/api/dashboards/db", `{"dashboard":{"title":"`+evil+`","uid":"evil","tags":["`+evil+`"]}}`))
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	for _, path := range []string{"/api/dashboards/uid/evil", "/api/dashboards/uid/evil/bytes", "/api/search", "/api/dashboards/uid/%3Cscript%3E"} {
		h := d.do(grafanaAsk(w, token, "GET", path, "")).Header
		if h.Get("Content-Type") != "application/json" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

// grafanaStories tells of every row of Grafana's HTTP API what a viewer, an editor,
// an administrator and the administrator of another Grafana workspace are told
// about things of nobody.
func grafanaStories(d *door, b *strings.Builder, rows []*row) {
	c := castOf(d, "stories")
	for _, r := range rows {
		fmt.Fprintf(b, "%s %s %s:", r.action, r.method, r.path)
		for i, name := range c.names {
			fmt.Fprintf(b, " %s %s", name, toldOf(d, r, c, i))
		}
		b.WriteString("\n")
	}
}

func toldOf(d *door, r *row, c grafanaCast, i int) string {
	a := ask{method: r.method, url: nobodys(c.w, r.path), body: "{}", header: map[string]string{"Authorization": "Bearer " + c.tokens[i]}}
	return told(d, a)
}
