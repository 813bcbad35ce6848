package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
)

func (s *Server) createAccountAlias(ctx context.Context, r *request) (any, error) {
	if err := r.required("AccountAlias"); err != nil {
		return nil, err
	}
	return nil, s.account(r).SetAlias(ctx, r.field("AccountAlias"))
}

func (s *Server) deleteAccountAlias(ctx context.Context, r *request) (any, error) {
	if err := r.required("AccountAlias"); err != nil {
		return nil, err
	}
	alias := r.field("AccountAlias")
	if s.account(r).Alias() != alias {
		return nil, &hearth.Error{Kind: hearth.NotFound, Resource: alias, Msg: "The Account Alias " + clip(alias) + " cannot be found."}
	}
	return nil, s.account(r).SetAlias(ctx, "")
}

func (s *Server) listAccountAliases(_ context.Context, r *request) (any, error) {
	out := struct {
		AccountAliases memberList[string]
		pageShape
	}{}
	if alias := s.account(r).Alias(); alias != "" {
		out.AccountAliases.Member = []string{alias}
	}
	return out, nil
}

func (s *Server) getAccountSummary(_ context.Context, r *request) (any, error) {
	a := s.account(r)
	type entry struct {
		Key   string `xml:"key"`
		Value int    `xml:"value"`
	}
	var out struct {
		SummaryMap struct {
			Entry []entry `xml:"entry"`
		}
	}
	out.SummaryMap.Entry = []entry{
		{"Users", len(a.List(iam.UserKind, ""))}, {"Groups", len(a.List(iam.GroupKind, ""))}, {"Roles", len(a.List(iam.RoleKind, ""))},
		{"Policies", len(a.Policies(true, false, ""))}, {"Providers", len(a.Providers())},
		{"AccountMFAEnabled", 0},
	}
	for _, q := range a.Quotas() {
		out.SummaryMap.Entry = append(out.SummaryMap.Entry, entry{q.Name, q.Most})
	}
	return out, nil
}

type policyDetail struct {
	policyShape
	PolicyVersionList memberList[versionShape]
}

type userDetail struct {
	userShape
	UserPolicyList          memberList[inlineShape]
	GroupList               memberList[string]
	AttachedManagedPolicies memberList[attachedShape]
}

type groupDetail struct {
	groupShape
	GroupPolicyList         memberList[inlineShape]
	AttachedManagedPolicies memberList[attachedShape]
}

type roleDetail struct {
	roleShape
	InstanceProfileList     memberList[struct{}]
	RolePolicyList          memberList[inlineShape]
	AttachedManagedPolicies memberList[attachedShape]
}

// detail is one thing of an account: exactly one member is set.
type detail struct {
	key    string
	entity *iam.Entity
	policy *iam.PolicyUse
}

