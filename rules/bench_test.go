package rules_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/rules"
)

const (
	benchWorkspaces = 200
	benchGroups     = 5  // of a workspace
	benchRules      = 10 // of a group: 10,000 in all
	benchSeries     = 100
)

// late measures how long after its slot each rule was asked.
type late struct {
	to     rules.Query
	mu     sync.Mutex
	delays []time.Duration
}

func (l *late) Query(ctx context.Context, ws hearth.Workspace, text string, at time.Time) (parser.Value, annotations.Annotations, error) {
	delay := time.Since(at)
	l.mu.Lock()
	l.delays = append(l.delays, delay)
	l.mu.Unlock()
	return l.to.Query(ctx, ws, text, at)
}

func (l *late) take() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.delays
	l.delays = nil
	slices.Sort(all)
	return all
}

// BenchmarkTenThousandRules evaluates 10,000 alerting rules of 200 workspaces,
// each once a minute, for as many minutes as it is given iterations, and tells
// how late they were: go test ./rules -run ^$ -bench TenThousand -benchtime 1x
func BenchmarkTenThousandRules(b *testing.B) {
	bed := benchBed(b)
	asked := &late{to: bed.query}
	room := rules.New(rules.Options{
		Store: bed.store, Workspaces: bed.workspaces, Query: asked, Append: bed.ingest, Engine: bed.engine, Notify: bed.heard, Recorder: bed.heard,
	})
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = room.Run(ctx) })
	eventually(b, "all rules were evaluated", func() bool { return len(asked.peek()) >= benchWorkspaces })
	waitFor(b, time.Minute+time.Second) // the first round opens every workspace
	asked.take()
	cpu := cpuTime()
	b.ResetTimer()
	for range b.N {
		waitFor(b, time.Minute)
	}
	b.StopTimer()
	used, delays := cpuTime()-cpu, asked.take()
	cancel()
	running.Wait()

	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	at := func(q float64) float64 { return delays[int(q*float64(len(delays)-1))].Seconds() }
	b.ReportMetric(at(.5), "p50-s")
	b.ReportMetric(at(.99), "p99-s")
	b.ReportMetric(at(1), "max-s")
	b.ReportMetric(float64(len(delays))/float64(b.N), "evaluations/min")
	b.ReportMetric(used.Seconds()/float64(b.N), "cpu-s/min")
	b.ReportMetric(used.Seconds()*1e6/float64(len(delays)), "cpu-us/evaluation")
	b.ReportMetric(float64(mem.HeapAlloc)/1e6, "heap-MB")
}

func (l *late) peek() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delays
}

func waitFor(b *testing.B, d time.Duration) {
	select {
	case <-time.After(d):
	case <-b.Context().Done():
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchBed has 200 workspaces with ten minutes of 100 counters each, on the
// machine's clock.
func benchBed(b *testing.B) *bed {
	b.Helper()
	bed := newBed(b, func(bed *bed) {
		bed.clock = time.Now
		bed.workspaces = newWorkspaces()
		for i := range benchWorkspaces {
			bed.workspaces.add(workspace(i + 1))
		}
	})
	for i := range benchWorkspaces {
		ws := workspace(i + 1)
		bed.fill(ws)
		if _, err := bed.Create(as(b.Context()), ws.ID, rules.CreateInput{Name: "bench", Data: []byte(benchFile())}); err != nil {
			b.Fatal(err)
		}
	}
	return bed
}

func (b *bed) fill(ws hearth.Workspace) {
	b.t.Helper()
	app := b.ingest.Appendable(ws, "bench").AppenderV2(b.t.Context())
	now := time.Now()
	for i := range benchSeries {
		ls := labels.FromStrings("__name__", "requests_total", "job", fmt.Sprint("job-", i%10), "instance", fmt.Sprint("instance-", i))
		var ref storage.SeriesRef
		for at, n := now.Add(-5*time.Minute), 0; at.Before(now.Add(5 * time.Minute)); at, n = at.Add(15*time.Second), n+1 {
			got, err := app.Append(ref, ls, 0, at.UnixMilli(), float64(n*(i+1)), nil, nil, storage.AOptions{})
			if err != nil {
				b.t.Fatal(err)
			}
			ref = got
		}
	}
	if err := app.Commit(); err != nil {
		b.t.Fatal(err)
	}
}

// benchFile has rules of which one in ten fires.
func benchFile() string {
	var f strings.Builder
	f.WriteString("groups:\n")
	for g := range benchGroups {
		fmt.Fprintf(&f, "- name: g%d\n  rules:\n", g)
		for r := range benchRules {
			fmt.Fprintf(&f, "  - alert: Busy%d\n    expr: sum by (job) (rate(requests_total{job=\"job-%d\"}[5m])) > %d\n    for: 1m\n    annotations: {summary: '{{ $labels.job }} has {{ $value }}'}\n", r, r, 100*min(r, 1))
		}
	}
	return f.String()
}
