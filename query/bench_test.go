package query

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/hearth-metrics/hearth"
)

// BenchmarkSmallInstantQuery compares the way through the API, guards and
// envelope included, with the engine alone: the difference is what the room
// costs.
func BenchmarkSmallInstantQuery(b *testing.B) {
	bd := newBed(b, Options{Memory: -1})
	bd.room.api()
	bd.load(workspaceA, 7, []labels.Labels{labels.FromStrings("__name__", "up", "job", "a")}, noon)
	b.Run("engine", func(b *testing.B) {
		h, err := bd.engine.Head(context.Background(), workspaceA)
		if err != nil {
			b.Fatal(err)
		}
		defer h.Release()
		e := bd.room.promqlFor(workspaceA.Limits)
		b.ReportAllocs()
		for b.Loop() {
			q, err := e.NewInstantQuery(context.Background(), h, nil, "sum(up)", noon)
			if err != nil {
				b.Fatal(err)
			}
			if res := q.Exec(context.Background()); res.Err != nil {
				b.Fatal(res.Err)
			}
			q.Close()
		}
	})
	b.Run("API", func(b *testing.B) { bd.benchmark(b, "/api/v1/query", query("sum(up)"), "") })
	b.Run("API gzip", func(b *testing.B) { bd.benchmark(b, "/api/v1/query", query("sum(up)"), "gzip") })
	b.Run("in process", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := bd.room.Query(context.Background(), workspaceA, "sum(up)", noon); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRangeQuery is a dashboard's panel over 2,000 series.
func BenchmarkRangeQuery(b *testing.B) {
	bd := newBed(b, Options{Memory: -1})
	bd.room.api()
	var at []time.Time
	for t := noon.Add(-time.Hour); !t.After(noon); t = t.Add(time.Minute) {
		at = append(at, t)
	}
	bd.load(workspaceA, 1, podSeries(2000), at...)
	form := over(`sum by (ns) (rate(pod_info[5m]))`, time.Hour, 15*time.Second)
	b.Run("engine", func(b *testing.B) {
		h, err := bd.engine.Head(context.Background(), workspaceA)
		if err != nil {
			b.Fatal(err)
		}
		defer h.Release()
		e := bd.room.promqlFor(workspaceA.Limits)
		b.ReportAllocs()
		for b.Loop() {
			q, err := e.NewRangeQuery(context.Background(), h, nil, form.Get("query"), noon.Add(-time.Hour), noon, 15*time.Second)
			if err != nil {
				b.Fatal(err)
			}
			if res := q.Exec(context.Background()); res.Err != nil {
				b.Fatal(res.Err)
			}
			q.Close()
		}
	})
	b.Run("API", func(b *testing.B) { bd.benchmark(b, "/api/v1/query_range", form, "gzip") })
}

func (bd *bed) benchmark(b *testing.B, path string, form url.Values, accept string) {
	ctx := hearth.WithWorkspace(context.Background(), workspaceA)
	target := path + "?" + form.Encode()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := &discard{header: make(http.Header)}
		bd.room.ServeHTTP(w, r)
		if w.status != 200 {
			b.Fatalf("status %d", w.status)
		}
	}
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return io.Discard.Write(p) }

// BenchmarkGuard is the cost of the guard before the parser: an ordinary query,
// and the texts it exists for.
func BenchmarkGuard(b *testing.B) {
	limits := hearth.LimitsOf(hearth.Local)
	for name, text := range map[string]string{
		"dashboard":             `histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket{job=~"api|web", namespace="shop"}[5m])))`,
		"200 KB of parentheses": nest("(", "1", ")", 100_000),
		"64 KiB of parentheses": nest("(", "1", ")", 32_000),
		"64 KiB of regexp":      "{a=~\"" + nest("(", "x{2}", ")", 300) + "\"}",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = checkText(text, limits)
			}
		})
	}
}
