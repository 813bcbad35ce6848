package query

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// A reading is one request's hold on its workspace: the samples pinned open,
// the memory accounted to it, and what went wrong. One goroutine uses it.
type reading struct {
	room *Room
	ws   hearth.Workspace

	head     engine.Head
	queriers []io.Closer

	plan     plan
	asked    Asked
	selected int          // selections made
	bytes    float64      // accounted so far
	weight   atomic.Int64 // bytes, for the memory watch to read

	warnAt, refuseAt int64 // samples processed; 0 means none

	statistics bool // are part of the answer
	orderly    bool // series are selected in the order of their labels
	reserved   bool // a series has labels that functions drop beside the name

	failure *hearth.Error // the first of ours; it replaces what Prometheus' API makes of it
}

type readingKey struct{}

func withReading(ctx context.Context, rd *reading) context.Context {
	return context.WithValue(ctx, readingKey{}, rd)
}

// errNoWorkspace ends work that nobody put a workspace into. It is a mistake of
// ours, so the caller learns nothing.
func errNoWorkspace() *hearth.Error {
	return &hearth.Error{Kind: hearth.Internal, Msg: "no workspace in the request's context"}
}

// readingFrom returns the request's reading. It is an error to read without one.
func readingFrom(ctx context.Context) (*reading, error) {
	rd, ok := ctx.Value(readingKey{}).(*reading)
	if !ok {
		return nil, errNoWorkspace()
	}
	return rd, nil
}

// open pins the workspace's samples until end.
func (rd *reading) open(ctx context.Context) (engine.Head, error) {
	if rd.head != nil {
		return rd.head, nil
	}
	h, err := rd.room.engine.Head(ctx, rd.ws)
	if err != nil {
		return nil, rd.fail(err)
	}
	rd.head = h
	return h, nil
}

// end releases everything. Queriers live until here, for the strings they
// returned may be in the answer.
func (rd *reading) end() {
	for _, c := range rd.queriers {
		if err := c.Close(); err != nil {
			rd.room.log.Error("close querier", "workspace", string(rd.ws.ID), "err", err)
		}
	}
	if rd.head != nil {
		rd.head.Release()
	}
	rd.queriers, rd.head = nil, nil
}

// fail remembers err as the request's answer if it is the first, and returns
// it. Ours keep their kind, the end of the request's time becomes Timeout, and
// the rest is storage in trouble.
func (rd *reading) fail(err error) error {
	e, ours := errors.AsType[*hearth.Error](err)
	switch {
	case ours:
	case errors.Is(err, context.DeadlineExceeded):
		e = timedOut(err)
	case errors.Is(err, context.Canceled):
		return err // nobody is left to answer
	default:
		e = &hearth.Error{Kind: hearth.Internal, Msg: internalMsg, Err: err}
	}
	if rd.failure == nil {
		rd.failure = e
	}
	return e
}

// timedOut is AMP's answer to a query that takes too long.
func timedOut(err error) *hearth.Error {
	return &hearth.Error{Kind: hearth.Timeout, Msg: "query timed out - consider simplifying your query", Err: errors.Join(&refusal{reason: "timeout"}, err)}
}

// seriesBytes is what one selected series costs the engine beside its labels.
const seriesBytes = 400

// chunksBytes is what the descriptions of a series' chunks cost over so many
// milliseconds: 64 bytes each, one for about two hours. Nobody keeps samples
// without a gap for more than a few years, whatever a query says.
func chunksBytes(millis int64) float64 {
	const chunk, years = 2 * 60 * 60 * 1000, 3 * 365 * 24 * 60 * 60 * 1000
	return float64(min(max(millis, 0), years)) / chunk * 64
}

// account adds a selected series to what the request costs.
func (rd *reading) account(ls labels.Labels, perSeries float64) error {
	n := float64(ls.ByteSize())
	return rd.take(seriesBytes + n + perSeries + rd.plan.labels.times*n + rd.plan.labels.add)
}

// take accounts bytes, and fails with Quota once the workspace's limit is
// passed.
func (rd *reading) take(bytes float64) error {
	rd.bytes += bytes
	rd.weight.Store(int64(min(rd.bytes, exact)))
	if most := rd.ws.Limits.QueryMemory; most > 0 && rd.bytes > float64(most) {
		return rd.fail(memoryRefusal(rd.bytes, most))
	}
	return nil
}

// exact is where floats stop being exact integers.
const exact = 1 << 53

func memoryRefusal(bytes float64, most int64) *hearth.Error {
	return overLimit("memory", int64(min(bytes, exact)), most, "the query would need too much memory (%d bytes or more, limit: %d)")
}

// mostQueryText is how much of a query the ledger keeps.
const mostQueryText = 2 << 10

// refused tells the ledger, the log and the metrics how a request ended, if a
// guard or trouble of ours ended it.
func (q *Room) refused(ctx context.Context, ws hearth.Workspace, a Asked, e *hearth.Error) {
	caller := hearth.CallerFrom(ctx)
	r, guarded := errors.AsType[*refusal](e.Err)
	if !guarded {
		if faultOf(e.Kind).typ == "internal" {
			q.log.Error("query", "request_id", string(caller.RequestID), "workspace", string(ws.ID), "err", e)
		}
		return
	}
	q.metrics.refused.WithLabelValues(r.reason).Inc()
	q.log.Debug("query refused", "request_id", string(caller.RequestID), "workspace", string(ws.ID), "reason", r.reason)
	q.recorder.Record(hearth.Event{
		Time: q.now(), RequestID: caller.RequestID, Account: ws.Account, Workspace: ws.ID,
		Principal: principal(caller), Kind: hearth.EventQueryRefused, Summary: e.Msg,
		Details: refusalDetails(r, a),
	})
}

func principal(c hearth.Caller) string {
	if c.Principal.ARN == (hearth.ARN{}) {
		return "" // work of the program's own
	}
	return c.Principal.ARN.String()
}

func refusalDetails(r *refusal, a Asked) []hearth.Detail {
	d := []hearth.Detail{{Name: hearth.DetailReason, Value: r.reason}}
	add := func(name, value string) {
		if value != "" {
			d = append(d, hearth.Detail{Name: name, Value: value})
		}
	}
	add(hearth.DetailActual, r.actual)
	add(hearth.DetailLimit, r.limit)
	add(hearth.DetailQuery, cut(a.Text, mostQueryText))
	if !a.Start.IsZero() {
		add(hearth.DetailStart, hearth.DetailTime(a.Start))
		add(hearth.DetailEnd, hearth.DetailTime(a.End))
	}
	if a.Step > 0 {
		add(hearth.DetailStep, a.Step.String())
	}
	return d
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
