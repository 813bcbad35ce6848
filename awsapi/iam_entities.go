package awsapi

import (
	"context"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
)

// nameMember is the form's member that names an entity of a kind.
var nameMember = map[iam.EntityKind]string{iam.UserKind: "UserName", iam.GroupKind: "GroupName", iam.RoleKind: "RoleName"}

// entityInput reads what all kinds of entities are created with.
func (r *request) entityInput(kind iam.EntityKind) (iam.EntityInput, error) {
	if err := r.required(nameMember[kind]); err != nil {
		return iam.EntityInput{}, err
	}
	tags, err := r.tagged("Tags")
	return iam.EntityInput{
		Name: r.field(nameMember[kind]), Path: r.field("Path"), Tags: tags, Boundary: r.field("PermissionsBoundary"),
		Description: r.field("Description"), Trust: r.field("AssumeRolePolicyDocument"),
	}, err
}

func (s *Server) createUser(ctx context.Context, r *request) (any, error) {
	in, err := r.entityInput(iam.UserKind)
	if err != nil {
		return nil, err
	}
	e, err := s.account(r).Create(ctx, iam.UserKind, in)
	if err != nil {
		return nil, err
	}
	return struct{ User userShape }{wholeUser(e)}, nil
}

// getUser without a name is about the caller, root included.
func (s *Server) getUser(_ context.Context, r *request) (any, error) {
	name := r.field("UserName")
	if p := r.caller.Principal; name == "" && p.Root {
		return struct{ User userShape }{userShape{Path: "/", UserName: "root", UserId: p.UserID, Arn: p.ARN.String(), CreateDate: "2006-01-01T00:00:00Z"}}, nil
	}
	if name == "" {
		if name = s.callerName(r); name == "" {
			return nil, &hearth.Error{Kind: hearth.Invalid, Msg: "Must specify userName when calling with non-User credentials"}
		}
	}
	e, err := s.account(r).Get(iam.UserKind, name)
	if err != nil {
		return nil, err
	}
	return struct{ User userShape }{wholeUser(e)}, nil
}

func (s *Server) listUsers(_ context.Context, r *request) (any, error) {
	page, p, err := pageOf(r, s.account(r).List(iam.UserKind, r.field("PathPrefix")), entityName)
	return struct {
		Users memberList[userShape]
		pageShape
	}{memberListOf(page, listedUser), p}, err
}

func (s *Server) createGroup(ctx context.Context, r *request) (any, error) {
	in, err := r.entityInput(iam.GroupKind)
	if err != nil {
		return nil, err
	}
	e, err := s.account(r).Create(ctx, iam.GroupKind, in)
	if err != nil {
		return nil, err
	}
	return struct{ Group groupShape }{groupOf(e)}, nil
}

func (s *Server) getGroup(_ context.Context, r *request) (any, error) {
	if err := r.required("GroupName"); err != nil {
		return nil, err
	}
	g, err := s.account(r).Get(iam.GroupKind, r.field("GroupName"))
	if err != nil {
		return nil, err
	}
	users, err := s.account(r).Members(g.Name)
	if err != nil {
		return nil, err
	}
	page, p, err := pageOf(r, users, entityName)
	return struct {
		Group groupShape
		Users memberList[userShape]
		pageShape
	}{groupOf(g), memberListOf(page, listedUser), p}, err
}

func (s *Server) listGroups(_ context.Context, r *request) (any, error) {
	return groupPage(r, s.account(r).List(iam.GroupKind, r.field("PathPrefix")))
}

func (s *Server) listGroupsForUser(_ context.Context, r *request) (any, error) {
	if err := r.required("UserName"); err != nil {
		return nil, err
	}
	groups, err := s.account(r).GroupsOf(r.field("UserName"))
	if err != nil {
		return nil, err
	}
	return groupPage(r, groups)
}

func groupPage(r *request, groups []*iam.Entity) (any, error) {
	page, p, err := pageOf(r, groups, entityName)
	return struct {
		Groups memberList[groupShape]
		pageShape
	}{memberListOf(page, groupOf), p}, err
}

func (s *Server) addUserToGroup(ctx context.Context, r *request) (any, error) {
	if err := r.required("GroupName", "UserName"); err != nil {
		return nil, err
	}
	return nil, s.account(r).AddToGroup(ctx, r.field("GroupName"), r.field("UserName"))
}

