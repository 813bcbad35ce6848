package iam

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
)

// A ResourceDocument is the policy of a workspace.
type ResourceDocument struct {
	ARN      string `json:"arn"`
	Document string `json:"document"`
	Revision string `json:"revision"`

	IDs map[string]string `json:"ids,omitempty"` // whom it names, as they were then

	policy *Policy
	source []Source // policy, as Evaluate wants it
}

func (d *ResourceDocument) read() (err error) {
	if d.policy, err = Parse(ResourcePolicy, d.Document); err == nil {
		d.policy.bind(d.IDs)
		d.source = []Source{{Name: "resource policy of " + d.ARN, Policy: d.policy}}
	}
	return err
}

// NoPolicy is the revision of a resource without a policy.
const NoPolicy = "NO_POLICY"

// honoured are the actions AMP's resource policies can grant or deny: those of
// the data plane. Others are left to identity policies.
// https://docs.aws.amazon.com/prometheus/latest/userguide/resource-based-policies.html
var honoured = []string{"aps:RemoteWrite", "aps:QueryMetrics", "aps:GetSeries", "aps:GetLabels", "aps:GetMetricMetadata"}

// withResource adds the resource's policy, if it has one that counts.
func (r *Room) withResource(q *Question, ps *Policies) {
	if q.Resource.Service != "aps" {
		return
	}
	r.mu.RLock()
	none := len(r.resources) == 0
	r.mu.RUnlock()
	if none || !slices.ContainsFunc(honoured, func(a string) bool { return strings.EqualFold(a, q.Action) }) {
		return
	}
	r.mu.RLock()
	d := r.resources[q.Resource.String()]
	r.mu.RUnlock()
	if d != nil {
		ps.Resource = d.source
	}
}

// PutResourcePolicy gives a resource a policy, or replaces it if revision is the
// one it has (or empty). It returns the new revision.
func (r *Room) PutResourcePolicy(ctx context.Context, arn hearth.ARN, document, revision string) (string, error) {
	d := &ResourceDocument{ARN: arn.String(), Document: document, Revision: uuid.NewString()}
	if len(document) > maxResourcePolicy {
		return "", malformed("The policy document is longer than %d bytes.", maxResourcePolicy)
	}
	if err := d.read(); err != nil {
		return "", err
	}
	if err := d.checkResources(arn); err != nil {
		return "", err
	}
	return d.Revision, r.change(ctx, func(c *change) error {
		if err := c.checkRevision(d.ARN, revision); err != nil {
			return err
		}
		var err error
		if d.IDs, err = c.idsOf(d.policy); err != nil {
			return err
		}
		d.policy.bind(d.IDs)
		return c.put(resourceBucket, d.ARN, d, func(s *state) { s.putResource(d) })
	})
}

// checkResources refuses statements that cannot ever be about the resource the
// policy belongs to.
func (d *ResourceDocument) checkResources(arn hearth.ARN) error {
	for i := range d.policy.Statements {
		s := &d.policy.Statements[i]
		q := Question{Resource: arn, Keys: nothing}
		if !s.notResources && !s.fitsResource(&q) && !slices.ContainsFunc(s.resources, func(p arnPattern) bool { return p.variable() }) {
			return malformed("Statement %d, element Resource: it does not include %s, to which the policy belongs.", s.Index, arn)
		}
	}
	return nil
}

// variable tells whether a variable in it decides what the pattern fits.
func (p *arnPattern) variable() bool {
	for i := range p.parts {
		if p.parts[i].parts != nil {
			return true
		}
	}
	return false
}

func (s *state) checkRevision(arn, revision string) error {
	have := NoPolicy
	if d := s.resources[arn]; d != nil {
		have = d.Revision
	}
	if revision == "" || revision == have {
		return nil
	}
	return &hearth.Error{Kind: hearth.Conflict, Resource: arn, Type: "ResourcePolicy",
		Msg: fmt.Sprintf("The revisionId %s is not the current one. Describe the policy and try again.", clip(revision))}
}

// ResourcePolicy returns a resource's policy. One without is NotFound.
func (r *Room) ResourcePolicy(arn hearth.ARN) (ResourceDocument, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	d := r.resources[arn.String()]
	if d == nil {
		return ResourceDocument{}, &hearth.Error{Kind: hearth.NotFound, Resource: arn.String(), Type: "ResourcePolicy", Msg: "Resource policy not found for this workspace."}
	}
	return *d, nil
}

// DeleteResourcePolicy takes a resource's policy away if revision is the one it
// has (or empty).
func (r *Room) DeleteResourcePolicy(ctx context.Context, arn hearth.ARN, revision string) error {
	return r.change(ctx, func(c *change) error {
		if c.resources[arn.String()] == nil {
			return &hearth.Error{Kind: hearth.NotFound, Resource: arn.String(), Type: "ResourcePolicy", Msg: "Resource policy not found for this workspace."}
		}
		if err := c.checkRevision(arn.String(), revision); err != nil {
			return err
		}
		c.remove(resourceBucket, arn.String(), func(s *state) { delete(s.resources, arn.String()) })
		return nil
	})
}
