package sns

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// Bounds of a filter policy.
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const (
	maxFilterBytes  = 150 << 10
	maxFilterKeys   = 5
	maxCombinations = 150
	maxFilterDepth  = 8
)

// A filter decides which messages a subscription gets: all of its keys must
// fit. The nil filter lets everything through.
type filter struct {
	keys []filterKey
}

// A filterKey is an attribute's name, or a path in the body, with the conditions
// of which one must hold.
type filterKey struct {
	path       []string
	conditions []condition
}

// A condition is asked about the values under a key; there is none if the key is
// absent.
type condition func(values []any) bool

// parseFilter reads a filter policy. nested says that it is about the message's
// body, where objects may stand in objects.
func parseFilter(text string, nested bool) (*filter, error) {
	if text == "" || text == "{}" {
		return nil, nil
	}
	if len(text) > maxFilterBytes {
		return nil, invalid(attrFilter, "Filter policy is too long")
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var top map[string]any
	if err := d.Decode(&top); err != nil {
		return nil, invalid(attrFilter, "failed to parse JSON: "+err.Error())
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, invalid(attrFilter, "there is more text after the JSON object")
	}
	f := &filter{}
	if err := f.read(nil, top, nested); err != nil {
		return nil, err
	}
	return f, f.check()
}

func (f *filter) check() error {
	combinations := 1
	for _, k := range f.keys {
		combinations *= len(k.conditions)
		if combinations > maxCombinations {
			return invalid(attrFilter, fmt.Sprintf("Filter policy is too complex: more than %d combinations", maxCombinations))
		}
	}
	if len(f.keys) > maxFilterKeys {
		return invalid(attrFilter, fmt.Sprintf("Filter policy can not have more than %d keys", maxFilterKeys))
	}
	return nil
}

func (f *filter) read(path []string, m map[string]any, nested bool) error {
	if len(path) > maxFilterDepth {
		return invalid(attrFilter, "Filter policy is nested too deeply")
	}
	for name, v := range m {
		at := append(slices.Clone(path), name)
		if name == "$or" {
			return notServed(attrFilter, "$or")
		}
		switch v := v.(type) {
		case []any:
			k := filterKey{path: at}
			if err := k.read(v); err != nil {
				return err
			}
			f.keys = append(f.keys, k)
		case map[string]any:
			if !nested {
				return invalid(attrFilter, fmt.Sprintf("%q must be an array; nested objects need FilterPolicyScope MessageBody", clip(name)))
			}
			if err := f.read(at, v, nested); err != nil {
				return err
			}
		default:
			return invalid(attrFilter, fmt.Sprintf("%q must be an object or an array", clip(name)))
		}
	}
	return nil
}

func (k *filterKey) read(all []any) error {
	if len(all) == 0 {
		return invalid(attrFilter, fmt.Sprintf("Empty arrays are not allowed (%q)", clip(k.path[len(k.path)-1])))
	}
	for _, v := range all {
		c, err := newCondition(v)
		if err != nil {
			return err
		}
		k.conditions = append(k.conditions, c)
	}
	return nil
}

// newCondition reads one element of a key's array.
func newCondition(v any) (condition, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) != 1 {
			return nil, invalid(attrFilter, "a matching object must have exactly one key")
		}
		for operator, operand := range v {
			return newOperator(operator, operand)
		}
	case []any:
		return nil, invalid(attrFilter, "Match value must be String, number, true, false, or null")
	}
	return anyValue(func(have any) bool { return equal(have, v) }), nil
}

func anyValue(is func(any) bool) condition {
	return func(values []any) bool { return slices.ContainsFunc(values, is) }
}

func anyText(is func(string) bool) condition {
	return anyValue(func(v any) bool {
		s, ok := v.(string)
		return ok && is(s)
	})
}

func newOperator(name string, operand any) (condition, error) {
	if name == "anything-but" {
		return anythingBut(operand)
	}
	if name == "numeric" {
		return numeric(operand)
	}
	if name == "exists" {
		want, ok := operand.(bool)
		if !ok {
			return nil, invalid(attrFilter, "exists match pattern must be either true or false.")
		}
		return func(values []any) bool { return (len(values) > 0) == want }, nil
	}
	text, ok := operand.(string)
	if !ok || text == "" {
		return nil, invalid(attrFilter, name+" match pattern must be a string")
	}
	switch name {
	case "prefix":
		return anyText(func(s string) bool { return strings.HasPrefix(s, text) }), nil
	case "suffix":
		return anyText(func(s string) bool { return strings.HasSuffix(s, text) }), nil
	case "equals-ignore-case":
		return anyText(func(s string) bool { return strings.EqualFold(s, text) }), nil
	case "wildcard":
		return wildcard(text)
	case "cidr":
		return cidr(text)
	}
	return nil, invalid(attrFilter, "Unrecognized match type "+clip(name))
}

func cidr(text string) (condition, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, invalid(attrFilter, "Malformed CIDR, one '/' required")
	}
	p = p.Masked()
	return anyText(func(s string) bool {
		ip, err := netip.ParseAddr(s)
		return err == nil && p.Contains(ip)
	}), nil
}

// wildcard matches * as any characters.
func wildcard(text string) (condition, error) {
	if strings.Contains(text, "**") || strings.Count(text, "*") > 3 {
		return nil, invalid(attrFilter, "a wildcard pattern has at most three *, and none beside another")
	}
	parts := strings.Split(text, "*")
	return anyText(func(s string) bool { return matches(parts, s) }), nil
}

func matches(parts []string, s string) bool {
	if len(parts) == 1 {
		return s == parts[0]
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, p := range parts[1:last] {
		if _, s, ok = strings.Cut(s, p); !ok {
			return false
		}
	}
	return strings.HasSuffix(s, parts[last])
}

// anythingBut holds if there is a value and none is what is listed.
func anythingBut(operand any) (condition, error) {
	var not condition
	var err error
	switch v := operand.(type) {
	case []any:
		if len(v) == 0 {
			return nil, invalid(attrFilter, "Value of anything-but must not be empty")
		}
		for _, e := range v {
			if _, isText := e.(string); !isText {
				if _, isNumber := e.(json.Number); !isNumber {
					return nil, invalid(attrFilter, "anything-but takes strings and numbers")
				}
			}
		}
		not = anyValue(func(have any) bool { return slices.ContainsFunc(v, func(e any) bool { return equal(have, e) }) })
	default:
		not, err = newCondition(operand)
	}
	return func(values []any) bool { return len(values) > 0 && !not(values) }, err
}

// admits tells whether a message gets through.
func (f *filter) admits(m *message, body bool) bool {
	if f == nil {
		return true
	}
	values := m.attributeValues
	if body {
		tree, ok := m.bodyTree()
		if !ok {
			return false // a body that is no JSON object fits no policy about it
		}
		values = func(path []string) []any { return valuesAt(tree, path) }
	}
	return !slices.ContainsFunc(f.keys, func(k filterKey) bool { return !k.holds(values(k.path)) })
}

func (k *filterKey) holds(values []any) bool {
	return slices.ContainsFunc(k.conditions, func(c condition) bool { return c(values) })
}

// valuesAt are the leaves under path, through arrays.
func valuesAt(v any, path []string) []any {
	switch v := v.(type) {
	case []any:
		var out []any
		for _, e := range v {
			out = append(out, valuesAt(e, path)...)
		}
		return out
	case map[string]any:
		if len(path) == 0 {
			return nil
		}
		if child, ok := v[path[0]]; ok {
			return valuesAt(child, path[1:])
		}
		return nil
	}
	if len(path) > 0 {
		return nil
	}
	return []any{v}
}
