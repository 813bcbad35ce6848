package iam

import (
	"strings"
)

// A condition is one key under one operator. Its values are alternatives;
// different conditions of a statement must all hold.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type condition struct {
	operator string // as it was written
	op       *operator
	set      setKind
	ifExists bool
	key      string // lower case
	name     string // as it was written
	values   []operand
}

// A setKind says how the several values of a key count.
type setKind int

const (
	single setKind = iota
	anyValue
	allValues
)

const (
	forAnyValue  = "ForAnyValue:"
	forAllValues = "ForAllValues:"
	ifExists     = "IfExists"
)

func (r *statementReader) conditions(e *element) ([]condition, error) {
	if e.kind != object {
		return nil, r.fault("Condition", "must be an object of operators, not %s", e.kind)
	}
	var out []condition
	for i, name := range e.names {
		c, err := r.operatorOf(name)
		if err != nil {
			return nil, err
		}
		block := &e.items[i]
		if block.kind != object || len(block.names) == 0 {
			return nil, r.fault("Condition."+name, "must be an object of condition keys")
		}
		for k, key := range block.names {
			c := c
			c.name, c.key = key, lower(key)
			if err := r.operands(&c, &block.items[k]); err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// operatorOf reads ForAnyValue:StringLikeIfExists.
func (r *statementReader) operatorOf(name string) (condition, error) {
	c := condition{operator: name}
	base := name
	if rest, ok := strings.CutPrefix(base, forAnyValue); ok {
		c.set, base = anyValue, rest
	} else if rest, ok := strings.CutPrefix(base, forAllValues); ok {
		c.set, base = allValues, rest
	}
	if rest, ok := strings.CutSuffix(base, ifExists); ok {
		c.ifExists, base = true, rest
	}
	c.op = operators[base]
	switch {
	case c.op == nil:
		return c, r.fault("Condition", "Invalid Condition type : %s", clip(name))
	case base == "Null" && (c.ifExists || c.set != single):
		return c, r.fault("Condition", "Invalid Condition type : %s: Null asks whether the key is there and takes neither ForAnyValue, ForAllValues nor IfExists", name)
	}
	return c, nil
}

func (r *statementReader) operands(c *condition, e *element) error {
	where := "Condition." + c.operator + "." + clip(c.name)
	if c.key == "" {
		return r.fault(where, "names no condition key")
	}
	for _, item := range e.asList() {
		if item.kind != text && item.kind != number && item.kind != boolean {
			return r.fault(where, "must be a value or a list of values; there is %s in it", item.kind)
		}
		v := operand{source: item.text}
		if err := c.op.read(&v, r.variables); err != nil {
			return r.fault(where, "%s", err)
		}
		c.values = append(c.values, v)
	}
	return nil
}

// holds tells whether the request fulfils the condition.
func (c *condition) holds(keys Keys) bool {
	got, ok := keys.Get(c.key)
	if c.op.absence {
		return c.holdsNull(ok)
	}
	switch {
	case !ok && c.ifExists:
		return true
	case c.set == allValues: // nothing there: nothing is wrong
		return c.every(got, keys)
	case c.set == anyValue:
		return c.some(got, keys)
	case !ok:
		return c.op.negated
	case c.op.negated:
		return c.every(got, keys)
	}
	return c.some(got, keys)
}

// holdsNull: "true" asks for a request without the key.
func (c *condition) holdsNull(present bool) bool {
	for i := range c.values {
		if c.values[i].yes != present {
			return true
		}
	}
	return false
}

func (c *condition) every(got []string, keys Keys) bool {
	for _, g := range got {
		if !c.one(g, keys) {
			return false
		}
	}
	return true
}

func (c *condition) some(got []string, keys Keys) bool {
	for _, g := range got {
		if c.one(g, keys) {
			return true
		}
	}
	return false
}

// one compares one value of the request: it must equal one of the policy's
// values or, if the operator is negated, none.
func (c *condition) one(got string, keys Keys) bool {
	for i := range c.values {
		if c.op.equal(&c.values[i], got, keys) {
			return !c.op.negated
		}
	}
	return c.op.negated
}
