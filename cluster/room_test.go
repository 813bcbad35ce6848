package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

func TestRegister(t *testing.T) {
	b, a := newBed(t, nil), newAPIServer(t, "secret-token")
	arn := b.register(t, a, "kitchen")
	c, err := b.Cluster(as(t, alice), arn)
	if err != nil || c.Status() != hearth.Active || c.Version != "1.35" || c.Issuer != "https://issuer.example.org" || c.Server != a.URL || c.CA != a.ca() {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := b.Register(as(t, alice), Registration{Name: "kitchen", Kubeconfig: a.kubeconfig("secret-token")}); hearth.KindOf(err) != hearth.Conflict {
		t.Errorf("a second time: %v", err)
	}
	if _, err := b.Register(as(t, bob), Registration{Name: "kitchen", Kubeconfig: a.kubeconfig("secret-token")}); err != nil {
		t.Errorf("another account's of the same name: %v", err)
	}
	err = b.st.View(t.Context(), func(tx store.Tx) error {
		entries, err := tx.Scan(clusterBucket, "", "", 0)
		for _, e := range entries {
			if strings.Contains(string(e.Value), "secret-token") {
				t.Errorf("the token is readable in %s", e.Value)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A text that is no kubeconfig of ours is refused by name, and nothing is stored.
func TestKubeconfigs(t *testing.T) {
	const good = `{"apiVersion":"v1","kind":"Config","current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],` +
		`"clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:1"}}],"users":[{"name":"u","user":{"token":"t"}}]}`
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the kubeconfig", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	cases := map[string]struct {
		text, context, want string
		kind                hearth.Kind
	}{
		"fine":                    {text: good},
		"not YAML":                {text: "{", want: "cannot be read", kind: hearth.Malformed},
		"too long":                {text: strings.Repeat("#", maxKubeconfig+1), want: "262144 bytes", kind: hearth.TooLarge},
		"no such context":         {text: good, context: "d", want: `no context "d"; it has c`},
		"a cluster that is away":  {text: change(`"cluster":"c","user"`, `"cluster":"d","user"`), want: `cluster "d", which is not there`},
		"a user who is away":      {text: change(`"user":"u"`, `"user":"v"`), want: `user "v", who is not there`},
		"http":                    {text: change("https:", "http:"), want: "is not https://"},
		"a password in the URL":   {text: change("https://", "https://a:b@"), want: "is not https://"},
		"a CA file":               {text: change(`"server"`, `"certificate-authority":"/etc/shadow","server"`), want: "certificate-authority is a file's name"},
		"a CA that is none":       {text: change(`"server"`, `"certificate-authority-data":"eA==","server"`), want: "no certificate in PEM"},
		"a proxy":                 {text: change(`"server"`, `"proxy-url":"http://x","server"`), want: "proxy-url is not served"},
		"an exec plugin":          {text: change(`"token":"t"`, `"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"/bin/sh"}`), want: "exec plugin"},
		"an auth provider":        {text: change(`"token":"t"`, `"auth-provider":{"name":"gcp"}`), want: "auth-provider"},
		"a token file":            {text: change(`"token":"t"`, `"tokenFile":"/etc/shadow"`), want: "names of files"},
		"a key file":              {text: change(`"token":"t"`, `"client-key":"/etc/shadow"`), want: "names of files"},
		"a pair that is none":     {text: change(`"token":"t"`, `"client-certificate-data":"eA==","client-key-data":"eA=="`), want: "are not a pair"},
		"impersonation":           {text: change(`"token":"t"`, `"token":"t","as":"root"`), want: "as, as-groups"},
		"nobody":                  {text: change(`"token":"t"`, `"token":""`), want: "no token and no client certificate"},
		"a token with a line end": {text: change(`"token":"t"`, `"token":"a\r\nX: y"`), want: "no header can carry"},
		"twice about TLS":         {text: change(`"server"`, `"insecure-skip-tls-verify":true,"certificate-authority-data":"eA==","server"`), want: "exclude each other"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.want != "" && c.kind == 0 {
				c.kind = hearth.Invalid
			}
			_, err := readKubeconfig(c.text, c.context)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || hearth.KindOf(err) != c.kind):
				t.Errorf("%v (kind %d), want kind %d and %q", err, hearth.KindOf(err), c.kind, c.want)
			}
		})
	}
}

// Whatever an API server does, the answer is bounded, typed, and says what to do.
func TestAPIServersThatMisbehave(t *testing.T) {
	answer := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { status(w, code, text) }
	}
	cases := map[string]struct {
		instead   http.HandlerFunc
		kind      hearth.Kind
		typ, want string
	}{
		"credentials expired": {answer(401, "Unauthorized"), hearth.Invalid, CredentialsType, "hearth cluster update kitchen"},
		"forbids":             {answer(403, `User "x" cannot get path "/version"`), hearth.Invalid, ForbiddenType, `cannot get path "/version"`},
		"is broken":           {answer(500, "etcd is away"), hearth.Unavailable, UnreachableType, "answers 500: etcd is away"},
		"tells the token":     {answer(500, "you sent secret-token"), hearth.Unavailable, UnreachableType, "you sent …"},
		"is no API server": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, hearth.Unavailable, UnreachableType,
			"is not what Kubernetes answers"},
		"never ends": {func(w http.ResponseWriter, _ *http.Request) {
			for range maxAnswer / (64 << 10) * 2 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, hearth.Unavailable, UnreachableType, "is longer than 4194304 bytes"},
		"redirects away": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		}, hearth.Unavailable, UnreachableType, "answers 302"},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, hearth.Unavailable, UnreachableType, "cannot be reached"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b, a := newBed(t, nil), newAPIServer(t, "secret-token")
			arn := b.register(t, a, "kitchen")
			a.set(func() { a.instead = c.instead })
			w, err := b.wire(t.Context(), arn, Identity{})
			if err != nil {
				t.Fatal(err)
			}
			_, _, _, err = w.version(t.Context())
			e, ok := errors.AsType[*hearth.Error](err)
			if !ok || e.Kind != c.kind || e.Type != c.typ || !strings.Contains(e.Msg, c.want) || strings.Contains(e.Msg, "secret-token") {
				t.Errorf("%+v, want kind %d, type %s, %q", err, c.kind, c.typ, c.want)
			}
			p, err := b.Check(as(t, alice), "kitchen")
			if err != nil || p.Trouble == "" || p.Healthy() {
				t.Errorf("the check says %+v, %v", p, err)
			}
			if n := len(a.requests()); n > 12 {
				t.Errorf("%d requests were made", n)
			}
		})
	}
}

