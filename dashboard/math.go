package dashboard

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bounds on a math expression.
const (
	maxMath      = 4096 // characters
	maxMathDepth = 100
	maxMathWork  = 10_000_000 // pairs of series that are compared: about a second
)

// A token of a math expression.
type lexeme struct {
	kind byte // n number, v variable, f function, o operator, ( ) ,
	text string
}

var lexemes = regexp.MustCompile(`^\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|\$\{([^}]+)\}|\$([A-Za-z_][A-Za-z0-9_]*)|([a-z_]+)|(\*\*|&&|\|\||==|!=|>=|<=|[-+*/%<>!])|([(),]))`)

func lex(text string) ([]lexeme, error) {
	if len(text) > maxMath {
		return nil, invalid("expression", "must have at most %d characters", maxMath)
	}
	var out []lexeme
	for rest := text; strings.TrimSpace(rest) != ""; {
		m := lexemes.FindStringSubmatch(rest)
		if m == nil {
			return nil, invalid("expression", "cannot be read at %q", shortened([]byte(rest)))
		}
		rest = rest[len(m[0]):]
		switch {
		case m[1] != "":
			out = append(out, lexeme{'n', m[1]})
		case m[2]+m[3] != "":
			out = append(out, lexeme{'v', m[2] + m[3]})
		case m[4] != "":
			out = append(out, lexeme{'f', m[4]})
		case m[5] != "":
			out = append(out, lexeme{'o', m[5]})
		default:
			out = append(out, lexeme{m[6][0], m[6]})
		}
	}
	return out, nil
}

// variables are the refIds that a math expression reads.
func variables(text string) (refs []string) {
	list, err := lex(text)
	if err != nil {
		return nil
	}
	for _, l := range list {
		if l.kind == 'v' && !slices.Contains(refs, l.text) {
			refs = append(refs, l.text)
		}
	}
	return refs
}

// A calculation reads and evaluates a math expression in one walk.
type calculation struct {
	rest  []lexeme
	all   sets
	depth int
	work  int // pairs of series that were compared
}

// An operand is a number by itself, or a set.
type operand struct {
	number float64
	set    *set // nil: the number
}

// evaluateMath evaluates a math expression on what is known.
func evaluateMath(text string, all sets) (*set, error) {
	list, err := lex(text)
	if err != nil {
		return nil, err
	}
	c := &calculation{rest: list, all: all}
	v, err := c.binary(0)
	if err != nil {
		return nil, err
	}
	if len(c.rest) > 0 {
		return nil, invalid("expression", "has %q where an operator should be", c.rest[0].text)
	}
	if v.set == nil {
		return &set{numbers: true, items: []series{{labels: map[string]string{}, points: []point{{0, v.number}}}}}, nil
	}
	return v.set, nil
}

// The operators, loosest first.
var precedence = [][]string{{"||"}, {"&&"}, {"==", "!=", ">", "<", ">=", "<="}, {"+", "-"}, {"*", "/", "%"}, {"**"}}

func (c *calculation) binary(level int) (operand, error) {
	if level == len(precedence) {
		return c.unary()
	}
	left, err := c.binary(level + 1)
	for err == nil && len(c.rest) > 0 && c.rest[0].kind == 'o' && slices.Contains(precedence[level], c.rest[0].text) {
		op := c.rest[0].text
		c.rest = c.rest[1:]
		var right operand
		if right, err = c.binary(level + 1); err == nil {
			err = c.compare(left, right)
		}
		if err == nil {
			left = combine(left, right, func(a, b float64) float64 { return operate(op, a, b) })
		}
	}
	return left, err
}

// compare counts the work of joining two operands before it is done.
func (c *calculation) compare(a, b operand) error {
	if a.set == nil || b.set == nil {
		return nil
	}
	if c.work += len(a.set.items) * len(b.set.items); c.work > maxMathWork {
		return invalid("expression", "joins %d series with %d, which is too many: reduce or aggregate them first", len(a.set.items), len(b.set.items))
	}
	return nil
}

func (c *calculation) unary() (operand, error) {
	if c.depth++; c.depth > maxMathDepth {
		return operand{}, invalid("expression", "is nested deeper than %d levels", maxMathDepth)
	}
	defer func() { c.depth-- }()
	if len(c.rest) == 0 {
		return operand{}, invalid("expression", "ends where a value should be")
	}
	l := c.rest[0]
	c.rest = c.rest[1:]
	switch {
	case l.kind == 'o' && (l.text == "-" || l.text == "!"):
		v, err := c.unary()
		f := func(x float64) float64 { return -x }
		if l.text == "!" {
			f = func(x float64) float64 { return truth(x == 0) }
		}
		return each(v, f), err
	case l.kind == 'n':
		n, err := strconv.ParseFloat(l.text, 64)
		if err != nil {
			return operand{}, invalid("expression", "%q is no number", l.text)
		}
		return operand{number: n}, nil
	case l.kind == 'v':
		return operand{set: c.all[l.text]}, nil
	case l.kind == 'f':
		return c.call(l.text)
	case l.kind == '(':
		v, err := c.binary(0)
		if err == nil {
			err = c.take(')')
		}
		return v, err
	}
	return operand{}, invalid("expression", "has %q where a value should be", l.text)
}

