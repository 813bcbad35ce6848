package ingest

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"golang.org/x/time/rate"

	"github.com/hearth-metrics/hearth/engine"
)

// explain turns the engine's error about one sample into a refusal; nil if the
// error is about something else.
func (x *intake) explain(ls labels.Labels, t int64, err error) *refusal {
	if limit, ok := errors.AsType[*engine.LimitError](err); ok {
		return x.overLimit(limit).when(t)
	}
	var r *refusal
	switch {
	case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		r = refuse(newValue, "samples with different value but same timestamp (duplicate sample for timestamp)")
	case errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrOutOfBounds):
		r = refuse(tooOld, "too old sample (out of order sample)")
		x.oldest(r)
	case errors.Is(err, storage.ErrOutOfOrderSample):
		r = refuse(outOfOrder, "out of order sample")
	default:
		if bad, ok := errors.AsType[histogram.Error](err); ok {
			return refuse(histogramInvalid, bad.Error()).when(t)
		}
		return nil
	}
	r.last = x.newest(ls, t)
	return r.when(t)
}

// oldest notes the oldest time that would have been taken.
func (x *intake) oldest(r *refusal) {
	newest := x.head.Stats().MaxTime
	if x.limits.OutOfOrderWindow > 0 && newest > math.MinInt64+x.limits.OutOfOrderWindow.Milliseconds() {
		at := newest - x.limits.OutOfOrderWindow.Milliseconds()
		r.limit = &at
	}
}

// overLimit puts a limit on series in AWS's words.
func (x *intake) overLimit(e *engine.LimitError) *refusal {
	user := fmt.Sprintf("user=%s_%s: ", x.from.workspace.Account, x.from.workspace.ID)
	what := map[string]string{
		"per_user_series_limit":                  "per-user series limit",
		"per_labelset_series_limit":              "per-labelset series limit",
		"per_metric_series_limit":                "per-metric series limit",
		"per_user_native_histogram_series_limit": "per-user native histogram series limit",
	}[e.Reason]
	if what == "" {
		what = e.Reason
	}
	return refuse(e.Reason, fmt.Sprintf("%s%s of %d exceeded, please contact administrator to raise it", user, what, e.Limit)).bound(int(e.Limit), 0)
}

// A lookupBudget bounds how often the newest sample of a series is looked up for
// a message: a sender of nothing but old samples must not cost a query each.
type lookupBudget = rate.Limiter

func newLookupBudget() *lookupBudget { return rate.NewLimiter(20, 20) }

// newest returns the time of the series' newest sample after t, if it can be
// found cheaply. Only the first refusal of a request gets it.
func (x *intake) newest(ls labels.Labels, t int64) *int64 {
	if len(x.refusals.events) > 0 || !x.room.lookups.AllowN(x.from.now, 1) {
		return nil
	}
	q, err := x.head.Querier(t, math.MaxInt64)
	if err != nil {
		return nil
	}
	defer q.Close()
	var match []*labels.Matcher
	ls.Range(func(l labels.Label) { match = append(match, labels.MustNewMatcher(labels.MatchEqual, l.Name, l.Value)) })
	set := q.Select(context.Background(), false, nil, match...)
	for set.Next() {
		if s := set.At(); labels.Equal(s.Labels(), ls) {
			return lastTime(s.Iterator(nil))
		}
	}
	return nil
}

func lastTime(it chunkenc.Iterator) (last *int64) {
	for it.Next() != chunkenc.ValNone {
		t := it.AtT()
		last = &t
	}
	return last
}
