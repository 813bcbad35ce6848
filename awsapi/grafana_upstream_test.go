package awsapi

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/dashboard"
)

// A stub stands where the operator's own Grafana stands: it lets in whoever brings a
// proof that the published keys check, and says whom it takes them for.
type stub struct {
	t    *testing.T
	keys func() string // the key set, as it is fetched
	seen http.Header
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.seen = r.Header.Clone()
	var set jose.JSONWebKeySet
	token, err := jwt.ParseSigned(r.Header.Get("X-JWT-Assertion"), []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err == nil {
		err = decodeInto(s.keys(), &set)
	}
	var who struct {
		jwt.Claims
		Login string `json:"login"`
		Role  string `json:"role"`
	}
	if err == nil {
		err = token.Claims(set, &who)
	}
	if err == nil {
		err = who.ValidateWithLeeway(jwt.Expected{Issuer: "http://hearth.example", Time: time.Now()}, 0)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	if r.Header.Get("Upgrade") == "websocket" {
		s.echo(w)
		return
	}
	body, _ := io.ReadAll(r.Body)
	http.SetCookie(w, &http.Cookie{Name: "grafana_session_expiry", Value: "1"})
	http.SetCookie(w, &http.Cookie{Name: "hearth-g-0000000000", Value: "planted"})
	fmt.Fprintf(w, "%s %s as %s, %s: %s", r.Method, r.URL.RequestURI(), who.Login, who.Role, body)
}

// echo answers lines of an upgraded connection.
func (s *stub) echo(w http.ResponseWriter) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.t.Error(err)
		return
	}
	defer conn.Close()
	fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_ = rw.Flush()
	line, _ := rw.ReadString('\n')
	fmt.Fprint(rw, "echo "+line)
	_ = rw.Flush()
}

// A Grafana workspace is handed on to the operator's own Grafana, which learns who
// asks by a signed proof and by nothing else.
func TestGrafanaUpstream(t *testing.T) {
	s := &stub{t: t}
	grafana := httptest.NewServer(s)
	t.Cleanup(grafana.Close)
	to, _ := url.Parse(grafana.URL)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	up, err := dashboard.NewUpstream(dashboard.UpstreamOptions{URL: to, Workspace: "up", Key: key, Issuer: "http://hearth.example",
		Owner: func(w hearth.GrafanaWorkspace) bool { return w.Account == alice.account }, Transport: http.DefaultTransport})
	if err != nil {
		t.Fatal(err)
	}
	d := openDoor(t, func(o *Options) { o.Upstream = up })
	c := castOf(d, "up")
	site := "/grafana/" + string(c.w.ID)
	s.keys = func() string {
		_, text := d.say(ask{method: "GET", url: site + "/.well-known/jwks.json"})
		return text
	}
	front := httptest.NewServer(d)
	t.Cleanup(front.Close)
	send := func(token, method, path, body string, header ...string) (*http.Response, string) {
		t.Helper()
		d.failures.sources = nil
		req, err := http.NewRequestWithContext(t.Context(), method, front.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Add(header[i], header[i+1])
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return res, string(text)
	}
	for i, role := range []string{"Viewer", "Editor", "Admin"} {
		res, text := send(c.tokens[i], "POST", site+"/api/ds/query?a=b%20c", `{"q":1}`, "Cookie", "hearth-"+string(c.w.ID)+"=secret; lang=de; __Host-hearth-console=x",
			"X-JWT-Assertion", "forged", "X-WEBAUTH-USER", "admin")
		if want := "POST " + site + "/api/ds/query?a=b%20c as sa-1-story-" + strings.ToLower(role) + ", " + role + `: {"q":1}`; res.StatusCode != 200 || text != want {
			t.Errorf("%s: %d %q, want %q", role, res.StatusCode, text, want)
		}
		if got := res.Header.Values("Set-Cookie"); len(got) != 1 || !strings.HasPrefix(got[0], "grafana_session_expiry") {
			t.Errorf("cookies %v", got)
		}
		if s.seen.Get("Cookie") != "lang=de" || s.seen.Get("Authorization") != "" || s.seen.Get("X-Webauth-User") != "" || len(s.seen.Values("X-Jwt-Assertion")) != 1 {
			t.Errorf("the Grafana got %v", s.seen)
		}
	}
	// Grafana's own auth_token and paths that climb do not pass.
	if _, text := send(c.tokens[0], "GET", site+"/d/x?auth_token=1&b=2", ""); !strings.HasPrefix(text, "GET "+site+"/d/x?b=2 as ") {
		t.Error(text)
	}
	for _, path := range []string{"/../admin", "/a/%2e%2e/b"} {
		if res, _ := send(c.tokens[2], "GET", site+path, ""); res.StatusCode == http.StatusOK {
			t.Errorf("%s passes", path)
		}
	}
	// Who has not signed in gets to sign in; programs get 401; others' tokens get nowhere.
	if res, _ := send("", "GET", site+"/d/x?from=now-1h", "", "Accept", "text/html"); res.StatusCode != http.StatusFound || !strings.HasSuffix(res.Header.Get("Location"), site+"/login?return_to=%2Fd%2Fx%3Ffrom%3Dnow-1h") {
		t.Errorf("%s to %s", res.Status, res.Header.Get("Location"))
	}
	for _, token := range []string{"", c.tokens[3], "glsa_none"} {
		if res, text := send(token, "GET", site+"/api/org", ""); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%q: %s %s", token, res.Status, text)
		}
	}
	// Another Grafana workspace of the same account is not handed on.
	other := d.grafanaOf(alice, "us-west-2", "up-other")
	if res, text := send(c.tokens[3], "GET", "/grafana/"+string(other.ID)+"/api/org", ""); res.StatusCode != 200 || !strings.Contains(text, "up-other") {
		t.Errorf("%s %s", res.Status, text)
	}
	checkSocket(t, front, site, c.tokens[0])
	grafana.Close()
	if res, text := send(c.tokens[0], "GET", site+"/api/org", ""); res.StatusCode != http.StatusBadGateway || !strings.Contains(text, "does not answer") {
		t.Errorf("%s %s", res.Status, text)
	}
}

