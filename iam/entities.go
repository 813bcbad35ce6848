package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// EntityInput describes a new user, group or role.
type EntityInput struct {
	Name     string
	Path     string // / if empty
	Tags     map[string]string
	Boundary string

	Trust       string // roles
	Description string
	MaxSession  time.Duration
}

// Create makes a user, group or role.
func (a *Account) Create(ctx context.Context, kind EntityKind, in EntityInput) (*Entity, error) {
	e, err := a.newEntity(kind, in)
	if err != nil {
		return nil, err
	}
	return e, a.room.change(ctx, func(c *change) error {
		if _, ok := c.entities[e.key()]; ok {
			return entityExists(kind, in.Name)
		}
		if most := c.quotas.entities[kind]; c.count(a.id, kind) >= most {
			return overQuota("Cannot exceed quota for %ssPerAccount: %d.", strings.ToUpper(string(kind[:1]))+string(kind[1:]), most)
		}
		if err := c.checkBoundary(a.id, in.Boundary); err != nil {
			return err
		}
		e.Created = c.now
		if err := c.bindTrust(e); err != nil {
			return err
		}
		return c.putEntity(e)
	})
}

func (a *Account) newEntity(kind EntityKind, in EntityInput) (*Entity, error) {
	if err := checkName(string(kind)+"Name", in.Name, nameLength(kind)); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	e := &Entity{
		Kind: kind, Account: a.id, Name: in.Name, Path: path, ID: newID(idPrefix[kind]),
		Tags: cloneMap(in.Tags), Boundary: in.Boundary,
	}
	if kind == RoleKind {
		return e, e.makeRole(in, a.room.quotas.trustSize)
	}
	return e, nil
}

func (e *Entity) makeRole(in EntityInput, longest int) (err error) {
	if err := checkDescription(in.Description); err != nil {
		return err
	}
	if e.MaxSession, err = checkMaxSession(in.MaxSession); err != nil {
		return err
	}
	e.Description = in.Description
	return e.setTrust(in.Trust, longest)
}

// setTrust takes a trust policy of at most longest characters.
func (e *Entity) setTrust(document string, longest int) (err error) {
	if e.trust, err = Parse(TrustPolicy, document); err != nil {
		return err
	}
	if size(document) > longest {
		return overQuota("Cannot exceed quota for ACLSizePerRole: %d", longest)
	}
	e.Trust = document
	return nil
}

func (c *change) bindTrust(e *Entity) error {
	if e.trust == nil {
		return nil
	}
	var err error
	if e.TrustIDs, err = c.idsOf(e.trust); err != nil {
		return err
	}
	e.trust.bind(e.TrustIDs)
	return nil
}

func (s *state) count(a hearth.AccountID, kind EntityKind) (n int) {
	for k := range s.entities {
		if k.account == a && k.kind == kind {
			n++
		}
	}
	return n
}

// Get returns a user, group or role.
func (a *Account) Get(kind EntityKind, name string) (*Entity, error) {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	e, ok := a.room.entities[entityKey{a.id, kind, lower(name)}]
	if !ok {
		return nil, noEntity(kind, name)
	}
	return e, nil
}

// List returns the entities of a kind whose path has the prefix, by name.
func (a *Account) List(kind EntityKind, pathPrefix string) []*Entity {
	return a.list(func(e *Entity) bool { return e.Kind == kind && strings.HasPrefix(e.Path, pathPrefix) })
}

func (a *Account) list(want func(*Entity) bool) []*Entity {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	var out []*Entity
	for _, e := range a.room.entities {
		if e.Account == a.id && want(e) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(x, y *Entity) int { return strings.Compare(lower(x.Name), lower(y.Name)) })
	return out
}

// edit changes one entity.
func (a *Account) edit(ctx context.Context, kind EntityKind, name string, fn func(c *change, e *Entity) error) error {
	return a.room.change(ctx, func(c *change) error {
		e, err := c.entity(a.id, kind, name)
		if err != nil {
			return err
		}
		if err := fn(c, e); err != nil {
			return err
		}
		return c.putEntity(e)
	})
}

