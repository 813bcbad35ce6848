package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func newApp(t *testing.T, external string) *App {
	t.Helper()
	a, err := New(Options{ExternalURL: external, Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestServesPagesAndAssetsAlone(t *testing.T) {
	a := newApp(t, "http://127.0.0.1:4750")
	for _, c := range []struct {
		method, path string
		want         bool
	}{
		{"GET", "/", true},
		{"GET", "/ui", true},
		{"GET", "/ui/", true},
		{"HEAD", "/ui/workspaces", true},
		{"GET", "/ui/login", true},
		{"GET", "/ui/login/options", false},
		{"POST", "/ui/login", false},
		{"GET", "/ui/session", false},
		{"GET", "/grafana/g-0123456789", true},
		{"GET", "/grafana/g-0123456789/d/abc/def", true},
		{"GET", "/grafana/g-0123456789/login", true},
		{"GET", "/grafana/g-0123456789/login/saml", false},
		{"GET", "/grafana/g-0123456789/saml/metadata", false},
		{"GET", "/grafana/g-0123456789/api/search", false},
		{"GET", "/grafana/g-0123456789/apix", true},
		{"GET", "/grafana/g-012345678", false},
		{"GET", "/workspaces", false},
		{"POST", "/", false},
	} {
		if got := a.Serves(c.method, "127.0.0.1:4750", c.path); got != c.want {
			t.Errorf("Serves(%s, %s) = %v, want %v", c.method, c.path, got, c.want)
		}
	}
}

func get(t *testing.T, a *App, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	var b strings.Builder
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}

func TestPageKnowsWhereItStands(t *testing.T) {
	for _, c := range []struct{ external, path, base, root string }{
		{"http://127.0.0.1:4750", "/grafana/g-0123456789/d/x", "/grafana/g-0123456789", ""},
		{"https://example.org/hearth/", "/grafana/g-0123456789/", "/hearth/grafana/g-0123456789", "/hearth"},
		{"https://example.org/hearth", "/hearth/grafana/g-0123456789/", "/hearth/grafana/g-0123456789", "/hearth"},
		{"https://example.org/hearth", "/ui/", "/hearth/ui", "/hearth"},
	} {
		text := body(t, get(t, newApp(t, c.external), c.path))
		m := regexp.MustCompile(`id="hearth-boot">(.*)</script>`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("%s: no boot element in %s", c.path, text)
		}
		var b boot
		if err := json.Unmarshal([]byte(m[1]), &b); err != nil {
			t.Fatal(err)
		}
		if b.Base != c.base || b.Root != c.root || b.Assets != c.root+"/ui/" || b.Version != "1.2.3" {
			t.Errorf("%s at %s: told %+v, want base %s and root %s", c.path, c.external, b, c.base, c.root)
		}
		if !strings.Contains(text, `src="`+c.root+`/ui/assets/`) {
			t.Errorf("%s: the script is not below %s/ui/assets: %s", c.path, c.root, text)
		}
	}
}

// A Grafana workspace's own host has its pages, and the assets, and nothing of the console.
func TestOwnHost(t *testing.T) {
	a := newApp(t, "https://hearth.example.org")
	const host = "g-0123456789.hearth.example.org"
	for path, want := range map[string]bool{"/": true, "/d/x/y": true, "/login": true, "/ui/assets/x.js": true, "/login/options": false, "/api/search": false, "/workspaces": true} {
		if got := a.Serves("GET", host, path); got != want {
			t.Errorf("Serves(%s) = %v, want %v", path, got, want)
		}
	}
	at := func(path string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "https://"+host+path, nil)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w.Result()
	}
	for _, path := range []string{"/", "/d/x", "/ui/workspaces"} {
		if text := body(t, at(path)); !strings.Contains(text, `{"base":"","root":"","assets":"/ui/","workspace":"g-0123456789"`) {
			t.Errorf("%s is told something else: %s", path, text)
		}
	}
	for path, want := range map[string]string{
		"/grafana/g-0123456789": "/", "/grafana/g-0123456789/d/x%2Fy?a=b": "/d/x%2Fy?a=b",
		"/grafana/g-0123456789//elsewhere.example/": "/elsewhere.example/", `/grafana/g-0123456789/\elsewhere.example`: "/%5Celsewhere.example",
	} {
		if got := at(path).Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
	if text := body(t, at("/grafana/g-aaaaaaaaaa/")); !strings.Contains(text, `"base":"/grafana/g-aaaaaaaaaa"`) {
		t.Errorf("another workspace's page is told something else: %s", text)
	}
}

func TestPolicyLetsNoForeignScriptRun(t *testing.T) {
	a := newApp(t, "")
	first, second := get(t, a, "/ui/"), get(t, a, "/ui/")
	p := first.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "base-uri 'none'"} {
		if !strings.Contains(p, want) {
			t.Errorf("policy %q lacks %s", p, want)
		}
	}
	if strings.Contains(strings.ReplaceAll(p, "style-src-attr 'unsafe-inline'", ""), "unsafe") {
		t.Errorf("policy %q lets something unsafe run", p)
	}
	if p == second.Header.Get("Content-Security-Policy") {
		t.Error("two pages have the same nonce")
	}
}

func TestAssets(t *testing.T) {
	a := newApp(t, "")
	name := regexp.MustCompile(`/ui/(assets/[^"]+\.js)`).FindStringSubmatch(body(t, get(t, a, "/ui/")))[1]
	zipped := get(t, a, "/ui/"+name, "Accept-Encoding", "gzip, br")
	plain := get(t, a, "/ui/"+name)
	if zipped.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("Content-Encoding") != "" {
		t.Errorf("Content-Encoding is %q with gzip and %q without", zipped.Header.Get("Content-Encoding"), plain.Header.Get("Content-Encoding"))
	}
	if got := plain.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control is %q: a name with a hash may be kept", got)
	}
	text, err := unzip([]byte(body(t, zipped)))
	if err != nil || string(text) != body(t, plain) {
		t.Errorf("compressed and plain differ (%v)", err)
	}
	for _, bad := range []string{"/ui/assets/../index.html", "/ui/assets/none.js", "/ui/assets/..%2f..%2fapp.go", "/ui/assets/"} {
		if r := get(t, a, bad); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s, want 404", bad, r.Status)
		}
	}
}

