package awsapi

import (
	"fmt"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// tellRegion writes into the ledger why a workspace of the caller was not found: it
// is in another region than the request was signed for. The answer is AWS's, which
// does not say so. Of other accounts' workspaces nothing is written.
func (s *Server) tellRegion(r *request, err error) {
	if err == nil || hearth.KindOf(err) != hearth.NotFound || r.row == nil || r.row.data() || r.caller.Account == "" {
		return
	}
	arn, ok := s.known(r)
	if !ok || arn.Account != r.caller.Account || arn.Region == r.caller.Region {
		return
	}
	e := s.event(r, hearth.EventDenied, fmt.Sprintf("The workspace was not found: %s is in %s, and the request was for %s.", arn, arn.Region, r.caller.Region))
	e.Details = append(e.Details,
		hearth.Detail{Name: hearth.DetailResource, Value: arn.String()},
		hearth.Detail{Name: hearth.DetailClaimedRegion, Value: string(r.caller.Region)},
		hearth.Detail{Name: hearth.DetailExpectedRegion, Value: string(arn.Region)})
	s.opts.Recorder.Record(e)
}

// known is the ARN of the workspace that the path names, wherever it is.
func (s *Server) known(r *request) (hearth.ARN, bool) {
	name := r.param("workspaceId")
	if name == "" {
		name = r.param("grafanaId")
	}
	if arn, err := hearth.ParseARN(r.param("resourceArn")); err == nil {
		name = arn.Resource[strings.LastIndexByte(arn.Resource, '/')+1:]
	}
	if id, ok := hearth.ParseWorkspaceID(name); ok && s.opts.Workspaces != nil {
		w, err := s.opts.Workspaces.Known(r.http.Context(), id)
		return w.ARN(), err == nil
	}
	if id, ok := hearth.ParseGrafanaID(name); ok && s.opts.Dashboards != nil {
		w, err := s.opts.Dashboards.Lookup(r.http.Context(), id)
		return w.ARN(), err == nil
	}
	return hearth.ARN{}, false
}
