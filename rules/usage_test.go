package rules_test

import (
	"sync"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// counts is a hearth.Tally that remembers.
type counts struct {
	mu  sync.Mutex
	all map[string]float64
}

func (c *counts) Count(_ hearth.WorkspaceID, what hearth.Tallied, of string, n float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[string(what)+" "+of] += n
}

func (c *counts) Measure(hearth.WorkspaceID, hearth.Tallied, float64) {}

// Evaluations, those that fail and turns left out are counted by group.
func TestUsageAndTally(t *testing.T) {
	c := &counts{all: map[string]float64{}}
	b := newBed(t, func(b *bed) { b.tally = c })
	b.make(kitchen, "ns", `
groups:
- name: g
  interval: 1m
  rules:
  - {alert: Always, expr: vector(1)}
  - {record: 'x:y', expr: '(vector(1) or label_replace(vector(2), "a", "b", "", "")) * on() vector(1) * on() (vector(1) or label_replace(vector(2), "a", "b", "", ""))'}
`)
	b.reconcile()
	b.set(b.Next())
	b.Evaluate(t.Context())
	b.set(b.Next().Add(3 * time.Minute))
	b.Evaluate(t.Context())
	for name, want := range map[string]float64{"RuleEvaluations ns;g": 4, "RuleEvaluationFailures ns;g": 2, "RuleGroupIterationsMissed ns;g": 3} {
		if c.all[name] != want {
			t.Errorf("%s: %v, want %v; all: %v", name, c.all[name], want, c.all)
		}
	}
	u, err := b.Usage(t.Context(), kitchen.ID)
	if err != nil || u.Rules != 2 || u.Interval != time.Minute || u.LargestFile < 200 || u.Took["ns;g"] <= 0 {
		t.Errorf("usage %+v, %v", u, err)
	}
	if u, err = b.Usage(t.Context(), cellar.ID); err != nil || u.Rules != 0 {
		t.Errorf("another workspace's usage: %+v, %v", u, err)
	}
}
