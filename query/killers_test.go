package query

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	runtimemetrics "runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/hearth-metrics/hearth"
)

// killer is a query that kills or stalls an unguarded server.
type killer struct {
	name   string
	path   string
	form   url.Values
	limits func(*hearth.Limits) // beside those of the profile local
	reason string               // what the ledger says
	says   string               // what the caller is told
}

func nest(open, inner, end string, n int) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
}

func killers() []killer {
	const instant, ranged = "/api/v1/query", "/api/v1/query_range"
	bomb := `up`
	for range 12 {
		bomb = `label_replace(` + bomb + `, "a", "$0$0$0$0$0$0$0$0$0$0", "job", ".*")`
		bomb = `label_replace(` + bomb + `, "job", "$0$0$0$0$0$0$0$0$0$0", "a", ".*")`
	}
	constant := `vector(1)`
	for range 10 {
		constant = `label_replace(` + constant + `, "a", "${0}$0$0$0$0$0$0$0$0$0x", "a", ".*")`
	}
	join := `up`
	for range 40 {
		join = `label_join(` + join + `, "job", "", "job", "job")`
	}
	return []killer{
		{name: "34 bytes", path: instant, form: query(`count_over_time(vector(1)[1y:1ms])`),
			reason: "subquery-steps", says: "a subquery asks for too many steps"},
		{name: "subqueries that multiply", path: instant, form: query(`max_over_time(max_over_time(vector(1)[2h:1s])[2h:1s])`),
			reason: "evaluated-steps", says: "multiplied by those of its subqueries"},
		{name: "a fine subquery over a coarse range", path: ranged, form: over(`count_over_time(vector(1)[1s:1ms])`, 90*24*time.Hour, 24*time.Hour),
			reason: "evaluated-steps", says: "multiplied by those of its subqueries"},
		{name: "a thousand deep", path: instant, form: query(nest("abs(", "up", ")", 1000)),
			reason: "nesting", says: "nested too deeply"},
		{name: "200 KB of parentheses", path: instant, form: query(nest("(", "1", ")", 100_000)),
			reason: "query-text", says: "the query text is too long"},
		{name: "60 KB of parentheses", path: instant, form: query(nest("(", "1", ")", 30_000)),
			reason: "nesting", says: "nested too deeply"},
		{name: "60 KB of parentheses to format", path: "/api/v1/format_query", form: query(nest("(", "1", ")", 30_000)),
			reason: "nesting", says: "nested too deeply"},
		{name: "a chain to format", path: "/api/v1/format_query", form: query("1" + strings.Repeat("+"+strings.Repeat("1", 28), 1990)),
			reason: "formatting", says: "too long and too deep to format"},
		{name: "60 KB of parentheses to parse", path: "/api/v1/parse_query", form: query(nest("(", "1", ")", 30_000)),
			reason: "nesting", says: "nested too deeply"},
		{name: "60 KB of parentheses for exemplars", path: "/api/v1/query_exemplars", form: query(nest("(", "1", ")", 30_000)),
			reason: "nesting", says: "nested too deeply"},
		{name: "a chain of sums", path: instant, form: query("1" + strings.Repeat("+1", 30_000)),
			reason: "operators", says: "too many operators"},
		{name: "a chain of words", path: instant, form: query("a" + strings.Repeat(" or a", 10_000)),
			reason: "operators", says: "too many operators"},
		{name: "a chain of words without spaces", path: instant, form: query("(a)" + strings.Repeat("or(a)", 10_000)),
			reason: "operators", says: "too many operators"},
		{name: "a chain of words behind comments", path: instant, form: query("a" + strings.Repeat("#\nor a", 10_000)),
			reason: "operators", says: "too many operators"},
		{name: "expanding expressions", path: instant, form: query("{" + strings.Repeat(`a=~"(abcdefghij){1000}",`, 2500) + "}"),
			reason: "regexp-size", says: "regular expressions are too large"},
		{name: "expanding expressions in match[]", path: "/api/v1/series", form: url.Values{"match[]": {"{" + strings.Repeat(`a=~"(abcdefghij){1000}",`, 2500) + "}"}},
			reason: "regexp-size", says: "regular expressions are too large"},
		{name: "Unicode classes", path: instant, form: query(`{a=~"` + strings.Repeat(`\\pL`, 5000) + `"}`),
			reason: "regexp-size", says: "regular expressions are too large"},
		{name: "repeated Unicode classes", path: instant, form: query("{" + strings.Repeat("a=~`\\pL{1000}`,", 100) + "}"),
			reason: "regexp-size", says: "regular expressions are too large"},
		{name: "many selectors", path: instant, form: query("a" + strings.Repeat(" or a", 300)),
			reason: "selectors", says: "too many selectors"},
		{name: "many selectors for exemplars", path: "/api/v1/query_exemplars", form: query("a" + strings.Repeat(" or a", 300)),
			reason: "selectors", says: "too many selectors"},
		{name: "many match[]", path: "/api/v1/labels", form: url.Values{"match[]": make([]string, 500)},
			reason: "selectors", says: "too many match[] parameters"},
		{name: "long match[]", path: "/api/v1/label/job/values", form: url.Values{"match[]": {`{a="` + strings.Repeat("x", 70_000) + `"}`}},
			reason: "query-text", says: "too long"},
		{name: "everything, few series allowed", path: instant, form: query(`{__name__=~".+"}`), limits: func(l *hearth.Limits) { l.QuerySeries = 1000 },
			reason: "series", says: "matches too many series (1001 or more, limit: 1000)"},
		{name: "all series, few allowed", path: "/api/v1/series", form: url.Values{"match[]": {`{__name__=~".+"}`}}, limits: func(l *hearth.Limits) { l.QuerySeries = 1000 },
			reason: "series", says: "matches too many series"},
		{name: "everything, few samples allowed", path: instant, form: query(`{__name__=~".+"}`), limits: func(l *hearth.Limits) { l.QuerySamples = 1000 },
			reason: "samples", says: "query processing would load too many samples into memory"},
		{name: "everything, little memory allowed", path: instant, form: query(`{__name__=~".+"}`), limits: func(l *hearth.Limits) { l.QueryMemory = 1 << 20 },
			reason: "memory", says: "too much memory"},
		{name: "label values, little memory allowed", path: "/api/v1/label/pod/values", limits: func(l *hearth.Limits) { l.QueryMemory = 10 << 10 },
			reason: "memory", says: "too much memory"},
		{name: "label_replace bomb", path: instant, form: query(bomb),
			reason: "memory", says: "too much memory"},
		{name: "label_replace bomb without series", path: instant, form: query(constant),
			reason: "memory", says: "too much memory"},
		{name: "label_join bomb", path: instant, form: query(join),
			reason: "memory", says: "too much memory"},
		{name: "labels copied to many", path: instant, limits: func(l *hearth.Limits) { l.QueryMemory = 64 << 20 },
			form:   query(`pod_info * on(ns) group_left(a) label_replace(ns_info, "a", "` + strings.Repeat("$0", 5000) + `", "ns", ".*")`),
			reason: "memory", says: "too much memory"},
		{name: "many to many", path: ranged, limits: func(l *hearth.Limits) { l.QuerySamples = 100_000 },
			form:   over(`pod_info * on(ns) group_left ns_info`, 4*time.Minute, 100*time.Millisecond),
			reason: "samples", says: "too many samples"},
		{name: "a series for each value", path: ranged, form: over(`count_values("v", vector(time()))`, 11_000*time.Second, time.Second), limits: func(l *hearth.Limits) { l.QueryMemory = 512 << 20 },
			reason: "memory", says: "too much memory"},
		{name: "a series for each value of each series", path: ranged, form: over(`count_values("v", timestamp(pod_info))`, 24*time.Hour, 10*time.Second),
			reason: "memory", says: "too much memory"},
		{name: "the top of every series", path: instant, form: query(`topk by (pod) (1e9, pod_info)`), limits: func(l *hearth.Limits) { l.QueryMemory = 128 << 20 },
			reason: "memory", says: "too much memory"},
		{name: "the top by a number not written", path: instant, form: query(`bottomk without (ns) (scalar(count(pod_info)), pod_info)`), limits: func(l *hearth.Limits) { l.QueryMemory = 128 << 20 },
			reason: "memory", says: "too much memory"},
		{name: "too many points", path: ranged, form: over(`up`, 24*time.Hour, time.Second),
			says: "exceeded maximum resolution of 11,000 points"},
		{name: "a step of no time", path: ranged, form: url.Values{"query": {"up"}, "start": {"0"}, "end": {"0.5"}, "step": {"0.0001"}, "stats": {"all"}},
			reason: "step", says: "step must be at least 1ms"},
		{name: "a time nobody can count", path: instant, form: url.Values{"query": {"up"}, "time": {"NaN"}},
			reason: "time", says: "between the years 1678 and 2261"},
		{name: "a time after the sun", path: ranged, form: url.Values{"query": {"1"}, "start": {"9000000000"}, "end": {"900000000000"}, "step": {"1e9"}},
			reason: "time", says: "between the years 1678 and 2261"},
		{name: "a long time", path: ranged, form: over(`up`, 96*24*time.Hour, time.Hour), limits: func(l *hearth.Limits) { l.QueryRange = 95 * 24 * time.Hour },
			reason: "range", says: "the query time range exceeds the limit (query length: 2304h0m0s, limit: 2280h0m0s)"},
		{name: "a long window", path: instant, form: query(`count_over_time(up[96d])`), limits: func(l *hearth.Limits) { l.QueryRange = 95 * 24 * time.Hour },
			reason: "range", says: "the query time range exceeds the limit"},
		{name: "a long time of labels", path: "/api/v1/labels", form: url.Values{"start": {"0"}, "end": {"1e9"}}, limits: func(l *hearth.Limits) { l.QueryRange = time.Hour },
			reason: "range", says: "the query time range exceeds the limit"},
		{name: "no time left", path: instant, form: query(`sum(rate(pod_info[5m]))`), limits: func(l *hearth.Limits) { l.QueryTimeout = time.Nanosecond },
			reason: "timeout", says: "query timed out - consider simplifying your query"},
		{name: "samples processed", path: instant, form: query(`count(pod_info)`, "max_samples_processed_error_threshold", "10"),
			reason: "samples-processed", says: "processed too many samples"},
	}
}

