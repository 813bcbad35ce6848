package awsapi

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/sso"
	"github.com/hearth-metrics/hearth/store"
)

// noGrafana has no Grafana workspace.
type noGrafana struct{}

var errNoGrafana = &hearth.Error{Kind: hearth.NotFound, Msg: "none"}

func (noGrafana) Lookup(context.Context, hearth.GrafanaID) (hearth.GrafanaWorkspace, error) {
	return hearth.GrafanaWorkspace{}, errNoGrafana
}

func (noGrafana) Authentication(context.Context, hearth.GrafanaID) (hearth.GrafanaAuthentication, error) {
	return hearth.GrafanaAuthentication{}, errNoGrafana
}

func (noGrafana) SignedIn(context.Context, hearth.GrafanaID, hearth.Identity) (hearth.GrafanaUser, error) {
	return hearth.GrafanaUser{}, errNoGrafana
}

func (noGrafana) User(context.Context, hearth.GrafanaID, int64) (hearth.GrafanaUser, error) {
	return hearth.GrafanaUser{}, errNoGrafana
}

// withSignIn lets people sign in at the door.
func withSignIn(t testing.TB, o *Options) {
	t.Helper()
	st, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "sso"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	keys, err := iam.ParseKeyring(iam.NewKeyringText())
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := keys.Sealer("sign-in")
	if err != nil {
		t.Fatal(err)
	}
	o.SSO, err = sso.New(sso.Options{
		Store: st, Sealer: sealer, Client: http.DefaultClient, Workspaces: noGrafana{}, Users: noGrafana{}, Credentials: o.Credentials,
		ExternalURL: o.ExternalURL, Account: o.Account, Recorder: o.Recorder, Now: o.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// cookieOf signs a person in to the console.
func (d *door) cookieOf(p person) string {
	d.t.Helper()
	res := d.do(ask{method: "POST", url: "/ui/login", header: map[string]string{"Content-Type": "application/json"},
		body: `{"accessKeyId":"` + p.key + `","secretAccessKey":"` + p.secret + `"}`})
	if res.StatusCode != http.StatusOK || len(res.Cookies()) != 1 {
		d.t.Fatalf("sign in: %s, %v", res.Status, res.Cookies())
	}
	return res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
}

// With a session the same questions are asked as with a signature, about the same
// principal, region and resource.
func TestSessionAsksTheSame(t *testing.T) {
	auth := &yes{}
	d := openDoor(t, func(o *Options) { o.Authorizer = auth; withSignIn(t, o) })
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	cookie := d.cookieOf(alice)
	for _, c := range []ask{
		{method: "GET", url: "/workspaces"}, {method: "GET", url: "/workspaces/" + string(w.ID)}, {method: "POST", url: "/workspaces", body: `{"alias":"x","tags":{"a":"b"}}`},
		{method: "GET", url: "/workspaces/" + string(w.ID) + "/api/v1/query?query=1"},
		{method: "POST", url: "/", service: "sts", body: "Action=GetCallerIdentity&Version=2011-06-15", header: map[string]string{"Content-Type": form}},
		{method: "GET", url: "/hearth/v1/events", service: "hearth"},
	} {
		auth.questions = nil
		signed := c
		signed.by = &alice
		wantStatus, _ := d.say(signed)
		want := auth.questions
		auth.questions = nil
		service := c.service
		if service == "" {
			service = "aps"
		}
		c.header = map[string]string{"Cookie": cookie, sso.ServiceHeader: service, sso.RegionHeader: "us-west-2", "Content-Type": c.header["Content-Type"]}
		status, body := d.say(c)
		if status != wantStatus || len(auth.questions) != len(want) {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.url, status, body, wantStatus)
			continue
		}
		for i, q := range auth.questions {
			if q.Action != want[i].Action || q.Resource != want[i].Resource || q.Region != want[i].Region || len(q.RequestTags) != len(want[i].RequestTags) {
				t.Errorf("%s %s asks %+v, want %+v", c.method, c.url, q, want[i])
			}
		}
	}
}

// What a session is not good for.
func TestSessionRefusals(t *testing.T) {
	d := openDoor(t, func(o *Options) { withSignIn(t, o) })
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	root, stranger := d.cookieOf(alice), d.cookieOf(bob)
	for name, c := range map[string]struct {
		ask    ask
		header map[string]string
		status int
		body   string
	}{
		"no header":                  {ask{method: "GET", url: "/workspaces"}, map[string]string{"Cookie": root}, 403, "Missing Authentication Token"},
		"no cookie":                  {ask{method: "GET", url: "/workspaces"}, map[string]string{sso.ServiceHeader: "aps"}, 401, "ExpiredTokenException"},
		"a cookie of nobody":         {ask{method: "GET", url: "/workspaces"}, map[string]string{sso.ServiceHeader: "aps", "Cookie": root + "x"}, 401, "ExpiredTokenException"},
		"two cookies":                {ask{method: "GET", url: "/workspaces"}, map[string]string{sso.ServiceHeader: "aps", "Cookie": root + "; " + stranger}, 401, "ExpiredTokenException"},
		"a change by another site":   {ask{method: "POST", url: "/workspaces", body: "{}"}, map[string]string{sso.ServiceHeader: "aps", "Cookie": root, "Sec-Fetch-Site": "cross-site"}, 403, "page of another site"},
		"a region that is none":      {ask{method: "GET", url: "/workspaces"}, map[string]string{sso.ServiceHeader: "aps", sso.RegionHeader: "x:y", "Cookie": root}, 400, "must be the name of a region"},
		"a service nobody knows":     {ask{method: "GET", url: "/x"}, map[string]string{sso.ServiceHeader: "s3", "Cookie": root}, 404, "is not known"},
		"a link by a session":        {ask{method: "POST", url: "/hearth/v1/login-links"}, map[string]string{sso.ServiceHeader: "hearth", "Cookie": root}, 403, "Sign the request"},
		"another account's":          {ask{method: "GET", url: "/workspaces/" + string(w.ID) + "/api/v1/query?query=1"}, map[string]string{sso.ServiceHeader: "aps", "Cookie": stranger}, 404, "Workspace not found"},
		"a signature that is wrong":  {ask{by: &person{key: alice.key, secret: "x"}, method: "GET", url: "/workspaces"}, map[string]string{sso.ServiceHeader: "aps", "Cookie": root}, 403, "InvalidSignatureException"},
		"a bearer token of nobody":   {ask{method: "GET", url: "/workspaces"}, map[string]string{sso.ServiceHeader: "aps", "Cookie": root, "Authorization": "Bearer hearth_x_y"}, 403, "invalid"},
		"an authorization of others": {ask{method: "GET", url: "/workspaces"}, map[string]string{sso.ServiceHeader: "aps", "Cookie": root, "Authorization": "Basic eA=="}, 403, ""},
	} {
		c.ask.header = c.header
		if status, body := d.say(c.ask); status != c.status || !strings.Contains(body, c.body) {
			t.Errorf("%s: %d %s, want %d with %q", name, status, body, c.status, c.body)
		}
	}
	if status, body := d.say(ask{method: "GET", url: "/grafana/g-0123456789/login/options"}); status != 404 || !strings.Contains(body, "no Grafana workspace") {
		t.Errorf("a Grafana workspace that is none: %d %s", status, body)
	}
	if status, _ := d.say(ask{method: "POST", url: "/ui/login", header: map[string]string{"Content-Type": "application/json"}, body: strings.Repeat("x", signInBody+1)}); status != 413 {
		t.Errorf("a huge form: %d", status)
	}
}

// Sessions are listed and ended within their account.
func TestSessionOperations(t *testing.T) {
	d := openDoor(t, func(o *Options) { withSignIn(t, o) })
	cookie := d.cookieOf(alice)
	list := func(by *person) string {
		_, body := d.say(ask{by: by, method: "GET", url: "/hearth/v1/sessions", service: "hearth"})
		return body
	}
	mine := list(&alice)
	_, id, _ := strings.Cut(mine, `"sessionId":"`)
	id, _, _ = strings.Cut(id, `"`)
	if id == "" || strings.Contains(list(&bob), id) || strings.Contains(mine, cookie[strings.Index(cookie, "=")+1:]) {
		t.Fatalf("alice sees %s, bob %s", mine, list(&bob))
	}
	if status, _ := d.say(ask{by: &bob, method: "DELETE", url: "/hearth/v1/sessions/" + id, service: "hearth"}); status != 404 {
		t.Errorf("another account revokes: %d", status)
	}
	if status, _ := d.say(ask{by: &carol, method: "DELETE", url: "/hearth/v1/sessions/" + id, service: "hearth"}); status != 403 {
		t.Errorf("who may not revokes: %d", status)
	}
	if status, body := d.say(ask{by: &alice, method: "DELETE", url: "/hearth/v1/sessions/" + id, service: "hearth"}); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := d.say(ask{method: "GET", url: "/workspaces", header: map[string]string{"Cookie": cookie, sso.ServiceHeader: "aps"}}); status != 401 {
		t.Errorf("after that: %d", status)
	}
}
