package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

// compare tells how the alerts that fire differ from those expected.
func (a alertTest) compare(groups []*rules.Group) error {
	var want, got []string
	for _, e := range a.Expect {
		with := labels.NewBuilder(labels.FromMap(e.Labels)).Set(labels.AlertName, a.Name).Labels()
		want = append(want, alertText(with, labels.FromMap(e.Annotations)))
	}
	for _, g := range groups {
		for _, r := range g.Rules() {
			rule, ok := r.(*rules.AlertingRule)
			if !ok || rule.Name() != a.Name {
				continue
			}
			for _, one := range rule.ActiveAlerts() {
				if one.State == rules.StateFiring {
					got = append(got, alertText(one.Labels, one.Annotations))
				}
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if slices.Equal(want, got) {
		return nil
	}
	return fmt.Errorf("alert %s at %s:%s", a.Name, a.At, differences(want, got))
}

func alertText(ls, annotations labels.Labels) string {
	return ls.String() + " annotations " + annotations.String()
}

// differences lists what is only in one of two lists.
func differences(want, got []string) string {
	var b strings.Builder
	for _, w := range want {
		if !slices.Contains(got, w) {
			b.WriteString("\n    expected: " + w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			b.WriteString("\n    got:      " + g)
		}
	}
	if b.Len() == 0 {
		fmt.Fprintf(&b, "\n    expected %d, got %d", len(want), len(got))
	}
	return b.String()
}

// point is a sample as tests compare it.
type point struct {
	labels    labels.Labels
	value     float64
	histogram string
}

func (p point) String() string {
	if p.histogram != "" {
		return p.labels.String() + " " + p.histogram
	}
	return fmt.Sprintf("%s %g", p.labels, p.value)
}

func (p point) equals(o point, fuzzy bool) bool {
	return labels.Equal(p.labels, o.labels) && p.histogram == o.histogram && sameFloat(p.value, o.value, fuzzy)
}

// sameFloat with fuzzy allows for the last bit.
func sameFloat(a, b float64, fuzzy bool) bool {
	return a == b || (fuzzy && (math.Nextafter(a, math.Inf(-1)) == b || math.Nextafter(a, math.Inf(1)) == b))
}

// ask compares what the expressions give once all rules were evaluated.
func (f *ruleTests) ask(t *ruleTest, loader *promqltest.LazyLoader) (faults []error) {
	for _, e := range t.Exprs {
		if err := e.compare(t.start(), loader, f.Fuzzy); err != nil {
			faults = append(faults, fmt.Errorf("expr %q at %s: %w", e.Expr, e.At, err))
		}
	}
	return faults
}

func (e exprTest) compare(start time.Time, loader *promqltest.LazyLoader, fuzzy bool) error {
	ask := rules.EngineQueryFunc(loader.QueryEngine(), loader.Queryable())
	vector, err := ask(loader.Context(), e.Expr, start.Add(time.Duration(e.At)))
	if err != nil {
		return err
	}
	got := pointsOf(vector)
	want, err := e.expected()
	if err != nil {
		return err
	}
	if slices.EqualFunc(want, got, func(a, b point) bool { return a.equals(b, fuzzy) }) {
		return nil
	}
	return fmt.Errorf("%s", differences(texts(want), texts(got)))
}

func pointsOf(vector promql.Vector) []point {
	var all []point
	for _, s := range vector {
		p := point{labels: s.Metric.Copy(), value: s.F, histogram: promqltest.HistogramTestExpression(s.H)}
		all = append(all, p)
	}
	slices.SortFunc(all, byLabels)
	return all
}

func byLabels(a, b point) int { return labels.Compare(a.labels, b.labels) }

func texts(points []point) []string {
	var all []string
	for _, p := range points {
		all = append(all, p.String())
	}
	return all
}

func (e exprTest) expected() ([]point, error) {
	var all []point
	for _, s := range e.Expect {
		ls, err := testParser.ParseMetric(s.Labels)
		if err != nil {
			return nil, fmt.Errorf("labels %q: %w", s.Labels, err)
		}
		p := point{labels: ls, value: s.Value}
		if s.Histogram != "" {
			_, values, err := testParser.ParseSeriesDesc("{} " + s.Histogram)
			if err != nil || len(values) != 1 || values[0].Histogram == nil {
				return nil, fmt.Errorf("%q is not one histogram", s.Histogram)
			}
			p.histogram = promqltest.HistogramTestExpression(values[0].Histogram)
		}
		all = append(all, p)
	}
	slices.SortFunc(all, byLabels)
	return all, nil
}
