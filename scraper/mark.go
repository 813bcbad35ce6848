package scraper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/hearth-metrics/hearth"
)

// marksAtOnce is how many staleness markers are one batch; jobsAtOnce how many values
// of the label job are asked for together.
const (
	marksAtOnce = 1000
	jobsAtOnce  = 100
)

// markStale ends the series of a debt's targets that nobody has written to since, a
// millisecond after their last sample: a marker then is older than whatever anybody
// writes to them from now on, and takes nobody's place. It returns how many it ended.
func (r *Room) markStale(ctx context.Context, d *debt, ws hearth.Workspace) (marked int, err error) {
	head, err := r.opts.Samples.Head(ctx, ws)
	if err != nil {
		return 0, fmt.Errorf("read the workspace: %w", err)
	}
	defer head.Release()
	from, to := d.Since.Add(-longestDrain).UnixMilli(), max(r.opts.Now().UnixMilli(), d.Since.UnixMilli())+longestDrain.Milliseconds()
	q, err := head.Querier(from, to)
	if err != nil {
		return 0, fmt.Errorf("read the workspace: %w", err)
	}
	defer q.Close()
	m := &marking{to: r.opts.Append.Appendable(ws, "scraper "+d.Scraper.ID), until: d.until().UnixMilli()}
	mine := newTargetSets(d.Targets)
	for jobs := range slices.Chunk(jobsOf(d.Targets), jobsAtOnce) {
		of, err := labels.NewMatcher(labels.MatchRegexp, model.JobLabel, strings.Join(jobs, "|"))
		if err != nil {
			return m.done, err
		}
		set := q.Select(ctx, false, nil, of)
		for set.Next() {
			if !mine.has(set.At().Labels()) {
				continue
			}
			if err := m.end(ctx, set.At()); err != nil {
				return m.done, err
			}
		}
		if err := set.Err(); err != nil {
			return m.done, fmt.Errorf("read the workspace: %w", err)
		}
	}
	return m.done, m.commit()
}

// jobsOf are the jobs of targets as regular expressions.
func jobsOf(targets []map[string]string) []string {
	all := map[string]bool{}
	for _, of := range targets {
		all[regexp.QuoteMeta(of[model.JobLabel])] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// A marking writes markers, some a batch.
type marking struct {
	to      storage.AppendableV2
	until   int64 // a series with a later sample is somebody else's now
	app     storage.AppenderV2
	pending int
	done    int
	it      chunkenc.Iterator
}

// end marks a series stale, unless it is, or is somebody else's.
func (m *marking) end(ctx context.Context, s storage.Series) error {
	var last marker
	m.it = s.Iterator(m.it)
	for kind := m.it.Next(); kind != chunkenc.ValNone; kind = m.it.Next() {
		last.read(m.it, kind)
	}
	if err := m.it.Err(); err != nil {
		return fmt.Errorf("read the workspace: %w", err)
	}
	if last.kind == chunkenc.ValNone || last.t > m.until || last.stale {
		return nil
	}
	if m.app == nil {
		m.app = m.to.AppenderV2(ctx)
	}
	v, h, fh := last.after()
	_, err := m.app.Append(0, s.Labels().Copy(), 0, last.t+1, v, h, fh, storage.AOptions{})
	switch {
	case errors.Is(err, storage.ErrOutOfBounds), errors.Is(err, storage.ErrOutOfOrderSample), errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		return nil // as old as nothing is taken any more, or somebody else was faster
	case err != nil:
		err = errors.Join(err, m.app.Rollback())
		m.app, m.pending = nil, 0
		return err
	}
	if m.pending++; m.pending < marksAtOnce {
		return nil
	}
	return m.commit()
}

func (m *marking) commit() error {
	if m.app == nil {
		return nil
	}
	app, n := m.app, m.pending
	m.app, m.pending = nil, 0
	if err := app.Commit(); err != nil {
		return fmt.Errorf("write staleness markers: %w", err)
	}
	m.done += n
	return nil
}

// A marker is what is known of a series' last sample, to end the series after it.
type marker struct {
	kind  chunkenc.ValueType
	t     int64
	stale bool
}

func (m *marker) read(it chunkenc.Iterator, kind chunkenc.ValueType) {
	m.kind, m.t = kind, it.AtT()
	switch kind {
	case chunkenc.ValHistogram:
		_, h := it.AtHistogram(nil)
		m.stale = value.IsStaleNaN(h.Sum)
	case chunkenc.ValFloatHistogram:
		_, h := it.AtFloatHistogram(nil)
		m.stale = value.IsStaleNaN(h.Sum)
	default:
		_, v := it.At()
		m.stale = value.IsStaleNaN(v)
	}
}

// after is the staleness marker of the sample's own kind.
func (m *marker) after() (float64, *histogram.Histogram, *histogram.FloatHistogram) {
	stale := math.Float64frombits(value.StaleNaN)
	switch m.kind {
	case chunkenc.ValHistogram:
		return 0, &histogram.Histogram{Sum: stale}, nil
	case chunkenc.ValFloatHistogram:
		return 0, nil, &histogram.FloatHistogram{Sum: stale}
	default:
		return stale, nil, nil
	}
}

// targetSets find out whether a series has all the labels of one of many targets. They
// are kept by which names they have, so that a series is looked up once a set of names.
type targetSets map[string]*targetSet

type targetSet struct {
	names  []string
	values map[string]bool
}

// between stands between the parts of a key: in UTF-8 there is no such byte.
const between = "\xff"

func newTargetSets(targets []map[string]string) targetSets {
	sets := targetSets{}
	for _, of := range targets {
		names := slices.Sorted(maps.Keys(of))
		id := strings.Join(names, between)
		if sets[id] == nil {
			sets[id] = &targetSet{names: names, values: map[string]bool{}}
		}
		sets[id].values[sets[id].key(func(name string) string { return of[name] })] = true
	}
	return sets
}

func (s *targetSet) key(of func(name string) string) string {
	parts := make([]string, len(s.names))
	for i, name := range s.names {
		parts[i] = of(name)
	}
	return strings.Join(parts, between)
}

func (s targetSets) has(ls labels.Labels) bool {
	for _, set := range s {
		if len(set.names) > 0 && set.values[set.key(ls.Get)] {
			return true
		}
	}
	return false
}
