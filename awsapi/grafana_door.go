package awsapi

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/dashboard"
)

// grafanaHTTP is the service that stands for Grafana's HTTP API, which no
// signature names.
const grafanaHTTP = "grafana-http"

const grafanaBodyLimit = 8 << 20 // bytes: a dashboard and what is around it

// GrafanaSessions knows who a browser is, by its cookie.
type GrafanaSessions interface {
	// GrafanaUser returns who a request to a Grafana workspace comes from. No
	// session is Unauthenticated; a change that another site's page could have
	// asked for is Denied.
	GrafanaUser(ctx context.Context, w hearth.GrafanaWorkspace, r *http.Request) (hearth.GrafanaUser, error)
}

// grafanaPath tells paths of a Grafana workspace.
var grafanaPath = regexp.MustCompile(`^/grafana/g-[0-9a-f]{10}(/|$)`)

// ofGrafana is a path of a Grafana workspace's own host as one of the host of all.
func ofGrafana(host, path string) string {
	if id, ok := hearth.GrafanaHost(host); ok && !strings.HasPrefix(path, "/grafana/") {
		return "/grafana/" + string(id) + path
	}
	return path
}

// authenticateGrafana proves who asks a Grafana workspace: the bearer of a token,
// or of a session.
func (s *Server) authenticateGrafana(r *request) error {
	if err := s.findGrafana(r); err != nil {
		return err
	}
	u, err := s.grafanaUser(r)
	if err != nil {
		return s.grafanaProof(r, err)
	}
	r.user = u
	r.caller = hearth.Caller{Account: r.grafana.Account, Region: r.grafana.Region, RequestID: r.id}
	if err := readBody(r, s.bodies, grafanaBodyLimit); err != nil {
		return err
	}
	r.body.proven()
	return nil
}

// findGrafana finds the Grafana workspace of the path. That one exists is no
// secret: whoever is to sign in there has to see it.
func (s *Server) findGrafana(r *request) error {
	none := &hearth.Error{Kind: hearth.NotFound, Msg: "There is no Grafana workspace at this address."}
	id, ok := hearth.ParseGrafanaID(r.param("grafanaId"))
	if !ok || s.opts.Dashboards == nil {
		return none
	}
	w, err := s.opts.Dashboards.Lookup(r.http.Context(), id)
	switch {
	case hearth.KindOf(err) == hearth.NotFound && err != nil:
		return none
	case err != nil:
		return err
	case w.Status == hearth.Creating:
		return &hearth.Error{Kind: hearth.Unavailable, Msg: "The Grafana workspace is being created."}
	}
	r.grafana = w
	return nil
}

func (s *Server) grafanaUser(r *request) (hearth.GrafanaUser, error) {
	auth := r.http.Header.Get("Authorization")
	scheme, rest, _ := strings.Cut(auth, " ")
	switch {
	case len(r.http.Header["Authorization"]) > 1:
		return hearth.GrafanaUser{}, &hearth.Error{Kind: hearth.Unauthenticated, Msg: "The request has more than one Authorization header."}
	case strings.EqualFold(scheme, "Bearer"):
		return s.opts.Dashboards.Bearer(r.http.Context(), r.grafana.ID, rest)
	case strings.EqualFold(scheme, "Basic"):
		return hearth.GrafanaUser{}, &hearth.Error{Kind: hearth.Unauthenticated,
			Msg: "Passwords are not taken here: create a service account and send its token, Authorization: Bearer glsa_…"}
	case auth != "":
		return hearth.GrafanaUser{}, &hearth.Error{Kind: hearth.Unauthenticated,
			Msg: "A Grafana workspace's HTTP API takes no signature: create a service account and send its token, Authorization: Bearer glsa_…"}
	case s.opts.Sessions == nil:
		return hearth.GrafanaUser{}, &hearth.Error{Kind: hearth.Unauthenticated, Msg: "Unauthorized"}
	}
	return s.opts.Sessions.GrafanaUser(r.http.Context(), r.grafana, r.http)
}

// grafanaProof is the answer to who could not prove themselves.
func (s *Server) grafanaProof(r *request, err error) error {
	f := &refusal{code: "unauthorized", status: http.StatusUnauthorized, account: r.grafana.Account}
	if e, ok := asError(err); ok {
		f.msg = e.Msg
	}
	switch hearth.KindOf(err) {
	case hearth.Unauthenticated:
		if scheme, _, _ := strings.Cut(r.http.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
			f.reason, f.summary = "unknown_token", "The token is not known in this Grafana workspace, or has expired."
		}
		return f
	case hearth.Denied:
		f.code, f.status, f.reason, f.denied = "forbidden", http.StatusForbidden, "cross_site", true
		return f
	}
	return err
}

