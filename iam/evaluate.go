package iam

import (
	"github.com/hearth-metrics/hearth"
)

// A Question asks whether somebody may do something to something.
type Question struct {
	Who      Identity
	Action   string     // aps:QueryMetrics
	Resource hearth.ARN // its Account is whose it is, unless Owner says so
	Owner    hearth.AccountID
	Keys     Keys // nil: no condition key is there
	Tethered bool // the session's policies limit whatever grants it anything
	Trust    bool // the resource is a role: without its trust policy nothing is allowed, not even by root
}

// Policies are all that have a say. Order does not matter.
type Policies struct {
	Identity []Source
	Boundary []Source // nil: there is no boundary
	Session  []Source // nil: the session has no policies of its own
	Resource []Source
}

// A Source is a policy with the name it is known by.
type Source struct {
	Name   string // its ARN, or words such as: inline policy ingest of role writer
	Policy *Policy
}

// A Decision is the answer.
type Decision struct {
	Allowed   bool
	By        Layer // which kind of policy decided
	Explicit  bool  // a statement denied
	Source    string
	Statement *Statement // that denied, or that allowed; nil if the lack of one decided

	Trace []StatementTrace // what each statement said; of Explain only
}

// A Layer is a kind of policy by the part it plays.
type Layer string

// The layers, in AWS's words.
const (
	IdentityLayer Layer = "identity-based policy"
	BoundaryLayer Layer = "permissions boundary"
	SessionLayer  Layer = "session policy"
	ResourceLayer Layer = "resource-based policy"
	RootLayer     Layer = "account root"
)

// nothing is for questions without keys.
var nothing = Values(nil)

// Evaluate answers q. It keeps nothing and allocates nothing unless a variable
// or condition needs it.
func Evaluate(q *Question, p *Policies) Decision {
	if q.Keys == nil {
		q.Keys = nothing
	}
	if d, denied := anyDenies(q, p); denied {
		return d
	}
	if !q.Who.inAccount() {
		return byResource(q, p)
	}
	if q.Who.Account != q.owner() {
		return across(q, p)
	}
	return within(q, p)
}

func (q *Question) owner() hearth.AccountID {
	if q.Owner != "" {
		return q.Owner
	}
	return q.Resource.Account
}

// layers are the policies that may deny, in the order in which AWS names them.
func (p *Policies) layers() [4]struct {
	layer   Layer
	sources []Source
} {
	return [4]struct {
		layer   Layer
		sources []Source
	}{{IdentityLayer, p.Identity}, {ResourceLayer, p.Resource}, {BoundaryLayer, p.Boundary}, {SessionLayer, p.Session}}
}

func anyDenies(q *Question, p *Policies) (Decision, bool) {
	for _, l := range p.layers() {
		for i := range l.sources {
			src := &l.sources[i]
			for k := range src.Policy.Statements {
				s := &src.Policy.Statements[k]
				if !s.Allow && s.applies(q) {
					return Decision{By: l.layer, Explicit: true, Source: src.Name, Statement: s}, true
				}
			}
		}
	}
	return Decision{}, false
}

// byResource is for principals that have no policies: the resource decides.
func byResource(q *Question, p *Policies) Decision {
	d, _ := resourceAllows(q, p)
	return d
}

// across needs both sides: the caller's account lets them out, the resource lets
// them in.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
func across(q *Question, p *Policies) Decision {
	own := identityAllows(q, p)
	if !own.Allowed {
		return own
	}
	if d := limited(q, p); !d.Allowed {
		return d
	}
	d, _ := resourceAllows(q, p)
	return d
}

// within one account either side is enough, but a boundary and session policies
// limit what comes from identity policies, and what the resource grants to a
// role rather than to this session.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func within(q *Question, p *Policies) Decision {
	named, g := resourceAllows(q, p)
	if g == byName && !q.Tethered || g == notNamed && q.Trust {
		return named
	}
	d := identityAllows(q, p)
	if !d.Allowed && g > byAccount {
		d = named
	}
	if !d.Allowed {
		return d
	}
	if limit := limited(q, p); !limit.Allowed {
		return limit
	}
	return d
}

// limited asks the boundary and the session policies, where there are any.
func limited(q *Question, p *Policies) Decision {
	if p.Boundary != nil {
		if d := allowedBy(q, BoundaryLayer, p.Boundary); !d.Allowed {
			return d
		}
	}
	if p.Session != nil {
		return allowedBy(q, SessionLayer, p.Session)
	}
	return Decision{Allowed: true}
}

func identityAllows(q *Question, p *Policies) Decision {
	if q.Who.Kind == Root {
		return Decision{Allowed: true, By: RootLayer}
	}
	return allowedBy(q, IdentityLayer, p.Identity)
}

func allowedBy(q *Question, l Layer, sources []Source) Decision {
	for i := range sources {
		src := &sources[i]
		for k := range src.Policy.Statements {
			s := &src.Policy.Statements[k]
			if s.Allow && s.applies(q) {
				return Decision{Allowed: true, By: l, Source: src.Name, Statement: s}
			}
		}
	}
	return Decision{By: l}
}

// resourceAllows looks for the statement that names the caller best.
func resourceAllows(q *Question, p *Policies) (Decision, grant) {
	best, d := notNamed, Decision{By: ResourceLayer}
	for i := range p.Resource {
		src := &p.Resource[i]
		for k := range src.Policy.Statements {
			s := &src.Policy.Statements[k]
			if !s.Allow {
				continue
			}
			if g := s.names(&q.Who); g > best && s.applies(q) {
				best, d = g, Decision{Allowed: true, By: ResourceLayer, Source: src.Name, Statement: s}
			}
		}
	}
	return d, best
}

// applies tells whether all elements of the statement fit.
func (s *Statement) applies(q *Question) bool {
	return s.fitsAction(q) && s.fitsResource(q) && s.fitsPrincipal(q) && s.fitsConditions(q)
}

func (s *Statement) fitsAction(q *Question) bool {
	for i := range s.actions {
		if s.actions[i].match(q.Action, q.Keys) {
			return !s.notActions
		}
	}
	return s.notActions
}

func (s *Statement) fitsResource(q *Question) bool {
	if s.resources == nil {
		return true
	}
	for i := range s.resources {
		if s.resources[i].match(&q.Resource, q.Keys) {
			return !s.notResources
		}
	}
	return s.notResources
}

func (s *Statement) fitsPrincipal(q *Question) bool {
	switch {
	case s.principals == nil:
		return true
	case s.notPrincipals:
		return !s.principals.spares(&q.Who)
	}
	return s.names(&q.Who) != notNamed
}

// names tells how an allowing statement names who asks.
func (s *Statement) names(who *Identity) grant {
	if s.principals == nil {
		return notNamed
	}
	return s.principals.names(who)
}

func (s *Statement) fitsConditions(q *Question) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(q.Keys) {
			return false
		}
	}
	return true
}

// Because completes the sentence "not authorized to perform ACTION on resource
// RESOURCE …" as AWS does.
func (d *Decision) Because(action string) string {
	switch {
	case d.Allowed:
		return ""
	case d.Explicit:
		return "with an explicit deny in " + article(d.By)
	}
	return "because no " + string(d.By) + " allows the " + action + " action"
}

func article(l Layer) string {
	if l == IdentityLayer {
		return "an " + string(l)
	}
	return "a " + string(l)
}
