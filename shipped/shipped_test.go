package shipped

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

type board struct {
	UID, Title string
	Tags       []string
	Templating struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Panels []panel
}

type panel struct {
	ID      int
	Type    string
	Title   string
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ Expr string }
	Panels  []panel
}

// Grafana's variables in expressions, as a user would have them.
var variables = strings.NewReplacer("$cluster", "demo", "$service", "nginx", "$__rate_interval", "1m", "$__interval", "1m", "$namespace", "x", "$pod", "x", "$node", "x", "$instance", "x", "$job", "x")

// Each dashboard is one Grafana would take: a uid and title of its own, panels
// that do not cover each other, and expressions that parse.
func TestDashboardsAreWhole(t *testing.T) {
	p := parser.NewParser(parser.Options{})
	seen := map[string]bool{}
	for _, f := range Dashboards("") {
		var b board
		if err := json.Unmarshal(f.Text, &b); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if b.UID == "" || b.Title == "" || len(b.UID) > 40 || seen[b.UID] || seen[b.Title] || f.Title != b.Title {
			t.Errorf("%s: uid %q, title %q: want both, of its own", f.Name, b.UID, b.Title)
		}
		seen[b.UID], seen[b.Title] = true, true
		taken := map[[2]int]string{}
		for _, panel := range b.Panels {
			for x := panel.GridPos.X; x < panel.GridPos.X+panel.GridPos.W; x++ {
				for y := panel.GridPos.Y; y < panel.GridPos.Y+panel.GridPos.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" || x > 23 {
						t.Fatalf("%s: panel %q lies over %q or out of the grid at %d,%d", f.Name, panel.Title, other, x, y)
					}
					taken[[2]int{x, y}] = panel.Title
				}
			}
			for _, target := range panel.Targets {
				if _, err := p.ParseExpr(variables.Replace(target.Expr)); err != nil {
					t.Errorf("%s: panel %q: %v", f.Name, panel.Title, err)
				}
			}
		}
	}
}

func TestSets(t *testing.T) {
	if !slices.Contains(Sets(), "fargate") {
		t.Errorf("sets are %v", Sets())
	}
	if n := len(Dashboards("fargate")); n != 2 {
		t.Errorf("fargate has %d dashboards, want 2", n)
	}
	if n := len(Dashboards("fargat")); n != 0 {
		t.Errorf("a part of a set's name gives %d dashboards", n)
	}
	if f := Dashboards("fargate-service-detail"); len(f) != 1 || f[0].Title != "Fargate service detail" {
		t.Errorf("by its whole name: %v", f)
	}
}
