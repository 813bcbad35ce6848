package query

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/hearth-metrics/hearth"
)

// planned plans text as the engine prepares it: an instant query if step is 0.
func planned(t *testing.T, text string, length, step time.Duration, l hearth.Limits) (plan, *parser.EvalStmt, error) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Fatal(err)
	}
	stmt := &parser.EvalStmt{Start: noon.Add(-length), End: noon, Interval: step, LookbackDelta: 5 * time.Minute}
	if stmt.Expr, err = promql.PreprocessExpr(expr, stmt.Start, stmt.End, step); err != nil {
		t.Fatal(err)
	}
	p, err := planOf(stmt, l)
	return p, stmt, err
}

// TestPlanFollowsTheEngine checks that costs are listed in the order in which
// the engine selects: parser.Inspect's.
func TestPlanFollowsTheEngine(t *testing.T) {
	text := `topk by (a) (scalar(first2), first1) + on (a) group_left label_replace(count_values("v", third), "a", "$1", "b", "(.*)")` +
		` or max_over_time(sum by (a) (rate(fourth[5m]))[1h:1m]) or abs(fifth @ end())`
	p, stmt, err := planned(t, text, time.Hour, time.Minute, hearth.LimitsOf(hearth.Local))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	parser.Inspect(stmt.Expr, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			names = append(names, v.Name)
		}
		return nil
	})
	if len(names) != len(p.selects) {
		t.Fatalf("planned %d selections, want %d", len(p.selects), len(names))
	}
	const room = 61 * pointBytes
	for i, want := range map[string]selectCost{
		"first1": {kept: k(&parser.VectorSelector{})},
		"first2": {bytes: room},
		"third":  {bytes: room + 61*room},
		"fourth": {},
		"fifth":  {bytes: room},
	} {
		for at, name := range names {
			if name == i && p.selects[at] != want {
				t.Errorf("%s: planned %+v, want %+v", name, p.selects[at], want)
			}
		}
	}
}

// TestOrdinaryQueriesPass plans what dashboards ask, over a day and 100,000
// series, and finds nothing to refuse.
func TestOrdinaryQueriesPass(t *testing.T) {
	l := hearth.LimitsOf(hearth.Local)
	const series, labelBytes = 100_000, 300
	for _, text := range []string{
		`count by (__name__) ({__name__=~".+"})`,
		`topk(10, sum by (namespace, pod) (container_memory_working_set_bytes))`,
		`topk by (namespace) (5, rate(container_cpu_usage_seconds_total[5m]))`,
		`sum by (node) (rate(container_cpu_usage_seconds_total[5m]) * on (namespace, pod) group_left (node) kube_pod_info)`,
		`sum by (ns) (rate(http_requests_total{code=~"5.."}[5m])) / sum by (ns) (rate(http_requests_total[5m]))`,
		`histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))`,
		`max_over_time(sum by (ns) (rate(http_requests_total[5m]))[30m:1m])`,
		`quantile_over_time(0.95, go_goroutines[10m])`,
		`sum by (team) (label_replace(label_replace(up, "host", "$1", "instance", "([^:]+):(.+)"), "team", "$1-$2", "host", "([a-z]+)-([0-9]+).*"))`,
		`sum(label_join(up, "id", "/", "namespace", "pod", "container"))`,
		`predict_linear(node_filesystem_free_bytes[6h], 4 * 3600) < 0 and on (instance) up == 1`,
	} {
		p, _, err := planned(t, text, 24*time.Hour, 2*time.Minute, l)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		rd := &reading{ws: hearth.Workspace{Limits: l}, plan: p}
		for _, c := range p.selects[:1] {
			for n := 1; n <= series; n++ {
				rd.bytes += seriesBytes + labelBytes + c.series(n) + p.labels.times*labelBytes + p.labels.add + chunksBytes(24*3600*1000)
			}
		}
		if rd.bytes > float64(l.QueryMemory) {
			t.Errorf("%s: 100,000 series are accounted %.0f MiB of %d", text, rd.bytes/(1<<20), l.QueryMemory>>20)
		}
	}
}

func TestCopies(t *testing.T) {
	for _, c := range []struct {
		pattern, template string
		want              float64
	}{
		{`(.*)`, `$1`, 1},
		{`(.*)`, `x`, 0},
		{`(.*)`, `$1$1`, 2},
		{`(.*):(.*)`, `$1-$2`, 1},
		{`((.*):.*)`, `$1-$2`, 2},
		{`(.*)`, `$0$1`, 2},
		{`(.*)`, `$1x`, 0}, // the group "1x", which does not exist
		{`(.*)`, `${1}x`, 1},
		{`(?P<a>.*)`, `$a${a}$1`, 3},
		{`(.*)`, `$$1`, 1}, // a dollar and a 1; counting it as a reference is safe
		{`(((`, `$1$2`, 2}, // not an expression: refused later
	} {
		if got := copies(c.pattern, c.template); got != c.want {
			t.Errorf("copies(%q, %q) = %v, want %v", c.pattern, c.template, got, c.want)
		}
	}
}
