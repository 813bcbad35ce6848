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
	a.Context = iamContext(r)
	if err := s.ask(r, a); err != nil {
		return err
	}
	if tag, ok := taggingAction[r.row.operation()]; ok && len(a.RequestTags) > 0 {
		a.Action = "iam:" + tag
		return s.ask(r, a)
	}
	return nil
}

// taggingAction is what creating with tags needs besides.
var taggingAction = map[string]string{
	"CreateUser": "TagUser", "CreateRole": "TagRole", "CreatePolicy": "TagPolicy", "CreateOpenIDConnectProvider": "TagOpenIDConnectProvider",
}

// iamContext are IAM's own condition keys.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
func iamContext(r *request) map[string]string {
	out := map[string]string{}
	if arn := r.field("PermissionsBoundary"); arn != "" {
		out["iam:PermissionsBoundary"] = arn
	}
	if arn := r.field("PolicyArn"); arn != "" && strings.Contains(r.row.operation(), "tach") {
		out["iam:PolicyARN"] = arn
	}
	return out
}

// iamTarget is what an operation is done to, with the tags it has. Operations on
// nothing in particular are on everything.
func (s *Server) iamTarget(r *request) (hearth.ARN, map[string]string) {
	op := r.row.operation()
	for _, by := range []struct{ member, kind string }{{"RoleName", "role"}, {"GroupName", "group"}, {"UserName", "user"}} {
		if name := r.field(by.member); name != "" {
			return s.entityTarget(r, iam.EntityKind(by.kind), name)
		}
	}
	switch {
	case r.field("PolicyArn") != "":
		return s.policyTarget(r, r.field("PolicyArn"))
	case r.field("OpenIDConnectProviderArn") != "":
		return s.providerTarget(r, r.field("OpenIDConnectProviderArn"))
	case op == "CreatePolicy":
		return iamARN(r, "policy"+pathOf(r)+r.field("PolicyName")), nil
	case op == "CreateOpenIDConnectProvider":
		return iamARN(r, "oidc-provider/"+strings.TrimPrefix(r.field("Url"), "https://")), nil
	case op == "SimulatePrincipalPolicy" || op == "GetContextKeysForPrincipalPolicy":
		return s.anyTarget(r, r.field("PolicySourceArn"))
	case ownUser[op]:
		return s.entityTarget(r, iam.UserKind, s.callerName(r))
	}
	return iamARN(r, "*"), nil
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
