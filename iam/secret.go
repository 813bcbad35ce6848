package iam

import (
	"context"
	"crypto/subtle"

	"github.com/hearth-metrics/hearth"
)

// Secret returns the secret of an access key and whose it is. token is what came
// as the session token; empty if none did. A key that is not known, not active or
// does not go with the token is NotFound; one whose time is over is
// Unauthenticated with ExpiredType.
func (r *Room) Secret(_ context.Context, accessKeyID, token string) (string, hearth.Principal, error) {
	if token != "" {
		return r.sessionSecret(accessKeyID, token)
	}
	for _, root := range r.opts.Roots {
		if subtle.ConstantTimeCompare([]byte(root.ID), []byte(accessKeyID)) == 1 {
			return root.Secret, rootPrincipal(root.Account, root.ID), nil
		}
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, ok := r.keys[accessKeyID]
	if !ok || !k.Active {
		return "", hearth.Principal{}, noSession()
	}
	u, ok := r.entities[entityKey{k.Account, UserKind, k.User}]
	if !ok {
		return "", hearth.Principal{}, noSession()
	}
	return k.secret, hearth.Principal{ARN: u.ARN(), Account: k.Account, UserID: u.ID, AccessKeyID: k.ID}, nil
}

// Has tells whether this Hearth has the account.
func (r *Room) Has(a hearth.AccountID) bool {
	for _, root := range r.opts.Roots {
		if root.Account == a {
			return true
		}
	}
	return false
}

func rootPrincipal(a hearth.AccountID, key string) hearth.Principal {
	return hearth.Principal{
		ARN:     hearth.ARN{Partition: "aws", Service: "iam", Account: a, Resource: "root"},
		Account: a, UserID: string(a), AccessKeyID: key, Root: true,
	}
}

func (r *Room) sessionSecret(accessKeyID, token string) (string, hearth.Principal, error) {
	c, err := r.openToken(accessKeyID, token)
	if err != nil {
		return "", hearth.Principal{}, err
	}
	if c.over(r.opts.Now()) {
		return "", hearth.Principal{}, expired()
	}
	p, ok := r.principalOf(c.session)
	if !ok {
		return "", hearth.Principal{}, noSession()
	}
	return c.secret, p, nil
}

// principalOf is who a session acts as; ok is false if its role or user is gone.
func (r *Room) principalOf(s *session) (hearth.Principal, bool) {
	if s.Kind == "" {
		p := rootPrincipal(s.Account, s.AccessKeyID)
		p.Session = s
		return p, true
	}
	r.mu.RLock()
	e, ok := r.entities[entityKey{s.Account, s.Kind, s.Entity}]
	r.mu.RUnlock()
	if !ok || e.ID != s.EntityID {
		return hearth.Principal{}, false
	}
	p := hearth.Principal{Account: s.Account, UserID: e.ID, AccessKeyID: s.AccessKeyID, Session: s}
	if s.Kind == RoleKind {
		p.ARN, p.UserID = sessionARN(e, s.Name), e.ID+":"+s.Name
	} else {
		p.ARN = e.ARN()
	}
	return p, true
}

// sessionARN is how AWS prints the session of a role: the path is not in it.
func sessionARN(role *Entity, name string) hearth.ARN {
	return hearth.ARN{Partition: "aws", Service: "sts", Account: role.Account, Resource: "assumed-role/" + role.Name + "/" + name}
}
