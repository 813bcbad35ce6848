package sns

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// event begins an event about a message: its id stands where a request's does,
// so that hearth why delivery finds all of them.
func event(m *message, at time.Time, summary string) hearth.Event {
	e := hearth.Event{
		Time: at, RequestID: hearth.RequestID(m.ID), Account: m.Topic.Account, Workspace: m.Workspace,
		Kind: hearth.EventDelivery, Summary: summary,
	}
	e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailTopic, Value: m.Topic.String()})
	return e
}

func add(e *hearth.Event, name, value string) {
	if value != "" {
		e.Details = append(e.Details, hearth.Detail{Name: name, Value: value})
	}
}

func (r *Room) recordPublished(m *message, out *fanOut) {
	e := event(m, r.opts.Now(), fmt.Sprintf("A message was taken for %d endpoints; %d have not confirmed, and the filters of %d keep it from them.",
		len(out.jobs), out.waiting, out.filtered))
	add(&e, hearth.DetailOutcome, "published")
	add(&e, hearth.DetailSubject, m.Subject)
	add(&e, hearth.DetailPublisher, string(m.RequestID))
	if len(out.jobs) == 0 {
		add(&e, hearth.DetailHint, "nobody gets it: aws sns list-subscriptions-by-topic shows who has subscribed and confirmed")
	}
	r.opts.Recorder.Record(e)
}

func (r *Room) recordGone(d *delivery, m *message) {
	e := event(m, r.opts.Now(), "Not delivered: the subscription ended before.")
	add(&e, hearth.DetailOutcome, "dropped")
	add(&e, hearth.DetailSubscription, d.arn())
	r.opts.Recorder.Record(e)
}

// record writes an attempt into the ledger.
func (r *Room) record(d *delivery, m *message, o *outcome) {
	e := event(m, r.opts.Now(), summaryOf(d, o))
	add(&e, hearth.DetailOutcome, outcomeOf(o))
	add(&e, hearth.DetailSubscription, d.arn())
	add(&e, hearth.DetailProtocol, d.Protocol)
	add(&e, hearth.DetailEndpoint, shown(d.Endpoint))
	add(&e, hearth.DetailAttempt, strconv.Itoa(d.Attempts))
	add(&e, hearth.DetailTook, o.took.Round(time.Millisecond).String())
	add(&e, hearth.DetailStatus, o.status)
	if o.err != nil {
		add(&e, hearth.DetailError, o.err.Error())
	}
	if !o.next.IsZero() {
		add(&e, hearth.DetailNextAttempt, hearth.DetailTime(o.next))
	}
	add(&e, hearth.DetailAnswer, o.answer)
	if m.Kind == notification { // the others hold tokens
		add(&e, hearth.DetailPayload, cut(o.sent, keepPayload))
	}
	r.opts.Recorder.Record(e)
}

// keepPayload is how much of what was sent the ledger keeps.
const keepPayload = 4 << 10

func summaryOf(d *delivery, o *outcome) string {
	to := d.Protocol + " endpoint " + shown(d.Endpoint)
	switch {
	case o.err == nil:
		return "Delivered to the " + to + "."
	case o.dead && o.final:
		return "The " + to + " refused the message for good; it is a dead letter now."
	case o.dead:
		return fmt.Sprintf("The %s did not take the message in %d attempts; it is a dead letter now.", to, d.Attempts)
	}
	return "The " + to + " did not take the message; it will be tried again."
}

func outcomeOf(o *outcome) string {
	if o.dead {
		return "dead-letter"
	}
	return o.word()
}

// shown is an endpoint without what may be a secret in its query.
func shown(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.RawQuery == "" {
		return endpoint
	}
	u.RawQuery = "…"
	return u.Scheme + "://" + u.Host + u.EscapedPath() + "?…"
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
