package dashboard

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

func (a *ServiceAccount) body() map[string]any {
	return map[string]any{
		"id": a.ID, "uid": a.UID, "name": a.Name, "login": a.Login, "orgId": 1, "isDisabled": a.Disabled, "role": a.Role, "tokens": a.Tokens,
		"createdAt": a.Created, "updatedAt": a.Updated, "avatarUrl": "", "isExternal": false,
	}
}

// SearchAccounts lists service accounts by name.
func (r *Room) SearchAccounts(ctx context.Context, c *Call) (any, error) {
	per, err := c.number("perpage", 1000)
	if err != nil {
		return nil, err
	}
	page, err := c.number("page", 1)
	if err != nil {
		return nil, err
	}
	found := []map[string]any{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := accountsIn(tx, c.id())
		for _, a := range list {
			if strings.Contains(strings.ToLower(a.Name), strings.ToLower(c.text("query"))) {
				found = append(found, a.body())
			}
		}
		return err
	})
	return map[string]any{"totalCount": len(found), "serviceAccounts": append([]map[string]any{}, window(found, per, page)...), "page": page, "perPage": per}, err
}

type accountInput struct {
	Name     *string             `json:"name"`
	Role     *hearth.GrafanaRole `json:"role"`
	Disabled *bool               `json:"isDisabled"`
}

func (in *accountInput) apply(u *user) error {
	if in.Name != nil {
		u.Name = strings.TrimSpace(*in.Name)
	}
	if in.Role != nil {
		u.Role = *in.Role
	}
	if in.Disabled != nil {
		u.Disabled = *in.Disabled
	}
	switch {
	case u.Name == "" || len(u.Name) > maxSourceName:
		return invalid("name", "must have 1 to %d characters", maxSourceName)
	case !u.Role.Allows(hearth.GrafanaViewer):
		return invalid("role", "must be Viewer, Editor or Admin")
	}
	return nil
}

// AddAccount makes a service account.
func (r *Room) AddAccount(ctx context.Context, c *Call) (any, error) {
	var in accountInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	probe := &user{Role: hearth.GrafanaViewer}
	if err := in.apply(probe); err != nil {
		return nil, err
	}
	var out ServiceAccount
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		u, err := r.addAccount(tx, c.id(), probe.Name, probe.Role, probe.Disabled)
		if err == nil {
			out = accountOf(u)
		}
		return err
	})
	return Reply{Code: http.StatusCreated, Body: out.body()}, err
}

// Account answers a service account.
func (r *Room) Account(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		u, err := accountIn(tx, c.id(), c.Param("id"))
		if err == nil {
			a := accountOf(u)
			out = a.body()
		}
		return err
	})
	return out, err
}

// UpdateAccount changes a service account.
func (r *Room) UpdateAccount(ctx context.Context, c *Call) (any, error) {
	var in accountInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var out ServiceAccount
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		u, err := accountIn(tx, c.id(), c.Param("id"))
		if err != nil {
			return err
		}
		if err := in.apply(u); err != nil {
			return err
		}
		u.Updated, out = r.opts.Now().UTC(), accountOf(u)
		return put(tx, userBucket, key(c.id(), idKey(u.ID)), u)
	})
	return map[string]any{"id": out.ID, "name": out.Name, "message": "Service account updated", "serviceaccount": out.body()}, err
}

// RemoveAccount deletes a service account with its tokens.
func (r *Room) RemoveAccount(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		u, err := accountIn(tx, c.id(), c.Param("id"))
		if err != nil {
			return err
		}
		return dropAccount(tx, c.id(), u)
	})
	return message("Service account deleted"), err
}

// AccountTokens lists the tokens of a service account.
func (r *Room) AccountTokens(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		u, err := accountIn(tx, c.id(), c.Param("id"))
		if err != nil {
			return err
		}
		list, err := tokensOf(tx, c.id(), u.ID)
		for _, t := range list {
			b := map[string]any{"id": t.ID, "name": t.Name, "created": t.Created, "lastUsedAt": nil, "expiration": nil, "secondsUntilExpiration": 0,
				"hasExpired": !t.Expires.IsZero() && !r.opts.Now().Before(t.Expires), "isRevoked": false}
			if v := r.tokenOf(c.id(), t); !v.Used.IsZero() {
				b["lastUsedAt"] = v.Used
			}
			if !t.Expires.IsZero() {
				b["expiration"], b["secondsUntilExpiration"] = t.Expires, max(0, t.Expires.Sub(r.opts.Now()).Seconds())
			}
			out = append(out, b)
		}
		return err
	})
	return out, err
}

// AddAccountToken makes a token, which is told once. Without a lifetime it lasts as
// long as one of AWS's may.
func (r *Room) AddAccountToken(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Name    string `json:"name"`
		Seconds int64  `json:"secondsToLive"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Name == "" || len(in.Name) > maxSourceName {
		return nil, invalid("name", "must have 1 to %d characters", maxSourceName)
	}
	if in.Seconds == 0 {
		in.Seconds = 2_592_000
	}
	var p problems
	p.checkLifetime(in.Seconds)
	if err := p.Err(); err != nil {
		return nil, err
	}
	secret := newToken()
	t := &token{Name: in.Name, Expires: r.opts.Now().UTC().Add(time.Duration(in.Seconds) * time.Second)}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		u, err := accountIn(tx, c.id(), c.Param("id"))
		if err != nil {
			return err
		}
		t.User = u.ID
		return r.addToken(tx, c.id(), t, secret)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": t.ID, "name": t.Name, "key": secret}, nil
}

// RemoveAccountToken ends a token.
func (r *Room) RemoveAccountToken(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		u, err := accountIn(tx, c.id(), c.Param("id"))
		if err != nil {
			return err
		}
		return dropToken(tx, c.id(), u.ID, c.Param("tokenId"))
	})
	return message("Service account token deleted"), err
}
