package iam

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A BearerToken lets tools that cannot sign act as a user or role, within some
// actions. Hearth's own: AWS has no such thing. Only a hash is kept.
type BearerToken struct {
	ID      string           `json:"id"`
	Account hearth.AccountID `json:"account"`
	Hash    []byte           `json:"hash"`
	Kind    EntityKind       `json:"kind"`
	Entity  string           `json:"entity"` // name in lower case
	Owner   string           `json:"owner"`  // the entity's unique id
	Actions []string         `json:"actions"`
	Note    string           `json:"note,omitempty"`
	Created time.Time        `json:"created"`
	Expires time.Time        `json:"expires,omitzero"`
}

// BearerPrefix begins every bearer token, so that leaked ones can be searched
// for.
const BearerPrefix = "hearth_"

// BearerInput describes a new token.
type BearerInput struct {
	Kind    EntityKind
	Entity  string
	Actions []string // wildcards as in policies
	Note    string
	Expires time.Time // zero: never
}

// CreateBearer makes a token. It is told only now.
func (a *Account) CreateBearer(ctx context.Context, in BearerInput) (b *BearerToken, token string, err error) {
	if len(in.Actions) == 0 || len(in.Actions) > 50 || len(in.Note) > 256 {
		return nil, "", invalid("actions", "Member must list 1 to 50 actions; the note may have 256 bytes")
	}
	if _, err := Parse(IdentityPolicy, actionsOnly(in.Actions)); err != nil {
		return nil, "", err
	}
	secret := newSecret() + newSecret()[:3]
	b = &BearerToken{ID: newID(bearerPrefix), Account: a.id, Kind: in.Kind, Actions: in.Actions, Note: in.Note, Expires: in.Expires}
	hash := sha256.Sum256([]byte(secret))
	b.Hash = hash[:]
	err = a.room.change(ctx, func(c *change) error {
		e, err := c.entity(a.id, in.Kind, in.Entity)
		if err != nil {
			return err
		}
		b.Entity, b.Owner, b.Created = lower(e.Name), e.ID, c.now
		return c.put(bearerBucket, b.ID, b, func(s *state) { s.putBearer(b) })
	})
	return b, BearerPrefix + b.ID + "_" + secret, err
}

func actionsOnly(actions []string) string {
	quoted := make([]string, len(actions))
	for i, a := range actions {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[` + strings.Join(quoted, ",") + `],"Resource":"*"}}`
}

// Bearers are the account's tokens, oldest first.
func (a *Account) Bearers() []*BearerToken {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	var out []*BearerToken
	for _, b := range a.room.bearers {
		if b.Account == a.id {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(x, y *BearerToken) int {
		return strings.Compare(x.Created.Format(time.RFC3339)+x.ID, y.Created.Format(time.RFC3339)+y.ID)
	})
	return out
}

// RevokeBearer ends a token.
func (a *Account) RevokeBearer(ctx context.Context, id string) error {
	return a.room.change(ctx, func(c *change) error {
		if b := c.bearers[id]; b == nil || b.Account != a.id {
			return &hearth.Error{Kind: hearth.NotFound, Type: "bearer token", Resource: id, Msg: "There is no such bearer token."}
		}
		c.remove(bearerBucket, id, func(s *state) { delete(s.bearers, id) })
		return nil
	})
}

// Bearer returns whom a token stands for. One that is not known, or whose time is
// over, is NotFound or Unauthenticated with ExpiredType.
func (r *Room) Bearer(_ context.Context, token string) (hearth.Principal, error) {
	id, secret, _ := strings.Cut(strings.TrimPrefix(token, BearerPrefix), "_")
	r.mu.RLock()
	b := r.bearers[id]
	r.mu.RUnlock()
	hash := sha256.Sum256([]byte(secret))
	switch {
	case b == nil || !strings.HasPrefix(token, BearerPrefix) || subtle.ConstantTimeCompare(b.Hash, hash[:]) != 1:
		return hearth.Principal{}, noSession()
	case !b.Expires.IsZero() && !r.opts.Now().Before(b.Expires):
		return hearth.Principal{}, expired()
	}
	policy, err := Parse(IdentityPolicy, actionsOnly(b.Actions))
	if err != nil {
		return hearth.Principal{}, err
	}
	p, ok := r.principalOf(&session{
		AccessKeyID: b.ID, Account: b.Account, Kind: b.Kind, Entity: b.Entity, EntityID: b.Owner, Name: b.ID,
		Issued: b.Created.Unix(), policy: policy, bearer: true, Chain: []string{"bearer token " + b.ID},
	})
	if !ok {
		return p, noSession()
	}
	return p, nil
}
