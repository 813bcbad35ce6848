package dashboard

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A ServiceAccount is who a program acts as.
type ServiceAccount struct {
	ID       int64
	UID      string
	Name     string
	Login    string
	Role     hearth.GrafanaRole
	Disabled bool
	Tokens   int
	Created  time.Time
	Updated  time.Time
}

const maxServiceAccounts = 500

func accountOf(u *user) ServiceAccount {
	return ServiceAccount{ID: u.ID, UID: u.UID, Name: u.Name, Login: u.Login, Role: u.Role, Disabled: u.Disabled, Created: u.Created, Updated: u.Updated}
}

func noServiceAccount(id string) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: id, Type: serviceAccountType, Msg: "service account not found"}
}

// accountIn loads a service account by the id a caller sent.
func accountIn(tx store.Tx, id hearth.GrafanaID, text string) (*user, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return nil, noServiceAccount(text)
	}
	u, err := get[user](tx, userBucket, key(id, idKey(n)))
	if err == nil && (u == nil || !u.ServiceAccount) {
		err = noServiceAccount(text)
	}
	return u, err
}

// addAccount makes a service account within tx.
func (r *Room) addAccount(tx store.Tx, id hearth.GrafanaID, name string, role hearth.GrafanaRole, disabled bool) (*user, error) {
	users, err := all[user](tx, userBucket, key(id))
	if err != nil {
		return nil, err
	}
	n := 0
	for _, o := range users {
		if !o.ServiceAccount {
			continue
		}
		n++
		if strings.EqualFold(o.Name, name) {
			return nil, &hearth.Error{Kind: hearth.Conflict, Resource: name, Type: serviceAccountType, Msg: "service account already exists"}
		}
	}
	if n >= maxServiceAccounts {
		return nil, &hearth.Error{Kind: hearth.Quota, Resource: string(id), Type: serviceAccountType,
			Msg: "The maximum number of service accounts of a Grafana workspace is reached."}
	}
	u, err := r.newUser(tx, id)
	if err != nil {
		return nil, err
	}
	u.Name, u.Role, u.ServiceAccount, u.Disabled, u.Updated = name, role, true, disabled, u.Created
	u.Login = "sa-1-" + slug(name)
	return u, put(tx, userBucket, key(id, idKey(u.ID)), u)
}

// CreateServiceAccount makes a service account of a Grafana workspace of the
// caller.
func (r *Room) CreateServiceAccount(ctx context.Context, id hearth.GrafanaID, name, role string) (out ServiceAccount, err error) {
	var p problems
	p.length("name", name, 1, 128)
	p.oneOf("grafanaRole", role, []string{"ADMIN", "EDITOR", "VIEWER"})
	if err := p.Err(); err != nil {
		return out, err
	}
	_, err = r.change(ctx, "CreateWorkspaceServiceAccount", id, "Service account created.", func(tx store.Tx, _ *record) error {
		u, err := r.addAccount(tx, id, name, roleNames[role], false)
		if err == nil {
			out = accountOf(u)
		}
		return err
	})
	return out, err
}

// ServiceAccounts lists the service accounts of a Grafana workspace of the caller.
func (r *Room) ServiceAccounts(ctx context.Context, id hearth.GrafanaID, page Page) (out []ServiceAccount, next string, err error) {
	var p problems
	p.checkID(id)
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		if _, err := mine(ctx, tx, id); err != nil {
			return err
		}
		have, err := accountsIn(tx, id)
		if err != nil {
			return err
		}
		out, next, err = cut(have, page, "serviceaccounts"+string(id), func(a ServiceAccount) string { return idKey(a.ID) })
		return err
	})
	return out, next, err
}

func accountsIn(tx store.Tx, id hearth.GrafanaID) (out []ServiceAccount, err error) {
	users, err := all[user](tx, userBucket, key(id))
	if err != nil {
		return nil, err
	}
	tokens, err := all[token](tx, tokenBucket, key(id))
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if !u.ServiceAccount {
			continue
		}
		a := accountOf(u)
		for _, t := range tokens {
			if t.User == u.ID {
				a.Tokens++
			}
		}
		out = append(out, a)
	}
	return out, nil
}

// dropAccount deletes a service account and its tokens.
func dropAccount(tx store.Tx, id hearth.GrafanaID, u *user) error {
	tokens, err := tokensOf(tx, id, u.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := tx.Delete(tokenBucket, key(id, t.Hash)); err != nil {
			return err
		}
	}
	return tx.Delete(userBucket, key(id, idKey(u.ID)))
}

// DeleteServiceAccount deletes a service account with its tokens.
func (r *Room) DeleteServiceAccount(ctx context.Context, id hearth.GrafanaID, account string) error {
	_, err := r.change(ctx, "DeleteWorkspaceServiceAccount", id, "Service account deleted.", func(tx store.Tx, _ *record) error {
		u, err := accountIn(tx, id, account)
		if err != nil {
			return err
		}
		return dropAccount(tx, id, u)
	})
	return err
}

// slug is a text as Grafana has it in addresses: letters, digits and dashes.
// https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/
func slug(s string) string {
	var b strings.Builder
	dash := false
	for _, c := range strings.ToLower(s) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' {
			b.WriteRune(c)
			dash = false
		} else if !dash && b.Len() > 0 {
			b.WriteByte('-')
			dash = true
		}
	}
	return strings.TrimRight(orElse(b.String(), "-"), "-")
}

// byID sorts by number.
func byID[T any](list []T, id func(T) int64) {
	slices.SortFunc(list, func(a, b T) int { return int(id(a) - id(b)) })
}
