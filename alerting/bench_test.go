package alerting

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/notifier"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

func benchRoom(b *testing.B) *Room {
	b.Helper()
	st, err := store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "hearth.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r, err := New(Options{Store: st, Workspaces: &spaces{}, Publisher: &topics{}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		r.close()
		st.Close()
	})
	return r
}

func benchWorkspace(b *testing.B, r *Room, i int) hearth.Workspace {
	b.Helper()
	w := hearth.Workspace{ID: hearth.WorkspaceID(fmt.Sprintf("ws-%08d-0000-4000-8000-000000000000", i)), Account: "111122223333", Region: "eu-west-1"}
	config := "route: {receiver: ops, group_wait: 1h, group_by: [alertname]}\nreceivers: [{name: ops, sns_configs: [{topic_arn: 'arn:aws:sns:eu-west-1:1:t', sigv4: {region: eu-west-1}}]}]"
	if _, err := r.Create(b.Context(), w, wrap(config), nil); err != nil {
		b.Fatal(err)
	}
	return w
}

// What an open Alertmanager without alerts costs. One that is not open costs
// nothing.
func BenchmarkOpen(b *testing.B) {
	r := benchRoom(b)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	n := 0
	for b.Loop() {
		w := benchWorkspace(b, r, n)
		if err := r.with(b.Context(), w, func(*alertmanager) error { return nil }); err != nil {
			b.Fatal(err)
		}
		n++
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "heap-B/open")
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/float64(n), "goroutines/open")
}

// A batch of a hundred firing alerts, as rules send each minute.
func BenchmarkNotify(b *testing.B) {
	r := benchRoom(b)
	w := benchWorkspace(b, r, 0)
	var alerts []*notifier.Alert
	for i := range 100 {
		alerts = append(alerts, &notifier.Alert{Labels: labels.FromStrings("alertname", "Down", "n", fmt.Sprint(i)), StartsAt: time.Now(), EndsAt: time.Now().Add(time.Hour)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Notify(b.Context(), w, alerts...); err != nil {
			b.Fatal(err)
		}
	}
}
