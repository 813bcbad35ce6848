package iam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// Simulation asks what policies would answer, without anybody doing anything.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
type Simulation struct {
	SourceARN string   // of the user, group or role; empty: Policies alone
	Policies  []string // documents, besides those of the source
	Boundary  []string // documents, instead of the source's boundary
	Resource  string   // document of the resource's policy
	Owner     string   // account, or ARN of it, that has the resource
	Caller    string   // ARN of who would ask; the source if empty
	Actions   []string
	Resources []string // * if there are none
	Context   Values
}

// maxSimulated bounds the questions of one simulation.
const maxSimulated = 1000

// A SimulatedAnswer is the answer to one action on one resource.
type SimulatedAnswer struct {
	Action, Resource string
	Decision         Decision
	Missing          []string // condition keys that statements ask about and that were not given
	Bounded          bool     // a boundary was asked
	InBoundary       bool     // and allowed it
}

// Simulate answers every action on every resource.
func (a *Account) Simulate(s Simulation) ([]SimulatedAnswer, error) {
	w, ps, err := a.simulated(s)
	if err != nil {
		return nil, err
	}
	resources := s.Resources
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	if len(s.Actions)*len(resources) > maxSimulated {
		return nil, invalid("actionNames", fmt.Sprintf("There are more than %d combinations of actions and resources", maxSimulated))
	}
	var out []SimulatedAnswer
	for _, action := range s.Actions {
		if service, op, ok := strings.Cut(action, ":"); !ok || service == "" || op == "" {
			return nil, &hearth.Error{Kind: hearth.Invalid, Type: "input", Msg: "Invalid Entity Action: " + clip(action) + " does not match the SERVICE:ACTION format"}
		}
		for _, resource := range resources {
			arn, err := simulatedResource(resource)
			if err != nil {
				return nil, err
			}
			q := &Question{Who: w.Identity, Action: action, Resource: arn, Owner: a.simulatedOwner(s.Owner, arn),
				Keys: layered{s.Context, &requestKeys{who: w, access: &hearth.Access{Resource: arn, TLS: true}, now: a.room.opts.Now()}}}
			out = append(out, answer(q, ps, resource))
		}
	}
	return out, nil
}

func answer(q *Question, ps *Policies, resource string) SimulatedAnswer {
	d := Explain(q, ps)
	out := SimulatedAnswer{Action: q.Action, Resource: resource, Decision: d, Missing: missing(d.Trace)}
	if ps.Boundary != nil {
		out.Bounded, out.InBoundary = true, allowedBy(q, BoundaryLayer, ps.Boundary).Allowed
	}
	return out
}

