package awsapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth/dashboard"
)

// Pages is the browser app: pages and assets that anyone may read. Whatever a page
// shows it asks the rows for, with the session of whoever looks at it.
type Pages interface {
	http.Handler
	// Serves tells whether a request is for the app.
	Serves(method, host, escapedPath string) bool
	// IsAsset tells whether what is asked for is a file that all pages have.
	IsAsset(host, escapedPath string) bool
}

// page answers a request for the browser app. Requests with a signature, a token
// or an Action are for an API, whatever their path is, but for those of files.
func (s *Server) page(w http.ResponseWriter, hr *http.Request) bool {
	path := s.rawPath(hr)
	if s.opts.Pages == nil || !s.opts.Pages.Serves(hr.Method, hr.Host, path) {
		return false
	}
	if hr.Header.Get("Authorization") != "" && !s.opts.Pages.IsAsset(hr.Host, path) {
		return false
	}
	if q := hr.URL.Query(); q.Has("Action") || q.Has("X-Amz-Algorithm") {
		return false
	}
	s.opts.Pages.ServeHTTP(w, hr)
	return true
}

// newTokenRows makes the rows of what a browser asks for that sends a token with every
// request, as those do that draw dashboards for programs: the pages of a Grafana
// workspace, and who it is signed in as.
func (s *Server) newTokenRows() (page, session *row) {
	p := s.stream("GET", "", "Page", viewer, func(_ context.Context, c *dashboard.Call, w http.ResponseWriter) error {
		s.opts.Pages.ServeHTTP(w, c.HTTP)
		return nil
	})
	w := gapi("GET", "", "TokenSession", viewer, func(_ context.Context, c *dashboard.Call) (any, error) {
		return map[string]any{
			"signedIn": true, "login": c.User.Login, "name": c.User.Name, "email": c.User.Email, "role": c.User.Role, "provider": "TOKEN",
		}, nil
	})
	return &p, &w
}

// routeByToken routes a request for a page that comes with proof of its own instead of
// a session. The page is the same for everybody; a wrong token learns here that it is.
func (s *Server) routeByToken(r *request) bool {
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.path, "/grafana/"), "/")
	switch {
	case r.http.Header.Get("Authorization") == "":
		return false
	case rest == "login/session" && r.http.Method == http.MethodGet:
		r.row = s.tokenSession
	case s.opts.Pages != nil && s.opts.Pages.Serves(r.http.Method, r.http.Host, s.rawPath(r.http)):
		r.row = s.tokenPage
	default:
		return false
	}
	r.params = params{n: 1}
	r.params.names[0], r.params.values[0] = "grafanaId", name
	return true
}