// detailKinds are what the form's Filter may ask for.
var detailKinds = []string{"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}

// getAccountAuthorizationDetails lists everything that decides about rights.
func (s *Server) getAccountAuthorizationDetails(_ context.Context, r *request) (any, error) {
	for _, f := range r.listed("Filter") {
		if !slices.Contains(detailKinds, f) {
			return nil, invalidField("filter", "Member must satisfy enum value set: ["+strings.Join(detailKinds, ", ")+"]")
		}
	}
	page, p, err := pageOf(r, s.details(r), func(d detail) string { return d.key })
	if err != nil {
		return nil, err
	}
	out := struct {
		UserDetailList  memberList[userDetail]
		GroupDetailList memberList[groupDetail]
		RoleDetailList  memberList[roleDetail]
		Policies        memberList[policyDetail]
		pageShape
	}{pageShape: p}
	for _, d := range page {
		switch {
		case d.policy != nil:
			out.Policies.Member = append(out.Policies.Member, policyDetailOf(*d.policy))
		case d.entity.Kind == iam.UserKind:
			out.UserDetailList.Member = append(out.UserDetailList.Member, s.userDetailOf(r, d.entity))
		case d.entity.Kind == iam.GroupKind:
			out.GroupDetailList.Member = append(out.GroupDetailList.Member,
				groupDetail{groupOf(d.entity), memberListOf(d.entity.Inline, inlineOf), memberListOf(d.entity.Attached, attachedOf)})
		default:
			out.RoleDetailList.Member = append(out.RoleDetailList.Member,
				roleDetail{wholeRole(d.entity), memberList[struct{}]{}, memberListOf(d.entity.Inline, inlineOf), memberListOf(d.entity.Attached, attachedOf)})
		}
	}
	return out, nil
}

// details are what the form's Filter asks for, in one order.
func (s *Server) details(r *request) []detail {
	filter := map[string]bool{}
	for _, f := range r.listed("Filter") {
		filter[f] = true
	}
	want := func(name string) bool { return len(filter) == 0 || filter[name] }
	var out []detail
	for i, k := range []struct {
		name string
		kind iam.EntityKind
	}{{"Group", iam.GroupKind}, {"Role", iam.RoleKind}, {"User", iam.UserKind}} {
		if !want(k.name) {
			continue
		}
		for _, e := range s.account(r).List(k.kind, "") {
			out = append(out, detail{key: strconv.Itoa(i) + entityName(e), entity: e})
		}
	}
	for _, p := range s.account(r).Policies(want("LocalManagedPolicy"), want("AWSManagedPolicy"), "") {
		if p.Account == r.caller.Account || p.Attachments > 0 || filter["AWSManagedPolicy"] {
			out = append(out, detail{key: "3" + p.Name + p.Path, policy: &p})
		}
	}
	return out
}

func policyDetailOf(p iam.PolicyUse) policyDetail {
	return policyDetail{wholePolicy(p), memberListOf(p.Versions, func(v iam.Version) versionShape { return versionOf(p.ManagedPolicy, v, true) })}
}

func (s *Server) userDetailOf(r *request, e *iam.Entity) userDetail {
	groups, err := s.account(r).GroupsOf(e.Name)
	if err != nil {
		groups = nil // deleted meanwhile
	}
	return userDetail{
		wholeUser(e), memberListOf(e.Inline, inlineOf), memberListOf(groups, func(g *iam.Entity) string { return g.Name }), memberListOf(e.Attached, attachedOf),
	}
}

// simulation reads what both simulating operations take.
func (r *request) simulation() (iam.Simulation, error) {
	s := iam.Simulation{
		Policies: r.listed("PolicyInputList"), Boundary: r.listed("PermissionsBoundaryPolicyInputList"), Resource: r.field("ResourcePolicy"),
		Owner: r.field("ResourceOwner"), Caller: r.field("CallerArn"), Actions: r.listed("ActionNames"), Resources: r.listed("ResourceArns"),
		Context: iam.Values{},
	}
	if len(s.Actions) == 0 {
		return s, invalidField("actionNames", "Member must not be null")
	}
	for i := 1; i <= maxMembers; i++ {
		at := fmt.Sprintf("ContextEntries.member.%d.", i)
		name := r.field(at + "ContextKeyName")
		if name == "" {
			break
		}
		s.Context.Set(name, r.listed(at+"ContextKeyValues")...)
	}
	return s, nil
}

func (s *Server) simulatePrincipalPolicy(_ context.Context, r *request) (any, error) {
	if err := r.required("PolicySourceArn"); err != nil {
		return nil, err
	}
	in, err := r.simulation()
	if err != nil {
		return nil, err
	}
	in.SourceARN = r.field("PolicySourceArn")
	return s.simulate(r, in)
}

func (s *Server) simulateCustomPolicy(_ context.Context, r *request) (any, error) {
	in, err := r.simulation()
	if err != nil {
		return nil, err
	}
	if len(in.Policies) == 0 {
		return nil, invalidField("policyInputList", "Member must not be null")
	}
	return s.simulate(r, in)
}

type positionShape struct{ Line, Column int }

type matchedShape struct {
	SourcePolicyId, SourcePolicyType string
	StartPosition, EndPosition       positionShape
}

type evaluationShape struct {
	EvalActionName, EvalResourceName, EvalDecision string
	MatchedStatements                              memberList[matchedShape]
	MissingContextValues                           memberList[string]
	PermissionsBoundaryDecisionDetail              *boundaryDecision `xml:",omitempty"`
}

type boundaryDecision struct{ AllowedByPermissionsBoundary bool }

func (s *Server) simulate(r *request, in iam.Simulation) (any, error) {
	answers, err := s.account(r).Simulate(in)
	if err != nil {
		return nil, err
	}
	return struct {
		EvaluationResults memberList[evaluationShape]
		pageShape
	}{EvaluationResults: memberListOf(answers, evaluationOf)}, nil
}

func evaluationOf(a iam.SimulatedAnswer) evaluationShape {
	out := evaluationShape{EvalActionName: a.Action, EvalResourceName: a.Resource, EvalDecision: "implicitDeny", MissingContextValues: memberList[string]{a.Missing}}
	switch {
	case a.Decision.Allowed:
		out.EvalDecision = "allowed"
	case a.Decision.Explicit:
		out.EvalDecision = "explicitDeny"
	}
	if a.Bounded {
		out.PermissionsBoundaryDecisionDetail = &boundaryDecision{a.InBoundary}
	}
	for _, t := range a.Decision.Trace {
		if t.Applies && t.Layer != iam.BoundaryLayer {
			out.MatchedStatements.Member = append(out.MatchedStatements.Member, matchedOf(t))
		}
	}
	return out
}

func matchedOf(t iam.StatementTrace) matchedShape {
	kind := "IAM Policy"
	if t.Layer == iam.ResourceLayer {
		kind = "Resource Policy"
	}
	return matchedShape{
		SourcePolicyId: strings.TrimPrefix(t.Source, "arn:aws:iam::aws:policy/"), SourcePolicyType: kind,
		StartPosition: positionShape(t.Statement.Start), EndPosition: positionShape(t.Statement.End),
	}
}

type contextKeysAnswer struct{ ContextKeyNames memberList[string] }

func (s *Server) getContextKeysForCustomPolicy(_ context.Context, r *request) (any, error) {
	keys, err := iam.ContextKeys(r.listed("PolicyInputList"))
	return contextKeysAnswer{memberList[string]{keys}}, err
}

func (s *Server) getContextKeysForPrincipalPolicy(_ context.Context, r *request) (any, error) {
	if err := r.required("PolicySourceArn"); err != nil {
		return nil, err
	}
	documents, err := s.account(r).DocumentsOf(r.field("PolicySourceArn"))
	if err != nil {
		return nil, err
	}
	keys, err := iam.ContextKeys(append(documents, r.listed("PolicyInputList")...))
	return contextKeysAnswer{memberList[string]{keys}}, err
}
