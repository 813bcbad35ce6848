package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// An answer is a query's result by series, whatever order they came in.
type answer map[string][]point

type point struct {
	at    json.Number
	value string
}

func (p *point) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.at, &p.value})
}

// parseAnswer reads a vector, a matrix or a scalar in Prometheus' envelope.
func parseAnswer(body []byte) (answer, error) {
	var env struct {
		Status string
		Error  string
		Data   struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.Unmarshal(body, &env); err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	if env.Status != "success" {
		return nil, fmt.Errorf("answer is %s: %s", env.Status, env.Error)
	}
	if env.Data.ResultType == "scalar" {
		var p point
		return answer{"": {p}}, json.Unmarshal(env.Data.Result, &p)
	}
	var series []struct {
		Metric map[string]string
		Value  *point
		Values []point
	}
	if err := json.Unmarshal(env.Data.Result, &series); err != nil {
		return nil, fmt.Errorf("read a result: %w", err)
	}
	a := answer{}
	for _, s := range series {
		if s.Value != nil {
			s.Values = []point{*s.Value}
		}
		a[key(s.Metric)] = s.Values
	}
	return a, nil
}

func key(metric map[string]string) string {
	var b strings.Builder
	for _, n := range slices.Sorted(maps.Keys(metric)) {
		fmt.Fprintf(&b, "%s=%q,", n, metric[n])
	}
	return b.String()
}

// An agreement says how alike two answers are.
type agreement int

const (
	identical agreement = iota
	rounded             // equal but for the last digits: sums in another order
	different
)

// closeEnough is the relative difference that adding in another order explains.
const closeEnough = 1e-12

// compare says how alike a and b are, and names the first difference.
func compare(a, b answer) (agreement, string) {
	if len(a) != len(b) {
		return different, fmt.Sprintf("%d series against %d", len(a), len(b))
	}
	worst := identical
	for _, k := range slices.Sorted(maps.Keys(a)) {
		theirs, ok := b[k]
		if !ok {
			return different, "only one has {" + k + "}"
		}
		got, why := comparePoints(a[k], theirs)
		if got == different {
			return different, "{" + k + "}: " + why
		}
		worst = max(worst, got)
	}
	return worst, ""
}

func comparePoints(a, b []point) (agreement, string) {
	if len(a) != len(b) {
		return different, fmt.Sprintf("%d points against %d", len(a), len(b))
	}
	worst := identical
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if a[i].at != b[i].at || !near(a[i].value, b[i].value) {
			return different, fmt.Sprintf("%s at %s against %s at %s", a[i].value, a[i].at, b[i].value, b[i].at)
		}
		worst = rounded
	}
	return worst, ""
}

func near(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= closeEnough*max(math.Abs(x), math.Abs(y))
}
