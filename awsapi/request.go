package awsapi

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sigv4"
)

// A request is what is known about one request so far. Fields are filled in the
// order of the loop.
type request struct {
	http  *http.Request
	w     response
	id    hearth.RequestID
	began time.Time
	path  string // as received, still escaped

	sig    *sigv4.Signature // what it claims
	sigErr error            // why it claims nothing

	service   *service
	row       *row
	params    params
	form      url.Values // query protocol
	body      body
	workspace hearth.Workspace        // data plane; zero if there is none
	grafana   hearth.GrafanaWorkspace // of a Grafana workspace's own API
	user      hearth.GrafanaUser      // proven there
	caller    hearth.Caller           // proven
}

func (s *Server) begin(w http.ResponseWriter, hr *http.Request) *request {
	r := &request{http: hr, id: hearth.NewRequestID(), began: s.opts.Now(), path: ofGrafana(hr.Host, s.rawPath(hr)), service: s.foreign}
	r.w.ResponseWriter = w
	w.Header().Set("X-Amzn-Requestid", string(r.id))
	r.sig, r.sigErr = sigv4.Parse(hr)
	return r
}

func (s *Server) end(r *request) {
	r.body.release()
	took := s.opts.Now().Sub(r.began)
	s.metrics.done(r, took)
	s.tally(r)
	if ctx := r.http.Context(); s.opts.Log.Enabled(ctx, slog.LevelDebug) {
		s.opts.Log.DebugContext(ctx, "request answered", "request_id", r.id, "operation", r.operation(), "status", r.w.status, "took", took)
	}
}

// rawPath is the path below the external URL's, before anything decoded it.
func (s *Server) rawPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return s.cutRoot(path)
	}
	return s.cutRoot(r.URL.EscapedPath())
}

// cutRoot takes the external URL's path off, if it is there: a proxy may have done so.
func (s *Server) cutRoot(path string) string {
	if rest, ok := strings.CutPrefix(path, s.root); ok && s.root != "" && (rest == "" || rest[0] == '/') {
		return "/" + strings.TrimPrefix(rest, "/")
	}
	return path
}

// belowRoot is the request as it were without the external URL's path. What its
// signature covers, RequestURI, stays as it came.
func (s *Server) belowRoot(r *http.Request) *http.Request {
	escaped := r.URL.EscapedPath()
	path := s.cutRoot(escaped)
	if path == escaped {
		return r
	}
	plain, err := url.PathUnescape(path)
	if err != nil {
		return r
	}
	u := *r.URL
	u.Path, u.RawPath = plain, path
	below := *r
	below.URL = &u
	return &below
}

// atRoot is the request as clients sent it to a proxy that took the external URL's path
// off; nil where nothing can have been taken off.
func (s *Server) atRoot(r *http.Request) *http.Request {
	if s.root == "" || !strings.HasPrefix(r.RequestURI, "/") || strings.HasPrefix(r.RequestURI, s.root+"/") {
		return nil
	}
	sent := *r
	sent.RequestURI = s.root + r.RequestURI
	return &sent
}

// operation names the row for logs and metrics: one of a bounded set.
func (r *request) operation() string {
	if r.row == nil {
		return "unknown"
	}
	return r.row.action
}

// claimedService is the service in the credential scope, or the one that a page of
// the console names; empty if there is neither.
func (r *request) claimedService() string {
	if r.sig == nil {
		return r.sessionService()
	}
	return r.sig.Service
}

// param returns the value of a {name} of the row's path.
func (r *request) param(name string) string {
	raw := r.params.get(name)
	plain, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return plain
}

// workspaceID is the path's {workspaceId}, unchecked.
func (r *request) workspaceID() hearth.WorkspaceID { return hearth.WorkspaceID(r.param("workspaceId")) }

func (r *request) sourceIP() string {
	host, _, err := net.SplitHostPort(r.http.RemoteAddr)
	if err != nil {
		return r.http.RemoteAddr
	}
	return host
}

// A response remembers the status it was given.
type response struct {
	http.ResponseWriter
	status int
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) written() bool { return w.status != 0 }
