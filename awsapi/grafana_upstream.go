package awsapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/dashboard"
	"github.com/hearth-metrics/hearth/sso"
)

// upstreamRow stands for whatever a Grafana workspace is asked that is handed on to
// the operator's own Grafana. That one decides by the role what somebody may do.
func (s *Server) upstreamRow() *row {
	r := s.stream("", "", "Upstream", viewer, func(_ context.Context, c *dashboard.Call, w http.ResponseWriter) error {
		req := c.HTTP.Clone(c.HTTP.Context())
		req.Body, req.ContentLength, req.TransferEncoding = http.NoBody, 0, nil
		if len(c.Body) > 0 {
			req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(c.Body)), int64(len(c.Body))
		}
		return s.opts.Upstream.Serve(w, req, c.Rest, c.Workspace, c.User)
	})
	return &r
}

// keysRow lets the operator's own Grafana check who it is asked by. Keys to check
// with are no secret.
func (s *Server) keysRow() row {
	r := gapi("GET", "", "UpstreamKeys", "", func(context.Context, *dashboard.Call) (any, error) {
		if s.opts.Upstream == nil {
			return nil, &hearth.Error{Kind: hearth.NotFound, Msg: "This Hearth hands no Grafana workspace on: --grafana.upstream is not set."}
		}
		return dashboard.Reply{Raw: s.opts.Upstream.Keys(), Type: "application/json"}, nil
	})
	r.path, r.on = "/grafana/{grafanaId}/.well-known/jwks.json", grafanaOpen
	return r.ours()
}

// upstreamed tells whether a path is of a Grafana workspace that is handed on. The
// page to sign in on, and the keys, are Hearth's.
func (s *Server) upstreamed(ctx context.Context, host, path string) bool {
	if s.opts.Upstream == nil || s.opts.Dashboards == nil {
		return false
	}
	rest, ok := strings.CutPrefix(ofGrafana(host, path), "/grafana/")
	if !ok {
		return false
	}
	name, rest, _ := strings.Cut(rest, "/")
	id, ok := hearth.ParseGrafanaID(name)
	if !ok || rest == "login" || strings.HasPrefix(rest, "login/") || rest == ".well-known/jwks.json" {
		return false
	}
	w, err := s.opts.Dashboards.Lookup(ctx, id)
	return err == nil && s.opts.Upstream.Has(w)
}

// routeUpstream routes a request that is handed on. Pages of Grafana do not know the
// header that Hearth's own pages prove themselves by: where the browser says that it
// is the same site's page that asks, that is as good.
func (s *Server) routeUpstream(r *request) error {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.path, "/grafana/"), "/")
	r.row = s.upstream
	r.params = params{n: 1, rest: r.path}
	r.params.names[0], r.params.values[0] = "grafanaId", name
	if climbs(r.path) {
		return &hearth.Error{Kind: hearth.Invalid, Msg: "The path must not have .. or \\."}
	}
	if strings.EqualFold(r.http.Header.Get("Upgrade"), "websocket") && r.http.Header.Get("Authorization") == "" && !sameOrigin(r.http) {
		return &refusal{code: "forbidden", status: http.StatusForbidden, denied: true, reason: "cross_site",
			msg: "The connection comes from a page of another site, and may not use your session."}
	}
	if r.http.Header.Get("Sec-Fetch-Site") == "same-origin" || sameOrigin(r.http) {
		r.http = r.http.Clone(r.http.Context())
		r.http.Header.Set(sso.SessionHeader, "upstream")
	}
	return nil
}

// climbs tells paths that lead elsewhere, or would once somebody decodes them more
// often than they should.
func climbs(path string) bool {
	for range 3 {
		if strings.ContainsAny(path, "\\\x00") {
			return true
		}
		for segment := range strings.SplitSeq(path, "/") {
			if segment == ".." || segment == "." {
				return true
			}
		}
		plain, err := url.PathUnescape(path)
		if err != nil || plain == path {
			return false
		}
		path = plain
	}
	return false
}

// sameOrigin tells whether a browser says that the page that asks has the host that
// is asked.
func sameOrigin(r *http.Request) bool {
	u, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
