package awsapi

import (
	"context"
	"fmt"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/workspace"
)

type labelSetLimit struct {
	LabelSet map[string]string `json:"labelSet"`
	Limits   *labelSetLimits   `json:"limits"`
}

type labelSetLimits struct {
	MaxSeries *int64 `json:"maxSeries,omitempty"`
}

type configurationBody struct {
	LabelSets         []labelSetLimit `json:"limitsPerLabelSet"`
	OutOfOrderSeconds int             `json:"outOfOrderTimeWindowInSeconds"`
	RetentionDays     int             `json:"retentionPeriodInDays"`
	RuleOffsetSeconds int             `json:"ruleQueryOffsetInSeconds"`
	Status            statusBody      `json:"status"`
}

func (s *Server) describeWorkspaceConfiguration(ctx context.Context, r *request) (any, error) {
	c, err := s.opts.Workspaces.Configuration(ctx, r.workspaceID())
	if err != nil {
		return nil, err
	}
	b := configurationBody{
		LabelSets: []labelSetLimit{}, OutOfOrderSeconds: c.OutOfOrderSeconds,
		RetentionDays: c.RetentionDays, RuleOffsetSeconds: c.RuleOffsetSeconds, Status: statusBody{c.Status},
	}
	for _, l := range c.LabelSets {
		b.LabelSets = append(b.LabelSets, labelSetLimit{LabelSet: tagsBody(l.Labels), Limits: &labelSetLimits{&l.MaxSeries}})
	}
	return struct {
		Configuration configurationBody `json:"workspaceConfiguration"`
	}{b}, nil
}

type updateConfigurationInput struct {
	ClientToken       *string          `json:"clientToken"`
	LabelSets         *[]labelSetLimit `json:"limitsPerLabelSet"`
	OutOfOrderSeconds *int             `json:"outOfOrderTimeWindowInSeconds"`
	RetentionDays     *int             `json:"retentionPeriodInDays"`
	RuleOffsetSeconds *int             `json:"ruleQueryOffsetInSeconds"`
}

func (s *Server) updateWorkspaceConfiguration(ctx context.Context, r *request) (any, error) {
	var in updateConfigurationInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	sets, err := labelSets(in.LabelSets)
	if err != nil {
		return nil, err
	}
	status, err := s.opts.Workspaces.UpdateConfiguration(ctx, r.workspaceID(), workspace.ConfigurationInput{
		LabelSets: sets, RetentionDays: in.RetentionDays, OutOfOrderSeconds: in.OutOfOrderSeconds,
		RuleOffsetSeconds: in.RuleOffsetSeconds, Token: in.ClientToken,
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Status statusBody `json:"status"`
	}{statusBody{status}}, nil
}

// labelSets turns the wire's limits into the room's; both members of an entry
// are required. An entry without maxSeries counts and never refuses.
func labelSets(in *[]labelSetLimit) (*[]hearth.LabelSetLimit, error) {
	if in == nil {
		return nil, nil
	}
	out := make([]hearth.LabelSetLimit, 0, len(*in))
	for i, l := range *in {
		if l.LabelSet == nil {
			return nil, invalidField(fmt.Sprintf("limitsPerLabelSet[%d].labelSet", i), "must not be null")
		}
		if l.Limits == nil {
			return nil, invalidField(fmt.Sprintf("limitsPerLabelSet[%d].limits", i), "must not be null")
		}
		limit := hearth.LabelSetLimit{Labels: l.LabelSet}
		if l.Limits.MaxSeries != nil {
			limit.MaxSeries = *l.Limits.MaxSeries
		}
		out = append(out, limit)
	}
	return &out, nil
}

// What Terraform asks on every refresh: nothing of the kind is configured. A
// workspace that does not exist is told apart by the room.

func (s *Server) noLogging(ctx context.Context, r *request) (any, error) {
	return s.absent(ctx, r, "Logging configuration not found for this workspace.", "AWS::APS::LoggingConfiguration")
}

func (s *Server) noQueryLogging(ctx context.Context, r *request) (any, error) {
	return s.absent(ctx, r, "Query logging configuration not found for this workspace.", "AWS::APS::QueryLoggingConfiguration")
}

func (s *Server) absent(ctx context.Context, r *request, msg, kind string) (any, error) {
	d, err := s.opts.Workspaces.Describe(ctx, r.workspaceID())
	if err != nil {
		return nil, err
	}
	return nil, &hearth.Error{Kind: hearth.NotFound, Resource: string(d.ID), Type: kind, Msg: msg}
}
