package query

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/schema"
)

// A query is steady if its value at a step is made of samples up to that step
// alone, whatever range is asked for: then steps evaluated once can be kept until
// such a sample comes, and a range can be evaluated in pieces. What is listed
// here was read off Prometheus' engine, which evaluates a range as a whole:
//   - @, negative offsets, smoothed and anchored selectors and the functions of
//     the range itself look beyond the step;
//   - functions of range vectors drop the metric's name and refuse a result that
//     has the same labels twice, even if never at the same step. So what they are
//     given must have one name;
//   - a subquery shorter than the step around it is evaluated in the gaps too,
//     and may fail there;
//   - topk chooses among equals by their order, which is only known for series
//     that come straight from the storage;
//   - sorting functions and parameters that change from step to step are judged
//     over the whole range.

// steadySimple are functions of the step's vectors.
var steadySimple = words(`abs absent acos acosh asin asinh atan atanh ceil clamp clamp_max clamp_min cos cosh
	day_of_month day_of_week day_of_year days_in_month deg exp floor histogram_avg histogram_count
	histogram_fraction histogram_quantile histogram_stddev histogram_stdvar histogram_sum hour
	ln log10 log2 minute month pi rad round scalar sgn sin sinh sqrt tan tanh time timestamp vector year`)

// steadyRanged are functions of a range vector.
var steadyRanged = words(`absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate
	last_over_time max_over_time min_over_time predict_linear present_over_time quantile_over_time rate resets
	stddev_over_time stdvar_over_time sum_over_time`)

func words(s string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// A naming says which metric name the series of a result have: all the same,
// which may be none, or not known.
type naming struct {
	name string
	same bool
}

var (
	noName   = naming{same: true}
	anyNames = naming{}
)

// A steadiness judges an expression.
type steadiness struct {
	no      bool
	selects bool // some series
	orderly bool // its value may depend on the order of selected series
}

// judge tells whether e, evaluated at every step, is steady and worth keeping, and
// whether its series must be selected in order for its values to be the same each
// time: sums of floats depend on their order in the last bit, and topk among
// equals.
func judge(e parser.Expr, step time.Duration) (steady, orderly bool) {
	var s steadiness
	s.walk(e, step.Milliseconds())
	return !s.no && s.selects, s.orderly
}

func (s *steadiness) refuse() naming {
	s.no = true
	return anyNames
}

// walk visits e, which is evaluated every so many milliseconds.
func (s *steadiness) walk(e parser.Node, every int64) naming {
	if s.no {
		return anyNames
	}
	switch n := e.(type) {
	case *parser.VectorSelector:
		return s.selector(n)
	case *parser.MatrixSelector:
		if n.RangeExpr != nil {
			return s.refuse()
		}
		return s.walk(n.VectorSelector, every)
	case *parser.SubqueryExpr:
		return s.subquery(n, every)
	case *parser.ParenExpr:
		return s.walk(n.Expr, every)
	case *parser.UnaryExpr:
		s.walk(n.Expr, every)
		return noName
	case *parser.AggregateExpr:
		return s.aggregate(n, every)
	case *parser.BinaryExpr:
		return s.binary(n, every)
	case *parser.Call:
		return s.call(n, every)
	case *parser.NumberLiteral, *parser.StringLiteral:
		return noName
	}
	return s.refuse()
}

func (s *steadiness) selector(n *parser.VectorSelector) naming {
	s.selects = true
	if n.Timestamp != nil || n.StartOrEnd != 0 || n.OriginalOffset < 0 || n.OriginalOffsetExpr != nil || n.Anchored || n.Smoothed {
		return s.refuse()
	}
	for _, m := range n.LabelMatchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return naming{name: m.Value, same: true}
		}
	}
	return anyNames
}