// checkSocket lets a line go there and back over an upgraded connection, and not for
// another site's page.
func checkSocket(t *testing.T, front *httptest.Server, site, token string) {
	t.Helper()
	open := func(header string) (net.Conn, *bufio.Reader, int) {
		conn, err := net.Dial("tcp", front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprintf(conn, "GET %s/api/live/ws HTTP/1.1\r\nHost: hearth\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n%s\r\n\r\n", site, header)
		r := bufio.NewReader(conn)
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		return conn, r, res.StatusCode
	}
	conn, r, status := open("Authorization: Bearer " + token)
	defer conn.Close()
	fmt.Fprint(conn, "hello\n")
	if line, err := r.ReadString('\n'); status != http.StatusSwitchingProtocols || line != "echo hello\n" {
		t.Errorf("%d %q %v", status, line, err)
	}
	evil, _, status := open("Cookie: hearth-x=1\r\nOrigin: https://evil.example")
	defer evil.Close()
	if status != http.StatusForbidden {
		t.Errorf("another site's page: %d", status)
	}
}

func decodeInto(text string, v any) error { return json.Unmarshal([]byte(text), v) }

// What would lead out of the Grafana workspace is not handed on, however it is
// written.
func TestUpstreamPathsDoNotClimb(t *testing.T) {
	for path, want := range map[string]bool{
		"/grafana/g-0000000000/d/abc/a-title": false, "/grafana/g-0000000000/": false, "/grafana/g-0000000000/d/a..b/x%20y": false, "/grafana/g-0000000000/api/x%2Fy": false,
		"/grafana/g-0000000000/../x": true, "/grafana/g-0000000000/%2e%2e/x": true, "/grafana/g-0000000000/.%2E/x": true, "/grafana/g-0000000000/%2e./x": true,
		"/grafana/g-0000000000/a/..": true, "/grafana/g-0000000000/..%2Fx": true, "/grafana/g-0000000000/%252e%252e/x": true, `/grafana/g-0000000000/..\x`: true,
		"/grafana/g-0000000000/..%5cx": true, "/grafana/g-0000000000/x%00": true, "/grafana/g-0000000000/./x": true,
	} {
		if got := climbs(path); got != want {
			t.Errorf("%s: %t, want %t", path, got, want)
		}
	}
}