func (s *Server) removeUserFromGroup(ctx context.Context, r *request) (any, error) {
	if err := r.required("GroupName", "UserName"); err != nil {
		return nil, err
	}
	return nil, s.account(r).RemoveFromGroup(ctx, r.field("GroupName"), r.field("UserName"))
}

// rename serves UpdateUser and UpdateGroup.
func (s *Server) rename(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		member := nameMember[kind]
		if err := r.required(member); err != nil {
			return nil, err
		}
		return nil, s.account(r).Rename(ctx, kind, r.field(member), r.field("New"+member), r.field("NewPath"))
	}
}

func (s *Server) deleteEntity(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind]); err != nil {
			return nil, err
		}
		return nil, s.account(r).Delete(ctx, kind, r.field(nameMember[kind]))
	}
}

type roleAnswer struct{ Role roleShape }

func (s *Server) createRole(ctx context.Context, r *request) (any, error) {
	if err := r.required("RoleName", "AssumeRolePolicyDocument"); err != nil {
		return nil, err
	}
	in, err := r.entityInput(iam.RoleKind)
	if err != nil {
		return nil, err
	}
	if in.MaxSession, err = r.seconds("MaxSessionDuration"); err != nil {
		return nil, err
	}
	e, err := s.account(r).Create(ctx, iam.RoleKind, in)
	if err != nil {
		return nil, err
	}
	return roleAnswer{wholeRole(e)}, nil
}

func (s *Server) getRole(_ context.Context, r *request) (any, error) {
	if err := r.required("RoleName"); err != nil {
		return nil, err
	}
	e, err := s.account(r).Get(iam.RoleKind, r.field("RoleName"))
	if err != nil {
		return nil, err
	}
	return roleAnswer{wholeRole(e)}, nil
}

func (s *Server) listRoles(_ context.Context, r *request) (any, error) {
	page, p, err := pageOf(r, s.account(r).List(iam.RoleKind, r.field("PathPrefix")), entityName)
	return struct {
		Roles memberList[roleShape]
		pageShape
	}{memberListOf(page, listedRole), p}, err
}

func (s *Server) updateRole(ctx context.Context, r *request) (any, error) {
	if err := r.required("RoleName"); err != nil {
		return nil, err
	}
	u := iam.RoleUpdate{Description: r.optional("Description")}
	if r.field("MaxSessionDuration") != "" {
		d, err := r.seconds("MaxSessionDuration")
		if err != nil {
			return nil, err
		}
		u.MaxSession = &d
	}
	_, err := s.account(r).UpdateRole(ctx, r.field("RoleName"), u)
	return struct{}{}, err
}

func (s *Server) updateRoleDescription(ctx context.Context, r *request) (any, error) {
	if err := r.required("RoleName"); err != nil {
		return nil, err
	}
	description := r.field("Description")
	e, err := s.account(r).UpdateRole(ctx, r.field("RoleName"), iam.RoleUpdate{Description: &description})
	if err != nil {
		return nil, err
	}
	return roleAnswer{wholeRole(e)}, nil
}

func (s *Server) updateAssumeRolePolicy(ctx context.Context, r *request) (any, error) {
	if err := r.required("RoleName", "PolicyDocument"); err != nil {
		return nil, err
	}
	_, err := s.account(r).UpdateRole(ctx, r.field("RoleName"), iam.RoleUpdate{Trust: r.optional("PolicyDocument")})
	return nil, err
}

// listInstanceProfilesForRole answers what Terraform asks before it deletes a
// role: there are no instances here.
func (s *Server) listInstanceProfilesForRole(_ context.Context, r *request) (any, error) {
	if err := r.required("RoleName"); err != nil {
		return nil, err
	}
	if _, err := s.account(r).Get(iam.RoleKind, r.field("RoleName")); err != nil {
		return nil, err
	}
	return struct {
		InstanceProfiles memberList[struct{}]
		pageShape
	}{}, nil
}

func (s *Server) tagEntity(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind]); err != nil {
			return nil, err
		}
		tags, err := r.tagged("Tags")
		if err != nil {
			return nil, err
		}
		return nil, s.account(r).Tag(ctx, kind, r.field(nameMember[kind]), tags)
	}
}

