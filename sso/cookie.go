package sso

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// The cookies. Each Grafana workspace has one of its own name and path, so that
// workspaces and the console do not mix.
func (r *Room) consoleCookie() string {
	if r.secure {
		return "__Host-hearth-console"
	}
	return "hearth-console"
}

func (r *Room) grafanaCookie(g hearth.GrafanaID) string {
	if r.secure {
		return "__Secure-hearth-" + string(g)
	}
	return "hearth-" + string(g)
}

// setCookie gives the browser a cookie that scripts cannot read and that other
// sites' requests do not carry, but for those that follow a link. lasting 0 takes
// it away. What came over TLS goes back over TLS only. The path is below the
// external URL's; / is that of a host.
func (r *Room) setCookie(w http.ResponseWriter, req *http.Request, name, value, path string, lasting time.Duration) {
	if path != "/" {
		path = r.root + path
	}
	age := int(lasting.Seconds())
	if age <= 0 {
		age, value = -1, ""
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: age,
		HttpOnly: true, Secure: r.secure || req.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
}

// cookieOf is a cookie of the request; empty if there is none, or more than one:
// who can plant a second one must not decide which counts.
func cookieOf(req *http.Request, name string) string {
	found := req.CookiesNamed(name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

func grafanaPath(g hearth.GrafanaID) string { return "/grafana/" + string(g) }

// homePath is the path of the workspace as the browser sees it: / where the
// workspace has a host of its own.
func homePath(req *http.Request, g hearth.GrafanaID) string {
	if strings.HasPrefix(req.URL.Path, grafanaPath(g)+"/") {
		return grafanaPath(g)
	}
	return "/"
}

// elsewhere sends a browser that came by another address to the one that identity
// providers send people back to: cookies are of one host.
func elsewhere(w http.ResponseWriter, req *http.Request, home, path string) bool {
	u, err := url.Parse(home)
	if err != nil || u.Host == "" || strings.EqualFold(u.Host, req.Host) {
		return false
	}
	q := ""
	if to := req.URL.Query().Get("return_to"); to != "" {
		q = "?return_to=" + url.QueryEscape(place(to))
	}
	redirect(w, home+path+q)
	return true
}

// SessionHeader must come with each request that changes something in a Grafana
// workspace on the strength of a session: no form and no other site can send it.
const SessionHeader = "X-Hearth-Session"

// fromOurPage refuses a request of another site that rides on the browser's
// session.
func (r *Room) fromOurPage(req *http.Request, header string) error {
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		return nil
	}
	if err := r.cross.Check(req); err != nil {
		return &hearth.Error{Kind: hearth.Denied, Type: CrossSiteType, Err: err,
			Msg: "The request comes from a page of another site, and may not use your session."}
	}
	if req.Header.Get(header) == "" {
		return &hearth.Error{Kind: hearth.Denied, Type: CrossSiteType,
			Msg: "The request uses a session without the header " + header + ", which pages of Hearth send."}
	}
	return nil
}

// wantJSON refuses forms, which other sites can post.
func (r *Room) wantJSON(req *http.Request) error {
	if err := r.cross.Check(req); err != nil {
		return &hearth.Error{Kind: hearth.Denied, Type: CrossSiteType, Err: err,
			Msg: "The request comes from a page of another site, and may not use your session."}
	}
	kind, _, _ := strings.Cut(req.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(kind) != "application/json" {
		return &hearth.Error{Kind: hearth.Unsupported, Msg: "Send a JSON object, with Content-Type: application/json."}
	}
	return nil
}
