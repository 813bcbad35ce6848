package iam

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// EntityKind says what an Entity is.
type EntityKind string

// What can have policies.
const (
	UserKind  EntityKind = "user"
	GroupKind EntityKind = "group"
	RoleKind  EntityKind = "role"
)

// An Entity is a user, a group or a role. It is never changed once it is known
// to others; a change makes a new one.
type Entity struct {
	Kind     EntityKind        `json:"kind"`
	Account  hearth.AccountID  `json:"account"`
	Name     string            `json:"name"`
	Path     string            `json:"path"`
	ID       string            `json:"id"` // AIDA…, AGPA…, AROA…
	Created  time.Time         `json:"created"`
	Tags     map[string]string `json:"tags,omitempty"`
	Boundary string            `json:"boundary,omitempty"` // ARN of a managed policy
	Inline   []Inline          `json:"inline,omitempty"`   // by name
	Attached []string          `json:"attached,omitempty"` // ARNs of managed policies

	Groups []string `json:"groups,omitempty"` // of a user: names in lower case

	Trust       string            `json:"trust,omitempty"`     // of a role
	TrustIDs    map[string]string `json:"trust_ids,omitempty"` // whom it names, as they were then
	Description string            `json:"description,omitempty"`
	MaxSession  time.Duration     `json:"max_session,omitempty"`

	trust *Policy
}

// Inline is a policy that belongs to one entity.
type Inline struct {
	Name     string `json:"name"`
	Document string `json:"document"`

	policy *Policy
}

// ARN names the entity.
func (e *Entity) ARN() hearth.ARN {
	return hearth.ARN{Partition: "aws", Service: "iam", Account: e.Account, Resource: string(e.Kind) + e.Path + e.Name}
}

// sessionRole is the role's ARN as policies know it in a session's principal.
func (e *Entity) title() string { return string(e.Kind) + " " + e.Name }

// read parses the documents of an entity that comes from the store.
func (e *Entity) read() (err error) {
	for i := range e.Inline {
		if e.Inline[i].policy, err = Parse(IdentityPolicy, e.Inline[i].Document); err != nil {
			return fmt.Errorf("inline policy %s of %s: %w", e.Inline[i].Name, e.title(), err)
		}
	}
	if e.Kind != RoleKind {
		return nil
	}
	if e.trust, err = Parse(TrustPolicy, e.Trust); err != nil {
		return fmt.Errorf("trust policy of %s: %w", e.title(), err)
	}
	e.trust.bind(e.TrustIDs)
	return nil
}

// clone is a copy whose lists can be changed.
func (e *Entity) clone() *Entity {
	c := *e
	c.Tags = cloneMap(e.Tags)
	c.Inline = slices.Clone(e.Inline)
	c.Attached = slices.Clone(e.Attached)
	c.Groups = slices.Clone(e.Groups)
	return &c
}

func (e *Entity) inline(name string) (int, bool) {
	return slices.BinarySearchFunc(e.Inline, name, func(i Inline, name string) int { return strings.Compare(i.Name, name) })
}

// entityKey finds an entity: names differ by more than case.
type entityKey struct {
	account hearth.AccountID
	kind    EntityKind
	name    string // lower case
}

func (k entityKey) String() string { return string(k.account) + "/" + string(k.kind) + "/" + k.name }

func (e *Entity) key() entityKey { return entityKey{e.Account, e.Kind, lower(e.Name)} }

// noEntity and entityExists speak as AWS does.
func noEntity(kind EntityKind, name string) error {
	return &hearth.Error{Kind: hearth.NotFound, Type: string(kind), Resource: name,
		Msg: fmt.Sprintf("The %s with name %s cannot be found.", kind, clip(name))}
}

func entityExists(kind EntityKind, name string) error {
	word := strings.ToUpper(string(kind[:1])) + string(kind[1:])
	return &hearth.Error{Kind: hearth.Conflict, Type: string(kind), Resource: name,
		Msg: fmt.Sprintf("%s with name %s already exists.", word, clip(name))}
}

func inUse(resource, format string, args ...any) error {
	return &hearth.Error{Kind: hearth.InUse, Resource: resource, Msg: fmt.Sprintf(format, args...)}
}

func overQuota(format string, args ...any) error {
	return &hearth.Error{Kind: hearth.Quota, Msg: fmt.Sprintf(format, args...)}
}

func cloneMap(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}