func (s *steadiness) subquery(n *parser.SubqueryExpr, every int64) naming {
	if n.Timestamp != nil || n.StartOrEnd != 0 || n.OriginalOffset < 0 ||
		n.OriginalOffsetExpr != nil || n.RangeExpr != nil || n.StepExpr != nil || n.Range.Milliseconds() < every {
		return s.refuse()
	}
	step := n.Step
	if step == 0 {
		step = defaultSubqueryStep
	}
	return s.walk(n.Expr, step.Milliseconds())
}

func (s *steadiness) aggregate(n *parser.AggregateExpr, every int64) naming {
	of := s.walk(n.Expr, every)
	switch n.Op {
	case parser.SUM, parser.AVG, parser.STDDEV, parser.STDVAR:
		s.orderly = s.orderly || straight(n.Expr)
	case parser.TOPK, parser.BOTTOMK:
		s.orderly = true
		if !constant(n.Param) || !straight(n.Expr) {
			return s.refuse()
		}
		return of
	case parser.QUANTILE:
		if !constant(n.Param) {
			return s.refuse()
		}
	case parser.COUNT_VALUES:
		if label, ok := n.Param.(*parser.StringLiteral); !ok || schema.IsMetadataLabel(label.Val) {
			return s.refuse()
		}
	case parser.COUNT, parser.MIN, parser.MAX, parser.GROUP:
	default:
		return s.refuse()
	}
	if !n.Without && slices.Contains(n.Grouping, model.MetricNameLabel) {
		return of
	}
	return noName
}

// straight tells whether the series of e come in the order of the storage.
func straight(e parser.Expr) bool {
	switch n := e.(type) {
	case *parser.VectorSelector, *parser.MatrixSelector:
		return true
	case *parser.ParenExpr:
		return straight(n.Expr)
	case *parser.UnaryExpr:
		return straight(n.Expr)
	case *parser.Call:
		return takesRange(n) && n.Func.Name != "absent_over_time" && !slices.ContainsFunc(n.Args, func(a parser.Expr) bool {
			return a.Type() == parser.ValueTypeMatrix && !straight(a)
		})
	}
	return false
}

func constant(e parser.Expr) bool {
	switch n := e.(type) {
	case *parser.NumberLiteral:
		return true
	case *parser.ParenExpr:
		return constant(n.Expr)
	case *parser.UnaryExpr:
		return constant(n.Expr)
	}
	return false
}

func (s *steadiness) binary(n *parser.BinaryExpr, every int64) naming {
	left, right := s.walk(n.LHS, every), s.walk(n.RHS, every)
	if m := n.VectorMatching; m != nil {
		if m.FillValues.LHS != nil || m.FillValues.RHS != nil {
			return s.refuse()
		}
		if slices.Contains(m.Include, model.MetricNameLabel) {
			return anyNames
		}
	}
	switch {
	case n.Op == parser.LAND, n.Op == parser.LUNLESS:
		return left
	case n.Op != parser.LOR && (!n.Op.IsComparisonOperator() || n.ReturnBool):
		return noName
	case n.Op != parser.LOR && n.LHS.Type() == parser.ValueTypeScalar:
		return right
	case n.Op != parser.LOR && n.RHS.Type() == parser.ValueTypeScalar:
		return left
	case left == right:
		return left
	}
	return anyNames
}

func (s *steadiness) call(n *parser.Call, every int64) naming {
	names := make([]naming, len(n.Args))
	for i, arg := range n.Args {
		names[i] = s.walk(arg, every)
	}
	switch name := n.Func.Name; {
	case steadySimple[name]:
		return noName
	case name == "label_replace", name == "label_join":
		return anyNames
	case !steadyRanged[name]:
		return s.refuse()
	case name == "last_over_time":
		return s.ranged(n, names)
	default:
		if of := s.ranged(n, names); !of.same {
			return s.refuse()
		}
		return noName
	}
}

// ranged returns the naming of the range vector that n takes.
func (s *steadiness) ranged(n *parser.Call, names []naming) naming {
	for i, arg := range n.Args {
		if arg.Type() == parser.ValueTypeMatrix {
			return names[i]
		}
	}
	return s.refuse()
}
