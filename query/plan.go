package query

import (
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/hearth-metrics/hearth"
)

// defaultSubqueryStep is the step of a subquery that names none: Prometheus'
// default evaluation interval.
const defaultSubqueryStep = time.Minute

// pointBytes is what the engine keeps of one float point.
const pointBytes = 16

// mostPreallocated is the longest run of points the engine allocates at once
// for a series, however few of them it will have.
const mostPreallocated = 5000

// A plan is what evaluating a parsed query will cost, as far as can be told
// before its series are known. Sizes are bytes.
type plan struct {
	lookback int64        // milliseconds
	selects  []selectCost // of each selector, in the order the engine selects them
	labels   growth       // what rewritten labels add to each series
	fixed    float64      // whatever the series
}

// A selectCost is what each series of a selection costs apart from its labels.
type selectCost struct {
	bytes float64
	kept  float64 // samples that topk and its like may reserve for it, if there are as many
}

// sampleBytes is a sample with its labels' header.
const sampleBytes = 48

// series returns the bytes of the n-th series. If every series were a group of
// its own, topk would reserve k samples for each of the n, at most n: so the
// n-th adds k, at most 2n-1.
func (c selectCost) series(n int) float64 {
	return c.bytes + sampleBytes*min(c.kept, float64(2*n-1))
}

// selection returns the cost of the i-th selection. The function info selects
// more than the text shows.
func (p *plan) selection(i int) selectCost {
	if i < len(p.selects) {
		return p.selects[i]
	}
	return selectCost{}
}

// A planner walks a query's tree in the order in which the engine selects its
// series, and refuses what no limit of the engine itself would stop in time.
type planner struct {
	limits hearth.Limits
	plan   plan
	err    error
}

// A frame is one evaluation: the query's own, or that of a subquery.
type frame struct {
	span, interval int64   // milliseconds; interval is 0 for an instant
	steps          int64   // how often the expression is evaluated
	asked          int64   // steps times those of every enclosing evaluation
	dense          bool    // the engine reserves room for all steps of each series
	valued         float64 // bytes for each series that count_values may make of one
	kept           float64 // samples that enclosing topk, bottomk and limitk keep for each group
}

// planOf bounds stmt by l. The error's kind is Quota or Invalid.
func planOf(stmt *parser.EvalStmt, l hearth.Limits) (plan, error) {
	p := planner{limits: l}
	f := frame{steps: 1, asked: 1}
	if stmt.Interval > 0 {
		f.span, f.interval = stmt.End.Sub(stmt.Start).Milliseconds(), stmt.Interval.Milliseconds()
		f.steps = f.span/f.interval + 1
		f.asked = f.steps
	}
	p.plan.lookback = stmt.LookbackDelta.Milliseconds()
	out := p.walk(stmt.Expr, f)
	if p.err != nil {
		return plan{}, p.err
	}
	p.plan.labels = out.total()
	p.plan.fixed += p.plan.labels.add
	if l.QueryMemory > 0 && p.plan.fixed > float64(l.QueryMemory) {
		return plan{}, memoryRefusal(p.plan.fixed, l.QueryMemory)
	}
	return p.plan, nil
}

func (p *planner) refuse(err error) rewrites {
	if p.err == nil {
		p.err = err
	}
	return rewrites{}
}

// walk visits e, evaluated in f, and returns how its labels are rewritten.
func (p *planner) walk(e parser.Node, f frame) rewrites {
	if p.err != nil {
		return rewrites{}
	}
	switch n := e.(type) {
	case *parser.VectorSelector:
		return p.selector(f)
	case *parser.MatrixSelector:
		return p.walk(n.VectorSelector, f)
	case *parser.SubqueryExpr:
		return p.subquery(n, f)
	case *parser.StepInvariantExpr:
		return p.walk(n.Expr, p.once(n, f))
	case *parser.ParenExpr:
		return p.walk(n.Expr, f)
	case *parser.UnaryExpr:
		return p.walk(n.Expr, f)
	case *parser.AggregateExpr:
		return p.aggregate(n, f)
	case *parser.BinaryExpr:
		f.dense = true
		left := p.walk(n.LHS, f)
		return joined(n.VectorMatching, left, p.walk(n.RHS, f))
	case *parser.Call:
		return p.call(n, f)
	default:
		return rewrites{}
	}
}

// once is the frame of an expression whose value does not change from step to
// step: a single evaluation, whose result is then repeated for every step.
func (p *planner) once(n *parser.StepInvariantExpr, f frame) frame {
	switch n.Expr.(type) {
	case *parser.MatrixSelector, *parser.SubqueryExpr:
	default:
		f.dense = true
	}
	f.span = 0
	return f
}

