package iam

import (
	"context"
	"fmt"
	"slices"

	"github.com/hearth-metrics/hearth"
)

// PutInline gives an entity a policy of its own, or replaces it.
func (a *Account) PutInline(ctx context.Context, kind EntityKind, name, policy, document string) error {
	if err := checkName("policyName", policy, 128); err != nil {
		return err
	}
	parsed, err := Parse(IdentityPolicy, document)
	if err != nil {
		return err
	}
	return a.edit(ctx, kind, name, func(_ *change, e *Entity) error {
		in := Inline{Name: policy, Document: document, policy: parsed}
		if at, ok := e.inline(policy); ok {
			e.Inline[at] = in
		} else {
			e.Inline = slices.Insert(e.Inline, at, in)
		}
		total := 0
		for _, i := range e.Inline {
			total += size(i.Document)
		}
		if total > maxInline[kind] {
			return overQuota("Maximum policy size of %d bytes exceeded for %s %s", maxInline[kind], kind, e.Name)
		}
		return nil
	})
}

// Inline returns one of an entity's own policies.
func (a *Account) Inline(kind EntityKind, name, policy string) (Inline, error) {
	e, err := a.Get(kind, name)
	if err != nil {
		return Inline{}, err
	}
	at, ok := e.inline(policy)
	if !ok {
		return Inline{}, noInline(kind, policy)
	}
	return e.Inline[at], nil
}

// DeleteInline takes one away.
func (a *Account) DeleteInline(ctx context.Context, kind EntityKind, name, policy string) error {
	return a.edit(ctx, kind, name, func(_ *change, e *Entity) error {
		at, ok := e.inline(policy)
		if !ok {
			return noInline(kind, policy)
		}
		e.Inline = slices.Delete(e.Inline, at, at+1)
		return nil
	})
}

func noInline(kind EntityKind, policy string) error {
	return &hearth.Error{Kind: hearth.NotFound, Type: "policy", Resource: policy,
		Msg: fmt.Sprintf("The %s policy with name %s cannot be found.", kind, clip(policy))}
}

// Attach gives an entity a managed policy; attaching it twice is no error.
func (a *Account) Attach(ctx context.Context, kind EntityKind, name, arn string) error {
	return a.edit(ctx, kind, name, func(c *change, e *Entity) error {
		if _, ok := c.policy(a.id, arn); !ok {
			return notAttachable(arn)
		}
		if slices.Contains(e.Attached, arn) {
			return nil
		}
		if len(e.Attached) >= c.quotas.attached {
			return overQuota("Cannot exceed quota for PoliciesPer%s: %d", map[EntityKind]string{UserKind: "User", GroupKind: "Group", RoleKind: "Role"}[kind], c.quotas.attached)
		}
		e.Attached = append(e.Attached, arn)
		return nil
	})
}

func notAttachable(arn string) error {
	return &hearth.Error{Kind: hearth.NotFound, Type: "policy", Resource: arn, Msg: fmt.Sprintf("Policy %s does not exist or is not attachable.", clip(arn))}
}

// Detach takes a managed policy away.
func (a *Account) Detach(ctx context.Context, kind EntityKind, name, arn string) error {
	return a.edit(ctx, kind, name, func(_ *change, e *Entity) error {
		at := slices.Index(e.Attached, arn)
		if at < 0 {
			return &hearth.Error{Kind: hearth.NotFound, Type: "policy", Resource: arn, Msg: fmt.Sprintf("Policy %s was not found.", clip(arn))}
		}
		e.Attached = slices.Delete(e.Attached, at, at+1)
		return nil
	})
}

// SetBoundary limits a user or role to what a managed policy allows; an empty
// ARN lifts the limit.
func (a *Account) SetBoundary(ctx context.Context, kind EntityKind, name, arn string) error {
	return a.edit(ctx, kind, name, func(c *change, e *Entity) error {
		if arn == "" && e.Boundary == "" {
			return &hearth.Error{Kind: hearth.NotFound, Type: "policy", Resource: name, Msg: fmt.Sprintf("The %s %s has no permissions boundary.", kind, e.Name)}
		}
		e.Boundary = arn
		return c.checkBoundary(a.id, arn)
	})
}

func (s *state) checkBoundary(a hearth.AccountID, arn string) error {
	if arn == "" {
		return nil
	}
	if _, ok := s.policy(a, arn); !ok {
		return &hearth.Error{Kind: hearth.NotFound, Type: "policy", Resource: arn, Msg: fmt.Sprintf("Scope ARN: %s does not exist or is not attachable.", clip(arn))}
	}
	return nil
}
