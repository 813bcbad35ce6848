package rules_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	promrules "github.com/prometheus/prometheus/rules"
)

const compared = `groups:
- name: g
  interval: 30s
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
  - alert: Down
    expr: job:up:sum == 0
    for: 2m
    labels: {severity: '{{ if eq $labels.job "db" }}page{{ else }}mail{{ end }}'}
    annotations: {summary: '{{ $labels.job }}: {{ $value }}'}
  - alert: Kept
    expr: up == 0
    keep_firing_for: 3m
  - alert: Few
    expr: count(up) < 3
  - record: broken
    expr: label_replace(up, "instance", "x", "", "")
`

// history is what happens to three series over 40 minutes; nil is no sample.
func history(series string, minute int) *float64 {
	one, zero := 1.0, 0.0
	switch {
	case series == `up{job="api",instance="a"}` && (minute/7)%2 == 1:
		return &zero
	case series == `up{job="db",instance="b"}` && minute > 10 && minute < 13:
		return &zero
	case series == `up{job="db",instance="c"}` && minute > 20 && minute < 30:
		return nil
	case series == `up{job="db",instance="b"}` && minute > 31:
		return &zero
	}
	return &one
}

var comparedSeries = []string{`up{job="api",instance="a"}`, `up{job="db",instance="b"}`, `up{job="db",instance="c"}`}

// The same rules over the same history write the same series and tell the same
// alerts as in a Prometheus.
func TestSameAsPrometheus(t *testing.T) {
	const minutes = 40
	b := newBed(t, nil)
	b.make(kitchen, "web", compared)
	var slots []time.Time
	var ours []string
	fed := 0
	for {
		next := b.Next()
		if next.Sub(noon) > minutes*time.Minute {
			break
		}
		for ; !noon.Add(time.Duration(fed) * 15 * time.Second).After(next); fed++ {
			at := noon.Add(time.Duration(fed) * 15 * time.Second)
			b.set(at)
			for _, s := range comparedSeries {
				if v := history(s, fed/4); v != nil {
					b.write(kitchen, s, at, *v)
				}
			}
		}
		b.set(next)
		b.Evaluate(t.Context())
		slots = append(slots, next)
		alerts, _ := b.heard.take()
		var told []string
		for _, a := range alerts {
			told = append(told, tellAlert(next, a.Labels, a.Annotations, a.StartsAt, a.EndsAt))
		}
		ours = append(ours, sorted(told)...)
		ours = append(ours, b.values(kitchen, `{__name__=~"job:up:sum|ALERTS|ALERTS_FOR_STATE|broken"}`, next)...)
	}
	theirs := prometheus(t, slots)
	if len(slots) < 70 || !slices.Equal(ours, theirs) {
		for i := range max(len(ours), len(theirs)) {
			if i >= len(ours) || i >= len(theirs) || ours[i] != theirs[i] {
				t.Fatalf("%d evaluations; line %d differs:\nours   %s\ntheirs %s", len(slots), i, at(ours, i), at(theirs, i))
			}
		}
	}
	t.Logf("%d evaluations, %d lines, all the same", len(slots), len(ours))
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}

func tellAlert(now time.Time, ls, annotations labels.Labels, starts, ends time.Time) string {
	return fmt.Sprintf("%s told %s %s from %s to %s", now.Sub(noon), ls, annotations, starts.Sub(noon), ends.Sub(noon))
}

// prometheus evaluates the same in Prometheus' own groups.
func prometheus(t *testing.T, slots []time.Time) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, []byte(compared), 0o600); err != nil {
		t.Fatal(err)
	}
	loader, err := promqltest.NewLazyLoader(historyText(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true, StartTime: noon})
	if err != nil {
		t.Fatal(err)
	}
	defer loader.Close() //nolint:errcheck // a throw-away storage
	var lines, told []string
	now := noon
	ask := promrules.EngineQueryFunc(loader.QueryEngine(), loader.Storage())
	m := promrules.NewManager(&promrules.ManagerOptions{
		QueryFunc: ask, Appendable: loader.Storage(), Context: t.Context(), ResendDelay: time.Minute, Logger: slog.New(slog.DiscardHandler),
		NotifyFunc: func(_ context.Context, _ string, alerts ...*promrules.Alert) {
			for _, a := range alerts {
				ends := a.ValidUntil
				if !a.ResolvedAt.IsZero() {
					ends = a.ResolvedAt
				}
				told = append(told, tellAlert(now, a.Labels, a.Annotations, a.FiredAt, ends))
			}
		},
	})
	groups, errs := m.LoadGroups(time.Minute, labels.EmptyLabels(), "http://hearth.example:4750", nil, false, path)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, g := range groups {
		for _, r := range g.Rules() {
			if a, ok := r.(*promrules.AlertingRule); ok {
				a.SetRestored(true)
			}
		}
		for _, slot := range slots {
			now, told = slot, nil
			loader.WithSamplesTill(slot, func(err error) {
				if err != nil {
					t.Fatal(err)
				}
				g.Eval(t.Context(), slot)
			})
			v, err := ask(t.Context(), `{__name__=~"job:up:sum|ALERTS|ALERTS_FOR_STATE|broken"}`, slot)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(append(lines, sorted(told)...), spellVector(v)...)
		}
	}
	return lines
}

func spellVector(v promql.Vector) []string {
	var lines []string
	for _, s := range v {
		lines = append(lines, fmt.Sprintf("%s %g", spell(s.Metric), s.F))
	}
	return sorted(lines)
}

// historyText is the history in promqltest's words.
func historyText() string {
	var text strings.Builder
	text.WriteString("load 15s\n")
	for _, s := range comparedSeries {
		text.WriteString("  " + s)
		for i := range 40*4 + 8 {
			if v := history(s, i/4); v != nil {
				fmt.Fprintf(&text, " %g", *v)
			} else {
				text.WriteString(" _")
			}
		}
		text.WriteString("\n")
	}
	return text.String()
}
