package dashboard

import (
	"context"
	"crypto/md5" //nolint:gosec // an address for pictures, no secret
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A user is a person or a service account of one Grafana workspace. People are
// known by issuer and subject; everything else changes with a login.
type user struct {
	ID       int64              `json:"id"`
	UID      string             `json:"uid"`
	Login    string             `json:"login"`
	Name     string             `json:"name"`
	Email    string             `json:"email,omitempty"`
	Role     hearth.GrafanaRole `json:"role"`
	Created  time.Time          `json:"created"`
	Updated  time.Time          `json:"updated"`
	LastSeen time.Time          `json:"lastSeen,omitzero"`

	Provider string   `json:"provider,omitempty"`
	Issuer   string   `json:"issuer,omitempty"`
	Subject  string   `json:"subject,omitempty"`
	Groups   []string `json:"groups,omitempty"`

	ServiceAccount bool `json:"serviceAccount,omitempty"`
	Disabled       bool `json:"disabled,omitempty"`
}

func (u *user) plain(id hearth.GrafanaID) hearth.GrafanaUser {
	return hearth.GrafanaUser{
		Workspace: id, ID: u.ID, UID: u.UID, Login: u.Login, Name: u.Name, Email: u.Email, Role: u.Role, ServiceAccount: u.ServiceAccount,
	}
}

// avatar is a path under which there is a picture, and tells nobody the address.
func (u *user) avatar() string {
	sum := md5.Sum([]byte(strings.ToLower(orElse(u.Email, u.Login)))) //nolint:gosec // see above
	return "/avatar/" + hex.EncodeToString(sum[:])
}

const (
	maxUsers     = 10_000 // people and service accounts of one Grafana workspace
	maxIdentity  = 1024   // characters of each text that an identity provider sends
	maxOwnGroups = 500    // groups of one person
)

// newUID mints a uid such as Grafana's.
func newUID() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	var b [14]byte
	_, _ = rand.Read(b[:]) // never fails
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b[:])
}

func identityKey(id hearth.GrafanaID, ident *hearth.Identity) string {
	return key(id, SSOID(ident.Issuer, ident.Subject))
}

// SignedIn makes the person who signed in a user of the Grafana workspace, or
// brings who is one up to date. The role is the assertion's for SAML and the local
// administrator, and for AWS_SSO what UpdatePermissions gave the person or one of
// their groups; else Viewer.
func (r *Room) SignedIn(ctx context.Context, id hearth.GrafanaID, ident hearth.Identity) (out hearth.GrafanaUser, err error) {
	if err := checkIdentity(&ident); err != nil {
		return out, err
	}
	var was, role hearth.GrafanaRole
	var rec *record
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if rec, err = load(tx, id); err != nil {
			return err
		}
		u, err := r.userOf(tx, id, &ident)
		if err != nil {
			return err
		}
		was = u.Role
		u.take(&ident)
		u.Updated, u.LastSeen = r.opts.Now().UTC(), r.opts.Now().UTC()
		if u.Login, err = freeLogin(tx, id, u); err != nil {
			return err
		}
		u.Role = ident.Role
		if ident.Provider == hearth.ProviderAWSSSO {
			u.Role, err = granted(tx, id, u)
		}
		if u.Role == "" {
			u.Role = hearth.GrafanaViewer
		}
		if err != nil {
			return err
		}
		role, out = u.Role, u.plain(id)
		return put(tx, userBucket, key(id, idKey(u.ID)), u)
	})
	if err == nil && was != role {
		r.changed(ctx, "SignIn", rec, "The role of a user of a Grafana workspace changed with a sign-in.",
			hearth.Detail{Name: "user", Value: out.Login}, hearth.Detail{Name: hearth.DetailBefore, Value: string(was)}, after(string(role)))
	}
	return out, err
}

func checkIdentity(ident *hearth.Identity) error {
	var p problems
	for name, v := range map[string]string{"issuer": ident.Issuer, "subject": ident.Subject} {
		p.length(name, v, 1, maxIdentity)
	}
	for name, v := range map[string]string{"login": ident.Login, "name": ident.Name, "email": ident.Email} {
		p.length(name, v, 0, maxIdentity)
	}
	if len(ident.Groups) > maxOwnGroups {
		p.Add("groups", "Member must have at most %d items", maxOwnGroups)
	}
	for _, g := range ident.Groups {
		p.length("groups", g, 0, maxIdentity)
	}
	return p.Err()
}

// userOf finds the user with this identity, or begins a new one.
func (r *Room) userOf(tx store.Tx, id hearth.GrafanaID, ident *hearth.Identity) (*user, error) {
	n, err := get[int64](tx, identityBucket, identityKey(id, ident))
	if err != nil {
		return nil, err
	}
	if n != nil {
		u, err := get[user](tx, userBucket, key(id, idKey(*n)))
		if err != nil || u != nil {
			return u, err
		}
	}
	u, err := r.newUser(tx, id)
	if err != nil {
		return nil, err
	}
	return u, put(tx, identityBucket, identityKey(id, ident), u.ID)
}

func (r *Room) newUser(tx store.Tx, id hearth.GrafanaID) (*user, error) {
	if err := roomFor(tx, userBucket, key(id), maxUsers, "users"); err != nil {
		return nil, err
	}
	n, err := next(tx, id, "user")
	return &user{ID: n, UID: newUID(), Created: r.opts.Now().UTC()}, err
}

// take is what the identity provider says now.
func (u *user) take(ident *hearth.Identity) {
	u.Provider, u.Issuer, u.Subject = ident.Provider, ident.Issuer, ident.Subject
	u.Login = orElse(ident.Login, orElse(ident.Email, ident.Subject))
	u.Name, u.Email = orElse(ident.Name, u.Login), ident.Email
	u.Groups = slices.Clone(ident.Groups)
}

// freeLogin is the user's login, made different from another person's who has
// the same: a login is a name to show, never a proof.
func freeLogin(tx store.Tx, id hearth.GrafanaID, u *user) (string, error) {
	users, err := all[user](tx, userBucket, key(id))
	if err != nil {
		return "", err
	}
	taken := slices.ContainsFunc(users, func(o *user) bool { return o.ID != u.ID && strings.EqualFold(o.Login, u.Login) })
	if !taken {
		return u.Login, nil
	}
	return u.Login + "-" + SSOID(u.Issuer, u.Subject)[:8], nil
}

func noUser() error { return &hearth.Error{Kind: hearth.NotFound, Msg: "user not found"} }

// User returns a user as they are now. NotFound if they are gone, Denied if they
// were disabled.
func (r *Room) User(ctx context.Context, id hearth.GrafanaID, n int64) (out hearth.GrafanaUser, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		u, err := get[user](tx, userBucket, key(id, idKey(n)))
		switch {
		case err != nil:
			return err
		case u == nil || u.ServiceAccount || u.Disabled:
			return noUser()
		}
		out = u.plain(id)
		return nil
	})
	return out, err
}