// sources are what a build is made of.
var sources = []string{"src", "public", "index.html", "vite.config.ts", "tsconfig.json", "package.json", "package-lock.json"}

// hashOf is one hash of the names and contents of all sources; vite.config.ts
// writes the same.
func hashOf(t *testing.T) string {
	t.Helper()
	var names []string
	for _, s := range sources {
		err := filepath.WalkDir(s, func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !strings.HasSuffix(p, ".test.ts") {
				names = append(names, filepath.ToSlash(p))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(names)
	all := sha256.New()
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		one := sha256.Sum256(text)
		all.Write([]byte(hex.EncodeToString(one[:]) + "  " + n + "\n"))
	}
	return hex.EncodeToString(all.Sum(nil))
}

func TestBuildIsOfTheseSources(t *testing.T) {
	built, err := os.ReadFile("dist/sources.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if want := hashOf(t); strings.TrimSpace(string(built)) != want {
		t.Errorf("web/dist was built from other sources: run `make web` and commit web/dist")
	}
}

func TestNothingOfTheBuildIsFetchedFromElsewhere(t *testing.T) {
	index, err := os.ReadFile("dist/index.html")
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`(src|href)="(https?:)?//`).Match(index) {
		t.Errorf("index.html loads from another origin:\n%s", index)
	}
}

// permitted are the licences that packages of the app may have, as they name them.
var permitted = []string{
	"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "0BSD", "BlueOak-1.0.0", "CC0-1.0", "Unlicense", "Python-2.0", "CC-BY-4.0",
	"(MPL-2.0 OR Apache-2.0)", "(MIT OR CC0-1.0)", "(MIT AND BSD-3-Clause)", "MIT OR Apache-2.0", "(BSD-3-Clause AND Apache-2.0)", "(MIT OR Apache-2.0)", "(MIT AND Zlib)", "MIT AND BSD-3-Clause",
}

// exceptions are packages that name no licence and have one in a file that was
// read, and fonts.
var exceptions = map[string]string{
	"node_modules/@fontsource/inter":         "OFL-1.1",
	"node_modules/@fontsource/roboto-mono":   "OFL-1.1",
	"node_modules/fast-shallow-equal":        "",
	"node_modules/get-document":              "",
	"node_modules/react-universal-interface": "",
}

func TestPackagesHavePermittedLicences(t *testing.T) {
	text, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct {
			License  string
			Resolved string
		}
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	for name, p := range lock.Packages {
		except, ok := exceptions[name]
		switch {
		case name == "" || slices.Contains(permitted, p.License) || ok && except == p.License:
		default:
			t.Errorf("%s has the licence %q: it may not be used", name, p.License)
		}
		if p.Resolved != "" {
			t.Errorf("%s is locked to the address %s: npm install with omit-lockfile-registry-resolved", name, p.Resolved)
		}
		if strings.HasSuffix(name, "@grafana/prometheus") {
			t.Errorf("%s is under AGPL-3.0", name)
		}
	}
}
