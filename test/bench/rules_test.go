package main

import "testing"

func TestQuantileOfDelays(t *testing.T) {
	n := ruleNumbers{bounds: []float64{.1, 1, 5}, counts: []float64{150, 198, 200}}
	d := n.minus(ruleNumbers{counts: []float64{50, 96, 96}})
	for q, want := range map[float64]float64{.5: .1, .99: 5, 1: 5} {
		if got := d.quantile(q); got != want {
			t.Errorf("quantile %v = %v, want %v", q, got, want)
		}
	}
}
