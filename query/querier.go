package query

import (
	"context"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/hearth-metrics/hearth"
)

// workspaces is the storage Prometheus' API believes in: each call reads the
// workspace of its context.
type workspaces struct{}

var _ storage.SampleAndChunkQueryable = workspaces{}

// Querier returns a querier that opens its workspace when first asked.
func (workspaces) Querier(mint, maxt int64) (storage.Querier, error) {
	return &querier{mint: mint, maxt: maxt}, nil
}

// ChunkQuerier is what remote read would use, which is not served.
func (workspaces) ChunkQuerier(int64, int64) (storage.ChunkQuerier, error) {
	return nil, &hearth.Error{Kind: hearth.NotServed, Msg: "chunks are not served"}
}

func (workspaces) ExemplarQuerier(ctx context.Context) (storage.ExemplarQuerier, error) {
	rd, err := readingFrom(ctx)
	if err != nil {
		return nil, err
	}
	h, err := rd.open(ctx)
	if err != nil {
		return nil, err
	}
	inner, err := h.ExemplarQuerier(ctx)
	if err != nil {
		return nil, rd.fail(err)
	}
	return exemplars{rd, inner}, nil
}

type exemplars struct {
	rd    *reading
	inner storage.ExemplarQuerier
}

func (x exemplars) Select(start, end int64, matchers ...[]*labels.Matcher) ([]exemplar.QueryResult, error) {
	found, err := x.inner.Select(start, end, matchers...)
	if err != nil {
		return nil, x.rd.fail(err)
	}
	return found, nil
}

// A querier reads one workspace, bounded by its reading. It is opened by the
// first call, because only calls carry a context; the reading closes it.
type querier struct {
	mint, maxt int64
	rd         *reading
	inner      storage.Querier
}

var _ storage.Querier = (*querier)(nil)

func (q *querier) open(ctx context.Context) error {
	if q.inner != nil {
		return nil
	}
	rd, err := readingFrom(ctx)
	if err != nil {
		return err
	}
	h, err := rd.open(ctx)
	if err != nil {
		return err
	}
	inner, err := h.Querier(q.mint, q.maxt)
	if err != nil {
		return rd.fail(err)
	}
	q.rd, q.inner = rd, inner
	rd.queriers = append(rd.queriers, inner)
	return nil
}

// Close does nothing: see reading.end.
func (q *querier) Close() error { return nil }

func (q *querier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	if err := q.open(ctx); err != nil {
		return storage.ErrSeriesSet(err)
	}
	cost := q.rd.plan.selection(q.rd.selected)
	q.rd.selected++
	if hints != nil && hints.Func != "series" {
		if err := q.rd.checkSelected(hints.End - hints.Start); err != nil {
			return storage.ErrSeriesSet(err)
		}
		cost.bytes += chunksBytes(hints.End - hints.Start)
	}
	return &boundedSet{
		SeriesSet: q.inner.Select(ctx, sorted || q.rd.orderly, hints, matchers...),
		rd:        q.rd, cost: cost,
	}
}

func (q *querier) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	if err := q.open(ctx); err != nil {
		return nil, nil, err
	}
	values, notes, err := q.inner.LabelValues(ctx, name, hints, matchers...)
	return q.strings(values, notes, err)
}

func (q *querier) LabelNames(ctx context.Context, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	if err := q.open(ctx); err != nil {
		return nil, nil, err
	}
	names, notes, err := q.inner.LabelNames(ctx, hints, matchers...)
	return q.strings(names, notes, err)
}

// strings accounts what a label call returned.
func (q *querier) strings(found []string, notes annotations.Annotations, err error) ([]string, annotations.Annotations, error) {
	if err != nil {
		return nil, notes, q.rd.fail(err)
	}
	n := 0
	for _, s := range found {
		n += len(s) + 16
	}
	if err := q.rd.take(float64(n)); err != nil {
		return nil, notes, err
	}
	return found, notes, nil
}

// boundedSet counts the series it passes on, and ends with an error when the
// workspace's limits are reached.
type boundedSet struct {
	storage.SeriesSet
	rd   *reading
	cost selectCost
	seen int
	err  error
}

func (s *boundedSet) Next() bool {
	if s.err != nil || !s.SeriesSet.Next() {
		return false
	}
	s.seen++
	if most := s.rd.ws.Limits.QuerySeries; most > 0 && s.seen > most {
		s.err = s.rd.fail(overLimit("series", s.seen, most, "a selector of the query matches too many series (%d or more, limit: %d)"))
		return false
	}
	ls := s.SeriesSet.At().Labels()
	s.rd.reserved = s.rd.reserved || ls.Has(model.MetricTypeLabel) || ls.Has(model.MetricUnitLabel)
	s.err = s.rd.account(ls, s.cost.series(s.seen))
	return s.err == nil
}

func (s *boundedSet) Err() error {
	if s.err != nil {
		return s.err
	}
	if err := s.SeriesSet.Err(); err != nil {
		return s.rd.fail(err)
	}
	return nil
}
