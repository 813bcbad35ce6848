package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// AWS's reasons for refusing a new series.
const (
	reasonSeries     = "per_user_series_limit"
	reasonLabelSet   = "per_labelset_series_limit"
	reasonHistograms = "per_user_native_histogram_series_limit"
)

// series counts a workspace's series and refuses those over a limit. It is the
// TSDB's tsdb.SeriesLifecycleCallback. Counts are exact; series that several
// appenders create at the same instant may go over a limit by their number.
type series struct {
	replaying atomic.Bool // what is in the log was let in before
	total     atomic.Int64
	histAhead atomic.Int64 // native histogram series not yet committed
	dropped   func([]storage.SeriesRef)

	// creating is read-locked while a series may come to be, and locked while
	// all are counted anew.
	creating sync.RWMutex
	caps     atomic.Pointer[caps]
}

// caps are a workspace's limits on series, in the form the hot path wants.
type caps struct {
	max, maxHistograms int64
	sets               []*labelSet
	rest               *labelSet // takes what no other set takes; may be nil
}

type labelSet struct {
	match []labels.Label
	max   int64
	n     *atomic.Int64
}

func newSeries(l hearth.Limits, dropped func([]storage.SeriesRef)) *series {
	s := &series{dropped: dropped}
	s.replaying.Store(true)
	s.caps.Store(newCaps(l))
	return s
}

func newCaps(l hearth.Limits) *caps {
	c := &caps{max: l.ActiveSeries, maxHistograms: l.NativeHistogramSeries}
	for _, set := range l.LabelSets {
		ls := &labelSet{max: set.MaxSeries, n: new(atomic.Int64)}
		for _, name := range slices.Sorted(maps.Keys(set.Labels)) {
			ls.match = append(ls.match, labels.Label{Name: name, Value: set.Labels[name]})
		}
		c.sets = append(c.sets, ls)
		if len(ls.match) == 0 {
			c.rest = ls
		}
	}
	return c
}

// each calls f for the label sets that ls belongs to.
func (c *caps) each(ls labels.Labels, f func(*labelSet) error) error {
	taken := false
	for _, set := range c.sets {
		if len(set.match) == 0 || !set.takes(ls) {
			continue
		}
		taken = true
		if err := f(set); err != nil {
			return err
		}
	}
	if taken || c.rest == nil {
		return nil
	}
	return f(c.rest)
}

func (set *labelSet) takes(ls labels.Labels) bool {
	for _, m := range set.match {
		if ls.Get(m.Name) != m.Value {
			return false
		}
	}
	return true
}

// PreCreation implements tsdb.SeriesLifecycleCallback.
func (s *series) PreCreation(ls labels.Labels) error {
	if s.replaying.Load() {
		return nil
	}
	c := s.caps.Load()
	if c.max > 0 && s.total.Load() >= c.max {
		return &engine.LimitError{Reason: reasonSeries, Limit: c.max, Labels: ls}
	}
	if len(c.sets) == 0 {
		return nil
	}
	return c.each(ls, func(set *labelSet) error {
		if set.max > 0 && set.n.Load() >= set.max {
			return &engine.LimitError{Reason: reasonLabelSet, Limit: set.max, Labels: ls}
		}
		return nil
	})
}

// PostCreation implements tsdb.SeriesLifecycleCallback.
func (s *series) PostCreation(ls labels.Labels) {
	s.total.Add(1)
	s.caps.Load().add(ls, 1)
}

// PostDeletion implements tsdb.SeriesLifecycleCallback.
func (s *series) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	if len(gone) == 0 {
		return
	}
	s.total.Add(-int64(len(gone)))
	c := s.caps.Load()
	refs := make([]storage.SeriesRef, 0, len(gone))
	for ref, ls := range gone {
		c.add(ls, -1)
		refs = append(refs, storage.SeriesRef(ref))
	}
	s.dropped(refs)
}

func (c *caps) add(ls labels.Labels, n int64) {
	if len(c.sets) == 0 {
		return
	}
	_ = c.each(ls, func(set *labelSet) error {
		set.n.Add(n)
		return nil
	})
}

// bySet returns how many series each label set has, in the order of the limits.
func (s *series) bySet() []int64 {
	c := s.caps.Load()
	if len(c.sets) == 0 {
		return nil
	}
	n := make([]int64, len(c.sets))
	for i, set := range c.sets {
		n[i] = set.n.Load()
	}
	return n
}

// setMax changes the limits where the label sets stay the same.
func (s *series) setMax(l hearth.Limits) {
	s.creating.Lock()
	defer s.creating.Unlock()
	c := newCaps(l)
	for i, set := range s.caps.Load().sets {
		c.sets[i].n = set.n
	}
	s.caps.Store(c)
}

// recount counts all series by new label sets. No series is created meanwhile,
// and the caller sees to it that none is collected.
func (s *series) recount(h *tsdb.Head, l hearth.Limits) error {
	s.creating.Lock()
	defer s.creating.Unlock()
	c := newCaps(l)
	defer s.caps.Store(c)
	if len(c.sets) == 0 {
		return nil
	}
	return eachSeries(h, func(ls labels.Labels, _ []chunks.Meta) { c.add(ls, 1) })
}

// eachSeries calls f for every series in memory.
func eachSeries(h *tsdb.Head, f func(labels.Labels, []chunks.Meta)) error {
	ir, err := h.Index()
	if err != nil {
		return fmt.Errorf("read the index: %w", err)
	}
	defer ir.Close()
	name, value := index.AllPostingsKey()
	p, err := ir.Postings(context.Background(), name, value)
	if err != nil {
		return fmt.Errorf("list series: %w", err)
	}
	var (
		b    labels.ScratchBuilder
		meta []chunks.Meta
	)
	for p.Next() {
		err := ir.Series(p.At(), &b, &meta)
		if errors.Is(err, storage.ErrNotFound) {
			continue // collected since
		}
		if err != nil {
			return fmt.Errorf("read series: %w", err)
		}
		f(b.Labels(), meta)
	}
	return p.Err()
}

// sameLimits compares what the engine cares about.
func sameLimits(a, b *hearth.Limits) bool {
	return a.ActiveSeries == b.ActiveSeries && a.NativeHistogramSeries == b.NativeHistogramSeries &&
		a.Retention == b.Retention && a.OutOfOrderWindow == b.OutOfOrderWindow &&
		a.MetadataMetrics == b.MetadataMetrics && a.MetadataPerMetric == b.MetadataPerMetric && a.MetadataBytes == b.MetadataBytes &&
		sameSetLimits(a.LabelSets, b.LabelSets)
}

func sameSetLimits(a, b []hearth.LabelSetLimit) bool {
	if len(a) == len(b) && unsafe.SliceData(a) == unsafe.SliceData(b) {
		return true
	}
	return slices.EqualFunc(a, b, func(x, y hearth.LabelSetLimit) bool {
		return x.MaxSeries == y.MaxSeries && maps.Equal(x.Labels, y.Labels)
	})
}

// sameLabelSets compares the sets and not their limits.
func sameLabelSets(a, b []hearth.LabelSetLimit) bool {
	return slices.EqualFunc(a, b, func(x, y hearth.LabelSetLimit) bool { return maps.Equal(x.Labels, y.Labels) })
}
