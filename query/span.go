package query

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/hearth-metrics/hearth"
)

// checkTimes refuses evaluation times the engine cannot count: it holds them as
// nanoseconds, which ends with the year 2262, and its steps are milliseconds.
func checkTimes(start, end time.Time, step time.Duration) error {
	for _, t := range []time.Time{start, end} {
		if y := t.Year(); y < 1678 || y > 2261 {
			return &hearth.Error{Kind: hearth.Invalid, Msg: "a query's time must lie between the years 1678 and 2261", Err: &refusal{reason: "time"}}
		}
	}
	if step != 0 && step < time.Millisecond {
		return &hearth.Error{Kind: hearth.Invalid, Msg: fmt.Sprintf("a query's step must be at least 1ms, not %s", step), Err: &refusal{reason: "step"}}
	}
	return nil
}

// mostPoints is Prometheus' limit on the steps of a range query.
const mostPoints = 11_000

func checkPoints(start, end time.Time, step time.Duration) error {
	if step > 0 && end.Sub(start)/step > mostPoints {
		return &hearth.Error{Kind: hearth.Invalid, Msg: "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)", Err: &refusal{reason: "points"}}
	}
	return nil
}

// checkRange is AMP's limit on how long a time a request may cover.
func checkRange(length time.Duration, l hearth.Limits) error {
	if l.QueryRange <= 0 || length <= l.QueryRange {
		return nil
	}
	return &hearth.Error{
		Kind: hearth.Quota,
		Msg:  fmt.Sprintf("the query time range exceeds the limit (query length: %s, limit: %s)", length, l.QueryRange),
		Err:  &refusal{reason: "range", actual: length.String(), limit: l.QueryRange.String()},
	}
}

// checkSelected applies the limit to what one selector reads, its lookback
// aside.
func (rd *reading) checkSelected(millis int64) error {
	millis -= rd.plan.lookback
	if millis > math.MaxInt64/int64(time.Millisecond) {
		millis = math.MaxInt64 / int64(time.Millisecond)
	}
	if err := checkRange(time.Duration(millis)*time.Millisecond, rd.ws.Limits); err != nil {
		return rd.fail(err)
	}
	return nil
}

// boundSpan applies the limit to requests for labels and series. Without a
// start they mean everything, so they get as much as the limit allows.
// Times that cannot be parsed are left for Prometheus' API to refuse.
func boundSpan(form url.Values, now time.Time, l hearth.Limits) error {
	if l.QueryRange <= 0 {
		return nil
	}
	end, ok := formTime(form, "end", now)
	if !ok {
		return nil
	}
	if form.Get("start") == "" {
		form.Set("start", end.Add(-l.QueryRange).Format(time.RFC3339Nano))
		form.Set("end", end.Format(time.RFC3339Nano))
		return nil
	}
	start, ok := formTime(form, "start", now)
	if !ok {
		return nil
	}
	return checkRange(end.Sub(start), l)
}

// formTime reads a time as Prometheus' API does: seconds since 1970, or RFC 3339.
func formTime(form url.Values, name string, otherwise time.Time) (time.Time, bool) {
	s := form.Get(name)
	if s == "" {
		return otherwise, true
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		if math.IsNaN(f) || math.Abs(f) > 1e11 {
			return time.Time{}, false
		}
		whole, part := math.Modf(f)
		return time.Unix(int64(whole), int64(part*float64(time.Second))).UTC(), true
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

// formDuration reads a duration as Prometheus' API does: seconds, or "5m".
func formDuration(s string) (time.Duration, bool) {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		if ns := f * float64(time.Second); ns >= math.MinInt64 && ns < math.MaxInt64 {
			return time.Duration(ns), true
		}
		return 0, false
	}
	d, err := model.ParseDuration(s)
	return time.Duration(d), err == nil
}
