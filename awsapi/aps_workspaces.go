package awsapi

import (
	"context"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/workspace"
)

type statusBody struct {
	Code hearth.Status `json:"statusCode"`
}

type createWorkspaceInput struct {
	Alias       *string           `json:"alias"`
	ClientToken *string           `json:"clientToken"`
	KMSKeyARN   *string           `json:"kmsKeyArn"`
	Tags        map[string]string `json:"tags"`
}

type createWorkspaceOutput struct {
	ARN       string             `json:"arn"`
	KMSKeyARN *string            `json:"kmsKeyArn,omitempty"`
	Status    statusBody         `json:"status"`
	Tags      map[string]string  `json:"tags"`
	ID        hearth.WorkspaceID `json:"workspaceId"`
}

func (s *Server) createWorkspace(ctx context.Context, r *request) (any, error) {
	var in createWorkspaceInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	d, err := s.opts.Workspaces.Create(ctx, workspace.CreateInput{
		Alias: in.Alias, Tags: in.Tags, KMSKeyARN: in.KMSKeyARN, Token: in.ClientToken,
	})
	if err != nil {
		return nil, err
	}
	return createWorkspaceOutput{
		ARN: d.ARN().String(), KMSKeyARN: in.KMSKeyARN, Status: statusBody{d.Status}, Tags: tagsBody(d.Tags), ID: d.ID,
	}, nil
}

// workspaceBody is a workspace as List and Describe tell it; List leaves the
// endpoint out.
type workspaceBody struct {
	Alias              *string            `json:"alias,omitempty"`
	ARN                string             `json:"arn"`
	CreatedAt          epoch              `json:"createdAt"`
	PrometheusEndpoint string             `json:"prometheusEndpoint,omitempty"`
	Status             statusBody         `json:"status"`
	Tags               map[string]string  `json:"tags"`
	ID                 hearth.WorkspaceID `json:"workspaceId"`
}

func bodyOf(d workspace.Description) workspaceBody {
	return workspaceBody{
		Alias: orNothing(d.Alias), ARN: d.ARN().String(), CreatedAt: epoch(d.CreatedAt),
		Status: statusBody{d.Status}, Tags: tagsBody(d.Tags), ID: d.ID,
	}
}

// tagsBody is never null on the wire.
func tagsBody(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}

func (s *Server) describeWorkspace(ctx context.Context, r *request) (any, error) {
	d, err := s.opts.Workspaces.Describe(ctx, r.workspaceID())
	if err != nil {
		return nil, err
	}
	b := bodyOf(d)
	b.PrometheusEndpoint = s.endpoint(d.ID)
	return struct {
		Workspace workspaceBody `json:"workspace"`
	}{b}, nil
}

// endpoint is the base that clients append api/v1/… to.
func (s *Server) endpoint(id hearth.WorkspaceID) string {
	return s.opts.ExternalURL + "/workspaces/" + string(id) + "/"
}

type listWorkspacesOutput struct {
	NextToken  *string         `json:"nextToken,omitempty"`
	Workspaces []workspaceBody `json:"workspaces"`
}

func (s *Server) listWorkspaces(ctx context.Context, r *request) (any, error) {
	q := r.query()
	in := workspace.ListInput{Alias: q.text("alias"), MaxResults: q.number("maxResults"), NextToken: q.text("nextToken")}
	if q.err != nil {
		return nil, q.err
	}
	page, err := s.opts.Workspaces.List(ctx, in)
	if err != nil {
		return nil, err
	}
	out := listWorkspacesOutput{NextToken: orNothing(page.NextToken), Workspaces: []workspaceBody{}}
	for _, d := range page.Workspaces {
		out.Workspaces = append(out.Workspaces, bodyOf(d))
	}
	return out, nil
}

func (s *Server) deleteWorkspace(ctx context.Context, r *request) (any, error) {
	q := r.query()
	token := q.text("clientToken")
	if q.err != nil {
		return nil, q.err
	}
	w, missing := s.opts.Workspaces.Describe(ctx, r.workspaceID())
	if err := s.opts.Workspaces.Delete(ctx, r.workspaceID(), token); err != nil {
		return nil, err
	}
	if missing == nil {
		s.forgetResourcePolicy(ctx, w)
	}
	return nil, nil
}

func (s *Server) updateWorkspaceAlias(ctx context.Context, r *request) (any, error) {
	var in struct {
		Alias       *string `json:"alias"`
		ClientToken *string `json:"clientToken"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	return nil, s.opts.Workspaces.SetAlias(ctx, r.workspaceID(), workspace.AliasInput{Alias: in.Alias, Token: in.ClientToken})
}
