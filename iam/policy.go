package iam

import (
	"fmt"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// A Policy is a document that was read and found well-formed. It does not
// change and may be used concurrently.
type Policy struct {
	Version    string // 2008-10-17 unless the document says 2012-10-17
	ID         string
	Statements []Statement
	Text       string // as it was given, byte for byte
}

// PolicyKind says what a policy is attached to, and so which elements it needs.
type PolicyKind int

// The kinds of policies.
const (
	IdentityPolicy PolicyKind = iota // of a user, group or role; also boundaries and session policies
	TrustPolicy                      // of a role: who may assume it
	ResourcePolicy                   // of a workspace or topic
)

// DocumentType is the Type of errors about documents that cannot be read.
const DocumentType = "PolicyDocument"

const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

// Parse reads a policy document. What is wrong with it is Malformed, and the
// message names the statement and the element.
func Parse(kind PolicyKind, src string) (*Policy, error) {
	if len(src) > maxDocument {
		return nil, malformed("The policy document is longer than %d bytes.", maxDocument)
	}
	doc, err := readJSON(src)
	if err != nil {
		return nil, malformed("Syntax errors in policy: %s.", err)
	}
	if doc.kind != object {
		return nil, malformed("Syntax errors in policy: the document is %s, not an object.", doc.kind)
	}
	p := &Policy{Version: version2008, Text: src}
	if err := p.head(doc); err != nil {
		return nil, err
	}
	return p, p.statements(kind, doc)
}

func (p *Policy) head(doc *element) error {
	for i, name := range doc.names {
		e := &doc.items[i]
		switch name {
		case "Version":
			if e.kind != text || (e.text != version2008 && e.text != version2012) {
				return malformed("Element Version: must be %q or %q.", version2012, version2008)
			}
			p.Version = e.text
		case "Id":
			if e.kind != text {
				return malformed("Element Id: must be a text, not %s.", e.kind)
			}
			p.ID = e.text
		case "Statement":
		default:
			return malformed("Element %s: a policy has no such element; it has Version, Id and Statement.", clip(name))
		}
	}
	return nil
}

func (p *Policy) statements(kind PolicyKind, doc *element) error {
	e, ok := doc.member("Statement")
	if !ok {
		return malformed("Element Statement is missing.")
	}
	if e.kind != object && e.kind != list {
		return malformed("Element Statement: must be a list of objects, not %s.", e.kind)
	}
	items := e.asList()
	if len(items) == 0 {
		return malformed("Element Statement: there is no statement in it.")
	}
	seen := map[string]bool{}
	for i := range items {
		r := statementReader{kind: kind, variables: p.Version == version2012, index: i, doc: p.Text}
		s, err := r.read(&items[i])
		if err != nil {
			return err
		}
		if s.Sid != "" && seen[s.Sid] {
			return r.fault("Sid", "Statement IDs (SID) in a single policy must be unique")
		}
		seen[s.Sid] = true
		p.Statements = append(p.Statements, *s)
	}
	return nil
}

func malformed(format string, args ...any) error {
	return &hearth.Error{Kind: hearth.Malformed, Type: DocumentType, Msg: fmt.Sprintf(format, args...)}
}

// clip keeps what strangers wrote short.
func clip(s string) string {
	if len(s) > 120 {
		return strings.ToValidUTF8(s[:120], "") + "…"
	}
	return s
}
