package query

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/hearth-metrics/hearth"
)

// fuzzLimits are small, so that a fuzzer finds texts near them.
func fuzzLimits() hearth.Limits {
	l := hearth.LimitsOf(hearth.Local)
	l.QueryTextBytes, l.QueryNesting, l.QuerySelectors = 4<<10, 50, 50
	l.SubquerySteps, l.EvaluatedSteps, l.QuerySamples, l.QueryMemory = 1000, 10_000, 100_000, 16<<20
	return l
}

// FuzzGuard gives arbitrary text to the guards and, when they let it pass, to
// the parser and the planner. None panics, and none takes long.
func FuzzGuard(f *testing.F) {
	exprs, err := promqltest.GetBuiltInExprs()
	if err != nil {
		f.Fatal(err)
	}
	for i := 0; i < len(exprs); i += 10 {
		f.Add(exprs[i])
	}
	for _, k := range killers() {
		f.Add(k.form.Get("query"))
	}
	f.Add("{a=~\"\\")
	f.Add("label_replace(up, 'a', '$$${1}$x$', 'b', '((((')")
	parse := parser.NewParser(promqltest.TestParserOpts)
	f.Fuzz(func(t *testing.T, text string) {
		l := fuzzLimits()
		begun := time.Now()
		if checkText(text, l) == nil {
			if expr, err := parse.ParseExpr(text); err == nil {
				stmt := &parser.EvalStmt{Expr: expr, Start: noon, End: noon.Add(time.Hour), Interval: time.Minute, LookbackDelta: time.Minute}
				if p, err := planOf(stmt, l); err == nil && (p.fixed < 0 || len(p.selects) > l.QuerySelectors) {
					t.Errorf("planned %+v", p)
				}
			}
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%q took %s", text, took)
		}
	})
}

// FuzzParameters gives arbitrary parameters to a Room with a few samples. Every
// answer is an envelope, and none is a failure of ours.
func FuzzParameters(f *testing.F) {
	f.Add("query", "up", "0", "10", "1", "5s", "all", "1", "up")
	f.Add("query_range", "rate(up[5m])", "2026-03-01T12:00:00Z", "1772366400.5", "15s", "1m", "true", "", "{job=~'a|b'}")
	f.Add("series", "", "-1e300", "Inf", "NaN", "-5m", "x", "-1", "{__name__=~'.+'}")
	f.Add("label/job/values", "up", "", "", "0.0001", "", "", "9223372036854775807", "\xff")
	f.Add("query_exemplars", "up @ start()", "-9223372036854775808", "9223372036854775807", "1e-9", "1e300", "", "", "")
	f.Add("status/tsdb", "", "", "", "", "", "", "7", "")
	b := newBed(f, Options{Memory: -1})
	b.load(workspaceA, 1, []labels.Labels{labels.FromStrings("__name__", "up", "job", "a")}, noon)
	ws := workspaceA
	ws.Limits = fuzzLimits()
	ws.Limits.QueryTimeout = 2 * time.Second
	f.Fuzz(func(t *testing.T, path, text, start, end, step, duration, stats, limit, match string) {
		form := url.Values{
			"query": {text}, "start": {start}, "time": {start}, "end": {end}, "step": {step}, "timeout": {duration}, "lookback_delta": {duration},
			"stats": {stats}, "limit": {limit}, "limit_per_metric": {limit}, "match[]": {match}, "max_samples_processed_error_threshold": {limit},
		}
		if limit == "" {
			form.Del("max_samples_processed_error_threshold")
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if strings.HasSuffix(path, "/values") || strings.HasPrefix(path, "status") {
			r = httptest.NewRequest(http.MethodGet, "/?"+form.Encode(), nil)
		}
		r.URL.Path = "/api/v1/" + path
		bed := *b
		bed.t = t
		begun := time.Now()
		got := bed.do(ws, r)
		if got.status >= 500 || got.Status != "success" && got.Error == "" {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s %q took %s", path, form, took)
		}
	})
}