func (c *calculation) take(kind byte) error {
	if len(c.rest) == 0 || c.rest[0].kind != kind {
		return invalid("expression", "lacks a %q", string(kind))
	}
	c.rest = c.rest[1:]
	return nil
}

var functions = map[string]func(float64) float64{
	"abs": math.Abs, "log": math.Log, "round": math.Round, "ceil": math.Ceil, "floor": math.Floor,
	"is_nan": func(v float64) float64 { return truth(math.IsNaN(v)) }, "is_inf": func(v float64) float64 { return truth(math.IsInf(v, 0)) },
	"is_null": func(v float64) float64 { return truth(math.IsNaN(v)) }, "is_number": func(v float64) float64 { return truth(!odd(v)) },
}

var constants = map[string]float64{"nan": math.NaN(), "inf": math.Inf(1), "infn": math.Inf(-1), "null": math.NaN()}

func (c *calculation) call(name string) (operand, error) {
	if err := c.take('('); err != nil {
		return operand{}, err
	}
	if v, ok := constants[name]; ok {
		return operand{number: v}, c.take(')')
	}
	f, ok := functions[name]
	if !ok {
		return operand{}, invalid("expression", "there is no function %s: there are %s and %s", name,
			strings.Join(slices.Sorted(maps.Keys(functions)), ", "), strings.Join(slices.Sorted(maps.Keys(constants)), ", "))
	}
	v, err := c.binary(0)
	if err != nil {
		return operand{}, err
	}
	return each(v, f), c.take(')')
}

func truth(b bool) float64 { return float64(count(b)) }

func operate(op string, a, b float64) float64 {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	case "%":
		return math.Mod(a, b)
	case "**":
		return math.Pow(a, b)
	case "==":
		return truth(a == b)
	case "!=":
		return truth(a != b)
	case ">":
		return truth(a > b)
	case "<":
		return truth(a < b)
	case ">=":
		return truth(a >= b)
	case "<=":
		return truth(a <= b)
	case "&&":
		return truth(a != 0 && b != 0)
	}
	return truth(a != 0 || b != 0)
}

// each applies f to every value.
func each(v operand, f func(float64) float64) operand {
	if v.set == nil {
		return operand{number: f(v.number)}
	}
	out := &set{numbers: v.set.numbers, from: v.set.from, to: v.set.to}
	for _, s := range v.set.items {
		t := series{labels: s.labels, points: make([]point, len(s.points))}
		for i, p := range s.points {
			t.points[i] = point{p.ms, f(p.value)}
		}
		out.items = append(out.items, t)
	}
	return operand{set: out}
}

// combine joins two operands: items whose labels are the same, or of which one's
// are among the other's; and one with one, whatever their labels.
func combine(a, b operand, f func(a, b float64) float64) operand {
	switch {
	case a.set == nil && b.set == nil:
		return operand{number: f(a.number, b.number)}
	case a.set == nil:
		return each(b, func(v float64) float64 { return f(a.number, v) })
	case b.set == nil:
		return each(a, func(v float64) float64 { return f(v, b.number) })
	}
	out := &set{numbers: a.set.numbers && b.set.numbers, from: a.set.from, to: a.set.to}
	alone := len(a.set.items) == 1 && len(b.set.items) == 1
	for _, x := range a.set.items {
		for _, y := range b.set.items {
			labels, ok := joined(x.labels, y.labels)
			if !ok && alone {
				labels, ok = x.labels, true
			}
			if ok {
				out.items = append(out.items, series{labels: labels, points: pairs(x.points, y.points, a.set.numbers, b.set.numbers, f)})
			}
		}
	}
	return operand{set: out}
}

func joined(a, b map[string]string) (map[string]string, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	for k, v := range b {
		if k != "__name__" && a[k] != v {
			return nil, false
		}
	}
	return a, true
}

// pairs combines values at the same times; a number goes with every time.
func pairs(a, b []point, aNumber, bNumber bool, f func(a, b float64) float64) (out []point) {
	switch {
	case len(a) == 0 || len(b) == 0:
		return nil
	case bNumber:
		for _, p := range a {
			out = append(out, point{p.ms, f(p.value, b[0].value)})
		}
	case aNumber:
		for _, p := range b {
			out = append(out, point{p.ms, f(a[0].value, p.value)})
		}
	default:
		at := make(map[int64]float64, len(b))
		for _, p := range b {
			at[p.ms] = p.value
		}
		for _, p := range a {
			if v, ok := at[p.ms]; ok {
				out = append(out, point{p.ms, f(p.value, v)})
			}
		}
	}
	return out
}
