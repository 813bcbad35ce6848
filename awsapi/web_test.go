package awsapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth/web"
)

// A program that draws dashboards has its browser send a token with every request:
// pages, their files, and who is signed in. What the token may see is for the rows that
// the page asks, as ever.
func TestPagesByToken(t *testing.T) {
	app, err := web.New(web.Options{ExternalURL: "http://hearth.test:4750", Region: "us-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	d := openDoor(t, func(o *Options) { o.Pages = app })
	c := castOf(d, "pages")
	home := "/grafana/" + string(c.w.ID)
	by := func(auth, path string) (int, string, http.Header) {
		a := ask{method: "GET", url: path, header: map[string]string{"Authorization": auth}}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, a.request(t))
		return w.Code, w.Body.String(), w.Header()
	}
	for _, path := range []string{"/", "/d/abc/x", "/login", "/explore?left=1", "/alerting/list"} {
		for i, name := range c.names[:3] {
			status, body, h := by("Bearer "+c.tokens[i], home+path)
			if status != http.StatusOK || !strings.Contains(body, `"workspace":"`+string(c.w.ID)+`"`) || h.Get("Content-Security-Policy") == "" {
				t.Errorf("%s as %s: %d %s", path, name, status, body)
			}
		}
		for name, auth := range map[string]string{"of another Grafana workspace": "Bearer " + c.tokens[3], "made up": "Bearer glsa_x", "a password": "Basic YTpi"} {
			if status, body, _ := by(auth, home+path); status != http.StatusUnauthorized || strings.Contains(body, "<html") {
				t.Errorf("%s with a token that is %s: %d %s, want 401", path, name, status, body)
			}
		}
	}
	if status, body, _ := by("Bearer "+c.tokens[0], home+"/login/session"); status != http.StatusOK || !strings.Contains(body, `"role":"Viewer"`) || !strings.Contains(body, `"signedIn":true`) {
		t.Errorf("who is signed in: %d %s", status, body)
	}
	if status, body, _ := by("Bearer "+c.tokens[3], home+"/login/session"); status != http.StatusUnauthorized {
		t.Errorf("who is signed in, by a token of another Grafana workspace: %d %s", status, body)
	}
	if status, _, h := by("Bearer "+c.tokens[0], "/ui/favicon.svg"); status != http.StatusOK || h.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("a file of the pages: %d %v", status, h)
	}
	if status, body, _ := by("Bearer "+c.tokens[0], "/ui/workspaces"); status == http.StatusOK {
		t.Errorf("a page of the console: %d %s, want none: such tokens are nothing there", status, body)
	}
	if status, body, _ := by("Bearer "+c.tokens[0], home+"/api/nothing"); status != http.StatusNotImplemented {
		t.Errorf("what is not served: %d %s", status, body)
	}
	if status, body, _ := by("Bearer "+c.tokens[0], "/grafana/g-0000000000/"); status != http.StatusNotFound {
		t.Errorf("of no Grafana workspace: %d %s", status, body)
	}
}