func (p *planner) selector(f frame) rewrites {
	c := selectCost{bytes: f.valued, kept: f.kept}
	if f.dense {
		c.bytes += reserved(f.steps)
	}
	p.plan.selects = append(p.plan.selects, c)
	if n, most := len(p.plan.selects), p.limits.QuerySelectors; most > 0 && n > most {
		return p.refuse(overLimit("selectors", n, most, "the query has too many selectors (%d or more, limit: %d)"))
	}
	return rewrites{}
}

// reserved is what the engine allocates for a series that may have a point at
// each step.
func reserved(steps int64) float64 {
	if steps <= 1 {
		return pointBytes
	}
	return float64(min(steps, mostPreallocated)) * pointBytes
}

// subquery bounds three things: what the text asks for, the product of that
// with everything around it, and what the engine really evaluates, which spans
// the enclosing evaluation however coarse its steps are.
func (p *planner) subquery(n *parser.SubqueryExpr, f frame) rewrites {
	step := n.Step
	if step == 0 {
		step = defaultSubqueryStep
	}
	interval := step.Milliseconds()
	if interval <= 0 || n.Range < 0 {
		return p.refuse(&hearth.Error{Kind: hearth.Invalid, Msg: fmt.Sprintf("a subquery's step must be at least 1ms, not %s", step), Err: &refusal{reason: "subquery-step"}})
	}
	asked := n.Range.Milliseconds() / interval
	if most := p.limits.SubquerySteps; most > 0 && asked > most {
		return p.refuse(overLimit("subquery-steps", asked, most, "a subquery asks for too many steps (range / step = %d, limit: %d)"))
	}
	inner := frame{span: f.span + n.Range.Milliseconds(), interval: interval}
	inner.steps = inner.span/interval + 1
	inner.asked = times(f.asked, max(asked, 1))
	if most := p.limits.EvaluatedSteps; most > 0 && max(inner.asked, inner.steps) > most {
		return p.refuse(overLimit("evaluated-steps", max(inner.asked, inner.steps), most, "the query's steps multiplied by those of its subqueries are too many (%d, limit: %d)"))
	}
	inner.valued, inner.kept = f.valued, f.kept
	return p.walk(n.Expr, inner)
}

// times multiplies without overflow.
func times(a, b int64) int64 {
	if b != 0 && a > math.MaxInt64/b {
		return math.MaxInt64
	}
	return a * b
}

// aggregate plans an aggregation. Its result has at most as many series as it
// has groups, so what stands around it says nothing of the series below.
func (p *planner) aggregate(n *parser.AggregateExpr, f frame) rewrites {
	f.dense = false
	if n.Op == parser.COUNT_VALUES {
		return p.countValues(n, f)
	}
	of := f
	switch n.Op {
	case parser.TOPK, parser.BOTTOMK, parser.LIMITK:
		if n.Without || len(n.Grouping) > 0 {
			of.kept += k(n.Param)
		}
	}
	out := p.walk(n.Expr, of)
	if n.Param != nil {
		p.walk(n.Param, f)
	}
	return out
}

// k is the number in topk(k, …); infinite if it is not simply written there.
func k(e parser.Expr) float64 {
	for {
		switch n := e.(type) {
		case *parser.ParenExpr:
			e = n.Expr
		case *parser.StepInvariantExpr:
			e = n.Expr
		case *parser.NumberLiteral:
			return max(n.Val, 0)
		default:
			return math.Inf(1)
		}
	}
}

// countValues plans count_values: every value may become a series of its own,
// and each gets room for all steps.
func (p *planner) countValues(n *parser.AggregateExpr, f frame) rewrites {
	f.dense = true
	each := float64(f.steps) * reserved(f.steps)
	f.valued += each
	p.plan.fixed += each
	out := p.walk(n.Expr, f)
	if label, ok := n.Param.(*parser.StringLiteral); ok {
		out = out.with(label.Val, growth{add: 32})
	}
	return out
}

// call plans a function call. Those that take a range vector build their result
// series by series; all others step by step, with room reserved for each series.
func (p *planner) call(n *parser.Call, f frame) rewrites {
	switch n.Func.Name {
	case "label_replace":
		return p.labelReplace(n, f)
	case "label_join":
		return p.labelJoin(n, f)
	}
	if !takesRange(n) {
		f.dense = true
	}
	var out rewrites
	for _, arg := range n.Args {
		out = out.merge(p.walk(arg, f))
	}
	if n.Func.Name == "info" { // adds the labels of the info series
		out = out.with("", growth{times: 2})
	}
	return out
}

func takesRange(n *parser.Call) bool {
	for _, t := range n.Func.ArgTypes {
		if t == parser.ValueTypeMatrix {
			return true
		}
	}
	return false
}