// mayGrafana asks whether the role is enough for the row.
func (s *Server) mayGrafana(r *request) error {
	if r.user.Workspace == r.grafana.ID && r.user.Role.Allows(r.row.role) {
		return nil
	}
	return &refusal{
		code: "forbidden", status: http.StatusForbidden, denied: true, reason: "role", account: r.grafana.Account,
		msg:     "You'll need additional permissions to perform this action. Role needed: " + string(r.row.role) + ", yours: " + string(r.user.Role),
		summary: r.user.Login + " has the role " + string(r.user.Role) + " in the Grafana workspace; the operation needs " + string(r.row.role) + ".",
		details: []hearth.Detail{{Name: hearth.DetailResource, Value: r.grafana.ARN().String()}, {Name: hearth.DetailAction, Value: r.row.action}},
	}
}

// call is the request as the room dashboard takes it.
func (r *request) call() *dashboard.Call {
	return &dashboard.Call{Workspace: r.grafana, User: r.user, Request: r.id, HTTP: r.http, Body: r.body.bytes(), Param: r.param, Rest: r.params.rest}
}

// encodeGrafana answers as Grafana does.
func (r *request) encodeGrafana(out any) {
	reply, ok := out.(dashboard.Reply)
	if !ok {
		reply = dashboard.Reply{Body: out}
	}
	if reply.Code == 0 {
		reply.Code = http.StatusOK
	}
	h := r.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	switch {
	case reply.Raw != nil:
		h.Set("Content-Type", reply.Type)
		h.Set("Content-Security-Policy", "sandbox")
		if reply.File != "" {
			h.Set("Content-Disposition", `attachment; filename="`+reply.File+`"`)
		}
		r.w.WriteHeader(reply.Code)
		_, _ = r.w.Write(reply.Raw)
	case reply.Code == http.StatusNoContent || reply.Body == nil:
		r.w.WriteHeader(reply.Code)
	default:
		writeJSON(&r.w, "application/json", reply.Code, reply.Body)
	}
}

// writeGrafana answers a failure as Grafana does: a message, and for some the
// status by which clients tell them.
func (f failure) writeGrafana(w http.ResponseWriter) {
	body := map[string]any{"message": f.msg}
	if f.err != nil && f.err.Type != "" {
		body["status"] = f.err.Type
	}
	if f.kind == hearth.Denied {
		body["title"] = "Access denied"
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	writeJSON(w, "application/json", f.status, body)
}

// ServeAs answers a data-plane request in the name of a principal that the program
// itself has proven: a Grafana workspace's role. It asks the same questions as of
// anybody else.
func (s *Server) ServeAs(p hearth.Principal, w http.ResponseWriter, hr *http.Request) {
	r := s.begin(w, hr)
	defer s.end(r)
	defer s.recovered(r)
	if err := s.handleAs(r, p); err != nil {
		s.refuse(r, err)
	}
}

func (s *Server) handleAs(r *request, p hearth.Principal) error {
	r.service = s.services["aps"]
	if err := s.routePath(r); err != nil {
		return err
	}
	if !r.row.data() {
		return unknownOperation(s.nothingHere(r))
	}
	if err := readBody(r, s.bodies, s.bodyLimit(r)); err != nil {
		return err
	}
	r.body.proven()
	r.caller = hearth.Caller{Principal: p, Account: p.Account, Region: r.workspace.Region, RequestID: r.id}
	if err := s.authorize(r); err != nil {
		return err
	}
	return s.answer(r)
}

// notInGrafana is the answer to a path of a Grafana workspace that no row has.
func notInGrafana(r *request) error {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.path, "/grafana/"), "/")
	if first, _, _ := strings.Cut(rest, "/"); first == "api" || first == "apis" {
		return &hearth.Error{Kind: hearth.NotServed, Msg: "/" + clip(rest) + " is not served by this version of Hearth. docs/operations.md lists what is of Grafana's HTTP API."}
	}
	return &hearth.Error{Kind: hearth.NotFound, Msg: "There is nothing at /" + clip(rest) + " in a Grafana workspace."}
}
