package dashboard

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hearth-metrics/hearth"
)

// A node is an expression on the results of queries.
// https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/expression-queries/
type node struct {
	Type       string      `json:"type"` // math, reduce, resample, threshold, classic_conditions
	Expression string      `json:"expression"`
	Reducer    string      `json:"reducer"`
	Conditions []condition `json:"conditions"`
	Window     string      `json:"window"`
	Down       string      `json:"downsampler"`
	Up         string      `json:"upsampler"`
	Settings   *struct {
		Mode  string   `json:"mode"`
		Value *float64 `json:"replaceWithValue"`
	} `json:"settings"`
}

type condition struct {
	Evaluator struct {
		Type   string    `json:"type"`
		Params []float64 `json:"params"`
	} `json:"evaluator"`
	Unload   json.RawMessage `json:"unloadEvaluator"`
	Operator struct {
		Type string `json:"type"`
	} `json:"operator"`
	Query struct {
		Params []string `json:"params"`
	} `json:"query"`
	Reducer struct {
		Type string `json:"type"`
	} `json:"reducer"`
}

// A set is what a query or an expression gives: series over time, or numbers,
// which are series of one point. It may be of nothing at all.
type set struct {
	items   []series
	numbers bool
	err     error
	from    time.Time // of the query behind it
	to      time.Time
}

// sets are the results of all nodes, by refId.
type sets map[string]*set

// graph evaluates the expressions among queries, and the queries that they need.
// Without expressions it does nothing.
func (r *Room) graph(ctx context.Context, as hearth.GrafanaWorkspace, queries []*query, now time.Time) (sets, error) {
	if !slices.ContainsFunc(queries, func(q *query) bool { return q.uid == expressionUID }) {
		return nil, nil
	}
	return r.evaluateAll(ctx, as, queries, now)
}

// evaluateAll evaluates queries, then expressions in the order in which they need
// each other. What fails is an error of its set and of those that need it.
func (r *Room) evaluateAll(ctx context.Context, as hearth.GrafanaWorkspace, queries []*query, now time.Time) (sets, error) {
	order, err := ordered(queries)
	if err != nil {
		return nil, err
	}
	found := make([]*set, len(queries))
	left := newAllowance()
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, q := range queries {
		if q.uid != expressionUID {
			g.Go(func() error { found[i] = r.fetch(ctx, as, q, left); return nil })
		}
	}
	_ = g.Wait() // failures are in the sets
	out := sets{}
	for i, q := range queries {
		if found[i] != nil {
			out[q.RefID] = found[i]
		}
	}
	for _, q := range order {
		out[q.RefID] = out.apply(&q.Expression, q)
	}
	return out, nil
}

// fetch asks a query for the sake of expressions.
func (r *Room) fetch(ctx context.Context, as hearth.GrafanaWorkspace, q *query, left *allowance) *set {
	out, err := r.fetched(ctx, as, q, left)
	if err != nil {
		return &set{err: r.told(err)}
	}
	return out
}

func (r *Room) fetched(ctx context.Context, as hearth.GrafanaWorkspace, q *query, left *allowance) (_ *set, err error) {
	defer r.contain(&err)
	s, step, err := r.prepared(ctx, as.ID, q)
	if err != nil {
		return nil, err
	}
	expr := interpolated(q.Expr, step, q.to.Sub(q.from), s)
	ask := overRange(expr, q.from, q.to, step)
	numbers := q.Instant && (q.Range == nil || !*q.Range)
	if numbers {
		ask = atOneTime(expr, q.to)
	}
	o, err := understood(r.evaluate(ctx, as, s, ask, left))
	if err != nil {
		return nil, err
	}
	return &set{items: o.series, numbers: numbers, from: q.from, to: q.to}, nil
}

// needs are the refIds that an expression reads.
func (n *node) needs() []string {
	switch n.Type {
	case "math":
		return variables(n.Expression)
	case "classic_conditions":
		var refs []string
		for _, c := range n.Conditions {
			if len(c.Query.Params) > 0 {
				refs = append(refs, c.Query.Params[0])
			}
		}
		return refs
	}
	return []string{strings.Trim(strings.TrimPrefix(n.Expression, "$"), "{}")}
}

