package web

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// Options is what an App needs.
type Options struct {
	ExternalURL string // what URLs handed out begin with; its path goes before every link
	Region      string // of requests that name none, for the console
	Version     string // of the program, for the page's foot
}

// An App gives the browser app to browsers: its pages under /ui/ and
// /grafana/ID/, its assets under /ui/. Of a Grafana workspace's own host all pages are
// the workspace's.
type App struct {
	files   fs.FS
	index   []byte
	root    string // the external URL's path, without a trailing slash
	region  string
	version string
}

// bootPlace is where the page learns where it stands.
const bootPlace = `<script type="application/json" id="hearth-boot">{}</script>`

// New returns an app. It fails if the files of the build are not what they should
// be, which no request can change.
func New(o Options) (*App, error) {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		return nil, err
	}
	index, err := fs.ReadFile(dist, "index.html")
	if err != nil {
		return nil, fmt.Errorf("the browser app's page: %w", err)
	}
	if !bytes.Contains(index, []byte(bootPlace)) {
		return nil, fmt.Errorf("the browser app's page has no %s", bootPlace)
	}
	root := ""
	if u, err := url.Parse(o.ExternalURL); err == nil {
		root = strings.TrimSuffix(u.EscapedPath(), "/")
	}
	return &App{files: dist, index: index, root: root, region: o.Region, version: o.Version}, nil
}

var (
	grafanaPage = regexp.MustCompile(`^/grafana/(g-[0-9a-f]{10})(/.*)?$`)

	// What stands below a Grafana workspace and the console and is not the app's:
	// the APIs, and the addresses by which people sign in and out.
	notApp = regexp.MustCompile(`^/(api|saml|metrics|apis|goto)(/|$)|^/login/.|^/(logout|session)$`)
)

// Serves tells whether a request is for the app: a page or an asset. Everything
// else below the same paths has rows of its own.
func (a *App) Serves(method, host, escapedPath string) bool {
	if method != http.MethodGet && method != http.MethodHead {
		return false
	}
	p, _ := a.below(host, escapedPath)
	if p == "/" || p == "/ui" {
		return true
	}
	if rest, ok := strings.CutPrefix(p, "/ui"); ok && strings.HasPrefix(rest, "/") {
		return !notApp.MatchString(rest)
	}
	m := grafanaPage.FindStringSubmatch(p)
	return m != nil && !notApp.MatchString(m[2])
}

// IsAsset tells whether what is asked for is a file of the build, which is the same for
// everybody.
func (a *App) IsAsset(host, escapedPath string) bool {
	p, _ := a.below(host, escapedPath)
	rest, ok := strings.CutPrefix(p, "/ui/")
	return ok && isAsset(rest)
}

// below is a path without the external URL's, whether or not a proxy took that off. Of a
// Grafana workspace's own host it is that of the host of all.
func (a *App) below(host, p string) (path string, own bool) {
	if rest, ok := strings.CutPrefix(p, a.root+"/"); ok && a.root != "" {
		p = "/" + rest
	}
	id, own := hearth.GrafanaHost(host)
	if asset, ok := strings.CutPrefix(p, "/ui/"); !own || strings.HasPrefix(p, "/grafana/") || ok && isAsset(asset) {
		return p, false
	}
	return "/grafana/" + string(id) + p, true
}

