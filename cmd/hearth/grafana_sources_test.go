package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

// A board is a Grafana workspace of a running Hearth, and a token of its Admin.
type board struct {
	*running
	t     *testing.T
	id    string
	token string
}

// boardOf makes a Grafana workspace with customer-managed permissions: it has no
// role, and so reaches no workspace of this Hearth by itself.
func boardOf(t *testing.T, r *running) *board {
	t.Helper()
	b := &board{running: r, t: t}
	var made struct{ Workspace struct{ ID string } }
	b.signed("POST", "/workspaces", `{"accountAccessType":"CURRENT_ACCOUNT","permissionType":"CUSTOMER_MANAGED","authenticationProviders":["SAML"]}`, &made)
	b.id = made.Workspace.ID
	var account struct{ ID string }
	b.signed("POST", "/workspaces/"+b.id+"/serviceaccounts", `{"name":"sa","grafanaRole":"ADMIN"}`, &account)
	var token struct{ ServiceAccountToken struct{ Key string } }
	b.signed("POST", "/workspaces/"+b.id+"/serviceaccounts/"+account.ID+"/tokens", `{"name":"t","secondsToLive":600}`, &token)
	b.token = token.ServiceAccountToken.Key
	return b
}

func (b *board) signed(method, path, body string, into any) {
	b.t.Helper()
	code, _, answer := b.call(b.t.Context(), method, path, "grafana", http.Header{"Content-Type": {"application/json"}}, []byte(body))
	if err := json.Unmarshal(answer, into); code/100 != 2 || err != nil {
		b.t.Fatalf("%s %s: %d %s", method, path, code, answer)
	}
}