// Delete removes an entity that nothing hangs on any more.
func (a *Account) Delete(ctx context.Context, kind EntityKind, name string) error {
	return a.room.change(ctx, func(c *change) error {
		e, err := c.entity(a.id, kind, name)
		if err != nil {
			return err
		}
		if err := c.loose(e); err != nil {
			return err
		}
		c.removeEntity(e)
		return nil
	})
}

// loose refuses an entity that still has policies, keys, groups or members, in
// the order in which AWS asks for them to go.
func (s *state) loose(e *Entity) error {
	switch {
	case len(e.Groups) > 0:
		return inUse(e.Name, "Cannot delete entity, must remove users from group first.")
	case e.Kind == GroupKind && s.hasMembers(e):
		return inUse(e.Name, "Cannot delete entity, must remove users from group first.")
	case len(e.Attached) > 0:
		return inUse(e.Name, "Cannot delete entity, must detach all policies first.")
	case len(e.Inline) > 0:
		return inUse(e.Name, "Cannot delete entity, must delete policies first.")
	case e.Kind == UserKind && s.hasKeys(e):
		return inUse(e.Name, "Cannot delete entity, must delete access keys first.")
	}
	return nil
}

func (s *state) hasMembers(g *Entity) bool {
	for _, u := range s.entities {
		if u.Account == g.Account && u.Kind == UserKind && slices.Contains(u.Groups, lower(g.Name)) {
			return true
		}
	}
	return false
}

func (s *state) hasKeys(u *Entity) bool {
	for _, k := range s.keys {
		if k.Account == u.Account && k.User == lower(u.Name) {
			return true
		}
	}
	return false
}

// Rename gives a user or group another name or path; an empty one stays.
func (a *Account) Rename(ctx context.Context, kind EntityKind, name, newName, newPath string) error {
	if newName != "" {
		if err := checkName("newName", newName, nameLength(kind)); err != nil {
			return err
		}
	}
	if newPath != "" {
		if _, err := checkPath(newPath); err != nil {
			return err
		}
	}
	return a.room.change(ctx, func(c *change) error {
		e, err := c.entity(a.id, kind, name)
		if err != nil {
			return err
		}
		return c.rename(e, newName, newPath)
	})
}

func (c *change) rename(e *Entity, newName, newPath string) error {
	old := e.clone()
	if newPath != "" {
		e.Path = newPath
	}
	if newName != "" {
		e.Name = newName
	}
	if _, taken := c.entities[e.key()]; taken && e.key() != old.key() {
		return entityExists(e.Kind, newName)
	}
	if e.key() != old.key() {
		c.removeEntity(old)
		if err := c.follow(old, e); err != nil {
			return err
		}
	}
	return c.putEntity(e)
}

// follow renames what refers to an entity by name.
func (c *change) follow(old, e *Entity) error {
	for _, u := range c.entities {
		if e.Kind != GroupKind || u.Account != e.Account || !slices.Contains(u.Groups, lower(old.Name)) {
			continue
		}
		u = u.clone()
		u.Groups[slices.Index(u.Groups, lower(old.Name))] = lower(e.Name)
		if err := c.putEntity(u); err != nil {
			return err
		}
	}
	for _, k := range c.keys {
		if e.Kind != UserKind || k.Account != e.Account || k.User != lower(old.Name) {
			continue
		}
		moved := k.clone()
		moved.User = lower(e.Name)
		if err := c.putAccessKey(moved); err != nil {
			return err
		}
	}
	return nil
}

// Tag adds tags to a user or role, or replaces their values. Keys that differ in
// case only are the same.
func (a *Account) Tag(ctx context.Context, kind EntityKind, name string, tags map[string]string) error {
	return a.edit(ctx, kind, name, func(_ *change, e *Entity) error {
		AddTags(e.Tags, tags)
		return checkTags(e.Tags)
	})
}

// Untag removes tags; ones that are not there are no error.
func (a *Account) Untag(ctx context.Context, kind EntityKind, name string, keys []string) error {
	return a.edit(ctx, kind, name, func(_ *change, e *Entity) error {
		RemoveTags(e.Tags, keys)
		return nil
	})
}

