package awsapi

import (
	"context"
	"slices"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
)

func (s *Server) putInline(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind], "PolicyName", "PolicyDocument"); err != nil {
			return nil, err
		}
		return nil, s.account(r).PutInline(ctx, kind, r.field(nameMember[kind]), r.field("PolicyName"), r.field("PolicyDocument"))
	}
}

func (s *Server) getInline(kind iam.EntityKind) handler {
	return func(_ context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind], "PolicyName"); err != nil {
			return nil, err
		}
		name := r.field(nameMember[kind])
		i, err := s.account(r).Inline(kind, name, r.field("PolicyName"))
		if err != nil {
			return nil, err
		}
		out := struct {
			UserName  string `xml:",omitempty"`
			GroupName string `xml:",omitempty"`
			RoleName  string `xml:",omitempty"`
			inlineShape
		}{inlineShape: inlineOf(i)}
		switch kind {
		case iam.UserKind:
			out.UserName = name
		case iam.GroupKind:
			out.GroupName = name
		case iam.RoleKind:
			out.RoleName = name
		}
		return out, nil
	}
}

func (s *Server) deleteInline(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind], "PolicyName"); err != nil {
			return nil, err
		}
		return nil, s.account(r).DeleteInline(ctx, kind, r.field(nameMember[kind]), r.field("PolicyName"))
	}
}

func (s *Server) listInline(kind iam.EntityKind) handler {
	return func(_ context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind]); err != nil {
			return nil, err
		}
		e, err := s.account(r).Get(kind, r.field(nameMember[kind]))
		if err != nil {
			return nil, err
		}
		page, p, err := pageOf(r, e.Inline, func(i iam.Inline) string { return i.Name })
		return struct {
			PolicyNames memberList[string]
			pageShape
		}{memberListOf(page, func(i iam.Inline) string { return i.Name }), p}, err
	}
}

func (s *Server) attach(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind], "PolicyArn"); err != nil {
			return nil, err
		}
		return nil, s.account(r).Attach(ctx, kind, r.field(nameMember[kind]), r.field("PolicyArn"))
	}
}

func (s *Server) detach(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind], "PolicyArn"); err != nil {
			return nil, err
		}
		return nil, s.account(r).Detach(ctx, kind, r.field(nameMember[kind]), r.field("PolicyArn"))
	}
}

func (s *Server) listAttached(kind iam.EntityKind) handler {
	return func(_ context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind]); err != nil {
			return nil, err
		}
		e, err := s.account(r).Get(kind, r.field(nameMember[kind]))
		if err != nil {
			return nil, err
		}
		page, p, err := pageOf(r, slices.Sorted(slices.Values(e.Attached)), func(arn string) string { return arn })
		return struct {
			AttachedPolicies memberList[attachedShape]
			pageShape
		}{memberListOf(page, attachedOf), p}, err
	}
}

func (s *Server) putBoundary(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind], "PermissionsBoundary"); err != nil {
			return nil, err
		}
		return nil, s.account(r).SetBoundary(ctx, kind, r.field(nameMember[kind]), r.field("PermissionsBoundary"))
	}
}

func (s *Server) deleteBoundary(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind]); err != nil {
			return nil, err
		}
		return nil, s.account(r).SetBoundary(ctx, kind, r.field(nameMember[kind]), "")
	}
}

func (s *Server) createPolicy(ctx context.Context, r *request) (any, error) {
	if err := r.required("PolicyName", "PolicyDocument"); err != nil {
		return nil, err
	}
	tags, err := r.tagged("Tags")
	if err != nil {
		return nil, err
	}
	p, err := s.account(r).CreatePolicy(ctx, iam.PolicyInput{
		Name: r.field("PolicyName"), Path: r.field("Path"), Description: r.field("Description"), Document: r.field("PolicyDocument"), Tags: tags,
	})
	if err != nil {
		return nil, err
	}
	return struct{ Policy policyShape }{wholePolicy(iam.PolicyUse{ManagedPolicy: p})}, nil
}

// namedPolicy is the policy of the form's PolicyArn.
func (s *Server) namedPolicy(r *request) (iam.PolicyUse, error) {
	if err := r.required("PolicyArn"); err != nil {
		return iam.PolicyUse{}, err
	}
	return s.account(r).Policy(r.field("PolicyArn"))
}

func (s *Server) getPolicy(_ context.Context, r *request) (any, error) {
	p, err := s.namedPolicy(r)
	if err != nil {
		return nil, err
	}
	return struct{ Policy policyShape }{wholePolicy(p)}, nil
}

// The ways to use a policy.
const (
	permissionsUsage = "PermissionsPolicy"
	boundaryUsage    = "PermissionsBoundary"
)

// usageAsked is the way to use policies that a list is about; empty: any.
func usageAsked(r *request) (string, error) {
	usage := r.field("PolicyUsageFilter")
	if usage != "" && usage != permissionsUsage && usage != boundaryUsage {
		return "", invalidField("policyUsageFilter", "Member must satisfy enum value set: [PermissionsPolicy, PermissionsBoundary]")
	}
	return usage, nil
}

