package ingest

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/hearth-metrics/hearth"
)

// AWS's discard reasons, in its own mixed spelling, and one that its list lacks:
// samples too far ahead of the clock.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-CW-usage-metrics.html
const (
	tooOldAge        = "greater_than_max_sample_age"
	newValue         = "new-value-for-timestamp"
	outOfOrder       = "sample-out-of-order"
	tooOld           = "sample-too-old"
	rateLimited      = "rate_limited"
	valueTooLong     = "label_value_too_long"
	tooManyLabels    = "max_label_names_per_series"
	missingName      = "missing_metric_name"
	nameInvalid      = "metric_name_invalid"
	labelInvalid     = "label_invalid"
	duplicateLabels  = "duplicate_label_names"
	histogramSchema  = "native_histogram_invalid_schema"
	histogramInvalid = "native_histogram_invalid"
	histogramBuckets = "native_histogram_buckets_exceeded"
	tooFarAhead      = "too_far_in_future"
)

// A refusal says why a sample is not stored. Times are zero if they have no part
// in it.
type refusal struct {
	reason        string
	msg           string
	at            int64 // the sample's time
	timed         bool
	last, limit   *int64 // the series' newest time; the oldest or newest time allowed
	bounds, found int    // the limit that was exceeded, and by what
}

func refuse(reason, msg string) *refusal { return &refusal{reason: reason, msg: msg} }

func (r *refusal) bound(limit, actual int) *refusal {
	r.bounds, r.found = limit, actual
	return r
}

func (r *refusal) when(t int64) *refusal {
	r.at, r.timed = t, true
	return r
}

// sentence is what the sender reads.
func (r *refusal) sentence(series string) string {
	s := r.msg + ": series " + series
	if r.timed {
		s += ", sample time " + hearth.DetailMillis(r.at)
	}
	if r.last != nil {
		s += ", newest sample of the series " + hearth.DetailMillis(*r.last)
	}
	if r.limit != nil {
		s += ", limit " + hearth.DetailMillis(*r.limit)
	}
	return s + " (" + r.reason + ")"
}

// maxEvents bounds the refused samples of one request that the ledger gets one
// by one; one more event counts the rest.
const maxEvents = 10

// refusals gathers what is refused of one request.
type refusals struct {
	total   int // samples, or series without samples
	reasons map[string]int
	series  map[string]int // by reason, as reasons
	latest  uint64         // hash of the series refused before
	why     string         // and its reason
	first   string
	events  []hearth.Event
}

// add notes that n samples of a series are refused.
func (r *refusals) add(x *refusal, n int, pairs []labels.Label) {
	n = max(n, 1)
	r.total += n
	if r.reasons == nil {
		r.reasons = map[string]int{}
	}
	r.reasons[x.reason] += n
	if len(r.events) >= maxEvents {
		return
	}
	series := spell(pairs)
	if r.first == "" {
		r.first = x.sentence(series)
	}
	r.events = append(r.events, x.event(n, series, metricOf(pairs)))
}

// distinct counts a series of which a sample is refused, once for each reason that
// follows upon another. It comes before add.
func (r *refusals) distinct(reason string, hash uint64) {
	if r.series == nil {
		r.series = map[string]int{}
	}
	if hash != r.latest || reason != r.why || r.total == 0 {
		r.series[reason]++
	}
	r.latest, r.why = hash, reason
}

func metricOf(pairs []labels.Label) string {
	for _, p := range pairs {
		if p.Name == model.MetricNameLabel {
			return clip(p.Value)
		}
	}
	return ""
}

// event is the refusal as the ledger keeps it, without saying whose it is.
func (r *refusal) event(n int, series, metric string) hearth.Event {
	d := []hearth.Detail{
		{Name: hearth.DetailReason, Value: r.reason},
		{Name: hearth.DetailMetric, Value: metric},
		{Name: hearth.DetailLabels, Value: series},
		{Name: hearth.DetailSamples, Value: strconv.Itoa(n)},
	}
	if r.timed {
		d = append(d, hearth.Detail{Name: hearth.DetailSampleTime, Value: hearth.DetailMillis(r.at)})
	}
	if r.last != nil {
		d = append(d, hearth.Detail{Name: hearth.DetailLastTime, Value: hearth.DetailMillis(*r.last)})
	}
	if r.limit != nil {
		d = append(d, hearth.Detail{Name: hearth.DetailLimitTime, Value: hearth.DetailMillis(*r.limit)})
	}
	if r.bounds != 0 || r.found != 0 {
		d = append(d, hearth.Detail{Name: hearth.DetailLimit, Value: strconv.Itoa(r.bounds)})
	}
	if r.found != 0 {
		d = append(d, hearth.Detail{Name: hearth.DetailActual, Value: strconv.Itoa(r.found)})
	}
	return hearth.Event{Kind: hearth.EventRejected, Summary: r.sentence(series), Details: d}
}

// err is the answer to a request of which of samples were received and some
// refused; nil if none were.
func (r *refusals) err(of int) error {
	if r.total == 0 {
		return nil
	}
	msg := r.first
	if r.total == 1 {
		msg += fmt.Sprintf("; this one sample of %d was refused, all others are stored", max(of, 1))
	} else {
		msg += fmt.Sprintf("; %d of %d samples were refused, all others are stored", r.total, max(of, r.total))
	}
	return &hearth.Error{Kind: hearth.Invalid, Msg: msg}
}

// An origin is who sent a request, for the ledger.
type origin struct {
	workspace hearth.Workspace
	caller    hearth.Caller
	sender    string // user agent, or the room that writes
	now       time.Time
}

func (o origin) sign(e hearth.Event) hearth.Event {
	e.Time, e.RequestID = o.now, o.caller.RequestID
	e.Account, e.Workspace = o.workspace.Account, o.workspace.ID
	if a := o.caller.Principal.ARN; a.Service != "" {
		e.Principal = a.String()
	}
	if o.sender != "" {
		e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailSender, Value: clip(o.sender)})
	}
	return e
}

// report counts what was refused and tells the ledger.
func (r *Room) report(o origin, x *refusals, c *sets) {
	told := 0
	for reason, n := range x.reasons {
		r.metrics.discarded.WithLabelValues(reason).Add(float64(n))
	}
	r.tallyRefused(o.workspace, x, c)
	for _, e := range x.events {
		n, _ := strconv.Atoi(e.Detail(hearth.DetailSamples))
		told += n
		r.events.Record(o.sign(e))
	}
	if rest := x.total - told; rest > 0 {
		r.events.Record(o.sign(hearth.Event{
			Kind: hearth.EventRejected, Summary: fmt.Sprintf("%d more samples of the same request were refused", rest),
			Details: []hearth.Detail{{Name: hearth.DetailCount, Value: strconv.Itoa(rest)}},
		}))
	}
}

// rateEvent is a request that came too fast, as the ledger keeps it.
func rateEvent(err error, samples int) hearth.Event {
	e := hearth.Event{Kind: hearth.EventRejected, Details: []hearth.Detail{
		{Name: hearth.DetailReason, Value: rateLimited},
		{Name: hearth.DetailSamples, Value: strconv.Itoa(samples)},
	}}
	if said, ok := errors.AsType[*hearth.Error](err); ok {
		e.Summary = said.Msg
	}
	return e
}
