package iam

import (
	"fmt"
	"strings"
)

// A StatementTrace says what one statement had to say about a question.
type StatementTrace struct {
	Layer      Layer
	Source     string
	Statement  *Statement
	Action     bool // the element fits
	Resource   bool
	Principal  bool
	Conditions []ConditionTrace
	Applies    bool
}

// A ConditionTrace says what one condition found.
type ConditionTrace struct {
	Operator string
	Key      string
	Want     []string
	Got      []string
	Present  bool // the request has the key
	Holds    bool
}

// Explain answers as Evaluate does, and says what every statement contributed.
func Explain(q *Question, p *Policies) Decision {
	d := Evaluate(q, p)
	for _, l := range p.layers() {
		for i := range l.sources {
			src := &l.sources[i]
			for k := range src.Policy.Statements {
				d.Trace = append(d.Trace, src.Policy.Statements[k].trace(q, l.layer, src.Name))
			}
		}
	}
	return d
}

func (s *Statement) trace(q *Question, l Layer, source string) StatementTrace {
	t := StatementTrace{
		Layer: l, Source: source, Statement: s,
		Action: s.fitsAction(q), Resource: s.fitsResource(q), Principal: s.fitsPrincipal(q),
	}
	t.Applies = t.Action && t.Resource && t.Principal
	for i := range s.conditions {
		c := &s.conditions[i]
		got, ok := q.Keys.Get(c.key)
		ct := ConditionTrace{Operator: c.operator, Key: c.name, Got: got, Present: ok, Holds: c.holds(q.Keys)}
		for k := range c.values {
			ct.Want = append(ct.Want, c.values[k].source)
		}
		t.Conditions = append(t.Conditions, ct)
		t.Applies = t.Applies && ct.Holds
	}
	return t
}

// String is the trace in one line: what the statement is, whether it applies
// and, if not, what does not fit.
func (t StatementTrace) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, %s: %s", t.Layer, t.Source, t.Statement.Name(), t.Statement.Effect())
	if t.Applies {
		b.WriteString(", applies")
	} else {
		b.WriteString(", does not apply: " + strings.Join(t.misfits(), "; "))
	}
	for _, c := range t.Conditions {
		if t.Applies {
			b.WriteString("; " + c.String())
		}
	}
	return b.String()
}

func (t StatementTrace) misfits() []string {
	var out []string
	s := t.Statement
	if !t.Action {
		out = append(out, elementName("Action", s.notActions)+" "+join(s.actions, func(p pattern) string { return p.source }))
	}
	if !t.Resource {
		out = append(out, elementName("Resource", s.notResources)+" "+join(s.resources, func(p arnPattern) string { return p.source }))
	}
	if !t.Principal {
		out = append(out, elementName("Principal", s.notPrincipals)+" "+strings.Join(s.principals.source, ", "))
	}
	for _, c := range t.Conditions {
		if !c.Holds {
			out = append(out, c.String())
		}
	}
	return out
}

// elementName is an element's name as it was written.
func elementName(name string, not bool) string {
	if not {
		return "Not" + name
	}
	return name
}

func join[T any](list []T, text func(T) string) string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, clip(text(v)))
	}
	return strings.Join(out, ", ")
}

// absence says what a key that is not there means: tags are missing somewhere else
// than other keys.
func (c ConditionTrace) absence() string {
	family, tag, _ := strings.Cut(c.Key, "/")
	switch strings.ToLower(family) {
	case "aws:resourcetag", "iam:resourcetag":
		return "the resource has no tag " + clip(tag)
	case "aws:principaltag":
		return "the caller has no tag " + clip(tag)
	case "aws:requesttag":
		return "the request gives no tag " + clip(tag)
	}
	return "it is not in the request"
}

// String says what was wanted, what was there and whether that is enough.
func (c ConditionTrace) String() string {
	got := c.absence()
	if c.Present {
		got = "it is [" + join(c.Got, func(s string) string { return s }) + "]"
	}
	verdict := "fails"
	if c.Holds {
		verdict = "holds"
	}
	return fmt.Sprintf("%s %s [%s] %s: %s", c.Operator, c.Key, join(c.Want, func(s string) string { return s }), verdict, got)
}
