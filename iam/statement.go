package iam

import (
	"fmt"
	"regexp"
	"strings"
)

// A Statement allows or denies. All its elements must fit for it to apply.
type Statement struct {
	Sid   string
	Index int // in its policy, from 1
	Allow bool

	actions    []pattern
	notActions bool

	resources    []arnPattern // nil: a trust policy is about its own role
	notResources bool

	principals    *principals // nil: an identity policy is about whoever has it
	notPrincipals bool

	conditions []condition

	Start, End Position // in the document
}

// A Position in a document, counted from 1.
type Position struct{ Line, Column int }

// Name is how messages and traces call the statement.
func (s *Statement) Name() string {
	if s.Sid == "" {
		return fmt.Sprintf("statement %d", s.Index)
	}
	return fmt.Sprintf("statement %d (%s)", s.Index, s.Sid)
}

// Effect is Allow or Deny.
func (s *Statement) Effect() string {
	if s.Allow {
		return "Allow"
	}
	return "Deny"
}

// A statementReader reads one statement and says where it is at fault.
type statementReader struct {
	kind      PolicyKind
	variables bool // the policy's version has them
	index     int
	sid       string
	doc       string
}

func (r *statementReader) fault(name, format string, args ...any) error {
	where := fmt.Sprintf("Statement %d", r.index+1)
	if r.sid != "" {
		where += fmt.Sprintf(" (%s)", r.sid)
	}
	if name != "" {
		where += ", element " + name
	}
	return malformed("%s: %s.", where, fmt.Sprintf(format, args...))
}

var sidPattern = regexp.MustCompile(`^[0-9A-Za-z]*$`)

func (r *statementReader) read(e *element) (*Statement, error) {
	if e.kind != object {
		return nil, r.fault("", "must be an object, not %s", e.kind)
	}
	s := &Statement{Index: r.index + 1}
	s.Start.Line, s.Start.Column = position(r.doc, e.start)
	s.End.Line, s.End.Column = position(r.doc, e.end)
	if sid, ok := e.member("Sid"); ok {
		if sid.kind != text || (r.kind == IdentityPolicy && !sidPattern.MatchString(sid.text)) {
			return nil, r.fault("Sid", "Statement IDs (SID) should be alpha numeric: letters and digits only")
		}
		s.Sid, r.sid = sid.text, clip(sid.text)
	}
	for i, name := range e.names {
		if err := r.element(s, name, &e.items[i]); err != nil {
			return nil, err
		}
	}
	return s, r.complete(s, e)
}

func (r *statementReader) element(s *Statement, name string, e *element) (err error) {
	switch name {
	case "Sid":
	case "Effect":
		if e.kind != text || (e.text != "Allow" && e.text != "Deny") {
			return r.fault(name, "must be \"Allow\" or \"Deny\", in this spelling")
		}
		s.Allow = e.text == "Allow"
	case "Action", "NotAction":
		s.notActions = name == "NotAction"
		s.actions, err = r.actions(name, e)
	case "Resource", "NotResource":
		s.notResources = name == "NotResource"
		s.resources, err = r.resources(name, e)
	case "Principal", "NotPrincipal":
		s.notPrincipals = name == "NotPrincipal"
		s.principals, err = r.principals(name, e)
	case "Condition":
		s.conditions, err = r.conditions(e)
	default:
		return r.fault(clip(name), "a statement has no such element")
	}
	return err
}

// complete checks that what must be there is there, once.
func (r *statementReader) complete(s *Statement, e *element) error {
	has := func(name string) bool { _, ok := e.member(name); return ok }
	for _, name := range []string{"Action", "Resource", "Principal"} {
		if has(name) && has("Not"+name) {
			return r.fault("Not"+name, "cannot stand beside %s", name)
		}
	}
	switch {
	case !has("Effect"):
		return r.fault("Effect", "is missing")
	case s.actions == nil:
		return r.fault("Action", "Policy statement must contain actions")
	case r.kind == IdentityPolicy && s.principals != nil:
		return r.fault("Principal", "Policy document should not specify a principal")
	case r.kind != IdentityPolicy && s.principals == nil:
		return r.fault("Principal", "Missing required field Principal")
	case r.kind == TrustPolicy && s.resources != nil:
		return r.fault("Resource", "Has prohibited field Resource")
	case r.kind != TrustPolicy && s.resources == nil:
		return r.fault("Resource", "Policy statement must contain resources")
	case s.notPrincipals && s.Allow:
		return r.fault("NotPrincipal", "cannot be used with Effect Allow: it would allow everyone else, strangers included")
	}
	return nil
}

// texts reads one text or a list of at least one.
func (r *statementReader) texts(name string, e *element) ([]string, error) {
	var out []string
	for _, item := range e.asList() {
		if item.kind != text {
			return nil, r.fault(name, "must be a text or a list of texts; there is %s in it", item.kind)
		}
		if item.text == "" {
			return nil, r.fault(name, "there is an empty text in it")
		}
		out = append(out, item.text)
	}
	if len(out) == 0 {
		return nil, r.fault(name, "the list is empty")
	}
	return out, nil
}

var vendor = regexp.MustCompile(`^[a-zA-Z0-9.-]+$`)

func (r *statementReader) actions(name string, e *element) ([]pattern, error) {
	texts, err := r.texts(name, e)
	if err != nil {
		return nil, err
	}
	var out []pattern
	for _, a := range texts {
		if err := r.checkAction(name, a); err != nil {
			return nil, err
		}
		out = append(out, foldedPattern(a))
	}
	return out, nil
}

func (r *statementReader) checkAction(name, a string) error {
	if a == "*" && r.kind != TrustPolicy {
		return nil
	}
	service, operation, ok := strings.Cut(a, ":")
	switch {
	case r.kind == TrustPolicy && !strings.EqualFold(service, "sts"):
		return r.fault(name, "AssumeRole policy may only specify STS AssumeRole actions, not %q", clip(a))
	case !ok:
		return r.fault(name, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: %q is not", clip(a))
	case strings.Contains(operation, ":"):
		return r.fault(name, "Actions/Condition can contain only one colon: %q has more", clip(a))
	case !vendor.MatchString(service):
		return r.fault(name, "Vendor %s is not valid in %q", clip(service), clip(a))
	case operation == "":
		return r.fault(name, "%q names no operation", clip(a))
	}
	return nil
}

func (r *statementReader) resources(name string, e *element) ([]arnPattern, error) {
	texts, err := r.texts(name, e)
	if err != nil {
		return nil, err
	}
	var out []arnPattern
	for _, t := range texts {
		p, err := newARNPattern(t, r.variables)
		if err != nil {
			return nil, r.fault(name, "%s", err)
		}
		if err := r.checkResource(name, t, &p); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (r *statementReader) checkResource(name, t string, p *arnPattern) error {
	switch {
	case p.any || r.variables && strings.HasPrefix(t, "${"):
		return nil
	case !strings.HasPrefix(t, "arn:"):
		return r.fault(name, "Resource %s must be in ARN format or \"*\"", clip(t))
	case p.parts[1].source != "*" && !strings.HasPrefix(p.parts[1].source, "aws"):
		return r.fault(name, "Partition %q is not valid for resource %q", clip(p.parts[1].source), clip(t))
	}
	return nil
}
