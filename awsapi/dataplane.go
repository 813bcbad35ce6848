package awsapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// Ingest takes samples. The request's context carries the workspace and the
// caller, both authorised. Its body has been read whole: it implements
// Bytes() []byte, and those bytes are valid until the method returns.
type Ingest interface {
	RemoteWrite(w http.ResponseWriter, r *http.Request)
	OTLP(w http.ResponseWriter, r *http.Request)
}

const api = ws + "/api/v1"

// dataRows are the paths of a workspace's data plane with the IAM action each
// needs, https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-APIReference.html
func (s *Server) dataRows() []row {
	data := func(pass passer, method, path, action string) row {
		return row{method: method, path: api + path, action: action, on: dataWorkspace, pass: pass}
	}
	extra := func(pass passer, method, path, action string) row {
		r := data(pass, method, path, action)
		r.extension = true
		return r
	}
	return append(s.alertmanagerRows(), []row{
		data(s.remoteWrite, "POST", "/remote_write", "aps:RemoteWrite"),
		extra(s.otlp, "POST", "/otlp/v1/metrics", "aps:RemoteWrite"),

		data(s.query, "GET", "/query", "aps:QueryMetrics"),
		data(s.query, "POST", "/query", "aps:QueryMetrics"),
		data(s.query, "GET", "/query_range", "aps:QueryMetrics"),
		data(s.query, "POST", "/query_range", "aps:QueryMetrics"),
		extra(s.query, "GET", "/query_exemplars", "aps:QueryMetrics"),
		extra(s.query, "POST", "/query_exemplars", "aps:QueryMetrics"),
		extra(s.query, "GET", "/format_query", "aps:QueryMetrics"),
		extra(s.query, "POST", "/format_query", "aps:QueryMetrics"),
		extra(s.query, "GET", "/parse_query", "aps:QueryMetrics"),
		extra(s.query, "POST", "/parse_query", "aps:QueryMetrics"),
		data(s.query, "GET", "/labels", "aps:GetLabels"),
		data(s.query, "POST", "/labels", "aps:GetLabels"),
		data(s.query, "GET", "/label/{name}/values", "aps:GetLabels"),
		data(s.query, "GET", "/series", "aps:GetSeries"),
		data(s.query, "POST", "/series", "aps:GetSeries"),
		data(s.query, "GET", "/metadata", "aps:GetMetricMetadata"),
		data(s.evaluated, "GET", "/rules", "aps:ListRules"),
		data(s.evaluated, "GET", "/alerts", "aps:ListAlerts"),
		extra(s.query, "GET", "/status/buildinfo", "aps:GetMetricMetadata"),
		extra(s.query, "GET", "/status/tsdb", "aps:GetMetricMetadata"),
	}...)
}

// dataRefused are the data-plane paths of AMP that are not served yet.
func dataRefused() []row {
	return refuse(dataWorkspace, []row{
		{method: "GET", path: ws + "/anomalydetectors/preview", action: "aps:PreviewAnomalyDetector"},
		{method: "POST", path: ws + "/anomalydetectors/preview", action: "aps:PreviewAnomalyDetector"},
	})
}

func (s *Server) remoteWrite(w http.ResponseWriter, r *request) {
	s.opts.Ingest.RemoteWrite(w, r.forData())
}

func (s *Server) otlp(w http.ResponseWriter, r *request) {
	s.opts.Ingest.OTLP(w, r.forData())
}

func (s *Server) query(w http.ResponseWriter, r *request) {
	s.opts.Query.ServeHTTP(w, r.forPrometheus())
}

// forPrometheus is forData under the path the request has at a Prometheus
// server, /api/v1/…
func (r *request) forPrometheus() *http.Request {
	d := r.forData()
	path := tidyPath(d.URL.EscapedPath())
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/workspaces/"), "/")
	u := *d.URL
	u.Path, u.RawPath = "/"+rest, ""
	if plain, err := url.PathUnescape(u.Path); err == nil && plain != u.Path {
		u.Path, u.RawPath = plain, u.Path
	}
	d.URL = &u
	return d
}

// forData returns the client's request with the workspace and the caller in
// its context and the body as it was read.
func (r *request) forData() *http.Request {
	ctx := hearth.WithCaller(r.http.Context(), r.caller)
	d := r.http.WithContext(hearth.WithWorkspace(ctx, r.workspace))
	d.Body = r.body.reader()
	d.ContentLength = int64(len(r.body.bytes()))
	d.TransferEncoding = nil
	return d
}