func (s *Server) listPolicies(_ context.Context, r *request) (any, error) {
	scope := r.field("Scope")
	if scope != "" && scope != "All" && scope != "AWS" && scope != "Local" {
		return nil, invalidField("scope", "Member must satisfy enum value set: [All, AWS, Local]")
	}
	all := s.account(r).Policies(scope != "AWS", scope != "Local", r.field("PathPrefix"))
	usage, err := usageAsked(r)
	if err != nil {
		return nil, err
	}
	if r.yes("OnlyAttached") || usage != "" {
		all = slices.DeleteFunc(all, func(p iam.PolicyUse) bool {
			asPolicy, asBoundary := p.Attachments > 0 && usage != boundaryUsage, p.Boundaries > 0 && usage == boundaryUsage
			return !asPolicy && !asBoundary
		})
	}
	page, p, err := pageOf(r, all, func(p iam.PolicyUse) string { return p.Name + p.Path })
	return struct {
		Policies memberList[policyShape]
		pageShape
	}{memberListOf(page, listedPolicy), p}, err
}

func (s *Server) deletePolicy(ctx context.Context, r *request) (any, error) {
	if err := r.required("PolicyArn"); err != nil {
		return nil, err
	}
	return nil, s.account(r).DeletePolicy(ctx, r.field("PolicyArn"))
}

func (s *Server) createPolicyVersion(ctx context.Context, r *request) (any, error) {
	if err := r.required("PolicyArn", "PolicyDocument"); err != nil {
		return nil, err
	}
	v, err := s.account(r).CreateVersion(ctx, r.field("PolicyArn"), r.field("PolicyDocument"), r.yes("SetAsDefault"))
	if err != nil {
		return nil, err
	}
	return struct{ PolicyVersion versionShape }{versionShape{VersionId: v.ID, IsDefaultVersion: r.yes("SetAsDefault"), CreateDate: stamp(v.Created)}}, nil
}

func (s *Server) getPolicyVersion(_ context.Context, r *request) (any, error) {
	if err := r.required("PolicyArn", "VersionId"); err != nil {
		return nil, err
	}
	p, err := s.namedPolicy(r)
	if err != nil {
		return nil, err
	}
	id := r.field("VersionId")
	for _, v := range p.Versions {
		if v.ID == id {
			return struct{ PolicyVersion versionShape }{versionOf(p.ManagedPolicy, v, true)}, nil
		}
	}
	return nil, &hearth.Error{Kind: hearth.NotFound, Resource: id, Msg: "Policy " + r.field("PolicyArn") + " version " + clip(id) + " does not exist or is not attachable."}
}

func (s *Server) listPolicyVersions(_ context.Context, r *request) (any, error) {
	p, err := s.namedPolicy(r)
	if err != nil {
		return nil, err
	}
	versions := slices.Clone(p.Versions)
	slices.Reverse(versions)
	return struct {
		Versions memberList[versionShape]
		pageShape
	}{memberListOf(versions, func(v iam.Version) versionShape { return versionOf(p.ManagedPolicy, v, false) }), pageShape{}}, nil
}

func (s *Server) setDefaultPolicyVersion(ctx context.Context, r *request) (any, error) {
	if err := r.required("PolicyArn", "VersionId"); err != nil {
		return nil, err
	}
	return nil, s.account(r).SetDefaultVersion(ctx, r.field("PolicyArn"), r.field("VersionId"))
}

func (s *Server) deletePolicyVersion(ctx context.Context, r *request) (any, error) {
	if err := r.required("PolicyArn", "VersionId"); err != nil {
		return nil, err
	}
	return nil, s.account(r).DeleteVersion(ctx, r.field("PolicyArn"), r.field("VersionId"))
}

func (s *Server) listEntitiesForPolicy(_ context.Context, r *request) (any, error) {
	if err := r.required("PolicyArn"); err != nil {
		return nil, err
	}
	usage, err := usageAsked(r)
	if err != nil {
		return nil, err
	}
	all, err := s.account(r).UsersOf(r.field("PolicyArn"), usage == boundaryUsage)
	if err != nil {
		return nil, err
	}
	type user struct{ UserName, UserId string }
	type group struct{ GroupName, GroupId string }
	type role struct{ RoleName, RoleId string }
	out := struct {
		PolicyGroups memberList[group]
		PolicyUsers  memberList[user]
		PolicyRoles  memberList[role]
		pageShape
	}{}
	filter := r.field("EntityFilter")
	for _, e := range all {
		switch {
		case e.Kind == iam.UserKind && wants(filter, "User"):
			out.PolicyUsers.Member = append(out.PolicyUsers.Member, user{e.Name, e.ID})
		case e.Kind == iam.GroupKind && wants(filter, "Group"):
			out.PolicyGroups.Member = append(out.PolicyGroups.Member, group{e.Name, e.ID})
		case e.Kind == iam.RoleKind && wants(filter, "Role"):
			out.PolicyRoles.Member = append(out.PolicyRoles.Member, role{e.Name, e.ID})
		}
	}
	return out, nil
}

func (s *Server) tagPolicy(ctx context.Context, r *request) (any, error) {
	if err := r.required("PolicyArn"); err != nil {
		return nil, err
	}
	tags, err := r.tagged("Tags")
	if err != nil {
		return nil, err
	}
	return nil, s.account(r).TagPolicy(ctx, r.field("PolicyArn"), tags)
}

func (s *Server) untagPolicy(ctx context.Context, r *request) (any, error) {
	if err := r.required("PolicyArn"); err != nil {
		return nil, err
	}
	return nil, s.account(r).UntagPolicy(ctx, r.field("PolicyArn"), r.listed("TagKeys"))
}

func (s *Server) listPolicyTags(_ context.Context, r *request) (any, error) {
	p, err := s.namedPolicy(r)
	if err != nil {
		return nil, err
	}
	return tagPage(r, p.Tags)
}
