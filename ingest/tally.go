package ingest

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
)

// late are the samples of a batch that came out of order: how many, and how old the
// first of them are, in seconds.
type late struct {
	n    int
	ages []float64
}

// maxAges bounds how many ages of one batch are told.
const maxAges = 4096

// offer gives a point to the engine. Where it may come out of order it is offered as
// one that may not first: only so can one that does be told from others.
func (x *intake) offer(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	if x.limits.OutOfOrderWindow <= 0 {
		return x.app.Append(ref, ls, st, t, v, h, fh, o)
	}
	o.RejectOutOfOrder = true
	got, err := x.app.Append(ref, ls, st, t, v, h, fh, o)
	if err == nil || !errors.Is(err, storage.ErrOutOfOrderSample) {
		return got, err
	}
	o.RejectOutOfOrder = false
	if got, err = x.app.Append(ref, ls, st, t, v, h, fh, o); err == nil || got != 0 {
		x.late.n++
		if len(x.late.ages) < maxAges {
			x.late.ages = append(x.late.ages, max(0, x.from.now.Sub(time.UnixMilli(t)).Seconds()))
		}
	}
	return got, err
}

// sets count what falls into the label sets that a workspace bounds, by their place
// among them. Nothing is counted where there are none.
type sets struct {
	taken, refusedSamples, refusedSeries []int
	latest                               uint64 // hash of the series refused before
}

// members calls fn with the place of each label set that the series belongs to. The
// empty one has what no other has.
func members(l hearth.Limits, ls labels.Labels, fn func(i int)) {
	rest, taken := -1, false
	for i := range l.LabelSets {
		switch set := l.LabelSets[i].Labels; {
		case len(set) == 0:
			rest = i
		case holds(set, ls):
			taken = true
			fn(i)
		}
	}
	if rest >= 0 && !taken {
		fn(rest)
	}
}

func holds(set map[string]string, ls labels.Labels) bool {
	for name, value := range set {
		if ls.Get(name) != value {
			return false
		}
	}
	return true
}

// stored counts n samples of a series that are stored with the batch.
func (c *sets) stored(l hearth.Limits, ls labels.Labels, n int) {
	members(l, ls, func(i int) {
		c.taken = grown(c.taken, len(l.LabelSets))
		c.taken[i] += n
	})
}

// refused counts n samples of a series that are not.
func (c *sets) refused(l hearth.Limits, ls labels.Labels, n int) {
	if len(l.LabelSets) == 0 {
		return
	}
	hash := ls.Hash()
	members(l, ls, func(i int) {
		c.refusedSamples, c.refusedSeries = grown(c.refusedSamples, len(l.LabelSets)), grown(c.refusedSeries, len(l.LabelSets))
		c.refusedSamples[i] += max(n, 1)
		if hash != c.latest {
			c.refusedSeries[i]++
		}
	})
	c.latest = hash
}

// batch counts the points of a request that are stored: all but those that were
// refused one by one.
func (c *sets) batch(l hearth.Limits, b *batch) {
	if len(l.LabelSets) == 0 {
		return
	}
	for i := range b.series {
		if s := &b.series[i]; s.state == ready && s.ref != 0 {
			c.stored(l, s.labels, len(b.samplesOf(i))+len(b.histsOf(i))-int(s.refused))
		}
	}
}

func grown(counts []int, n int) []int {
	if counts == nil {
		return make([]int, n)
	}
	return counts
}

// LabelSetName is how a label set is written in a dimension of CloudWatch:
// {app="web",env="prod"}.
func LabelSetName(set map[string]string) string {
	parts := make([]string, 0, len(set))
	for name, value := range set {
		parts = append(parts, name+"="+strconv.Quote(value))
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

// tally tells what a batch that is stored came to.
func (x *intake) tally() {
	t, ws := x.room.tally, x.from.workspace.ID
	for what, n := range map[hearth.Tallied]int{
		hearth.TallyHistograms: x.stored.histograms, hearth.TallyHistogramBuckets: x.stored.buckets,
		hearth.TallyHistogramsReduced: x.stored.reduced, hearth.TallyOutOfOrder: x.late.n,
	} {
		if n > 0 {
			t.Count(ws, what, "", float64(n))
		}
	}
	for _, age := range x.late.ages {
		t.Measure(ws, hearth.TallyOutOfOrderAge, age)
	}
	for i, n := range x.sets.taken {
		if n > 0 {
			t.Count(ws, hearth.TallyIngestedPerLabelSet, LabelSetName(x.limits.LabelSets[i].Labels), float64(n))
		}
	}
}

// tallyRefused tells what of a batch was refused.
func (r *Room) tallyRefused(ws hearth.Workspace, x *refusals, c *sets) {
	for reason, n := range x.reasons {
		r.tally.Count(ws.ID, hearth.TallyDiscardedSamples, reason, float64(n))
		r.tally.Count(ws.ID, hearth.TallyDiscardedSeries, reason, float64(x.series[reason]))
	}
	for i, n := range c.refusedSamples {
		if n > 0 {
			name := LabelSetName(ws.Limits.LabelSets[i].Labels)
			r.tally.Count(ws.ID, hearth.TallyDiscardedSamplesPerLabelSet, name, float64(n))
			r.tally.Count(ws.ID, hearth.TallyDiscardedSeriesPerLabelSet, name, float64(c.refusedSeries[i]))
		}
	}
}

// throttled counts a batch that came too fast.
func (r *Room) throttled(ws hearth.WorkspaceID, samples int) {
	r.metrics.discarded.WithLabelValues(rateLimited).Add(float64(samples))
	r.tally.Count(ws, hearth.TallyDiscardedSamples, rateLimited, float64(samples))
}

// HAReplicaGroups is how many groups of replicas a workspace was written by lately.
func (r *Room) HAReplicaGroups(id hearth.WorkspaceID) int {
	r.workspaces.mu.Lock()
	w := r.workspaces.byID[id]
	r.workspaces.mu.Unlock()
	if w == nil {
		return 0
	}
	w.ha.mu.Lock()
	defer w.ha.mu.Unlock()
	return len(w.ha.leaders)
}
