package iam

import (
	"time"

	"github.com/hearth-metrics/hearth"
)

// A caller is a principal with all that decides about it.
type caller struct {
	Identity
	userID  string
	entity  *Entity  // nil for root and for whoever is none of ours
	session *session // of temporary credentials
	compiled
	sessionPolicies []Source
}

// compiled are the policies of an entity, ready to be asked.
type compiled struct {
	identity []Source
	boundary []Source
	role     string // its ARN, if it is a role
}

// caller finds what decides about p. A principal whose entity is gone keeps its
// identity and loses its policies.
func (r *Room) caller(p *hearth.Principal) caller {
	w := caller{userID: p.UserID}
	w.Account, w.ARN = p.Account, p.ARN.String()
	w.session, _ = p.Session.(*session)
	if p.Root {
		w.Kind = Root
		return w
	}
	if w.session != nil && w.session.service != nil {
		w.serve(w.session.service)
		return w
	}
	w.Kind = User
	key := entityKey{p.Account, UserKind, ""}
	switch {
	case w.session != nil:
		key.kind, key.name = w.session.Kind, w.session.Entity
	default:
		key.name = r.userOfKey(p)
	}
	r.attach(&w, key)
	return w
}

// userOfKey is the name, in lower case, of the user a long-term key or a browser
// session belongs to.
func (r *Room) userOfKey(p *hearth.Principal) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if k, ok := r.keys[p.AccessKeyID]; ok {
		return k.User
	}
	return ""
}

// attach gives the caller its entity's policies.
func (r *Room) attach(w *caller, key entityKey) {
	r.mu.RLock()
	e, c := r.entities[key], r.compiled[key]
	if e != nil && c == nil {
		r.mu.RUnlock()
		r.mu.Lock()
		e = r.entities[key]
		c = r.compile(e)
		r.mu.Unlock()
		r.mu.RLock()
	}
	if w.session != nil {
		w.sessionPolicies = r.policiesOf(w.session)
	}
	r.mu.RUnlock()
	if e == nil {
		return
	}
	w.entity, w.compiled, w.ID = e, *c, e.ID
	if e.Kind == RoleKind {
		w.Kind, w.Role = Session, c.role
	}
}

// compile collects the policies of an entity: its own, those attached to it, and
// those of its groups. It needs r.mu.
func (r *Room) compile(e *Entity) *compiled {
	c := &compiled{}
	if e == nil {
		return c
	}
	c.identity = r.sources(nil, e)
	if e.Kind == RoleKind {
		c.role = e.ARN().String()
	}
	for _, g := range e.Groups {
		if group, ok := r.entities[entityKey{e.Account, GroupKind, g}]; ok {
			c.identity = r.sources(c.identity, group)
		}
	}
	if e.Boundary != "" {
		c.boundary = r.managed([]Source{}, e.Account, []string{e.Boundary})
	}
	r.compiled[e.key()] = c
	return c
}

func (s *state) sources(to []Source, e *Entity) []Source {
	for i := range e.Inline {
		to = append(to, Source{Name: "inline policy " + e.Inline[i].Name + " of " + e.title(), Policy: e.Inline[i].policy})
	}
	return s.managed(to, e.Account, e.Attached)
}

func (s *state) managed(to []Source, a hearth.AccountID, arns []string) []Source {
	for _, arn := range arns {
		if p, ok := s.policy(a, arn); ok {
			to = append(to, Source{Name: arn, Policy: p.current().policy})
		}
	}
	return to
}

// policiesOf are a session's own policies: nil if it was made without any. It
// needs r.mu.
func (r *Room) policiesOf(s *session) []Source {
	if s.policy == nil && len(s.PolicyARNs) == 0 {
		return nil
	}
	out := []Source{}
	if s.policy != nil {
		out = append(out, Source{Name: "policy of session " + s.Name, Policy: s.policy})
	}
	return r.managed(out, s.Account, s.PolicyARNs)
}

func (w *caller) principalARN() string {
	if w.Kind == Session {
		return w.Role
	}
	return w.ARN
}

func (w *caller) principalType() string {
	switch w.Kind {
	case Root:
		return "Account"
	case User:
		return "User"
	case Session:
		return "AssumedRole"
	}
	return ""
}

// userName is of users only; sessions and root have none.
func (w *caller) userName() string {
	if w.Kind == User && w.entity != nil {
		return w.entity.Name
	}
	return ""
}

func (w *caller) sessionKey(key string) string {
	if w.session == nil {
		return ""
	}
	switch key {
	case "aws:sourceidentity":
		return w.session.SourceIdentity
	case "aws:federatedprovider":
		return w.session.Provider
	case "aws:tokenissuetime":
		return time.Unix(w.session.Issued, 0).UTC().Format(time.RFC3339)
	}
	return "false" // aws:MultiFactorAuthPresent: there is no second factor here
}

// tag is a tag of the session or of its role or user.
func (w *caller) tag(name string) ([]string, bool) {
	if w.session != nil {
		if v, ok := findTag(w.session.Tags, name); ok {
			return v, true
		}
	}
	if w.entity == nil {
		return nil, false
	}
	return findTag(w.entity.Tags, name)
}
