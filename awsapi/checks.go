package awsapi

import (
	"context"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
	"github.com/hearth-metrics/hearth/rules"
)

// checkRows are what editors ask while somebody writes: what is wrong with a rules
// file or an alert manager definition, and whether there is one already.
func (s *Server) checkRows() []row {
	return []row{
		op("POST", "/hearth/v1/workspaces/{workspaceId}/checks", 200, "hearth:CheckConfiguration", hearthWorkspace, s.checkConfiguration),
		op("GET", "/hearth/v1/workspaces/{workspaceId}/alertmanager/definition", 200, "aps:DescribeAlertManagerDefinition", hearthWorkspace, s.withAlerting(s.findDefinition)),
	}
}

// findDefinition is DescribeAlertManagerDefinition for pages that ask whether there
// is one: none is an answer here, not an error. It needs the same right.
func (s *Server) findDefinition(ctx context.Context, r *request) (any, error) {
	w, err := s.hearthWorkspaceOf(r)
	if err != nil {
		return nil, err
	}
	out := struct {
		Definition *definitionBody `json:"alertManagerDefinition"`
	}{}
	d, err := s.opts.Alerting.Describe(ctx, w)
	switch {
	case err == nil:
		b := definitionOf(d)
		out.Definition = &b
	case hearth.KindOf(err) != hearth.NotFound:
		return nil, err
	}
	return out, nil
}

// checkFault is one thing that is wrong.
type checkFault struct {
	Line    int    `json:"line,omitempty"` // from 1; absent if it cannot be told
	Message string `json:"message"`
}

func (s *Server) checkConfiguration(ctx context.Context, r *request) (any, error) {
	var in struct {
		Kind string  `json:"kind"` // rules or alertmanager
		Data *string `json:"data"` // base64, as in Create and Put
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	w, err := s.hearthWorkspaceOf(r)
	if err != nil {
		return nil, err
	}
	data, err := blob("data", in.Data)
	if err != nil {
		return nil, err
	}
	out := struct {
		Faults []checkFault `json:"faults"`
	}{[]checkFault{}}
	switch in.Kind {
	case "rules":
		_, faults := rules.Parse(rules.Unwrap(data), s.opts.Profile, w.Limits)
		for _, f := range faults {
			out.Faults = append(out.Faults, checkFault{f.Line, f.Msg})
		}
	case "alertmanager":
		_, faults := alerting.Parse(alerting.Unwrap(data), s.opts.Profile)
		for _, f := range faults {
			out.Faults = append(out.Faults, checkFault{f.Line, f.Key + ": " + f.Msg})
		}
	default:
		return nil, invalidField("kind", "must be rules or alertmanager")
	}
	return out, nil
}