// missing are the keys of conditions that could not be decided for want of a
// value, in statements that fit otherwise.
func missing(trace []StatementTrace) []string {
	var out []string
	for _, t := range trace {
		for _, c := range t.Conditions {
			if t.Action && t.Resource && t.Principal && !c.Present && c.Operator != "Null" {
				out = append(out, c.Key)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func simulatedResource(s string) (hearth.ARN, error) {
	if s == "*" {
		return hearth.ARN{Resource: "*"}, nil
	}
	arn, err := hearth.ParseARN(s)
	if err != nil {
		return arn, &hearth.Error{Kind: hearth.Invalid, Type: "input", Msg: "Invalid Entity Arn: " + clip(s)}
	}
	return arn, nil
}

// simulatedOwner is the account that has the resource: this one unless said
// otherwise, as AWS assumes.
func (a *Account) simulatedOwner(owner string, arn hearth.ARN) hearth.AccountID {
	if isAccount(owner) {
		return hearth.AccountID(owner)
	}
	if o, err := hearth.ParseARN(owner); err == nil && o.Account != "" {
		return o.Account
	}
	if arn.Account != "" && isAccount(string(arn.Account)) {
		return arn.Account
	}
	return a.id
}

// simulated collects who asks and the policies that count.
func (a *Account) simulated(s Simulation) (*caller, *Policies, error) {
	w := &caller{Identity: Identity{Kind: User, Account: a.id, ARN: "arn:aws:iam::" + string(a.id) + ":user/simulated"}}
	ps := &Policies{}
	if s.SourceARN != "" {
		if err := a.simulatedSource(s.SourceARN, w); err != nil {
			return nil, nil, err
		}
		ps.Identity, ps.Boundary = slices.Clone(w.identity), w.boundary
	}
	if err := simulatedCaller(s.Caller, w); err != nil {
		return nil, nil, err
	}
	return w, ps, s.add(ps)
}

func (s *Simulation) add(ps *Policies) error {
	for i, doc := range s.Policies {
		if err := addDocument(&ps.Identity, IdentityPolicy, "PolicyInputList", i, doc); err != nil {
			return err
		}
	}
	if len(s.Boundary) > 0 {
		ps.Boundary = nil
	}
	for i, doc := range s.Boundary {
		if err := addDocument(&ps.Boundary, IdentityPolicy, "PermissionsBoundaryPolicyInputList", i, doc); err != nil {
			return err
		}
	}
	if s.Resource == "" {
		return nil
	}
	return addDocument(&ps.Resource, ResourcePolicy, "ResourcePolicy", 0, s.Resource)
}

func addDocument(to *[]Source, kind PolicyKind, name string, i int, doc string) error {
	p, err := Parse(kind, doc)
	if err != nil {
		return err
	}
	*to = append(*to, Source{Name: fmt.Sprintf("%s.%d", name, i+1), Policy: p})
	return nil
}

// simulatedSource makes w the user or role, or gives it a group's policies.
func (a *Account) simulatedSource(arn string, w *caller) error {
	parsed, err := hearth.ParseARN(arn)
	kind, name, _ := strings.Cut(parsed.Resource, "/")
	name = name[strings.LastIndexByte(name, '/')+1:]
	e, missing := a.Get(EntityKind(kind), name)
	if err != nil || missing != nil || e.ARN() != parsed {
		return &hearth.Error{Kind: hearth.NotFound, Type: "policy source", Resource: arn, Msg: "The source " + clip(arn) + " cannot be found."}
	}
	w.userID = e.ID
	w.ARN = e.ARN().String()
	a.room.attach(w, e.key())
	return nil
}

func simulatedCaller(arn string, w *caller) error {
	if arn == "" {
		return nil
	}
	parsed, err := hearth.ParseARN(arn)
	if err != nil || !isAccount(string(parsed.Account)) {
		return &hearth.Error{Kind: hearth.Invalid, Type: "input", Msg: "Invalid Entity Arn: " + clip(arn)}
	}
	w.ARN, w.Account = arn, parsed.Account
	return nil
}

// ContextKeys are the condition keys that documents ask about.
func ContextKeys(documents []string) ([]string, error) {
	var out []string
	for _, doc := range documents {
		p, err := Parse(IdentityPolicy, doc)
		if err != nil {
			return nil, err
		}
		for i := range p.Statements {
			out = append(out, p.Statements[i].keys()...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (s *Statement) keys() (out []string) {
	for i := range s.conditions {
		out = append(out, s.conditions[i].name)
		for _, v := range s.conditions[i].values {
			out = append(out, v.pattern.keys()...)
		}
	}
	for i := range s.resources {
		for k := range s.resources[i].parts {
			out = append(out, s.resources[i].parts[k].keys()...)
		}
	}
	return out
}

func (p *pattern) keys() (out []string) {
	for _, v := range p.parts {
		if v.key != "" {
			out = append(out, v.key)
		}
	}
	return out
}

// DocumentsOf are the documents that count for a user, group or role.
func (a *Account) DocumentsOf(arn string) ([]string, error) {
	w := &caller{}
	if err := a.simulatedSource(arn, w); err != nil {
		return nil, err
	}
	var out []string
	for _, s := range w.identity {
		out = append(out, s.Policy.Text)
	}
	return out, nil
}