// TestKillers asks each killer query in one workspace, and after each an
// ordinary one in another. Every killer gets a 4xx with a sentence and an entry
// in the ledger, quickly, in bounded memory.
func TestKillers(t *testing.T) {
	b := newBed(t, Options{})
	b.load(workspaceA, 1, podSeries(4000), noon.Add(-time.Minute), noon)
	b.load(workspaceB, 42, []labels.Labels{labels.FromStrings("__name__", "up", "job", "b")}, noon)
	b.get(workspaceB, "/api/v1/query", query("up")) // builds the API
	for _, k := range killers() {
		t.Run(k.name, func(t *testing.T) {
			b := *b
			b.t = t
			b.ledger.take()
			ws := workspaceA
			if k.limits != nil {
				k.limits(&ws.Limits)
			}
			var got reply
			took, grown := measured(func() { got = b.ask(ws, k) })
			if got.status < 400 || got.status > 499 || got.Status != "error" || !strings.Contains(got.Error, k.says) {
				t.Errorf("got %d %.300s, want 4xx with %q", got.status, got.body, k.says)
			}
			if took > 10*time.Second || grown > 256<<20 {
				t.Errorf("took %s and %d MiB", took, grown>>20)
			}
			checkLedger(t, b.ledger.take(), ws, k)
			if r := b.get(workspaceB, "/api/v1/query", query("up")); !strings.Contains(r.body, `"42"`) {
				t.Errorf("the other workspace got %d %s", r.status, r.body)
			}
		})
	}
}

