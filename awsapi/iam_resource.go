package awsapi

import (
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
)

// account is IAM as the caller's account sees it.
func (s *Server) account(r *request) *iam.Account { return s.opts.IAM.Account(r.caller.Account) }

// iamARN names something of the caller's account.
func iamARN(r *request, resource string) hearth.ARN {
	return hearth.ARN{Partition: "aws", Service: "iam", Account: r.caller.Account, Resource: resource}
}

// mayIAM asks about what the form names, and about the tags it would get.
func (s *Server) mayIAM(r *request) error {
	if s.opts.IAM == nil {
		return notServed(r.row.action)
	}
	arn, tags := s.iamTarget(r)
	a := s.access(r)
	a.Action, a.Resource, a.ResourceTags = r.row.action, arn, tags
	a.TagKeys = r.listed("TagKeys")
	a.RequestTags, _ = r.tagged("Tags") // the handler refuses what cannot be read
	a.Context = s.iamContext(r)
	if err := s.ask(r, a); err != nil {
		return err
	}
	if to, ok := renamed(r, arn); ok {
		a.Resource = to
		return s.ask(r, a)
	}
	if tag, ok := taggingAction[r.row.operation()]; ok && len(a.RequestTags) > 0 {
		a.Action = "iam:" + tag
		return s.ask(r, a)
	}
	return nil
}

// renamed is what a user or group is to be called: that needs the right on both.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
func renamed(r *request, from hearth.ARN) (hearth.ARN, bool) {
	name, path := r.field("New"+r.row.about), r.field("NewPath")
	kind, ok := entityKindOf(r.row.about)
	if !ok || !strings.HasPrefix(r.row.operation(), "Update") || name == "" && path == "" {
		return from, false
	}
	was := strings.TrimPrefix(from.Resource, string(kind))
	last := strings.LastIndexByte(was, '/') + 1
	if path == "" {
		path = was[:last]
	}
	if name == "" {
		name = was[last:]
	}
	return iamARN(r, string(kind)+path+name), true
}

// taggingAction is what creating with tags needs besides.
var taggingAction = map[string]string{
	"CreateUser": "TagUser", "CreateRole": "TagRole", "CreatePolicy": "TagPolicy", "CreateOpenIDConnectProvider": "TagOpenIDConnectProvider",
}

// iamContext are IAM's own condition keys.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
func (s *Server) iamContext(r *request) map[string]string {
	out := map[string]string{}
	if arn := s.boundaryMeant(r); arn != "" {
		out["iam:PermissionsBoundary"] = arn
	}
	if arn := r.field("PolicyArn"); arn != "" && strings.Contains(r.row.operation(), "tach") {
		out["iam:PolicyARN"] = arn
	}
	return out
}

// boundaryMeant is the boundary that is asked for where one is made or put, and else
// the one that the user or role has: who may only change those within a boundary says
// so by this key.
func (s *Server) boundaryMeant(r *request) string {
	op := r.row.operation()
	kind, ok := entityKindOf(r.row.about)
	switch {
	case op == "CreateUser", op == "CreateRole", strings.HasPrefix(op, "Put") && strings.HasSuffix(op, "Boundary"):
		return r.field("PermissionsBoundary")
	case !ok:
		return ""
	}
	e, err := s.account(r).Get(kind, r.field(r.row.about))
	if err != nil {
		return ""
	}
	return e.Boundary
}

// iamTarget is what an operation is done to, with the tags it has. Operations on
// nothing in particular are on everything.
func (s *Server) iamTarget(r *request) (hearth.ARN, map[string]string) {
	op, name := r.row.operation(), r.field(r.row.about)
	if kind, ok := entityKindOf(r.row.about); ok {
		if name == "" && ownUser[op] {
			name = s.callerName(r)
		}
		return s.entityTarget(r, kind, name)
	}
	switch {
	case op == "CreatePolicy":
		return iamARN(r, "policy"+pathOf(r)+r.field("PolicyName")), nil
	case op == "CreateOpenIDConnectProvider":
		return iamARN(r, "oidc-provider/"+strings.TrimPrefix(r.field("Url"), "https://")), nil
	case r.row.about == "PolicyArn":
		return s.policyTarget(r, name)
	case r.row.about == "OpenIDConnectProviderArn":
		return s.providerTarget(r, name)
	case r.row.about == "PolicySourceArn":
		return s.anyTarget(r, name)
	}
	return iamARN(r, "*"), nil
}

// entityKindOf is the kind of what a member names, if that is a user, group or role.
func entityKindOf(member string) (iam.EntityKind, bool) {
	for kind, m := range nameMember {
		if m == member {
			return kind, true
		}
	}
	return "", false
}

// ownUser are the operations that are about the caller if they name nobody.
var ownUser = map[string]bool{
	"GetUser": true, "CreateAccessKey": true, "ListAccessKeys": true, "UpdateAccessKey": true, "DeleteAccessKey": true,
}

// callerName is the caller's user name; empty for roles and root.
func (s *Server) callerName(r *request) string {
	resource, ok := strings.CutPrefix(r.caller.Principal.ARN.Resource, "user/")
	if !ok {
		return ""
	}
	return resource[strings.LastIndexByte(resource, '/')+1:]
}

func pathOf(r *request) string {
	if p := r.field("Path"); p != "" {
		return p
	}
	return "/"
}

func (s *Server) entityTarget(r *request, kind iam.EntityKind, name string) (hearth.ARN, map[string]string) {
	if e, err := s.account(r).Get(kind, name); err == nil {
		return e.ARN(), e.Tags
	}
	if strings.HasPrefix(r.row.operation(), "Create") {
		return iamARN(r, string(kind)+pathOf(r)+name), nil
	}
	return iamARN(r, string(kind)+"/"+name), nil
}

func (s *Server) policyTarget(r *request, arn string) (hearth.ARN, map[string]string) {
	a, _ := s.anyTarget(r, arn)
	if p, err := s.account(r).Policy(arn); err == nil {
		return a, p.Tags
	}
	return a, nil
}

func (s *Server) providerTarget(r *request, arn string) (hearth.ARN, map[string]string) {
	a, _ := s.anyTarget(r, arn)
	if p, err := s.account(r).Provider(arn); err == nil {
		return a, p.Tags
	}
	return a, nil
}

// anyTarget is an ARN as it was given. AWS's own policies are nobody's, so they
// are asked about as the caller's.
func (s *Server) anyTarget(r *request, arn string) (hearth.ARN, map[string]string) {
	a, err := hearth.ParseARN(arn)
	if err != nil {
		return iamARN(r, "*"), nil
	}
	return a, nil
}
