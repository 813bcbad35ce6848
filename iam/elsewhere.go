package iam

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/hearth-metrics/hearth"
)

// Elsewhere knows the policies of resources that other rooms keep, such as
// topics.
type Elsewhere interface {
	// ResourcePolicy returns the policy of a resource; false if there is no such
	// resource, or it has none.
	ResourcePolicy(ctx context.Context, arn hearth.ARN) (document string, ok bool, err error)
}

// maxParsed is how many policies of elsewhere are kept ready.
const maxParsed = 1024

// parsed keeps policies of elsewhere, by their text.
type parsed struct {
	mu  sync.Mutex
	all map[string]*Policy
}

func (c *parsed) policy(document string) (*Policy, error) {
	c.mu.Lock()
	p := c.all[document]
	c.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := Parse(ResourcePolicy, document)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil || len(c.all) >= maxParsed {
		c.all = map[string]*Policy{}
	}
	c.all[document] = p
	return p, nil
}

// withElsewhere adds the policy of a resource that another room keeps. A policy
// that cannot be read allows nothing and might deny, so the question fails.
func (r *Room) withElsewhere(ctx context.Context, q *Question, ps *Policies) error {
	keeper := r.opts.Elsewhere[q.Resource.Service]
	if keeper == nil {
		return nil
	}
	document, ok, err := keeper.ResourcePolicy(ctx, q.Resource)
	if err != nil {
		return fmt.Errorf("policy of %s: %w", q.Resource, err)
	}
	if !ok {
		return nil
	}
	p, err := r.parsed.policy(document)
	if err != nil {
		return fmt.Errorf("policy of %s: %v", q.Resource, err) // not the caller's document: internal
	}
	ps.Resource = []Source{{Name: "resource policy of " + q.Resource.String(), Policy: p}}
	return nil
}

// AuthorizeService asks whether the resource's policy lets a service, such as
// aps.amazonaws.com, do this. Services have no policies of their own.
func (r *Room) AuthorizeService(ctx context.Context, service string, a hearth.Access) error {
	w := caller{Identity: Identity{Kind: Service, Name: service}}
	q := Question{Who: w.Identity, Action: a.Action, Resource: a.Resource, Keys: &requestKeys{who: &w, access: &a, now: r.opts.Now()}}
	var ps Policies
	r.withResource(&q, &ps)
	if err := r.withElsewhere(ctx, &q, &ps); err != nil {
		return err
	}
	if d := Evaluate(&q, &ps); !d.Allowed {
		return r.denial(&q, &ps, nil)
	}
	return nil
}

// CheckPolicy reads the policy of a resource. One that is not well-formed, or is
// about other resources or services, is Malformed.
func (r *Room) CheckPolicy(arn hearth.ARN, document string) error {
	d := &ResourceDocument{ARN: arn.String(), Document: document}
	if err := d.read(); err != nil {
		return err
	}
	for i := range d.policy.Statements {
		s := &d.policy.Statements[i]
		for k := range s.actions {
			service, _, _ := strings.Cut(s.actions[k].source, ":")
			if service != "*" && !strings.EqualFold(service, arn.Service) {
				return malformed("Policy statement action out of service scope! Statement %d, element Action: %s is none of %s.",
					s.Index, clip(s.actions[k].source), arn.Service)
			}
		}
	}
	return d.checkResources(arn)
}
