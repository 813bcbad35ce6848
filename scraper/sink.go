package scraper

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
)

// A sink is where the scrape loops of one scraper append: it counts for each
// target, adds the external labels to what Prometheus reports about a target, and
// hands on to the workspace.
type sink struct {
	c  *collector
	to atomic.Pointer[outlet]
}

type outlet struct {
	storage.AppendableV2
	external []labels.Label
}

// A tally is what the last scrape of a target came to.
type tally struct {
	scraped  atomic.Int64 // samples in the answer
	relabel  atomic.Int64 // of those, after metric relabelling
	accepted atomic.Int64 // of those, taken by the workspace
	refused  atomic.Int64 // of those, not taken
	total    atomic.Int64 // accepted since the target is scraped
	why      atomic.Pointer[string]
}

// AppenderV2 begins one scrape's batch.
func (s *sink) AppenderV2(ctx context.Context) storage.AppenderV2 {
	out := s.to.Load()
	t, _ := scrape.TargetFromContext(ctx)
	return &counting{AppenderV2: out.AppenderV2(ctx), sink: s, out: out, target: t, tally: s.c.tallyOf(t)}
}

type counting struct {
	storage.AppenderV2
	sink   *sink
	out    *outlet
	target *scrape.Target
	tally  *tally

	accepted, refused int64
	scraped, relabel  int64
	up                float64
	reported          bool
	why               error
}

// reportMark ends the names under which a scrape loop appends its own report, so
// that they meet no metric's.
const reportMark = "\xff"

// Append hands one sample on.
func (a *counting) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	if name, ok := strings.CutSuffix(o.MetricFamilyName, reportMark); ok {
		o.MetricFamilyName = strings.Clone(name)
		a.report(name, v)
		return a.AppenderV2.Append(ref, a.out.label(ls), st, t, v, h, fh, o)
	}
	got, err := a.AppenderV2.Append(ref, ls, st, t, v, h, fh, o)
	switch {
	case h == nil && fh == nil && value.IsStaleNaN(v): // ours, not the target's
	case err == nil:
		a.accepted++
	default:
		a.refused++
		a.why = err
	}
	return got, err
}

func (a *counting) report(name string, v float64) {
	switch name {
	case "up":
		a.up, a.reported = v, !value.IsStaleNaN(v)
	case "scrape_samples_scraped":
		a.scraped = int64(v)
	case "scrape_samples_post_metric_relabeling":
		a.relabel = int64(v)
	}
}

// label adds the external labels that a series has not.
func (o *outlet) label(ls labels.Labels) labels.Labels {
	if len(o.external) == 0 {
		return ls
	}
	b := labels.NewBuilder(ls)
	for _, l := range o.external {
		if ls.Get(l.Name) == "" {
			b.Set(l.Name, l.Value)
		}
	}
	return b.Labels()
}

// Commit ends a scrape. One that the end of the collector has interrupted tells nothing
// of its target: not that it is down, and not that its series end.
func (a *counting) Commit() error {
	if a.reported && a.up == 0 && a.sink.c.ending.Load() {
		return a.AppenderV2.Rollback()
	}
	err := a.sink.c.room.committers.do(a.AppenderV2.Commit)
	if err != nil {
		a.refused, a.accepted, a.why = a.refused+a.accepted, 0, err
	}
	if a.reported && a.target != nil {
		a.keep()
		a.sink.c.scraped(a.target, a.up == 1, a.tally, err)
	}
	return err
}

func (a *counting) keep() {
	t := a.tally
	t.scraped.Store(a.scraped)
	t.relabel.Store(a.relabel)
	t.accepted.Store(a.accepted)
	t.refused.Store(a.refused)
	t.total.Add(a.accepted)
	m := a.sink.c.room.metrics
	m.samples.WithLabelValues("accepted").Add(float64(a.accepted))
	m.samples.WithLabelValues("refused").Add(float64(a.refused))
	t.why.Store(nil)
	if a.why != nil {
		text := clipTo(a.why.Error(), 300)
		t.why.Store(&text)
	}
}

func clipTo(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
