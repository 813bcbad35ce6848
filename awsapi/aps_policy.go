package awsapi

import (
	"context"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/workspace"
)

// ownedWorkspace is the workspace of the path, if the caller's account has it.
func (s *Server) ownedWorkspace(ctx context.Context, r *request) (workspace.Description, error) {
	if s.opts.IAM == nil && r.http.Method != "GET" {
		return workspace.Description{}, notServed(r.row.action)
	}
	return s.opts.Workspaces.Describe(ctx, r.workspaceID())
}

func (s *Server) describeResourcePolicy(ctx context.Context, r *request) (any, error) {
	w, err := s.ownedWorkspace(ctx, r)
	if err != nil {
		return nil, err
	}
	if s.opts.IAM == nil {
		return s.absent(ctx, r, "Resource policy not found for this workspace.", "AWS::APS::ResourcePolicy")
	}
	d, err := s.opts.IAM.ResourcePolicy(w.ARN())
	if err != nil {
		return s.absent(ctx, r, "Resource policy not found for this workspace.", "AWS::APS::ResourcePolicy")
	}
	return struct {
		Document string        `json:"policyDocument"`
		Status   hearth.Status `json:"policyStatus"`
		Revision string        `json:"revisionId"`
	}{d.Document, hearth.Active, d.Revision}, nil
}

type putResourcePolicyInput struct {
	ClientToken *string `json:"clientToken"`
	Document    *string `json:"policyDocument"`
	Revision    *string `json:"revisionId"`
}

// putResourcePolicy takes effect with its answer.
func (s *Server) putResourcePolicy(ctx context.Context, r *request) (any, error) {
	var in putResourcePolicyInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.Document == nil {
		return nil, invalidField("policyDocument", "must not be null")
	}
	w, err := s.ownedWorkspace(ctx, r)
	if err != nil {
		return nil, err
	}
	revision, err := s.opts.IAM.PutResourcePolicy(ctx, w.ARN(), *in.Document, deref(in.Revision))
	if err != nil {
		return nil, err
	}
	return struct {
		Status   hearth.Status `json:"policyStatus"`
		Revision string        `json:"revisionId"`
	}{hearth.Active, revision}, nil
}

func (s *Server) deleteResourcePolicy(ctx context.Context, r *request) (any, error) {
	q := r.query()
	revision := q.text("revisionId")
	if q.err != nil {
		return nil, q.err
	}
	w, err := s.ownedWorkspace(ctx, r)
	if err != nil {
		return nil, err
	}
	return nil, s.opts.IAM.DeleteResourcePolicy(ctx, w.ARN(), deref(revision))
}

// forgetResourcePolicy goes with a workspace that is deleted. Its id will never
// come again, so a policy that stays behind grants nothing.
func (s *Server) forgetResourcePolicy(ctx context.Context, w workspace.Description) {
	if s.opts.IAM == nil {
		return
	}
	err := s.opts.IAM.DeleteResourcePolicy(ctx, w.ARN(), "")
	if err != nil && hearth.KindOf(err) != hearth.NotFound {
		s.opts.Log.Warn("resource policy of a deleted workspace not forgotten", "workspace", w.ID, "err", err)
	}
}
