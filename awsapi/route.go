package awsapi

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// maxPath is how long a path may be: an ARN of the greatest length, escaped, is
// shorter. Paths are repeated in answers and in the ledger.
const maxPath = 4 << 10

// route finds the request's row. Operations of the query protocol stand in the
// form, so their body is read here.
func (s *Server) route(r *request) error {
	svc := s.selectService(r)
	switch {
	case len(r.path) > maxPath:
		return unknownOperation("The path is too long.")
	case svc == nil && isForm(r):
		return s.routeForm(r, nil)
	case svc == nil:
		return unknownOperation(s.nothingHere(r))
	}
	r.service = svc
	switch {
	case svc.served && svc.name == "monitoring":
		return s.routeMonitoring(r, svc)
	case !svc.served:
		r.row = &row{action: svc.name + ":Unknown", on: anyPrincipal}
		return nil
	case svc.protocol == queryXML && (r.path == "/" || len(svc.router.root.literal) == 0):
		return s.routeForm(r, svc)
	}
	return s.routePath(r)
}

func (s *Server) nothingHere(r *request) string {
	if name := r.claimedService(); name != "" {
		return fmt.Sprintf("No operation is served at %s, and the service %q in the credential scope is not known.", r.path, name)
	}
	return "No operation is served at " + r.path + "."
}

func (s *Server) routePath(r *request) error {
	if r.service.protocol == grafanaJSON && s.upstreamed(r.http.Context(), "", r.path) {
		return s.routeUpstream(r)
	}
	if r.service.protocol == grafanaJSON && s.routeByToken(r) {
		return nil
	}
	m, allowed := r.service.router.find(r.http.Method, r.path)
	if m.row == nil && len(allowed) > 0 {
		msg := fmt.Sprintf("No operation of %s has the method %s at %s; it takes %s.", r.service.title, r.http.Method, r.path, strings.Join(allowed, ", "))
		if r.service.protocol == grafanaJSON { // where 404 would say that what was meant is gone
			return &hearth.Error{Kind: hearth.NotServed, Msg: msg}
		}
		return unknownOperation(msg)
	}
	if m.row == nil && r.service.protocol == grafanaJSON {
		return notInGrafana(r)
	}
	if m.row == nil {
		return unknownOperation(fmt.Sprintf("No operation of %s is served at %s.", r.service.title, r.path))
	}
	r.row, r.params = m.row, m.params
	if m.row.data() {
		return s.findWorkspace(r)
	}
	return nil
}

// findWorkspace looks the data plane's workspace up. One that does not exist
// stays zero: only who has proven who they are learns of it.
func (s *Server) findWorkspace(r *request) error {
	id, ok := hearth.ParseWorkspaceID(r.param("workspaceId"))
	if !ok {
		return nil
	}
	w, err := s.opts.Workspaces.Lookup(r.http.Context(), id)
	switch {
	case err == nil:
		r.workspace = w
	case hearth.KindOf(err) != hearth.NotFound:
		return err
	}
	return nil
}

// isForm tells requests of the query protocol: a form posted to /, or the same
// in the query of a presigned GET.
func isForm(r *request) bool {
	if r.path != "/" {
		return false
	}
	return strings.HasPrefix(r.http.Header.Get("Content-Type"), "application/x-www-form-urlencoded") ||
		strings.Contains(r.http.URL.RawQuery, "Action=")
}

// routeForm finds the row by the form's Action. svc is nil if only the form can
// tell it.
func (s *Server) routeForm(r *request, svc *service) error {
	if err := s.readForm(r); err != nil {
		return err
	}
	if svc == nil {
		svc = s.byForm(r.form)
	}
	if svc == nil {
		return unknownOperation(s.nothingHere(r))
	}
	r.service = svc
	action := r.form.Get("Action")
	if !svc.served {
		r.row = &row{action: svc.name + ":Unknown", on: anyPrincipal}
		return nil
	}
	if r.row = svc.actions[action]; r.row == nil {
		return &refusal{code: "InvalidAction", status: http.StatusBadRequest,
			msg: fmt.Sprintf("Could not find operation %s for version %s", clip(action), clip(r.form.Get("Version")))}
	}
	return nil
}

// readForm reads the query-protocol form. Who does not name a key that exists
// gets little room, and takes none from the others.
func (s *Server) readForm(r *request) error {
	from, limit := s.strangers, int64(unsignedBody)
	if s.namesKey(r) {
		from, limit = s.bodies, controlBody
	}
	if err := readBody(r, from, limit); err != nil {
		return err
	}
	text := r.http.URL.RawQuery
	if r.http.Method == http.MethodPost && len(r.body.bytes()) > 0 {
		text = string(r.body.bytes())
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return &hearth.Error{Kind: hearth.Malformed, Msg: "the form cannot be parsed", Err: err}
	}
	r.form = form
	return nil
}

// namesKey tells whether the signature, true or not, is of a key that exists.
func (s *Server) namesKey(r *request) bool {
	if r.sig == nil {
		return false
	}
	_, _, err := s.opts.Credentials.Secret(r.http.Context(), r.sig.AccessKeyID, r.sig.Token)
	return err == nil
}

// readBody reads the body unless that has been done. Until body.proven it counts
// against what a stranger may hold.
func readBody(r *request, from *bodies, limit int64) error {
	if r.body.buf != nil || r.http.Body == nil {
		return nil
	}
	var err error
	r.body, err = from.read(io.Reader(r.http.Body), r.http.ContentLength, limit, r.claimant())
	return err
}

// bodyLimit is how long the request's body may be.
func (s *Server) bodyLimit(r *request) int64 {
	if !r.row.data() {
		return controlBody
	}
	limit := r.workspace.Limits.RequestBytes
	if r.workspace.ID == "" {
		limit = hearth.LimitsOf(s.opts.Profile).RequestBytes
	}
	if limit <= 0 || limit > hardBody {
		return hardBody
	}
	return limit
}

// clip and clipTo keep what strangers wrote short.
func clip(s string) string { return clipTo(s, 100) }

func clipTo(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