// api asks Grafana's HTTP API as the Admin; the path stays as it is written.
func (b *board) api(method, path, body string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.URL+"/grafana/"+b.id+"/api", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	at, query, _ := strings.Cut("/grafana/"+b.id+"/api"+path, "?")
	req.URL.Opaque, req.URL.RawQuery = "//"+req.URL.Host+at, query
	req.Header.Set("Authorization", "Bearer "+b.token)
	req.Header.Set("Cookie", "theirs=1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// source makes or replaces the data source with a uid.
func (b *board) source(uid, kind, at string, more map[string]any) {
	b.t.Helper()
	s := map[string]any{"uid": uid, "name": uid, "type": kind, "access": "proxy", "url": at}
	for k, v := range more {
		s[k] = v
	}
	text, err := json.Marshal(s)
	if err != nil {
		b.t.Fatal(err)
	}
	code, body := b.api("POST", "/datasources", string(text))
	if code == http.StatusConflict {
		code, body = b.api("PUT", "/datasources/uid/"+uid, string(text))
	}
	if code != http.StatusOK {
		b.t.Fatalf("data source %s: %d %s", text, code, body)
	}
	if strings.Contains(body, hidden) {
		b.t.Errorf("the answer tells the secret: %s", body)
	}
}

// hidden is part of every secret that the tests give.
const hidden = "Tops3cret"

// Asked is a server that remembers what it was asked, and answers as a Prometheus does.
type asked struct {
	mu   sync.Mutex
	last *http.Request
	n    int
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last, a.n = r, a.n+1
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Set-Cookie", "tracked=1")
	_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`)
}

// since returns the last request, and how many there were.
func (a *asked) since() (*http.Request, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last, a.n
}

// A data source by URL proves itself in the way it was told to, and only so: by a
// password, a bearer token, headers, or SigV4 to another Hearth. Nothing that the
// caller sent as a proof goes along, no secret is told again, and none lies on the
// disk as it was given.
func TestDataSourceProofs(t *testing.T) {
	far := &asked{}
	server := httptest.NewServer(far)
	defer server.Close()
	r := startHearth(t, "--egress.allow-loopback")
	b := boardOf(t, r)
	basic := base64.StdEncoding.EncodeToString([]byte("anna:" + hidden + "-basic"))
	for _, c := range []struct {
		name, header, want string
		more               map[string]any
	}{
		{"nothing", "Authorization", "", nil},
		{"basic", "Authorization", "Basic " + basic, map[string]any{"basicAuth": true, "basicAuthUser": "anna", "secureJsonData": map[string]string{"basicAuthPassword": hidden + "-basic"}}},
		{"bearer", "Authorization", "Bearer " + hidden + "-bearer", map[string]any{"jsonData": map[string]any{"httpHeaderName1": "Authorization"}, "secureJsonData": map[string]string{"httpHeaderValue1": "Bearer " + hidden + "-bearer"}}},
		{"header", "X-Scope-Orgid", hidden + "-org", map[string]any{"jsonData": map[string]any{"httpHeaderName1": "X-Scope-OrgID"}, "secureJsonData": map[string]string{"httpHeaderValue1": hidden + "-org"}}},
		{"sigv4", "Authorization", "AWS4-HMAC-SHA256 Credential=AKIDFAR/", map[string]any{"jsonData": map[string]any{"sigV4Auth": true, "sigV4AuthType": "keys", "sigV4Region": "eu-west-1"},
			"secureJsonData": map[string]string{"sigV4AccessKey": "AKIDFAR", "sigV4SecretKey": hidden + "-sigv4"}}},
	} {
		b.source(c.name, "prometheus", server.URL+"/base/", c.more)
		for _, way := range [][3]string{
			{"GET", "/datasources/uid/" + c.name + "/health", ""}, {"GET", "/datasources/proxy/uid/" + c.name + "/api/v1/query?query=1", ""},
			{"GET", "/datasources/uid/" + c.name + "/resources/api/v1/labels", ""},
			{"POST", "/ds/query", `{"from":"now-1m","to":"now","queries":[{"refId":"A","datasource":{"uid":"` + c.name + `"},"expr":"1","instant":true}]}`},
		} {
			_, before := far.since()
			code, body := b.api(way[0], way[1], way[2])
			last, after := far.since()
			if code != http.StatusOK || after != before+1 {
				t.Errorf("%s, %s: %d %s, asked %d times", c.name, way[1], code, body, after-before)
				continue
			}
			if got := last.Header.Get(c.header); c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
				t.Errorf("%s, %s: %s is %q, want %q", c.name, way[1], c.header, got, c.want)
			}
			if !strings.HasPrefix(last.URL.Path, "/base/api/v1/") || last.Header.Get("Cookie") != "" {
				t.Errorf("%s: asked for %s with cookie %q", c.name, last.URL, last.Header.Get("Cookie"))
			}
		}
	}
	b.toldOnce()
	b.atRest()
}

// toldOnce looks for secrets in all that tells of data sources and contact points.
func (b *board) toldOnce() {
	b.t.Helper()
	code, body := b.api("POST", "/v1/provisioning/contact-points", `{"name":"ops","type":"slack","settings":{"url":"https://hooks.slack.com/`+hidden+`"}}`)
	if code/100 != 2 || strings.Contains(body, hidden) {
		b.t.Errorf("contact point: %d %s", code, body)
	}
	paths := []string{"/datasources", "/frontend/settings", "/v1/provisioning/contact-points", "/datasources/discover", "/alert-notifications"}
	for _, name := range []string{"basic", "bearer", "header", "sigv4"} {
		paths = append(paths, "/datasources/uid/"+name, "/datasources/name/"+name)
	}
	for _, path := range paths {
		if code, body := b.api("GET", path, ""); strings.Contains(body, hidden) || code >= 500 {
			b.t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

// atRest reads every file of the storage for secrets and tokens, while the program
// runs and after it ended.
func (b *board) atRest() {
	b.t.Helper()
	for _, end := range []bool{false, true} {
		if end {
			b.end(b.t, syscall.SIGTERM)
		}
		n := 0
		err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
			var text []byte
			if err == nil && d.Type().IsRegular() {
				text, err = os.ReadFile(path)
			}
			if !end && errors.Is(err, fs.ErrNotExist) {
				return nil // the program that runs has taken the file away
			}
			if err != nil {
				return err
			}
			n += len(text)
			for _, secret := range []string{hidden, b.token} {
				if bytes.Contains(text, []byte(secret)) || bytes.Contains(text, []byte(base64.StdEncoding.EncodeToString([]byte(secret))[:8])) {
					b.t.Errorf("%s has %q in it", path, secret)
				}
			}
			return nil
		})
		if err != nil || n < 1000 {
			b.t.Errorf("%d bytes read, %v", n, err)
		}
	}
}

// Another Hearth's workspace is a data source by its URL and keys of it.
func TestDataSourceOfAnotherHearth(t *testing.T) {
	near, far := startHearth(t, "--egress.allow-loopback"), startHearth(t)
	ws := far.create(t, "far")
	if code, answer := far.write(t.Context(), ws, []prompb.TimeSeries{one(time.Now().UnixMilli(), 42, "__name__", "answer")}); code/100 != 2 {
		t.Fatalf("write: %d %s", code, answer)
	}
	b := boardOf(t, near)
	for _, c := range []struct{ secret, region, want string }{
		{"test", "us-east-1", `"42"`}, {"wrong", "us-east-1", "signature"}, {"test", "eu-west-1", "region"}, {"test", "", "sigV4Region"},
	} {
		b.source("far", "prometheus", far.URL+"/workspaces/"+ws, map[string]any{
			"jsonData":       map[string]any{"sigV4Auth": true, "sigV4AuthType": "keys", "sigV4Region": c.region, "httpMethod": "POST"},
			"secureJsonData": map[string]string{"sigV4AccessKey": "test", "sigV4SecretKey": c.secret},
		})
		code, body := b.api("GET", "/datasources/proxy/uid/far/api/v1/query?query=answer", "")
		if !strings.Contains(body, c.want) {
			t.Errorf("secret %s, region %q: %d %s, want %s", c.secret, c.region, code, body, c.want)
		}
		code, body = b.api("GET", "/datasources/uid/far/health", "")
		good := strings.Contains(body, `"status":"OK"`) && strings.Contains(body, "Successfully queried the Prometheus API.")
		if good != (c.want == `"42"`) || !good && (code != http.StatusBadRequest || !strings.Contains(body, `"status":"ERROR"`) || !strings.Contains(body, c.want)) {
			t.Errorf("Save & test with secret %s, region %q: %d %s", c.secret, c.region, code, body)
		}
	}
	// Without keys it would be the Grafana workspace's role, which a foreign URL never gets.
	b.source("none", "prometheus", far.URL+"/workspaces/"+ws, map[string]any{"jsonData": map[string]any{"sigV4Auth": true, "sigV4AuthType": "default", "sigV4Region": "us-east-1"}})
	if code, body := b.api("GET", "/datasources/uid/none/health", ""); code != http.StatusBadRequest || !strings.Contains(body, "of no workspace of this Hearth") {
		t.Errorf("without keys: %d %s", code, body)
	}
}

// What the guard forbids is forbidden to data sources, however they are asked, and
// wherever a redirect leads; what would climb out of the data source's address is
// refused before anything is asked.
func TestDataSourceEgress(t *testing.T) {
	far := &asked{}
	server := httptest.NewServer(far)
	defer server.Close()
	leads := httptest.NewServer(http.RedirectHandler(server.URL+"/api/v1/query", http.StatusTemporaryRedirect))
	defer leads.Close()
	r := startHearth(t, "--egress.allow-loopback")
	b := boardOf(t, r)
	ask := func(uid, kind, at, want string) {
		t.Helper()
		b.source(uid, kind, at, nil)
		for _, path := range []string{"/datasources/proxy/uid/" + uid + "/api/v1/query?query=1", "/datasources/uid/" + uid + "/resources/api/v1/labels", "/datasources/uid/" + uid + "/health"} {
			if kind != "prometheus" && strings.HasSuffix(path, "health") {
				continue
			}
			code, body := b.api("GET", path, "")
			if code < 400 || !strings.Contains(body, want) {
				t.Errorf("%s of %s: %d %s, want %q", path, at, code, body, want)
			}
		}
		code, body := b.api("POST", "/ds/query", `{"from":"now-1m","to":"now","queries":[{"refId":"A","datasource":{"uid":"`+uid+`"},"expr":"1"}]}`)
		if code < 400 || !strings.Contains(body, `"error":`) {
			t.Errorf("query of %s: %d %s, want an error", at, code, body)
		}
	}
	for i, at := range []string{"http://169.254.169.254/latest/meta-data", "http://[::ffff:169.254.169.254]/", "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://0.0.0.0:9090", "http://100.100.100.200/"} {
		ask(fmt.Sprint("never-", i), []string{"prometheus", "loki"}[i%2], at, "never made")
	}
	ask("leads", "prometheus", leads.URL, "redirect, which is not followed")
	b.source("far", "prometheus", server.URL+"/tenant", nil)
	b.source("other", "loki", server.URL+"/tenant", nil)
	for _, rest := range []string{"../admin", "..%2fadmin", "%2e%2e/admin", "api/v1/..%5cadmin", "api%2fv1%2fquery", "a%252fb", "./x", "api/v1/query/../../../admin", "a%00b", `a\b`} {
		for _, uid := range []string{"far", "other"} {
			for _, way := range []string{"/datasources/proxy/uid/" + uid + "/", "/datasources/uid/" + uid + "/resources/"} {
				if code, body := b.api("GET", way+rest, ""); code < 400 || code >= 500 {
					t.Errorf("%s%s: %d %s, want 4xx", way, rest, code, body)
				}
			}
		}
	}
	for _, path := range []string{"/datasources/proxy/uid/far/api/v1/admin/tsdb/delete_series", "/datasources/proxy/uid/far/api/v1/write", "/datasources/proxy/uid/far/metrics"} {
		if code, body := b.api("POST", path, ""); code != http.StatusForbidden {
			t.Errorf("POST %s: %d %s, want 403", path, code, body)
		}
	}
	if _, n := far.since(); n != 0 {
		t.Errorf("the server behind was asked %d times", n)
	}
	for at, want := range map[string]string{"file:///etc/passwd": "url", "gopher://a.example.org": "url", "http://anna:pw@a.example.org": "basicAuthPassword", "http://a.example.org/a/../b": ".."} {
		code, body := b.api("POST", "/datasources", `{"name":"n","type":"prometheus","url":"`+at+`"}`)
		if code != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("data source of %s: %d %s", at, code, body)
		}
	}
}

// Loopback is not for data sources unless the configuration says so.
func TestDataSourceOfThisMachine(t *testing.T) {
	r := startHearth(t)
	b := boardOf(t, r)
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	for i, host := range []string{"127.0.0.1", "localhost", "[::1]", "127.1.2.3"} {
		uid := fmt.Sprint("l-", i)
		b.source(uid, "prometheus", "http://"+host+":"+u.Port(), nil)
		if code, body := b.api("GET", "/datasources/proxy/uid/"+uid+"/api/v1/query?query=1", ""); code < 500 || !strings.Contains(body, "allow-loopback") {
			t.Errorf("%s: %d %s, want a refusal", host, code, body)
		}
	}
}