// AddTags puts tags beside those that are there. Keys that differ in case only
// are the same.
func AddTags(to, tags map[string]string) {
	for k, v := range tags {
		RemoveTags(to, []string{k})
		to[k] = v
	}
}

// RemoveTags takes tags away, whatever the case of their keys.
func RemoveTags(from map[string]string, keys []string) {
	for _, k := range keys {
		for have := range from {
			if strings.EqualFold(have, k) {
				delete(from, have)
			}
		}
	}
}

// AddToGroup and RemoveFromGroup change whose group policies a user has.
func (a *Account) AddToGroup(ctx context.Context, group, user string) error {
	return a.edit(ctx, UserKind, user, func(c *change, e *Entity) error {
		g, err := c.entity(a.id, GroupKind, group)
		if err != nil {
			return err
		}
		if slices.Contains(e.Groups, lower(g.Name)) {
			return nil
		}
		if len(e.Groups) >= maxGroupsOfUser {
			return overQuota("Cannot exceed quota for GroupsPerUser: %d", maxGroupsOfUser)
		}
		e.Groups = append(e.Groups, lower(g.Name))
		return nil
	})
}

// RemoveFromGroup ends a membership. One that was not is NotFound.
func (a *Account) RemoveFromGroup(ctx context.Context, group, user string) error {
	return a.edit(ctx, UserKind, user, func(c *change, e *Entity) error {
		if _, err := c.entity(a.id, GroupKind, group); err != nil {
			return err
		}
		at := slices.Index(e.Groups, lower(group))
		if at < 0 {
			return noEntity(UserKind, user)
		}
		e.Groups = slices.Delete(e.Groups, at, at+1)
		return nil
	})
}

// Members are the users of a group.
func (a *Account) Members(group string) ([]*Entity, error) {
	if _, err := a.Get(GroupKind, group); err != nil {
		return nil, err
	}
	return a.list(func(e *Entity) bool { return e.Kind == UserKind && slices.Contains(e.Groups, lower(group)) }), nil
}

// GroupsOf are the groups of a user.
func (a *Account) GroupsOf(user string) ([]*Entity, error) {
	u, err := a.Get(UserKind, user)
	if err != nil {
		return nil, err
	}
	return a.list(func(e *Entity) bool { return e.Kind == GroupKind && slices.Contains(u.Groups, lower(e.Name)) }), nil
}

// RoleUpdate changes a role; nil members stay.
type RoleUpdate struct {
	Description *string
	MaxSession  *time.Duration
	Trust       *string
}

// UpdateRole changes a role and returns it as it is then.
func (a *Account) UpdateRole(ctx context.Context, name string, u RoleUpdate) (role *Entity, err error) {
	return role, a.edit(ctx, RoleKind, name, func(c *change, e *Entity) error {
		role = e
		if u.Description != nil {
			if err := checkDescription(*u.Description); err != nil {
				return err
			}
			e.Description = *u.Description
		}
		if u.Trust != nil {
			if err := e.setTrust(*u.Trust, c.quotas.trustSize); err != nil {
				return err
			}
			if err := c.bindTrust(e); err != nil {
				return err
			}
		}
		if u.MaxSession != nil {
			e.MaxSession, err = checkMaxSession(*u.MaxSession)
		}
		return err
	})
}

// SetAlias names the account; an empty alias takes the name away.
func (a *Account) SetAlias(ctx context.Context, alias string) error {
	if alias != "" && (len(alias) < 3 || len(alias) > 63 || !aliasPattern.MatchString(alias)) {
		return invalid("accountAlias", "Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$")
	}
	return a.room.change(ctx, func(c *change) error {
		for _, other := range c.accounts {
			if alias != "" && other.Alias == alias && other.ID != a.id {
				return &hearth.Error{Kind: hearth.Conflict, Resource: alias, Msg: "The account alias " + alias + " already exists."}
			}
		}
		rec := &accountRecord{ID: a.id, Alias: alias}
		return c.put(accountBucket, string(a.id), rec, func(s *state) { s.putAccount(rec) })
	})
}

// Alias is the account's name; empty if it has none.
func (a *Account) Alias() string {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	if rec := a.room.accounts[a.id]; rec != nil {
		return rec.Alias
	}
	return ""
}
