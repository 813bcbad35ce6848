package iam

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hearth-metrics/hearth"
)

// An AccessKey is a user's long-term credential.
type AccessKey struct {
	ID      string           `json:"id"`
	Account hearth.AccountID `json:"account"`
	User    string           `json:"user"` // name in lower case
	Active  bool             `json:"active"`
	Created time.Time        `json:"created"`
	Sealed  []byte           `json:"sealed"` // the secret
	Used    *Use             `json:"used,omitempty"`

	secret string
	latest *atomic.Pointer[Use] // what Used becomes at the next flush
}

// Use is when and for what a credential was last used.
type Use struct {
	Time    time.Time     `json:"time"`
	Service string        `json:"service"`
	Region  hearth.Region `json:"region"`
}

// useGrain is how exactly AWS knows when a key was used, and we.
const useGrain = time.Minute

func (k *AccessKey) clone() *AccessKey {
	c := *k
	return &c
}

// LastUse is when the key was last used; nil if never.
func (k *AccessKey) LastUse() *Use {
	if u := k.latest.Load(); u != nil {
		return u
	}
	return k.Used
}

// touch remembers a use, once a minute.
func (k *AccessKey) touch(now time.Time, action string, region hearth.Region) {
	if last := k.LastUse(); last != nil && now.Sub(last.Time) < useGrain {
		return
	}
	service, _, _ := strings.Cut(action, ":")
	k.latest.Store(&Use{Time: now.UTC(), Service: service, Region: region})
}

// readKey opens the secret of a stored key.
func (r *Room) readKey(k *AccessKey) error {
	plain, err := r.opts.Keys.open(forAccessKeys, k.Sealed, k.ID)
	if err != nil {
		return fmt.Errorf("secret of access key %s: %w: is this the key file it was stored with?", k.ID, err)
	}
	k.secret, k.latest = string(plain), &atomic.Pointer[Use]{}
	return nil
}

func (c *change) putAccessKey(k *AccessKey) error {
	return c.put(accessKeyBucket, k.ID, k, func(s *state) { s.putKey(k) })
}

// CreateAccessKey makes a key of a user. The secret is told only now.
func (a *Account) CreateAccessKey(ctx context.Context, user string) (k *AccessKey, secret string, err error) {
	secret = newSecret()
	k = &AccessKey{ID: newID(accessKeyPrefix), Account: a.id, Active: true, secret: secret, latest: &atomic.Pointer[Use]{}}
	k.Sealed = a.room.opts.Keys.seal(forAccessKeys, []byte(secret), k.ID)
	return k, secret, a.room.change(ctx, func(c *change) error {
		u, err := c.entity(a.id, UserKind, user)
		if err != nil {
			return err
		}
		if len(c.keysOf(u)) >= maxAccessKeys {
			return overQuota("Cannot exceed quota for AccessKeysPerUser: %d", maxAccessKeys)
		}
		k.User, k.Created = lower(u.Name), c.now
		return c.putAccessKey(k)
	})
}

func (s *state) keysOf(u *Entity) (out []*AccessKey) {
	for _, k := range s.keys {
		if k.Account == u.Account && k.User == lower(u.Name) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(x, y *AccessKey) int { return x.Created.Compare(y.Created)*2 + strings.Compare(x.ID, y.ID) })
	return out
}

// AccessKeys are a user's keys, oldest first.
func (a *Account) AccessKeys(user string) ([]*AccessKey, error) {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	u, ok := a.room.entities[entityKey{a.id, UserKind, lower(user)}]
	if !ok {
		return nil, noEntity(UserKind, user)
	}
	return a.room.keysOf(u), nil
}

// SetAccessKey activates or deactivates a key.
func (a *Account) SetAccessKey(ctx context.Context, user, id string, active bool) error {
	return a.room.change(ctx, func(c *change) error {
		k, err := c.keyOf(a.id, user, id)
		if err != nil {
			return err
		}
		k = k.clone()
		k.Active = active
		return c.putAccessKey(k)
	})
}

// DeleteAccessKey ends a key.
func (a *Account) DeleteAccessKey(ctx context.Context, user, id string) error {
	return a.room.change(ctx, func(c *change) error {
		if _, err := c.keyOf(a.id, user, id); err != nil {
			return err
		}
		c.remove(accessKeyBucket, id, func(s *state) { delete(s.keys, id) })
		return nil
	})
}

func (s *state) keyOf(a hearth.AccountID, user, id string) (*AccessKey, error) {
	if _, ok := s.entities[entityKey{a, UserKind, lower(user)}]; !ok {
		return nil, noEntity(UserKind, user)
	}
	k, ok := s.keys[id]
	if !ok || k.Account != a || k.User != lower(user) {
		return nil, noKey(id)
	}
	return k, nil
}

func noKey(id string) error {
	return &hearth.Error{Kind: hearth.NotFound, Type: "access key", Resource: id, Msg: fmt.Sprintf("The Access Key with id %s cannot be found.", clip(id))}
}

// AccessKeyLastUsed returns a key of the account and whose it is.
func (a *Account) AccessKeyLastUsed(id string) (user string, use *Use, err error) {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	k, ok := a.room.keys[id]
	if !ok || k.Account != a.id {
		return "", nil, noKey(id)
	}
	return a.room.entities[entityKey{a.id, UserKind, k.User}].Name, k.LastUse(), nil
}

// AccountOfKey is whose an access key is.
func (r *Room) AccountOfKey(id string) (hearth.AccountID, bool) {
	if root, ok := r.roots[id]; ok {
		return root.Account, true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, ok := r.keys[id]
	if !ok {
		return "", false
	}
	return k.Account, true
}

// Run writes down, once a minute, when keys were last used. It returns when ctx
// ends.
func (r *Room) Run(ctx context.Context) error {
	tick := time.NewTicker(useGrain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return r.flushUse(context.WithoutCancel(ctx))
		case <-tick.C:
			if err := r.flushUse(ctx); err != nil {
				r.opts.Log.Warn("last use of access keys not saved", "err", err)
			}
		}
	}
}

func (r *Room) flushUse(ctx context.Context) error {
	return r.change(ctx, func(c *change) error {
		for _, k := range c.keys {
			u := k.latest.Load()
			if u == nil || k.Used != nil && u.Time.Equal(k.Used.Time) {
				continue
			}
			k = k.clone()
			k.Used = u
			if err := c.putAccessKey(k); err != nil {
				return err
			}
		}
		return nil
	})
}
