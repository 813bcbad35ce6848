package awsapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
)

const (
	definitionPath = ws + "/alertmanager/definition"
	alertmanager   = ws + "/alertmanager/api/v2"
)

// definitionRows are the operations of alert manager definitions.
func (s *Server) definitionRows() []row {
	return []row{
		op("POST", definitionPath, 202, "aps:CreateAlertManagerDefinition", ownWorkspace, s.withAlerting(s.createDefinition)),
		op("GET", definitionPath, 200, "aps:DescribeAlertManagerDefinition", ownWorkspace, s.withAlerting(s.describeDefinition)),
		op("PUT", definitionPath, 202, "aps:PutAlertManagerDefinition", ownWorkspace, s.withAlerting(s.putDefinition)),
		op("DELETE", definitionPath, 202, "aps:DeleteAlertManagerDefinition", ownWorkspace, s.withAlerting(s.deleteDefinition)),
	}
}

// alertmanagerRows are the paths of a workspace's Alertmanager.
func (s *Server) alertmanagerRows() []row {
	am := func(method, path, action string) row {
		return row{method: method, path: alertmanager + path, action: action, on: dataWorkspace, pass: s.alertmanager}
	}
	return []row{
		am("GET", "/status", "aps:GetAlertManagerStatus"),
		am("GET", "/alerts", "aps:ListAlertManagerAlerts"),
		am("POST", "/alerts", "aps:CreateAlertManagerAlerts"),
		am("GET", "/alerts/groups", "aps:ListAlertManagerAlertGroups"),
		am("GET", "/receivers", "aps:ListAlertManagerReceivers"),
		am("GET", "/silences", "aps:ListAlertManagerSilences"),
		am("POST", "/silences", "aps:PutAlertManagerSilences"),
		am("GET", "/silence/{silenceId}", "aps:GetAlertManagerSilence"),
		am("DELETE", "/silence/{silenceId}", "aps:DeleteAlertManagerSilence"),
	}
}

// withAlerting is h for a Server that has a room of alert managers.
func (s *Server) withAlerting(h handler) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if s.opts.Alerting == nil {
			return nil, notServed(r.row.action)
		}
		return h(ctx, r)
	}
}

type definitionStatus struct {
	Status reasonedStatus `json:"status"`
}

type definitionInput struct {
	ClientToken *string `json:"clientToken"`
	Data        *string `json:"data"`
}

// changeDefinition is what Create and Put have in common.
func (s *Server) changeDefinition(ctx context.Context, r *request, change func(context.Context, hearth.Workspace, []byte, *string) (hearth.Status, error)) (any, error) {
	var in definitionInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	data, err := blob("data", in.Data)
	if err != nil {
		return nil, err
	}
	w, err := s.opts.Workspaces.Describe(ctx, r.workspaceID())
	if err != nil {
		return nil, err
	}
	status, err := change(ctx, w.Workspace, data, in.ClientToken)
	if err != nil {
		return nil, err
	}
	return definitionStatus{reasonedStatus{Code: status}}, nil
}

func (s *Server) createDefinition(ctx context.Context, r *request) (any, error) {
	return s.changeDefinition(ctx, r, s.opts.Alerting.Create)
}

func (s *Server) putDefinition(ctx context.Context, r *request) (any, error) {
	return s.changeDefinition(ctx, r, s.opts.Alerting.Put)
}

// definitionBody is a definition as Describe tells it.
type definitionBody struct {
	CreatedAt  epoch          `json:"createdAt"`
	Data       []byte         `json:"data"`
	ModifiedAt epoch          `json:"modifiedAt"`
	Status     reasonedStatus `json:"status"`
}

func definitionOf(d alerting.Description) definitionBody {
	return definitionBody{CreatedAt: epoch(d.CreatedAt), Data: d.Data, ModifiedAt: epoch(d.ModifiedAt), Status: reasonedStatus{Code: d.Status}}
}

func (s *Server) describeDefinition(ctx context.Context, r *request) (any, error) {
	w, err := s.opts.Workspaces.Describe(ctx, r.workspaceID())
	if err != nil {
		return nil, err
	}
	d, err := s.opts.Alerting.Describe(ctx, w.Workspace)
	if err != nil {
		return nil, err
	}
	return struct {
		Definition definitionBody `json:"alertManagerDefinition"`
	}{definitionOf(d)}, nil
}

func (s *Server) deleteDefinition(ctx context.Context, r *request) (any, error) {
	q := r.query()
	token := q.text("clientToken")
	if q.err != nil {
		return nil, q.err
	}
	w, err := s.opts.Workspaces.Describe(ctx, r.workspaceID())
	if err != nil {
		return nil, err
	}
	return nil, s.opts.Alerting.Delete(ctx, w.Workspace, token)
}

// alertmanager hands on the request under the path it has at an Alertmanager,
// /api/v2/…
func (s *Server) alertmanager(w http.ResponseWriter, r *request) {
	if s.opts.Alerting == nil {
		s.refuse(r, notServed(r.row.action))
		return
	}
	d := r.forPrometheus()
	d.URL.Path = strings.TrimPrefix(d.URL.Path, "/alertmanager")
	d.URL.RawPath = ""
	d.RequestURI = d.URL.RequestURI()
	if err := s.opts.Alerting.ServeAPI(w, d); err != nil {
		s.refuse(r, err)
	}
}
