package awsapi

import (
	"net/http"
)

// Pages is the browser app: pages and assets that anyone may read. Whatever a page
// shows it asks the rows for, with the session of whoever looks at it.
type Pages interface {
	http.Handler
	// Serves tells whether a request is for the app.
	Serves(method, host, escapedPath string) bool
}

// page answers a request for the browser app. Requests with a signature, a token
// or an Action are for an API, whatever their path is.
func (s *Server) page(w http.ResponseWriter, hr *http.Request) bool {
	if s.opts.Pages == nil || hr.Header.Get("Authorization") != "" || !s.opts.Pages.Serves(hr.Method, hr.Host, s.rawPath(hr)) {
		return false
	}
	if q := hr.URL.Query(); q.Has("Action") || q.Has("X-Amz-Algorithm") {
		return false
	}
	s.opts.Pages.ServeHTTP(w, hr)
	return true
}
