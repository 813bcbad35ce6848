package shipped

import (
	"encoding/json"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/util/teststorage"
)

// Values of the dashboards' variables, as a person would choose them: all, but where
// one must be chosen.
var chosen = strings.NewReplacer(`="$namespace"`, `="shop"`, "$cluster", ".*", "$service", ".*", "$instance", ".*", "$namespace", ".*", "$pod", ".*", "$__rate_interval", "1m")

// late is when everything has been scraped for a quarter of an hour.
var late = time.Unix(0, 0).Add(15 * time.Minute)

// Every panel shows something when it is fed with what the exporters answer, also if
// all is well and there is nothing to count; and every variable has values.
func TestEveryPanelHasData(t *testing.T) {
	for _, f := range Dashboards("") {
		if f.Name == "hearth-overview" {
			continue // fed with a Hearth's own metrics, in cmd/hearth
		}
		t.Run(f.Name, func(t *testing.T) {
			text, err := os.ReadFile("testdata/" + f.Name + ".load")
			if err != nil {
				t.Fatal(err)
			}
			series := promqltest.LoadedStorage(t, string(text))
			var b board
			if err := json.Unmarshal(f.Text, &b); err != nil {
				t.Fatal(err)
			}
			for _, p := range b.Panels {
				for _, target := range p.Targets {
					if got := ask(t, series, chosen.Replace(target.Expr)); len(got) == 0 {
						t.Errorf("panel %q has no data: %s", p.Title, target.Expr)
					} else if v := got[0].F; math.IsNaN(v) || math.IsInf(v, 0) {
						t.Errorf("panel %q shows %v: %s", p.Title, v, target.Expr)
					}
				}
			}
			for _, v := range b.Templating.List {
				if v.Type == "query" && !hasValues(t, series, v.Query) {
					t.Errorf("variable %s has no values: %v", v.Name, v.Query)
				}
			}
		})
	}
}

// ask evaluates an expression late.
func ask(t *testing.T, s *teststorage.TestStorage, expr string) promql.Vector {
	t.Helper()
	e := promqltest.NewTestEngineWithOpts(t, promql.EngineOpts{MaxSamples: 100_000, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	q, err := e.NewInstantQuery(t.Context(), s, nil, expr, late)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	defer q.Close()
	v, err := q.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return append(promql.Vector(nil), v...)
}

var labelValues = regexp.MustCompile(`^label_values\((.+), *(\w+)\)$`)

// hasValues asks as label_values(SELECTOR, LABEL) does.
func hasValues(t *testing.T, s *teststorage.TestStorage, query any) bool {
	t.Helper()
	if m, ok := query.(map[string]any); ok {
		query = m["query"]
	}
	text, _ := query.(string)
	m := labelValues.FindStringSubmatch(text)
	if m == nil {
		t.Errorf("%q is no label_values(…)", text)
		return false
	}
	for _, found := range ask(t, s, chosen.Replace(m[1])) {
		if found.Metric.Get(m[2]) != "" && found.Metric.Get(model.MetricNameLabel) != "" {
			return true
		}
	}
	return false
}