// ordered lists the expressions so that each comes after those it needs.
func ordered(queries []*query) ([]*query, error) {
	byRef := map[string]*query{}
	for _, q := range queries {
		if byRef[q.RefID] != nil {
			return nil, bad("two queries have the refId %s", q.RefID)
		}
		byRef[q.RefID] = q
	}
	const under, done = 1, 2
	state := map[string]int{}
	var out []*query
	var visit func(q *query) error
	visit = func(q *query) error {
		switch {
		case state[q.RefID] == done || q.uid != expressionUID:
			return nil
		case state[q.RefID] == under:
			return bad("the expression %s needs itself", q.RefID)
		}
		state[q.RefID] = under
		for _, ref := range q.Expression.needs() {
			need := byRef[ref]
			if need == nil {
				return bad("the expression %s needs %s, and there is no query with this refId", q.RefID, orElse(ref, "a refId"))
			}
			if err := visit(need); err != nil {
				return err
			}
		}
		state[q.RefID] = done
		out = append(out, q)
		return nil
	}
	for _, q := range queries {
		if err := visit(q); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// apply evaluates one expression on what is known.
func (all sets) apply(n *node, q *query) *set {
	for _, ref := range n.needs() {
		if in := all[ref]; in == nil || in.err != nil {
			why := bad("the expression %s needs %s, which has no result", q.RefID, ref)
			if in != nil {
				why = in.err
			}
			return &set{err: why}
		}
	}
	var out *set
	var err error
	switch n.Type {
	case "reduce":
		out, err = n.reduce(all[n.needs()[0]])
	case "threshold":
		out, err = n.threshold(all[n.needs()[0]])
	case "math":
		out, err = evaluateMath(n.Expression, all)
	case "resample":
		out, err = n.resample(all[n.needs()[0]])
	case "classic_conditions":
		out, err = n.classic(all)
	default:
		err = &hearth.Error{Kind: hearth.NotServed, Msg: "Expressions of type " + n.Type + " are not served: math, reduce, resample, threshold and classic_conditions are."}
	}
	if err != nil {
		return &set{err: err}
	}
	return out
}

// mapNumbers makes numbers of each item; not ok leaves one out.
func mapNumbers(in *set, f func(s series) (v float64, ok bool)) *set {
	out := &set{numbers: true, from: in.from, to: in.to}
	for _, s := range in.items {
		v, ok := f(s)
		if !ok {
			continue
		}
		at := in.to.UnixMilli()
		if len(s.points) > 0 {
			at = s.points[len(s.points)-1].ms
		}
		out.items = append(out.items, series{labels: s.labels, points: []point{{at, v}}})
	}
	return out
}

// reduce makes a number of each series.
func (n *node) reduce(in *set) (*set, error) {
	f, ok := reducers[n.Reducer]
	if !ok {
		return nil, invalid("reducer", "must be one of %s", strings.Join(reducerNames, ", "))
	}
	mode, replace := "", 0.0
	if n.Settings != nil {
		mode, replace = n.Settings.Mode, deref(n.Settings.Value)
	}
	if !slices.Contains([]string{"", "strict", "dropNN", "replaceNN"}, mode) {
		return nil, invalid("settings.mode", "must be dropNN or replaceNN, or empty")
	}
	return mapNumbers(in, func(s series) (float64, bool) {
		values := make([]float64, 0, len(s.points))
		for _, p := range s.points {
			if mode == "dropNN" && odd(p.value) {
				continue
			}
			values = append(values, p.value)
		}
		v := f(values)
		if mode == "replaceNN" && odd(v) {
			v = replace
		}
		return v, mode != "dropNN" || !odd(v)
	}), nil
}

func odd(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

var reducerNames = []string{"last", "mean", "avg", "min", "max", "sum", "count", "median", "diff", "percent_diff", "count_non_null"}

var reducers = map[string]func([]float64) float64{
	"last":  func(v []float64) float64 { return orNaN(v, func() float64 { return v[len(v)-1] }) },
	"mean":  mean,
	"avg":   mean,
	"min":   func(v []float64) float64 { return fold(v, math.Min) },
	"max":   func(v []float64) float64 { return fold(v, math.Max) },
	"sum":   func(v []float64) float64 { return sum(v) },
	"count": func(v []float64) float64 { return float64(len(v)) },
	"median": func(v []float64) float64 {
		return orNaN(v, func() float64 {
			s := slices.Sorted(slices.Values(v))
			if math.IsNaN(s[0]) { // they sort first
				return math.NaN()
			}
			if len(s)%2 == 1 {
				return s[len(s)/2]
			}
			return (s[len(s)/2-1] + s[len(s)/2]) / 2
		})
	},
	"diff": func(v []float64) float64 { return orNaN(v, func() float64 { return v[len(v)-1] - v[0] }) },
	"percent_diff": func(v []float64) float64 {
		return orNaN(v, func() float64 { return (v[len(v)-1] - v[0]) / math.Abs(v[0]) * 100 })
	},
	"count_non_null": func(v []float64) float64 { return float64(len(v) - len(slices.DeleteFunc(slices.Clone(v), notNaN))) },
}

func notNaN(v float64) bool { return !math.IsNaN(v) }

func orNaN(v []float64, f func() float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	return f()
}

func sum(v []float64) (total float64) {
	for _, x := range v {
		total += x
	}
	return total
}

func mean(v []float64) float64 { return sum(v) / float64(len(v)) }

// fold keeps NaN, as math.Min and math.Max do.
func fold(v []float64, f func(a, b float64) float64) float64 {
	return orNaN(v, func() float64 {
		out := v[0]
		for _, x := range v[1:] {
			out = f(out, x)
		}
		return out
	})
}

// threshold says of each value whether it meets the condition: 1 or 0.
func (n *node) threshold(in *set) (*set, error) {
	if len(n.Conditions) != 1 {
		return nil, invalid("conditions", "a threshold has exactly one")
	}
	c := &n.Conditions[0]
	if len(c.Unload) > 0 && string(c.Unload) != "null" {
		return nil, &hearth.Error{Kind: hearth.NotServed, Msg: "A threshold with a second one for recovery (unloadEvaluator) is not served: use keep_firing_for, or a math expression."}
	}
	if _, err := c.meets(0); err != nil {
		return nil, err
	}
	out := &set{numbers: in.numbers, from: in.from, to: in.to}
	for _, s := range in.items {
		t := series{labels: s.labels, points: make([]point, len(s.points))}
		for i, p := range s.points {
			met, _ := c.meets(p.value) // its form was checked
			t.points[i] = point{p.ms, float64(count(met))}
		}
		out.items = append(out.items, t)
	}
	return out, nil
}

// meets tells whether v meets the condition's evaluator.
func (c *condition) meets(v float64) (bool, error) {
	p := c.Evaluator.Params
	want := 1
	switch c.Evaluator.Type {
	case "within_range", "outside_range", "within_range_included", "outside_range_included":
		want = 2
	case "no_value":
		return math.IsNaN(v), nil
	}
	if len(p) < want {
		return false, invalid("evaluator.params", "%s needs %d", orElse(c.Evaluator.Type, "it"), want)
	}
	switch c.Evaluator.Type {
	case "gt":
		return v > p[0], nil
	case "lt":
		return v < p[0], nil
	case "gte":
		return v >= p[0], nil
	case "lte":
		return v <= p[0], nil
	case "eq":
		return v == p[0], nil
	case "ne":
		return v != p[0], nil
	case "within_range":
		return v > min(p[0], p[1]) && v < max(p[0], p[1]), nil
	case "outside_range":
		return v < min(p[0], p[1]) || v > max(p[0], p[1]), nil
	case "within_range_included":
		return v >= min(p[0], p[1]) && v <= max(p[0], p[1]), nil
	case "outside_range_included":
		return v <= min(p[0], p[1]) || v >= max(p[0], p[1]), nil
	}
	return false, invalid("evaluator.type", "must be one of gt, gte, lt, lte, eq, ne, within_range, outside_range and those with _included")
}

// classic is one number for all series: 1 if the conditions hold, as alerts of old
// Grafanas were written.
func (n *node) classic(all sets) (*set, error) {
	if len(n.Conditions) == 0 || len(n.Conditions) > 100 {
		return nil, invalid("conditions", "must be 1 to 100")
	}
	holds := false
	var to time.Time
	for i := range n.Conditions {
		c := &n.Conditions[i]
		if len(c.Query.Params) == 0 {
			return nil, invalid("conditions", "each must name a query, as the first of query.params")
		}
		f, ok := reducers[c.Reducer.Type]
		if !ok {
			return nil, invalid("reducer.type", "must be one of %s", strings.Join(reducerNames, ", "))
		}
		in := all[c.Query.Params[0]]
		to = in.to
		one, some := false, false
		for _, s := range in.items {
			values := make([]float64, len(s.points))
			for k, p := range s.points {
				values[k] = p.value
			}
			met, err := c.meets(f(values))
			if err != nil {
				return nil, err
			}
			one, some = one || met, true
		}
		if !some {
			met, err := c.meets(math.NaN())
			if err != nil {
				return nil, err
			}
			one = met && c.Evaluator.Type == "no_value"
		}
		switch {
		case i == 0:
			holds = one
		case c.Operator.Type == "or":
			holds = holds || one
		default:
			holds = holds && one
		}
	}
	return &set{numbers: true, to: to, items: []series{{labels: map[string]string{}, points: []point{{to.UnixMilli(), float64(count(holds))}}}}}, nil
}

// How many points resampled series may have.
const (
	maxResampled    = 50_000    // each
	maxResampledAll = 2_000_000 // together
)

// resample gives every series the same times.
func (n *node) resample(in *set) (*set, error) {
	every, err := parseDuration(n.Window)
	if err != nil || every <= 0 {
		return nil, invalid("window", "must be a duration such as 10s")
	}
	down, ok := reducers[n.Down]
	if !ok || !slices.Contains([]string{"pad", "backfilling", "fillna"}, n.Up) {
		return nil, invalid("resample", "needs a downsampler (%s) and an upsampler (pad, backfilling, fillna)", strings.Join(reducerNames, ", "))
	}
	if in.numbers {
		return nil, bad("resample needs series over time, not numbers")
	}
	if n := in.to.Sub(in.from) / every; n > maxResampled || int64(n+1)*int64(len(in.items)) > maxResampledAll {
		return nil, invalid("window", "is too short for the range: there would be more than %d points, or %d of all series", maxResampled, maxResampledAll)
	}
	out := &set{from: in.from, to: in.to}
	for _, s := range in.items {
		out.items = append(out.items, resampled(s, in.from, in.to, every, down, n.Up))
	}
	return out, nil
}

func resampled(s series, from, to time.Time, every time.Duration, down func([]float64) float64, up string) series {
	out := series{labels: s.labels}
	i := 0
	for at := from; !at.After(to); at = at.Add(every) {
		var values []float64
		for ; i < len(s.points) && s.points[i].ms <= at.UnixMilli(); i++ {
			values = append(values, s.points[i].value)
		}
		v := math.NaN()
		switch {
		case len(values) > 0:
			v = down(values)
		case up == "pad" && i > 0:
			v = s.points[i-1].value
		case up == "backfilling" && i < len(s.points):
			v = s.points[i].value
		}
		out.points = append(out.points, point{at.UnixMilli(), v})
	}
	return out
}

// panel is an expression's result for a panel.
func (all sets) panel(ref string) result {
	in := all[ref]
	if in == nil {
		return failedResult(bad("the expression %s has no result", ref))
	}
	if in.err != nil {
		return failedResult(in.err)
	}
	out := result{Status: http.StatusOK, Frames: []frame{}}
	kind := "timeseries-multi"
	if in.numbers {
		kind = "numeric-multi"
	}
	for _, s := range in.items {
		f := frame{ref: ref, labels: s.labels, name: nameOf(s.labels), meta: &frameMeta{Type: kind, Version: [2]int{0, 1}}}
		for _, p := range s.points {
			f.values = append(f.values, p.value)
			if !in.numbers {
				f.times = append(f.times, p.ms)
			}
		}
		out.Frames = append(out.Frames, f)
	}
	return out
}
