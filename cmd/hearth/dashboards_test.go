package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/hearth-metrics/hearth/shipped"
)

// described finds a metric's name and labels in what a registry says of it.
var described = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

// exposed are the metrics of a whole Hearth, with their labels, whether or not they
// have values yet.
func exposed(t *testing.T) map[string][]string {
	t.Helper()
	c := defaultConfig()
	c.Storage.Path = t.TempDir()
	p := &program{config: &c, keys: rootKeys, log: slog.New(slog.DiscardHandler), registry: newRegistry()}
	p.health = newHealth("serve", p.registry)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := p.open(ctx); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	descs := make(chan *prometheus.Desc)
	go func() { p.registry.Describe(descs); close(descs) }()
	for d := range descs {
		if m := described.FindStringSubmatch(d.String()); m != nil {
			all[m[1]] = strings.Split(m[2], ",")
		}
	}
	cancel()
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	return all
}

// The dashboard about Hearth asks for metrics that Hearth has, and groups them by
// labels that they have.
func TestOwnDashboardAsksForWhatIsThere(t *testing.T) {
	have := exposed(t)
	for _, f := range shipped.Dashboards("hearth") {
		var b struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(f.Text, &b); err != nil {
			t.Fatal(err)
		}
		for _, panel := range b.Panels {
			for _, target := range panel.Targets {
				checkAsked(t, panel.Title, target.Expr, have)
			}
		}
	}
}

// checkAsked compares an expression with the metrics that there are.
func checkAsked(t *testing.T, title, expr string, have map[string][]string) {
	t.Helper()
	e, err := parser.NewParser(parser.Options{}).ParseExpr(strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*").Replace(expr))
	if err != nil {
		t.Fatalf("%s: %v", title, err)
	}
	var labels []string
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			l, ok := have[strings.TrimSuffix(s.Name, "_bucket")]
			if !ok && !strings.HasPrefix(s.Name, "go_") { // Go's are described by their collector as one
				t.Errorf("panel %q asks for %s, which Hearth does not have", title, s.Name)
			}
			labels = append(labels, l...)
		}
		return nil
	})
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		a, ok := n.(*parser.AggregateExpr)
		for i := 0; ok && i < len(a.Grouping); i++ {
			if g := a.Grouping[i]; g != "le" && g != "instance" && !strings.Contains(","+strings.Join(labels, ",")+",", ","+g+",") {
				t.Errorf("panel %q groups by %s, which its metrics do not have: %v", title, g, labels)
			}
		}
		return nil
	})
}
