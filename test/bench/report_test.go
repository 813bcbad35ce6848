package main

import (
	"strings"
	"testing"
	"time"
)

func TestVerdicts(t *testing.T) {
	relative, absolute, open := row{ratio: 0.5}, row{most: upTo(10), unit: "ms"}, row{}
	for name, c := range map[string]struct {
		row          row
		ours, theirs *float64
		want         string
	}{
		"under the ratio":       {relative, upTo(4), upTo(10), "met"},
		"on the ratio":          {relative, upTo(5), upTo(10), "met"},
		"over the ratio":        {relative, upTo(6), upTo(10), "**not met**"},
		"nothing to compare":    {relative, upTo(6), nil, ""},
		"within":                {absolute, upTo(10), nil, "met"},
		"beyond":                {absolute, upTo(11), nil, "**not met**"},
		"no budget":             {open, upTo(11), upTo(1), ""},
		"not measured":          {absolute, nil, upTo(1), ""},
		"zero is a budget too":  {row{most: upTo(0)}, upTo(0), nil, "met"},
		"more than none of all": {row{most: upTo(0)}, upTo(1), nil, "**not met**"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.row.verdict(c.ours, c.theirs); got != c.want {
				t.Errorf("verdict is %q, want %q", got, c.want)
			}
		})
	}
}

func TestReport(t *testing.T) {
	one := answer{"": {{"1", "2"}}}
	asking := func(a answer) []asked {
		all := make([]asked, len(panels))
		for i := range all {
			for range passes {
				all[i].cpu, all[i].wall, all[i].answers = append(all[i].cpu, time.Millisecond), append(all[i].wall, 2*time.Millisecond), append(all[i].answers, a)
			}
		}
		return all
	}
	b := &bench{
		version: "v9.9.9",
		results: map[string]map[string][]float64{
			"Hearth":     {"v1 ingest CPU": {3, 1, 2}, "v1 lost": {0, 7}},
			"Prometheus": {"v1 ingest CPU": {10, 30, 20}},
		},
		panels: map[string][]asked{"Hearth": asking(one), "Prometheus": asking(answer{})},
	}
	r := b.report("go run ./test/bench", time.Unix(0, 0))
	for _, want := range []string{
		"| remote write 1.0: CPU per million samples | 2.00 s | 20.00 s | 0.10 | ≤ 0.14 × | met |",
		"| acknowledged samples lost by kill -9 under load (1.0) | 4 |",
		"| 1.0 / 1.0 | 1.0 / 1.0 | 2.0 / 2.0 | 2.0 / 2.0 | **different**: 1 series against 0 |",
		"module v9.9.9", "1970-01-01",
	} {
		if !strings.Contains(r.text, want) {
			t.Errorf("report lacks %q:\n%s", want, r.text)
		}
	}
	if r.wrong == nil || !strings.Contains(r.wrong.Error(), "v1 lost: 7 samples") || !strings.Contains(r.wrong.Error(), "answers to count(up)") {
		t.Errorf("wrong is %v, want the lost samples and the answers", r.wrong)
	}
}

func TestEveryPlaceStaysOutOfTheReport(t *testing.T) {
	_, command, err := parse([]string{"-quick", "-out=/a/b", "-hearth=/c", "-work=/d", "-runs=2"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "go run ./test/bench -quick=true -runs=2"; command != want {
		t.Errorf("command is %q, want %q", command, want)
	}
}

func TestQuickKeepsWhatWasGiven(t *testing.T) {
	o, _, err := parse([]string{"-quick", "-series=100"})
	if err != nil {
		t.Fatal(err)
	}
	if o.series != 100 || o.rounds != 5 || o.runs != 1 {
		t.Errorf("series %d, rounds %d, runs %d: want 100, 5, 1", o.series, o.rounds, o.runs)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, args := range [][]string{{"-series=150"}, {"-series=0"}, {"-rounds=2"}, {"-only=nobody"}, {"-runs=0"}, {"-scenarios=v1,v3"}} {
		o, _, err := parse(args)
		if err == nil {
			err = o.check()
		}
		if err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}

func TestQuantile(t *testing.T) {
	var all []time.Duration
	for i := range 100 {
		all = append(all, time.Duration(99-i))
	}
	if got := quantile(all, 0.99); got != 99 {
		t.Errorf("p99 is %d, want 99", got)
	}
	if got := quantile(all, 0.5); got != 50 {
		t.Errorf("median is %d, want 50", got)
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("median of nothing is %d", got)
	}
}