// A new kubeconfig counts for whoever has a configuration already: another token,
// another certificate, another address. A cluster that is gone is reached no more.
func TestCredentialsAreSwapped(t *testing.T) {
	b, before, after := newBed(t, nil), newAPIServer(t, "one"), newAPIServer(t, "two")
	arn := b.register(t, before, "kitchen")
	config, err := b.CollectorBeing(t.Context(), arn, Identity{})
	if err != nil {
		t.Fatal(err)
	}
	if config.BearerToken != "" || config.Password != "" || len(config.KeyData) > 0 {
		t.Errorf("the configuration has credentials")
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	get := func() int {
		res, err := client.Get(config.Host + "/version")
		if err != nil {
			t.Log(err)
			return 0
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if code := get(); code != http.StatusOK {
		t.Fatalf("before: %d", code)
	}
	before.set(func() { before.token = "renewed" })
	if code := get(); code != http.StatusUnauthorized {
		t.Errorf("with the old token: %d", code)
	}
	if _, err := b.Update(as(t, alice), "kitchen", Update{Kubeconfig: before.kubeconfig("wrong")}); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("a kubeconfig that is refused was taken: %v", err)
	}
	for _, a := range []*apiServer{before, after} {
		if _, err := b.Update(as(t, alice), "kitchen", Update{Kubeconfig: a.kubeconfig(a.token)}); err != nil {
			t.Fatal(err)
		}
		if code := get(); code != http.StatusOK {
			t.Errorf("after the update: %d", code)
		}
		if last := a.requests(); last[len(last)-1].auth != "Bearer "+a.token || last[len(last)-1].user != CollectorUser {
			t.Errorf("the server saw %+v", last[len(last)-1])
		}
	}
	if _, err := b.Deregister(as(t, alice), "kitchen"); err != nil {
		t.Fatal(err)
	}
	n := len(after.requests())
	if code := get(); code != 0 || len(after.requests()) != n {
		t.Errorf("a cluster that is gone was reached: %d", code)
	}
	if _, err := b.CollectorBeing(t.Context(), arn, Identity{}); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("Collector: %v", err)
	}
}

// Credentials go to the API server alone: not to where it redirects, and what the
// user of a configuration claims to be does not count.
func TestCredentialsStay(t *testing.T) {
	b, a := newBed(t, nil), newAPIServer(t, "one")
	var got []string
	thief := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.Header.Get("Authorization")) }))
	defer thief.Close()
	config, err := b.CollectorBeing(t.Context(), b.register(t, a, "kitchen"), Identity{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	a.set(func() {
		a.redirects = map[string]string{"/api/v1/pods": thief.URL}
	})
	if res, err := client.Get(config.Host + "/api/v1/pods"); err == nil || !strings.Contains(err.Error(), "is not the API server of cluster kitchen") {
		t.Errorf("%v, %v", res, err)
		_ = res.Body.Close()
	}
	if len(got) != 0 {
		t.Errorf("the other server saw %q", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, config.Host+"/version", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Impersonate-User", "system:admin")
	req.Header.Set("Impersonate-Uid", "0")
	req.Header.Set("Authorization", "Bearer mine")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if last := a.requests(); last[len(last)-1].user != CollectorUser || last[len(last)-1].auth != "Bearer one" {
		t.Errorf("the server saw %+v", last[len(last)-1])
	}
}

func TestGaps(t *testing.T) {
	b, a := newBed(t, nil), newAPIServer(t, "one")
	arn := b.register(t, a, "kitchen")
	gaps, err := b.GapsOf(t.Context(), arn, Identity{}, CollectorRules())
	if err != nil {
		t.Fatal(err)
	}
	want := []rbacv1.PolicyRule{ // all of them, in the same order, groups apart
		CollectorRules()[0],
		{APIGroups: []string{"extensions"}, Resources: []string{"ingresses/status", "ingresses"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingresses/status", "ingresses"}, Verbs: []string{"get", "list", "watch"}},
		CollectorRules()[2],
	}
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Errorf("without any rights (-want +got):\n%s", diff)
	}
	a.set(func() {
		for _, r := range reviewsOf(CollectorRules()) {
			a.allowed[r.verb+" "+r.url+strings.TrimSuffix(r.group+"/"+r.resource, "/")] = true
		}
		delete(a.allowed, "watch /pods")
		delete(a.allowed, "get /metrics")
	})
	gaps, err = b.GapsOf(t.Context(), arn, Identity{}, CollectorRules())
	if err != nil {
		t.Fatal(err)
	}
	want = []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"watch"}}, {NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, s := range a.requests() {
		if s.path == reviewPath && s.user != CollectorUser {
			t.Errorf("asked as %q", s.user)
		}
	}
	many := rbacv1.PolicyRule{APIGroups: make([]string, 100), Resources: make([]string, 100), Verbs: []string{"get"}}
	if _, err := b.GapsOf(t.Context(), arn, Identity{}, []rbacv1.PolicyRule{many}); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("10000 questions: %v", err)
	}
	a.set(func() {
		a.instead = func(w http.ResponseWriter, _ *http.Request) {
			status(w, 403, `users "aps-collector-user" is forbidden`)
		}
	})
	if _, err := b.GapsOf(t.Context(), arn, Identity{}, CollectorRules()); err == nil || errType(err) != ImpersonationType {
		t.Errorf("without impersonation: %v", err)
	}
}

func errType(err error) string {
	if e, ok := errors.AsType[*hearth.Error](err); ok {
		return e.Type
	}
	return ""
}

const role = "arn:aws:iam::111111111111:role/aws-service-role/scraper.aps.amazonaws.com/AWSServiceRoleForAmazonPrometheusScraper_1"

// Who a scraper is: its access entry, else its line in aws-auth, else the
// collector's user.
func TestIdentity(t *testing.T) {
	b, a := newBed(t, nil), newAPIServer(t, "one")
	arn := b.register(t, a, "kitchen")
	scraper, err := hearth.ParseARN(role)
	if err != nil {
		t.Fatal(err)
	}
	is := func(why string, want Identity) {
		t.Helper()
		b.now = b.now.Add(awsAuthFresh)
		got, err := b.IdentityOf(t.Context(), arn, scraper)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", why, err, diff)
		}
	}
	is("without aws-auth", Identity{User: CollectorUser})
	mapped := func(text string) {
		data, err := json.Marshal(map[string]any{"data": map[string]string{"mapRoles": text}})
		if err != nil {
			t.Fatal(err)
		}
		a.set(func() { a.objects[awsAuthPath] = string(data) })
	}
	mapped("- rolearn: arn:aws:iam::111111111111:role/other\n  username: other\n")
	is("another's mapping", Identity{User: CollectorUser})
	mapped("- rolearn: arn:aws:iam::222222222222:role/AWSServiceRoleForAmazonPrometheusScraper_1\n  username: other\n")
	is("another account's role of the name", Identity{User: CollectorUser})
	mapped("- rolearn: arn:aws:iam::111111111111:role/AWSServiceRoleForAmazonPrometheusScraper_1\n  username: c:{{AccountID}}:{{SessionName}}\n  groups: [g, h]\n")
	is("mapped, without the path", Identity{User: "c:111111111111:aps-scraper", Groups: []string{"g", "h"}})
	mapped("- rolearn: " + role + "\n  username: aps-collector-user\n")
	is("mapped, with the path", Identity{User: "aps-collector-user"})
	mapped("no list: [")
	b.now = b.now.Add(awsAuthFresh)
	if _, err := b.IdentityOf(t.Context(), arn, scraper); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("an aws-auth that cannot be read: %v", err)
	}
	if _, err := b.CreateEntry(as(t, alice), "kitchen", EntryInput{Principal: role, Groups: []string{"g"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := b.IdentityOf(t.Context(), arn, hearth.ARN{}); err != nil || got.User != CollectorUser || got.Groups != nil {
		t.Errorf("one that is still to be made is %+v, %v", got, err)
	}
	is("an access entry wins", Identity{User: "arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForAmazonPrometheusScraper_1/aps-scraper", Groups: []string{"g"}})
	who, err := b.IdentityOf(t.Context(), arn, scraper)
	if err != nil {
		t.Fatal(err)
	}
	config, err := b.CollectorBeing(t.Context(), arn, who)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Get(config.Host + "/version")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if last := a.requests(); !slices.Equal(last[len(last)-1].groups, []string{"g"}) {
		t.Errorf("the server saw %+v", last[len(last)-1])
	}
}

// A check is about who the cluster's scrapers are: one that lacks something is told
// of, and its remedy is for just that user.
func TestCheckIsAboutScrapers(t *testing.T) {
	scrapers := &collecting{}
	b, a := newBed(t, func(o *Options) { o.Scrapers = scrapers }), newAPIServer(t, "one")
	b.register(t, a, "kitchen")
	a.set(func() {
		for _, r := range reviewsOf(CollectorRules()) {
			a.allowed[r.verb+" "+r.url+strings.TrimSuffix(r.group+"/"+r.resource, "/")] = true
		}
		a.powerless = "picker"
	})
	scraper, err := hearth.ParseARN(role)
	if err != nil {
		t.Fatal(err)
	}
	check := func() *Report {
		t.Helper()
		p, err := b.Check(as(t, alice), "kitchen")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if _, err := b.CreateEntry(as(t, alice), "kitchen", EntryInput{Principal: role, Username: "picker", Groups: []string{"g"}}); err != nil {
		t.Fatal(err)
	}
	if p := check(); !p.Healthy() || p.Who.User != CollectorUser {
		t.Errorf("without a scraper that has the role: %+v", p)
	}
	scrapers.roles = []hearth.ARN{{}, scraper}
	p := check()
	if p.Healthy() || p.Who.User != "picker" || !slices.Equal(p.Who.Groups, []string{"g"}) {
		t.Errorf("with one: %+v", p)
	}
	if y, err := p.Remedy(); err != nil || !strings.Contains(y, "name: picker\n") || strings.Contains(y, "name: "+collectorBinding+"\n") {
		t.Errorf("%v: %s", err, y)
	}
}

// collecting are scrapers with these roles.
type collecting struct{ roles []hearth.ARN }

func (c *collecting) ScrapersOf(context.Context, hearth.ARN) ([]string, error) { return nil, nil }

func (c *collecting) RolesOf(context.Context, hearth.ARN) ([]hearth.ARN, error) { return c.roles, nil }

// A pinned issuer's keys follow the cluster; another issuer is not believed by
// itself.
func TestPinnedIssuer(t *testing.T) {
	b, a := newBed(t, nil), newAPIServer(t, "one")
	if _, err := b.Register(as(t, alice), Registration{Name: "kitchen", Kubeconfig: a.kubeconfig("one"), PinIssuer: true}); err != nil {
		t.Fatal(err)
	}
	want := `111111111111 https://issuer.example.org arn:aws:eks:us-west-2:111111111111:cluster/kitchen [sts.amazonaws.com] {"keys":[]}`
	if !slices.Equal(b.pins, []string{want}) {
		t.Errorf("pinned %q", b.pins)
	}
	a.set(func() { a.issuer = "https://accounts.example.com" })
	b.pins = nil
	p, err := b.Check(as(t, alice), "kitchen")
	if err != nil || !strings.Contains(p.NoIssuer, "is now https://accounts.example.com") || !slices.Equal(b.pins, []string{want}) {
		t.Errorf("%+v, %v, pinned %q", p, err, b.pins)
	}
	if c, err := b.Update(as(t, alice), "kitchen", Update{PinIssuer: true}); err != nil || c.Issuer != "https://accounts.example.com" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestClockSkew(t *testing.T) {
	b, a := newBed(t, nil), newAPIServer(t, "one")
	b.register(t, a, "kitchen")
	b.now = time.Now().Add(-time.Hour)
	if p, err := b.Check(as(t, alice), "kitchen"); err != nil || p.Skew < 59*time.Minute || p.Skew > 61*time.Minute {
		t.Errorf("%+v, %v", p, err)
	}
}

// Clusters and entries belong to one account and region, whoever knows their names.
func TestAccountsAreApart(t *testing.T) {
	b, a := newBed(t, nil), newAPIServer(t, "one")
	arn := b.register(t, a, "kitchen")
	if _, err := b.CreateEntry(as(t, alice), "kitchen", EntryInput{Principal: role}); err != nil {
		t.Fatal(err)
	}
	ctx := as(t, bob)
	for name, err := range map[string]error{
		"Check": second(b.Check(ctx, "kitchen")), "Update": second(b.Update(ctx, "kitchen", Update{Issuer: "https://x.example.org"})), "Deregister": second(b.Deregister(ctx, "kitchen")),
		"Entry": second(b.Entry(ctx, "kitchen", role)), "DeleteEntry": b.DeleteEntry(ctx, "kitchen", role), "CreateEntry": second(b.CreateEntry(ctx, "kitchen", EntryInput{Principal: role})),
	} {
		if hearth.KindOf(err) != hearth.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, _, err := b.List(ctx, Paging{}); err != nil || len(all) != 0 {
		t.Errorf("List: %v, %v", all, err)
	}
	for _, text := range []string{"arn:aws:eks:us-west-2:111111111111:cluster/", "arn:aws:eks:us-west-2:111111111111:cluster/a/b", "arn:aws:aps:us-west-2:111111111111:cluster/kitchen", "arn:aws:eks:eu-west-1:111111111111:cluster/kitchen"} {
		other, err := hearth.ParseARN(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.CollectorBeing(t.Context(), other, Identity{}); hearth.KindOf(err) != hearth.NotFound {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := b.CollectorBeing(t.Context(), arn, Identity{}); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

// The pages of a list have all clusters, each once.
func TestPages(t *testing.T) {
	b := newBed(t, func(o *Options) { o.Profile = hearth.AWSStrict })
	ctx := as(t, alice)
	for i := range maxClustersStrict {
		if _, err := b.Register(ctx, Registration{Name: fmt.Sprintf("c%02d", i), RoleARN: "arn:aws:iam::111111111111:role/r", Provider: "OTHER"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Register(ctx, Registration{Name: "more"}); hearth.KindOf(err) != hearth.Quota {
		t.Errorf("one too many: %v", err)
	}
	var names []string
	three := 3
	for token := ""; ; {
		all, next, err := b.List(ctx, Paging{Max: &three, Token: token})
		if err != nil || len(all) > three {
			t.Fatal(len(all), err)
		}
		for _, c := range all {
			names = append(names, c.Name)
		}
		if token = next; token == "" {
			break
		}
	}
	if len(slices.Compact(names)) != maxClustersStrict || !slices.IsSorted(names) {
		t.Errorf("%q", names)
	}
}

// FuzzKubeconfig: whatever it is, it is taken or refused, and taking runs and
// opens nothing.
func FuzzKubeconfig(f *testing.F) {
	f.Add(kubeconfig("https://127.0.0.1:1", "", "t"), "")
	f.Add("a: &a [*a]", "c")
	f.Add("apiVersion: v1\nkind: Config\nusers: [{name: u, user: {exec: {command: sh}}}]", "")
	f.Fuzz(func(t *testing.T, text, context string) {
		a, err := readKubeconfig(text, context)
		if err != nil && hearth.KindOf(err) == hearth.Internal {
			t.Errorf("%v is of no kind", err)
		}
		if err == nil && !strings.HasPrefix(strings.ToLower(a.Server), "https://") {
			t.Errorf("took %q", a.Server)
		}
	})
}

// FuzzAWSAuth: aws-auth comes from a cluster that may be anybody's.
func FuzzAWSAuth(f *testing.F) {
	f.Add("- rolearn: arn:aws:iam::1:role/r\n  username: u\n  groups: [g]\n")
	f.Add("[[[[")
	f.Fuzz(func(t *testing.T, text string) {
		if all, err := mappingsIn(map[string]string{"mapRoles": text}); err != nil && hearth.KindOf(err) != hearth.Invalid || len(all) > maxMappings {
			t.Errorf("%d mappings, %v", len(all), err)
		}
	})
}

// An API server that takes a question and never answers, or never ends its
// answer, holds nobody up for longer than the room's patience.
func TestAPIServersThatHang(t *testing.T) {
	for name, instead := range map[string]http.HandlerFunc{
		"before the answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"in the middle of the answer": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"major":`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPIServer(t, "one")
			b := newBed(t, nil)
			b.register(t, a, "kitchen")
			hasty := b.opts
			hasty.Patience = 500 * time.Millisecond
			b.Room = New(hasty)
			a.set(func() { a.instead = instead })
			began := time.Now()
			_, err := b.Register(as(t, alice), Registration{Name: "hall", Kubeconfig: a.kubeconfig("one")})
			if hearth.KindOf(err) != hearth.Invalid || !strings.Contains(err.Error(), "it does not answer in time") {
				t.Errorf("Register: %v", err)
			}
			if _, err := b.Cluster(as(t, alice), ARN(hearth.CallerFrom(as(t, alice)), "hall")); hearth.KindOf(err) != hearth.NotFound {
				t.Errorf("half registered: %v", err)
			}
			p, err := b.Check(as(t, alice), "kitchen")
			if err != nil || p.Healthy() || !strings.Contains(fmt.Sprintf("%+v", *p), "it does not answer in time") {
				t.Errorf("Check: %+v, %v", p, err)
			}
			if took := time.Since(began); took > askPatience {
				t.Errorf("that took %s", took)
			}
		})
	}
}

func TestCreateEntryTwice(t *testing.T) {
	b, a := newBed(t, nil), newAPIServer(t, "one")
	b.register(t, a, "kitchen")
	in := EntryInput{Principal: role, Groups: []string{"g"}, Token: "t1"}
	first, err := b.CreateEntry(as(t, alice), "kitchen", in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.CreateEntry(as(t, alice), "kitchen", in)
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("the same once more: %v (-first +again):\n%s", err, diff)
	}
	other := in
	other.Groups = []string{"h"}
	if _, err := b.CreateEntry(as(t, alice), "kitchen", other); hearth.KindOf(err) != hearth.Conflict || !strings.Contains(err.Error(), "was used before") {
		t.Errorf("the token for another: %v", err)
	}
	other = in
	other.Token = "t2"
	if _, err := b.CreateEntry(as(t, alice), "kitchen", other); hearth.KindOf(err) != hearth.Conflict || !strings.Contains(err.Error(), "already in use") {
		t.Errorf("another token: %v", err)
	}
	if e, err := b.Entry(as(t, alice), "kitchen", role); err != nil || e.ID != first.ID {
		t.Errorf("%+v, %v", e, err)
	}
}
