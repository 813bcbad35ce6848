package iam

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// Authorize returns nil if p may. Otherwise the error is of kind Denied, its Msg
// completes AWS's sentence, and its Err is a *Denial.
func (r *Room) Authorize(ctx context.Context, p hearth.Principal, a hearth.Access) error {
	w := r.caller(&p)
	q := Question{Who: w.Identity, Action: a.Action, Resource: a.Resource, Keys: &requestKeys{who: &w, access: &a, now: r.opts.Now()}}
	if a.Resource.Account == awsAccount {
		q.Owner = p.Account // AWS's managed policies are everybody's
	}
	q.Tethered = w.session != nil && w.session.bearer
	ps := w.policies()
	r.withResource(&q, &ps)
	if err := r.withElsewhere(ctx, &q, &ps); err != nil {
		return err
	}
	if d := Evaluate(&q, &ps); !d.Allowed {
		return r.denial(&q, &ps, &w)
	}
	r.used(&p, &a)
	return nil
}

func (w *caller) policies() Policies {
	return Policies{Identity: w.identity, Boundary: w.boundary, Session: w.sessionPolicies}
}

// used notes that a long-term key was used.
func (r *Room) used(p *hearth.Principal, a *hearth.Access) {
	r.mu.RLock()
	k := r.keys[p.AccessKeyID]
	r.mu.RUnlock()
	if k != nil {
		k.touch(r.opts.Now(), a.Action, a.Region)
	}
}

// A Denial explains a refusal to whoever may know.
type Denial struct {
	Action, Resource string
	Principal        string
	Decision         Decision
	Remedy           Remedy
	Chain            []string // how the session came to be, the first step first
	Owner            hearth.AccountID
	Opening          Remedy // what the resource's account could do for another's caller
}

func (d *Denial) Error() string {
	return d.Principal + " may not " + d.Action + " on " + d.Resource + ": " + d.Decision.Because(d.Action)
}

// Names of the details that explain a denial.
const (
	DetailSession   = "session"
	DetailStatement = "statement"
	DetailDecision  = "decision"
	DetailRemedy    = hearth.DetailRemedy
	DetailAdd       = hearth.DetailAdd
)

// maxTraced bounds how many statements a denial tells of.
const maxTraced = 40

// Details are for the ledger of account a: the session, statement by statement,
// the decision, and what would allow it. What a resource's policy says is only
// for the account that has the resource.
func (d *Denial) Details(a hearth.AccountID) []hearth.Detail {
	var out []hearth.Detail
	for _, step := range d.Chain {
		out = append(out, hearth.Detail{Name: DetailSession, Value: step})
	}
	for _, t := range d.Decision.Trace {
		if len(out) < maxTraced && (t.Layer != ResourceLayer || a == d.Owner) {
			out = append(out, hearth.Detail{Name: DetailStatement, Value: t.String()})
		}
	}
	if d.Decision.By == ResourceLayer && a != d.Owner {
		return append(out, hearth.Detail{Name: DetailDecision, Value: "denied " + d.Decision.Because(d.Action)},
			hearth.Detail{Name: DetailRemedy, Value: fmt.Sprintf("The account %s has to allow it in the policy of %s.", d.Owner, d.Resource)})
	}
	out = append(out, hearth.Detail{Name: DetailDecision, Value: "denied " + d.Decision.Because(d.Action)},
		hearth.Detail{Name: DetailRemedy, Value: d.Remedy.Advice})
	if d.Remedy.Statement != "" {
		out = append(out, hearth.Detail{Name: DetailAdd, Value: d.Remedy.Statement})
	}
	return out
}

// Invited tells whether the resource's policy lets the caller do anything at all:
// then it is no secret to them that the resource is there.
func (d *Denial) Invited() bool {
	return slices.ContainsFunc(d.Decision.Trace, func(t StatementTrace) bool {
		return t.Layer == ResourceLayer && t.Statement.Allow && t.Principal
	})
}

// DetailsOfResource are for the account that has the resource: what its policy
// said, what it could say, and nothing of the caller's own policies.
func (d *Denial) DetailsOfResource() []hearth.Detail {
	var out []hearth.Detail
	for _, t := range d.Decision.Trace {
		if len(out) < maxTraced && t.Layer == ResourceLayer {
			out = append(out, hearth.Detail{Name: DetailStatement, Value: t.String()})
		}
	}
	if d.Opening.Advice != "" {
		out = append(out, hearth.Detail{Name: DetailRemedy, Value: d.Opening.Advice})
	}
	if d.Opening.Statement != "" {
		out = append(out, hearth.Detail{Name: DetailAdd, Value: d.Opening.Statement})
	}
	return out
}

// denial is the error of a question that was answered no.
func (r *Room) denial(q *Question, ps *Policies, w *caller) error {
	d := Explain(q, ps)
	n := &Denial{
		Action: q.Action, Resource: q.Resource.String(), Principal: q.Who.ARN, Decision: d,
		Remedy: Smallest(q, &d), Opening: opening(q, &d), Owner: q.owner(),
	}
	if n.Principal == "" {
		n.Principal = q.Who.Name
	}
	if w != nil && w.session != nil {
		n.Chain = w.session.Chain
	}
	msg := strings.TrimPrefix(d.Because(q.Action), "because ")
	return &hearth.Error{Kind: hearth.Denied, Resource: n.Resource, Msg: msg, Err: n}
}