func (b *bed) ask(ws hearth.Workspace, k killer) reply {
	b.t.Helper()
	if strings.HasPrefix(k.path, labelValues) {
		return b.get(ws, k.path, k.form)
	}
	return b.post(ws, k.path, k.form)
}

func checkLedger(t *testing.T, got []hearth.Event, ws hearth.Workspace, k killer) {
	t.Helper()
	if k.reason == "" {
		return
	}
	if len(got) != 1 {
		t.Fatalf("got %d events, want one: %v", len(got), got)
	}
	e := got[0]
	if e.Kind != hearth.EventQueryRefused || e.Workspace != ws.ID || e.RequestID != "req-1" || e.Detail(hearth.DetailReason) != k.reason || e.Summary == "" {
		t.Errorf("got event %+v, want reason %q", e, k.reason)
	}
	if n := len(e.Detail(hearth.DetailQuery)); n > mostQueryText+8 {
		t.Errorf("the event carries %d bytes of query", n)
	}
}

// measured returns how long work took and how much the heap grew meanwhile, at most.
func measured(work func()) (time.Duration, uint64) {
	runtime.GC()
	heap := []runtimemetrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	runtimemetrics.Read(heap)
	before := heap[0].Value.Uint64()
	ctx, cancel := context.WithCancel(context.Background())
	peak := make(chan uint64)
	go func() {
		most := before
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			runtimemetrics.Read(heap)
			most = max(most, heap[0].Value.Uint64())
			select {
			case <-ctx.Done():
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	begun := time.Now()
	work()
	took := time.Since(begun)
	cancel()
	return took, <-peak - before
}

// podSeries are n series of pod_info in ten namespaces, one of ns_info for each
// namespace, and up.
func podSeries(n int) []labels.Labels {
	all := []labels.Labels{labels.FromStrings("__name__", "up", "job", "a")}
	for i := range n {
		all = append(all, labels.FromStrings("__name__", "pod_info", "ns", fmt.Sprint("ns-", i%10), "pod", fmt.Sprint("pod-", i)))
	}
	for i := range 10 {
		all = append(all, labels.FromStrings("__name__", "ns_info", "ns", fmt.Sprint("ns-", i)))
	}
	return all
}