// ServeHTTP answers a request that Serves accepts.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, own := a.below(r.Host, r.URL.Path)
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if asset, ok := strings.CutPrefix(p, "/ui/"); ok && isAsset(asset) {
		a.asset(w, r, asset)
		return
	}
	switch m := grafanaPage.FindStringSubmatch(p); {
	case p == "/" || p == "/ui":
		a.redirect(w, r, "/ui/")
	case own && m != nil:
		a.page(w, r, boot{Base: a.root, Workspace: m[1]})
	case m != nil && isOwn(r.Host, m[1]):
		rest, _ := a.below("", r.URL.EscapedPath())
		a.redirect(w, r, "/"+strings.TrimLeft(strings.TrimPrefix(rest, "/grafana/"+m[1]), `/\`)) // to no other host
	case m != nil && m[2] == "":
		a.redirect(w, r, p+"/")
	case m != nil:
		a.page(w, r, boot{Base: a.root + "/grafana/" + m[1], Workspace: m[1]})
	default:
		a.page(w, r, boot{Base: a.root + "/ui"})
	}
}

func (a *App) redirect(w http.ResponseWriter, r *http.Request, to string) {
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", a.root+to)
	w.WriteHeader(http.StatusFound)
}

// isOwn tells whether a host is the Grafana workspace's own.
func isOwn(host, workspace string) bool {
	id, ok := hearth.GrafanaHost(host)
	return ok && string(id) == workspace
}

// isAsset tells files of the build from pages of the console.
func isAsset(name string) bool {
	return strings.HasPrefix(name, "assets/") || name == "favicon.svg"
}

// boot is what the page is told about itself; web/src/boot/page.ts reads it.
type boot struct {
	Base      string `json:"base"`
	Root      string `json:"root"`
	Assets    string `json:"assets"`
	Workspace string `json:"workspace,omitempty"`
	Region    string `json:"region"`
	Version   string `json:"version"`
	Nonce     string `json:"nonce"`
}

// page answers with index.html, told where it stands. Scripts and styles come from
// the program alone.
func (a *App) page(w http.ResponseWriter, r *http.Request, b boot) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	b.Nonce = base64.RawURLEncoding.EncodeToString(random[:])
	b.Root, b.Assets, b.Region, b.Version = a.root, a.root+"/ui/", a.region, a.version
	told, err := json.Marshal(b) // escapes what could end the element
	if err != nil {
		http.Error(w, "The page cannot be made.", http.StatusInternalServerError)
		return
	}
	text := bytes.ReplaceAll(a.index, []byte(`"./`), []byte(`"`+b.Assets))
	text = bytes.Replace(text, []byte(bootPlace), fmt.Appendf(nil, `<script type="application/json" id="hearth-boot">%s</script>`, told), 1)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy(b.Nonce))
	h.Set("X-Frame-Options", "SAMEORIGIN")
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text)
	}
}

// policy lets the page load from its own origin alone. Attributes of style may
// stand in text that people wrote; elements may not.
func policy(nonce string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self' 'nonce-" + nonce + "'",
		"style-src-attr 'unsafe-inline'",
		"img-src 'self' data: blob:",
		"font-src 'self'",
		"connect-src 'self'",
		"worker-src 'self'",
		"manifest-src 'self'",
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'self'",
	}, "; ")
}

// types of the files a build has.
var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".json": "application/json", ".woff2": "font/woff2", ".png": "image/png", ".txt": "text/plain; charset=utf-8",
}

// asset answers with a file of the build. Its name holds a hash of what is in it,
// so that browsers may keep it.
func (a *App) asset(w http.ResponseWriter, r *http.Request, name string) {
	content, compressed, err := a.read(name)
	if err != nil || path.Clean(name) != name {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	h := w.Header()
	if kind := types[path.Ext(name)]; kind != "" {
		h.Set("Content-Type", kind)
	}
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	h.Set("Vary", "Accept-Encoding")
	if compressed && !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if content, err = unzip(content); err != nil {
			http.Error(w, "The file cannot be read.", http.StatusInternalServerError)
			return
		}
		compressed = false
	}
	if compressed {
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", fmt.Sprint(len(content)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(content)
	}
}

// read returns a file as the build left it: compressed, if it compresses.
func (a *App) read(name string) (content []byte, compressed bool, err error) {
	if content, err = fs.ReadFile(a.files, name+".gz"); err == nil {
		return content, true, nil
	}
	content, err = fs.ReadFile(a.files, name)
	return content, false, err
}

func unzip(content []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
