package query_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine/embedded"
	"github.com/hearth-metrics/hearth/query"
)

// BenchmarkRefresh is an hour of a panel over 2,000 series, each time a step
// later: evaluated as a whole, and from what was kept.
func BenchmarkRefresh(b *testing.B) {
	w, ws := newTwin(b, embedded.Options{}), workspace(hearth.NewWorkspaceID())
	h, err := w.metrics.Head(context.Background(), ws)
	if err != nil {
		b.Fatal(err)
	}
	defer h.Release()
	var all []labels.Labels
	for i := range 2000 {
		all = append(all, labels.FromStrings("__name__", "http_requests_total", "namespace", "team-"+strconv.Itoa(i%20), "pod", "pod-"+strconv.Itoa(i)))
	}
	const hours = 2
	for ts := int64(0); ts < hours*3600_000; ts += 15_000 {
		a := h.AppenderV2(context.Background())
		for i, ls := range all {
			if _, err := a.Append(0, ls, 0, ts, float64(ts/1000*int64(i%7)), nil, nil, storage.AOptions{}); err != nil {
				b.Fatal(err)
			}
		}
		if err := a.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	for _, text := range []string{`sum by (namespace) (rate(http_requests_total[5m]))`, `rate(http_requests_total{namespace="team-7"}[5m])`} {
		b.Run(text, func(b *testing.B) {
			for name, room := range map[string]*query.Room{"whole": w.plain, "kept": w.keeps} {
				b.Run(name, func(b *testing.B) {
					b.ReportAllocs()
					for i := int64(0); b.Loop(); i++ {
						from := i % 200 * 15
						ask(room, ws, text, at{from, from + 3600, 15})
					}
				})
			}
		})
	}
}
