package iam

import (
	"strings"

	"github.com/hearth-metrics/hearth"
)

// An Identity is who asks, as policies see them.
type Identity struct {
	Kind    IdentityKind
	ARN     string // of the user, the session or the account's root
	Role    string // a session's role
	ID      string // unique id of the user or of the session's role; empty if it does not matter
	Account hearth.AccountID
	Name    string // of a federated provider (its ARN) or of a service
}

// IdentityKind says what sort of principal asks.
type IdentityKind int

// Kinds of principals.
const (
	Nobody    IdentityKind = iota // has proven nothing
	Root                          // the account itself
	User                          //
	Session                       // of a role
	Federated                     // holds a token of an identity provider, for now only that
	Service                       // an AWS service's principal, such as aps.amazonaws.com
)

// inAccount says that identity policies decide about it.
func (i *Identity) inAccount() bool { return i.Kind == Root || i.Kind == User || i.Kind == Session }

// A grant is how precisely a resource policy named the principal. What it
// outweighs depends on it.
type grant int

const (
	notNamed  grant = iota
	byAccount       // the account: its own policies must allow, too
	byRole          // the session's role: boundary and session policy still count
	byAll           // everyone: boundary and session policy still count
	byName          // exactly this user or session
)

// principals is the Principal element.
type principals struct {
	source    []string // TYPE:VALUE, for traces
	all       bool
	accounts  []hearth.AccountID
	arns      []string
	federated []string
	services  []string

	ids map[string]string // unique ids of arns, as they were when the policy was stored
}

// is tells whether an ARN is among the principals and still means whom it meant
// when the policy was stored: a namesake made later is somebody else.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (p *principals) is(arn, id string) bool {
	bound := p.ids[arn]
	return has(p.arns, arn) && (bound == "" || bound == id)
}

// bind ties the policy's principals to unique ids, by ARN. It must come before
// the policy is used.
func (p *Policy) bind(ids map[string]string) {
	for i := range p.Statements {
		if s := &p.Statements[i]; s.principals != nil {
			s.principals.ids = ids
		}
	}
}

// idsOf are the unique ids of the users and roles that a policy names and that
// exist; of a session, its role's. It refuses a policy that names users or roles of
// accounts of this Hearth which do not exist: whoever got such a name later would be let
// in. Roles that services make for themselves are not kept here.
func (c *change) idsOf(p *Policy) (map[string]string, error) {
	ids := map[string]string{}
	for i := range p.Statements {
		s := &p.Statements[i]
		if s.principals == nil {
			continue
		}
		for _, arn := range s.principals.arns {
			if e := c.named(arn); e != nil {
				ids[arn] = e.ID
				continue
			}
			a, err := hearth.ParseARN(arn)
			ours := err == nil && a.Service == "iam" && !strings.HasPrefix(a.Resource, "role/service-role/") && !strings.HasPrefix(a.Resource, "role/aws-service-role/")
			if ours && c.Has(a.Account) {
				return nil, malformed("Statement %d, element Principal: Invalid principal in policy: \"AWS\":%q.", s.Index, clip(arn))
			}
		}
	}
	return ids, nil
}

// named finds the user or role of an ARN, whole path included, or the role of a
// session's.
func (s *state) named(arn string) *Entity {
	a, err := hearth.ParseARN(arn)
	if err != nil {
		return nil
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	if kind == "assumed-role" {
		role, _, _ := strings.Cut(rest, "/")
		return s.entities[entityKey{a.Account, RoleKind, lower(role)}]
	}
	e := s.entities[entityKey{a.Account, EntityKind(kind), lower(rest[strings.LastIndexByte(rest, '/')+1:])}]
	if e == nil || e.ARN() != a {
		return nil
	}
	return e
}

func (r *statementReader) principals(name string, e *element) (*principals, error) {
	p := &principals{}
	switch {
	case e.kind == text && e.text == "*":
		p.all, p.source = true, []string{"*"}
		return p, nil
	case e.kind != object || len(e.names) == 0:
		return nil, r.fault(name, "must be \"*\" or an object with AWS, Federated or Service")
	}
	for i, kind := range e.names {
		values, err := r.texts(name+"."+clip(kind), &e.items[i])
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			p.source = append(p.source, kind+":"+v)
			if err := r.principal(name, p, kind, v); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

func (r *statementReader) principal(name string, p *principals, kind, v string) error {
	switch kind {
	case "AWS":
		return r.awsPrincipal(name, p, v)
	case "Federated":
		p.federated = append(p.federated, v)
	case "Service":
		p.services = append(p.services, v)
	case "CanonicalUser": // S3's; nobody here has one
	default:
		return r.fault(name, "%q is no kind of principal: use AWS, Federated or Service", clip(kind))
	}
	if kind != "AWS" && strings.ContainsAny(v, "*?") {
		return r.fault(name, "Invalid principal in policy: %q: wildcards are not allowed here", kind+":"+clip(v))
	}
	return nil
}

// awsPrincipal reads an account number or an ARN. Wildcards in it would be plain
// characters on AWS, and so match nobody; they are refused as AWS refuses them.
func (r *statementReader) awsPrincipal(name string, p *principals, v string) error {
	if v == "*" {
		p.all = true
		return nil
	}
	if isAccount(v) {
		p.accounts = append(p.accounts, hearth.AccountID(v))
		return nil
	}
	a, err := hearth.ParseARN(v)
	switch {
	case err != nil, a.Service != "iam" && a.Service != "sts", !isAccount(string(a.Account)), strings.ContainsAny(v, "*?"):
		return r.fault(name, "Invalid principal in policy: \"AWS\":%q", clip(v))
	case a.Resource == "root":
		p.accounts = append(p.accounts, a.Account)
	default:
		p.arns = append(p.arns, v)
	}
	return nil
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// names tells how the element names the identity.
func (p *principals) names(i *Identity) grant {
	switch {
	case i.Kind == Federated && has(p.federated, i.Name), i.Kind == Service && has(p.services, i.Name):
		return byName
	case i.inAccount() && p.is(i.ARN, i.ID):
		return byName
	case p.all:
		return byAll
	case i.Kind == Session && p.is(i.Role, i.ID):
		return byRole
	case i.inAccount() && has(p.accounts, i.Account):
		return byAccount
	}
	return notNamed
}

// spares tells whether NotPrincipal lists the identity. AWS asks for all of it:
// the user and its account; the session, its role and its account.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (p *principals) spares(i *Identity) bool {
	if p.all {
		return true
	}
	switch i.Kind {
	case Root:
		return has(p.accounts, i.Account)
	case User:
		return p.is(i.ARN, i.ID) && has(p.accounts, i.Account)
	case Session:
		return p.is(i.ARN, i.ID) && p.is(i.Role, i.ID) && has(p.accounts, i.Account)
	case Federated:
		return has(p.federated, i.Name)
	case Service:
		return has(p.services, i.Name)
	}
	return false
}

func has[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}
