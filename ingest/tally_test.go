package ingest

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"

	"github.com/hearth-metrics/hearth"
)

// counts is a hearth.Tally that remembers.
type counts struct {
	mu  sync.Mutex
	all map[string]float64
}

func (c *counts) Count(_ hearth.WorkspaceID, what hearth.Tallied, of string, n float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]float64{}
	}
	c.all[fmt.Sprintf("%s %s", what, of)] += n
}

func (c *counts) Measure(ws hearth.WorkspaceID, what hearth.Tallied, value float64) {
	c.Count(ws, what, "measured", value)
}

func (c *counts) want(t *testing.T, of string, n float64) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all[of] != n {
		t.Errorf("%q counted %v, want %v; all: %v", of, c.all[of], n, c.all)
	}
}

func tallied(t *testing.T, limits ...func(*hearth.Limits)) (*workbench, *counts) {
	c := &counts{}
	b := newWorkbench(t, limits...)
	b.room = New(Options{Engine: b.engine, Now: b.clock, Recorder: b, Tally: c})
	return b, c
}

func aged(b *workbench, ages ...time.Duration) (all []prompb.Sample) {
	for i, age := range ages {
		all = append(all, prompb.Sample{Timestamp: b.clock().Add(-age).UnixMilli(), Value: float64(i)})
	}
	return all
}

func pairsNamed(pairs ...string) (all []prompb.Label) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, prompb.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

// Discarded samples and series are counted by reason, and beside them by label set.
func TestTallyOfTheRefused(t *testing.T) {
	b, c := tallied(t, func(l *hearth.Limits) {
		l.LabelSets = []hearth.LabelSetLimit{{Labels: map[string]string{"app": "web"}}, {Labels: map[string]string{}}}
		l.OutOfOrderWindow = 0
	})
	b.v1(prompb.TimeSeries{Labels: pairsNamed("__name__", "tea", "app", "web"), Samples: aged(b, 0)},
		prompb.TimeSeries{Labels: pairsNamed("__name__", "tea", "app", "other"), Samples: aged(b, time.Second, 0)})
	b.v1(prompb.TimeSeries{Labels: pairsNamed("__name__", "tea", "app", "web"), Samples: aged(b, 2*time.Minute, time.Minute)},
		prompb.TimeSeries{Labels: pairsNamed("app", "web"), Samples: aged(b, 0)})
	c.want(t, "DiscardedSamples sample-out-of-order", 2)
	c.want(t, "DiscardedSeries sample-out-of-order", 1)
	c.want(t, "DiscardedSamples missing_metric_name", 1)
	c.want(t, "DiscardedSeries missing_metric_name", 1)
	c.want(t, `DiscardedSamplesPerLabelSet {app="web"}`, 3)
	c.want(t, `DiscardedSeriesPerLabelSet {app="web"}`, 2)
	c.want(t, `DiscardedSamplesPerLabelSet {}`, 0)
	c.want(t, `IngestionRatePerLabelSet {app="web"}`, 1)
	c.want(t, `IngestionRatePerLabelSet {}`, 2)
}

// A sample that comes late is stored, and counted with its age.
func TestTallyOfTheLate(t *testing.T) {
	b, c := tallied(t)
	series := prompb.TimeSeries{Labels: pairsNamed("__name__", "tea"), Samples: aged(b, 0)}
	b.v1(series)
	c.want(t, "OutOfOrderIngestionRate ", 0)
	series.Samples = aged(b, 30*time.Second)
	if w := b.v1(series); w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	c.want(t, "OutOfOrderIngestionRate ", 1)
	c.want(t, "OutOfOrderSampleAge measured", 30)
	series.Samples = aged(b, time.Hour)
	b.v1(series)
	c.want(t, "OutOfOrderIngestionRate ", 1)
	c.want(t, "DiscardedSamples sample-too-old", 1)
}

// A batch that comes too fast is counted as a whole; replicas are known by group.
func TestTallyOfTheThrottledAndReplicas(t *testing.T) {
	b, c := tallied(t, func(l *hearth.Limits) { l.IngestRate, l.IngestBurst = 1, 1 })
	b.v1(prompb.TimeSeries{Labels: pairsNamed("__name__", "tea", "__replica__", "a", "cluster", "x"), Samples: aged(b, 2*time.Second, time.Second, 0)})
	c.want(t, "DiscardedSamples rate_limited", 3)
	if n := b.room.HAReplicaGroups(b.ws.ID); n != 1 {
		t.Errorf("%d groups of replicas, want 1", n)
	}
}
