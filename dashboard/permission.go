package dashboard

import (
	"context"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The kinds of whom UpdatePermissions raises.
const (
	SSOUser  = "SSO_USER"
	SSOGroup = "SSO_GROUP"
)

var roleNames = map[string]hearth.GrafanaRole{"ADMIN": hearth.GrafanaAdmin, "EDITOR": hearth.GrafanaEditor, "VIEWER": hearth.GrafanaViewer}

// RoleName is a role in the spelling of AWS's operations.
func RoleName(r hearth.GrafanaRole) string { return strings.ToUpper(string(r)) }

// SSOID is the id that UpdatePermissions knows a person by: of issuer and
// subject, never of what the person may change. It has 40 characters.
func SSOID(issuer, subject string) string {
	return hearth.Identity{Issuer: issuer, Subject: subject}.SSOID()
}

// groupID is the id of a group: its name, unless that is too long for AWS's
// member.
func groupID(issuer, name string) string {
	if len(name) <= 47 {
		return name
	}
	return SSOID(issuer, name)
}

// A Grantee is who has a permission.
type Grantee struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// A Permission is a role that someone has.
type Permission struct {
	User Grantee `json:"user"`
	Role string  `json:"role"`
}

// An Instruction adds a role to users and groups, or takes it away.
type Instruction struct {
	Action string    `json:"action"`
	Role   string    `json:"role"`
	Users  []Grantee `json:"users"`
}

// A PartialFailure is an instruction that was not carried out.
type PartialFailure struct {
	Code    int         `json:"code"`
	Message string      `json:"message"`
	Cause   Instruction `json:"causedBy"`
}

const maxBatch = 20

func (p *problems) checkBatch(batch []Instruction) {
	if len(batch) > maxBatch {
		p.Add("updateInstructionBatch", "Member must have at most %d items", maxBatch)
		return
	}
	for _, in := range batch {
		p.oneOf("updateInstructionBatch.action", in.Action, []string{"ADD", "REVOKE"})
		p.oneOf("updateInstructionBatch.role", in.Role, []string{"ADMIN", "EDITOR", "VIEWER"})
		if len(in.Users) == 0 || len(in.Users) > 100 {
			p.Add("updateInstructionBatch.users", "Member must have between 1 and 100 items")
		}
		for _, u := range in.Users {
			p.length("updateInstructionBatch.users.id", u.ID, 1, 47)
			p.oneOf("updateInstructionBatch.users.type", u.Type, []string{SSOUser, SSOGroup})
			if strings.Contains(u.ID, "/") {
				p.Add("updateInstructionBatch.users.id", "Member must not have a slash")
			}
		}
	}
}

// UpdatePermissions gives and takes roles. Who has a role gets another by ADD.
// What cannot be done is in the failures; the rest is done. A role counts from
// the next request of who is signed in.
func (r *Room) UpdatePermissions(ctx context.Context, id hearth.GrafanaID, batch []Instruction) (failures []PartialFailure, err error) {
	var p problems
	p.checkBatch(batch)
	if err := p.Err(); err != nil {
		return nil, err
	}
	_, err = r.change(ctx, "UpdatePermissions", id, "Permissions of a Grafana workspace changed.", func(tx store.Tx, rec *record) error {
		failures = []PartialFailure{}
		if !slices.Contains(rec.Providers, hearth.ProviderAWSSSO) {
			for _, in := range batch {
				failures = append(failures, PartialFailure{400, "The workspace does not authenticate by AWS_SSO: roles of SAML users come from their assertions", in})
			}
			return nil
		}
		for _, in := range batch {
			failed, err := permit(tx, id, in)
			if err != nil {
				return err
			}
			failures = append(failures, failed...)
		}
		return r.recomputeRoles(tx, id)
	})
	return failures, err
}

func permit(tx store.Tx, id hearth.GrafanaID, in Instruction) (failures []PartialFailure, err error) {
	for _, u := range in.Users {
		k := key(id, u.Type, u.ID)
		if in.Action == "ADD" {
			if err := put(tx, permissionBucket, k, Permission{User: u, Role: in.Role}); err != nil {
				return nil, err
			}
			continue
		}
		have, err := get[Permission](tx, permissionBucket, k)
		switch {
		case err != nil:
			return nil, err
		case have == nil || have.Role != in.Role:
			cause := Instruction{Action: in.Action, Role: in.Role, Users: []Grantee{u}}
			failures = append(failures, PartialFailure{404, "The user or group does not have the role", cause})
		default:
			if err := tx.Delete(permissionBucket, k); err != nil {
				return nil, err
			}
		}
	}
	return failures, nil
}

// A PermissionFilter chooses among permissions; empty members choose all.
type PermissionFilter struct{ Type, UserID, GroupID string }

// Permissions lists who has which role.
func (r *Room) Permissions(ctx context.Context, id hearth.GrafanaID, f PermissionFilter, page Page) (out []*Permission, next string, err error) {
	var p problems
	p.checkID(id)
	if f.Type != "" {
		p.oneOf("userType", f.Type, []string{SSOUser, SSOGroup})
	}
	if f.UserID != "" && f.GroupID != "" {
		p.Add("groupId", "Member must not be given together with userId")
	}
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		if _, err := mine(ctx, tx, id); err != nil {
			return err
		}
		have, err := all[Permission](tx, permissionBucket, key(id))
		if err != nil {
			return err
		}
		have = slices.DeleteFunc(have, func(p *Permission) bool { return !f.chooses(p.User) })
		out, next, err = cut(have, page, "permissions"+string(id)+f.Type+f.UserID+f.GroupID, func(p *Permission) string { return p.User.Type + "/" + p.User.ID })
		return err
	})
	return out, next, err
}

func (f *PermissionFilter) chooses(g Grantee) bool {
	switch {
	case f.Type != "" && g.Type != f.Type:
		return false
	case f.UserID != "":
		return g.Type == SSOUser && g.ID == f.UserID
	case f.GroupID != "":
		return g.Type == SSOGroup && g.ID == f.GroupID
	}
	return true
}

// granted is the greatest role that permissions give a person; Viewer without any.
func granted(tx store.Tx, id hearth.GrafanaID, u *user) (hearth.GrafanaRole, error) {
	role := hearth.GrafanaViewer
	keys := []string{key(id, SSOUser, SSOID(u.Issuer, u.Subject))}
	if len(u.Subject) <= 47 && !strings.Contains(u.Subject, "/") {
		keys = append(keys, key(id, SSOUser, u.Subject))
	}
	for _, g := range u.Groups {
		if g = groupID(u.Issuer, g); !strings.Contains(g, "/") {
			keys = append(keys, key(id, SSOGroup, g))
		}
	}
	for _, k := range keys {
		p, err := get[Permission](tx, permissionBucket, k)
		if err != nil {
			return "", err
		}
		if p != nil && roleNames[p.Role].Allows(role) {
			role = roleNames[p.Role]
		}
	}
	return role, nil
}

// recomputeRoles lets changed permissions count for who has signed in before.
func (r *Room) recomputeRoles(tx store.Tx, id hearth.GrafanaID) error {
	users, err := all[user](tx, userBucket, key(id))
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Provider != hearth.ProviderAWSSSO {
			continue
		}
		role, err := granted(tx, id, u)
		if err != nil {
			return err
		}
		if role == u.Role {
			continue
		}
		u.Role = role
		if err := put(tx, userBucket, key(id, idKey(u.ID)), u); err != nil {
			return err
		}
	}
	return nil
}
