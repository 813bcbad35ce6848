package query

import "github.com/prometheus/prometheus/promql/parser"

// Labels are the one thing in PromQL that can grow without samples: ten nested
// label_replace calls that each repeat a label ten times make ten billion bytes
// out of one. So the planner keeps, for each label a query rewrites, how long it
// can become.

// growth is a size in terms of what a series' labels measured in storage:
// times × that + add. Floats, because they saturate.
type growth struct{ times, add float64 }

func (g growth) plus(h growth) growth { return growth{g.times + h.times, g.add + h.add} }

func (g growth) most(h growth) growth { return growth{max(g.times, h.times), max(g.add, h.add)} }

// rewrites maps the labels a query writes to how long they can become. All
// others are as in storage. A value is owned by whoever was given it last.
type rewrites map[string]growth

// of returns how long label can be.
func (r rewrites) of(label string) growth {
	if g, ok := r[label]; ok {
		return g
	}
	return growth{times: 1}
}

func (r rewrites) with(label string, g growth) rewrites {
	if r == nil {
		r = make(rewrites, 1)
	}
	r[label] = g
	return r
}

// merge is either r or other for each series.
func (r rewrites) merge(other rewrites) rewrites {
	if len(r) < len(other) {
		r, other = other, r
	}
	for label, g := range other {
		if have, ok := r[label]; ok {
			g = g.most(have)
		}
		r[label] = g
	}
	return r
}

// total is what the rewritten labels add up to.
func (r rewrites) total() growth {
	var sum growth
	for label, g := range r {
		sum = sum.plus(g)
		sum.add += float64(len(label))
	}
	return sum
}

// joined is the result of a binary operation. Labels that group_left and
// group_right take over come from the other side.
func joined(m *parser.VectorMatching, left, right rewrites) rewrites {
	if m == nil || len(m.Include) == 0 {
		return left.merge(right)
	}
	one := right
	if m.Card == parser.CardOneToMany {
		one = left
	}
	taken := make(rewrites, len(m.Include))
	for _, label := range m.Include {
		taken[label] = one.of(label)
	}
	return left.merge(right).merge(taken)
}

// labelReplace plans label_replace(v, dst, replacement, src, regex).
func (p *planner) labelReplace(n *parser.Call, f frame) rewrites {
	if len(n.Args) != 5 {
		return rewrites{}
	}
	out := p.walk(n.Args[0], f)
	dst, replacement, src, regex := text(n.Args[1]), text(n.Args[2]), text(n.Args[3]), text(n.Args[4])
	from := out.of(src)
	k := copies(regex, replacement)
	return out.with(dst, out.of(dst).most(growth{times: k * from.times, add: k*from.add + float64(len(replacement))}))
}

// labelJoin plans label_join(v, dst, separator, src…).
func (p *planner) labelJoin(n *parser.Call, f frame) rewrites {
	if len(n.Args) < 3 {
		return rewrites{}
	}
	out := p.walk(n.Args[0], f)
	var sum growth
	for _, arg := range n.Args[3:] {
		sum = sum.plus(out.of(text(arg)))
	}
	sum.add += float64(len(text(n.Args[2])) * len(n.Args[3:]))
	return out.with(text(n.Args[1]), sum)
}

// text is the value of a string argument; the parser allows nothing else there.
func text(e parser.Expr) string {
	for {
		switch n := e.(type) {
		case *parser.ParenExpr:
			e = n.Expr
		case *parser.StepInvariantExpr:
			e = n.Expr
		case *parser.StringLiteral:
			return n.Val
		default:
			return ""
		}
	}
}
