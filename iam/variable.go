package iam

import (
	"fmt"
	"strings"
)

// splitVariables cuts a text at its ${variables}. ${*}, ${?} and ${$} are the
// characters themselves.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func splitVariables(s string, wildcards bool) ([]part, error) {
	var parts []part
	var text strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		text.WriteString(compileText(before, wildcards))
		if !found {
			return append(parts, part{text: text.String()}), nil
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("the variable that begins at %q has no closing brace", clip("${"+rest))
		}
		s = after
		if inside == "*" || inside == "?" || inside == "$" {
			text.WriteString(inside)
			continue
		}
		v, err := newVariable(inside)
		if err != nil {
			return nil, err
		}
		v.text = text.String()
		text.Reset()
		parts = append(parts, v)
	}
}

// newVariable reads KEY or KEY, 'FALLBACK'.
func newVariable(s string) (part, error) {
	key, fallback, optional := strings.Cut(s, ",")
	p := part{key: lower(strings.TrimSpace(key)), optional: optional}
	if p.key == "" {
		return p, fmt.Errorf("the variable ${%s} names no key", clip(s))
	}
	if !optional {
		return p, nil
	}
	fallback = strings.TrimSpace(fallback)
	if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
		return p, fmt.Errorf("the default of the variable ${%s} must stand in single quotes", clip(s))
	}
	p.fallback = fallback[1 : len(fallback)-1]
	return p, nil
}

// expand fills the variables in. ok is false if one has no value, or several.
func (p *pattern) expand(keys Keys) (text string, ok bool) {
	var b strings.Builder
	for i := range p.parts {
		v := &p.parts[i]
		b.WriteString(v.text)
		if v.key == "" {
			continue
		}
		value, ok := v.value(keys)
		if !ok {
			return "", false
		}
		b.WriteString(value)
	}
	return b.String(), true
}

// value is what the variable stands for. Bytes that mean wildcards here cannot
// come from JSON or a URL's text, and would be someone's trick.
func (v *part) value(keys Keys) (string, bool) {
	got, ok := keys.Get(v.key)
	switch {
	case ok && len(got) == 1:
		return strings.ToValidUTF8(got[0], "\uFFFD"), true
	case !ok && v.optional:
		return v.fallback, true
	}
	return "", false
}
