package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

var testParser = parser.NewParser(parser.Options{})

// run plays one test: the input is loaded, the rules are evaluated at each
// interval up to the last time asked about, and what they gave is compared.
func (f *ruleTests) run(t *ruleTest) (faults []error) {
	if t.Interval == 0 {
		t.Interval = f.Interval
	}
	for _, a := range t.Alerts {
		if a.Name == "" {
			return []error{fmt.Errorf("alert_rule_test at %s has no alertname", a.At)}
		}
	}
	loader, err := promqltest.NewLazyLoader(t.load(), promqltest.LazyLoaderOpts{
		EnableAtModifier: true, EnableNegativeOffset: true, StartTime: t.Start.Time,
	})
	if err != nil {
		return []error{fmt.Errorf("input_series: %w", err)}
	}
	defer loader.Close() //nolint:errcheck // a throw-away storage
	loader.SubqueryInterval = time.Duration(f.Interval)
	groups, faults := f.groups(t, loader)
	if len(faults) > 0 {
		return faults
	}
	faults, ok := f.evaluate(t, loader, groups)
	if !ok {
		return faults
	}
	return append(faults, f.ask(t, loader)...)
}

// load spells the input as promqltest does.
func (t *ruleTest) load() string {
	var b strings.Builder
	fmt.Fprintf(&b, "load %v\n", t.Interval)
	for _, s := range t.Input {
		fmt.Fprintf(&b, "  %v %v\n", s.Series, s.Values)
	}
	return b.String()
}

// groups loads the rules files, in the order the file asks for.
func (f *ruleTests) groups(t *ruleTest, loader *promqltest.LazyLoader) ([]*rules.Group, []error) {
	m := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:  rules.EngineQueryFunc(loader.QueryEngine(), loader.Storage()),
		Appendable: loader.Storage(),
		Context:    context.Background(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Logger:     slog.New(slog.DiscardHandler),
		Parser:     testParser,
	})
	byKey, errs := m.LoadGroups(time.Duration(t.Interval), t.ExternalLabels, t.ExternalURL, nil, f.unknown, f.RuleFiles...)
	if len(errs) > 0 {
		return nil, errs
	}
	var groups []*rules.Group
	for _, g := range byKey {
		groups = append(groups, g)
		for _, r := range g.Rules() {
			if a, ok := r.(*rules.AlertingRule); ok {
				a.SetRestored(true) // so that it writes ALERTS
			}
		}
	}
	slices.SortFunc(groups, func(a, b *rules.Group) int {
		if d := max(0, slices.Index(f.Order, a.Name())) - max(0, slices.Index(f.Order, b.Name())); d != 0 {
			return d
		}
		return strings.Compare(a.File()+a.Name(), b.File()+b.Name())
	})
	return groups, nil
}

// start is the time of the first samples.
func (t *ruleTest) start() time.Time {
	if t.Start.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t.Start.Time
}

// last is the latest time that is asked about.
func (t *ruleTest) last() time.Duration {
	var last model.Duration
	for _, a := range t.Alerts {
		last = max(last, a.At)
	}
	for _, e := range t.Exprs {
		last = max(last, e.At)
	}
	return time.Duration(last)
}

// evaluate runs the rules to the end and compares alerts on the way: those asked
// about between two evaluations are those of the earlier one. ok is false if a
// rule could not be evaluated.
func (f *ruleTests) evaluate(t *ruleTest, loader *promqltest.LazyLoader, groups []*rules.Group) (faults []error, ok bool) {
	every, start := time.Duration(f.Interval), t.start()
	for at := start; !at.After(start.Add(t.last())); at = at.Add(every) {
		if errs := evaluateAt(loader, groups, at, at.Sub(start)); len(errs) > 0 {
			return append(faults, errs...), false
		}
		for _, a := range t.Alerts {
			if asked := start.Add(time.Duration(a.At)); asked.Before(at) || !asked.Before(at.Add(every)) {
				continue
			}
			if err := a.compare(groups); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return faults, true
}

func evaluateAt(loader *promqltest.LazyLoader, groups []*rules.Group, at time.Time, since time.Duration) (errs []error) {
	loader.WithSamplesTill(at, func(err error) {
		if err != nil {
			errs = append(errs, err)
			return
		}
		for _, g := range groups {
			g.Eval(loader.Context(), at)
			for _, r := range g.Rules() {
				if err := r.LastError(); err != nil {
					errs = append(errs, fmt.Errorf("rule %s at %s: %w", r.Name(), model.Duration(since), err))
				}
			}
		}
	})
	return errs
}