func (s *Server) untagEntity(kind iam.EntityKind) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind]); err != nil {
			return nil, err
		}
		return nil, s.account(r).Untag(ctx, kind, r.field(nameMember[kind]), r.listed("TagKeys"))
	}
}

func (s *Server) listEntityTags(kind iam.EntityKind) handler {
	return func(_ context.Context, r *request) (any, error) {
		if err := r.required(nameMember[kind]); err != nil {
			return nil, err
		}
		e, err := s.account(r).Get(kind, r.field(nameMember[kind]))
		if err != nil {
			return nil, err
		}
		return tagPage(r, e.Tags)
	}
}

func tagPage(r *request, tags map[string]string) (any, error) {
	page, p, err := pageOf(r, allTags(tags).Member, func(t tagShape) string { return t.Key })
	return struct {
		Tags memberList[tagShape]
		pageShape
	}{memberList[tagShape]{page}, p}, err
}

// userOr is the user the form names, or the caller.
func (s *Server) userOr(r *request) (string, error) {
	if name := r.field("UserName"); name != "" {
		return name, nil
	}
	if name := s.callerName(r); name != "" {
		return name, nil
	}
	return "", &hearth.Error{Kind: hearth.Invalid, Msg: "Must specify userName when calling with non-User credentials"}
}

func (s *Server) createAccessKey(ctx context.Context, r *request) (any, error) {
	user, err := s.userOr(r)
	if err != nil {
		return nil, err
	}
	k, secret, err := s.account(r).CreateAccessKey(ctx, user)
	if err != nil {
		return nil, err
	}
	type shape struct{ UserName, AccessKeyId, Status, SecretAccessKey, CreateDate string }
	return struct{ AccessKey shape }{shape{user, k.ID, statusOf(k), secret, stamp(k.Created)}}, nil
}

func statusOf(k *iam.AccessKey) string {
	if k.Active {
		return "Active"
	}
	return "Inactive"
}

func (s *Server) listAccessKeys(_ context.Context, r *request) (any, error) {
	user, err := s.userOr(r)
	if err != nil {
		return nil, err
	}
	keys, err := s.account(r).AccessKeys(user)
	if err != nil {
		return nil, err
	}
	type shape struct{ UserName, AccessKeyId, Status, CreateDate string }
	return struct {
		AccessKeyMetadata memberList[shape]
		pageShape
	}{memberListOf(keys, func(k *iam.AccessKey) shape { return shape{user, k.ID, statusOf(k), stamp(k.Created)} }), pageShape{}}, nil
}

func (s *Server) updateAccessKey(ctx context.Context, r *request) (any, error) {
	if err := r.required("AccessKeyId", "Status"); err != nil {
		return nil, err
	}
	user, err := s.userOr(r)
	if err != nil {
		return nil, err
	}
	status := r.field("Status")
	if status != "Active" && status != "Inactive" {
		return nil, invalidField("status", "Member must satisfy enum value set: [Active, Inactive]")
	}
	return nil, s.account(r).SetAccessKey(ctx, user, r.field("AccessKeyId"), status == "Active")
}

func (s *Server) deleteAccessKey(ctx context.Context, r *request) (any, error) {
	if err := r.required("AccessKeyId"); err != nil {
		return nil, err
	}
	user, err := s.userOr(r)
	if err != nil {
		return nil, err
	}
	return nil, s.account(r).DeleteAccessKey(ctx, user, r.field("AccessKeyId"))
}

func (s *Server) getAccessKeyLastUsed(_ context.Context, r *request) (any, error) {
	if err := r.required("AccessKeyId"); err != nil {
		return nil, err
	}
	user, use, err := s.account(r).AccessKeyLastUsed(r.field("AccessKeyId"))
	if err != nil {
		return nil, err
	}
	type shape struct {
		LastUsedDate        string `xml:",omitempty"`
		ServiceName, Region string
	}
	last := shape{ServiceName: "N/A", Region: "N/A"}
	if use != nil {
		last = shape{stamp(use.Time), use.Service, string(use.Region)}
	}
	return struct {
		UserName          string
		AccessKeyLastUsed shape
	}{user, last}, nil
}

// firstWord is the kind in an operation's filter: User, Role, Group.
func wants(filter, word string) bool { return filter == "" || strings.EqualFold(filter, word) }
