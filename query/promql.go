package query

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
)

type promqlEngine = promql.Engine

// mostEngines bounds how many are kept; each is some kilobytes.
const mostEngines = 64

// promqlFor returns Prometheus' engine for the workspace's limits. How many
// samples a query may hold is a setting of the whole engine, so there is one
// for each distinct limit.
func (q *Room) promqlFor(l hearth.Limits) *promqlEngine {
	samples := l.QuerySamples
	if l.QueryMemory > 0 {
		byMemory := int(l.QueryMemory / pointBytes)
		if samples <= 0 || byMemory < samples {
			samples = byMemory
		}
	}
	if samples <= 0 {
		samples = int(^uint(0) >> 1)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if e, ok := q.engines[samples]; ok {
		return e
	}
	if len(q.engines) >= mostEngines {
		clear(q.engines)
	}
	e := q.newPromQL(samples)
	q.engines[samples] = e
	return e
}

func (q *Room) newPromQL(samples int) *promqlEngine {
	return promql.NewEngine(promql.EngineOpts{
		Logger:                   q.log,
		MaxSamples:               samples,
		Timeout:                  24 * time.Hour, // the request's context ends first
		LookbackDelta:            5 * time.Minute,
		NoStepSubqueryIntervalFn: func(int64) int64 { return defaultSubqueryStep.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		EnablePerStepStats:       true,
		EnableDelayedNameRemoval: q.language.delayedNameRemoval,
		UseStartTimestamps:       q.language.startTimestamps,
		Parser:                   q.parser,
	})
}

// guarded is the engine Prometheus' API believes in. What it refuses it also
// leaves in the reading, because the API would call it a mistake in the query.
type guarded struct{ room *Room }

var _ promql.QueryEngine = guarded{}

func (g guarded) NewInstantQuery(ctx context.Context, s storage.Queryable, opts promql.QueryOpts, text string, at time.Time) (promql.Query, error) {
	b, err := g.prepare(ctx, Asked{Text: text, Start: at, End: at}, func(e *promqlEngine) (promql.Query, error) {
		return e.NewInstantQuery(ctx, s, opts, text, at)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (g guarded) NewRangeQuery(ctx context.Context, s storage.Queryable, opts promql.QueryOpts, text string, start, end time.Time, step time.Duration) (promql.Query, error) {
	b, err := g.prepare(ctx, Asked{Text: text, Start: start, End: end, Step: step}, func(e *promqlEngine) (promql.Query, error) {
		return e.NewRangeQuery(ctx, s, opts, text, start, end, step)
	})
	if err != nil {
		return nil, err
	}
	b.recall = g.recallable(b, s, opts)
	return b, nil
}

// prepare runs the guards around the parser, which is what make calls first.
func (g guarded) prepare(ctx context.Context, a Asked, make func(*promqlEngine) (promql.Query, error)) (*bounded, error) {
	rd, err := readingFrom(ctx)
	if err != nil {
		return nil, err
	}
	rd.asked = a
	limits := rd.ws.Limits
	if err := errors.Join(checkText(a.Text, limits), checkTimes(a.Start, a.End, a.Step), checkPoints(a.Start, a.End, a.Step), checkRange(a.End.Sub(a.Start), limits)); err != nil {
		return nil, rd.fail(err)
	}
	query, err := make(g.room.promqlFor(limits))
	if err != nil {
		return nil, err
	}
	stmt, ok := query.Statement().(*parser.EvalStmt)
	if !ok {
		return nil, rd.fail(fmt.Errorf("prepare query: unexpected statement %T", query.Statement()))
	}
	if rd.plan, err = planOf(stmt, limits); err != nil {
		return nil, rd.fail(err)
	}
	rd.asked.Expr = stmt.Expr
	if g.room.usage != nil {
		g.room.usage.Queried(ctx, rd.ws, rd.asked)
	}
	return &bounded{Query: query, rd: rd}, nil
}

// bounded is a query whose evaluation can be stopped from outside, and whose
// result is accounted too.
type bounded struct {
	promql.Query
	rd     *reading
	recall *recall // nil if the query is evaluated as a whole each time
}

func (b *bounded) Exec(ctx context.Context) *promql.Result {
	room := b.rd.room
	ctx, stop := room.begin(ctx, b.rd)
	defer stop(nil)
	res, samples := b.evaluate(ctx)
	room.metrics.samples.Add(float64(samples))
	room.tally.Count(b.rd.ws.ID, hearth.TallyQuerySamples, "", float64(samples))
	if res.Err != nil {
		res.Err = b.translate(ctx, res.Err)
		return res
	}
	if err := b.checkResult(res, samples); err != nil {
		return &promql.Result{Err: err, Warnings: res.Warnings}
	}
	return res
}

func (b *bounded) evaluate(ctx context.Context) (*promql.Result, int64) {
	if b.recall != nil {
		return b.recall.exec(ctx, b)
	}
	return b.plain(ctx)
}

// plain evaluates the query as a whole, and returns how many samples it read.
func (b *bounded) plain(ctx context.Context) (*promql.Result, int64) {
	res := b.Query.Exec(ctx)
	return res, b.Stats().Samples.TotalSamples
}

// translate turns the engine's errors of ours and of time into the answers AMP
// gives. The engine's other errors are the query's own.
func (b *bounded) translate(ctx context.Context, err error) error {
	if b.rd.failure != nil {
		return b.rd.failure
	}
	cause := context.Cause(ctx)
	if e, ok := errors.AsType[*hearth.Error](cause); ok {
		return b.rd.fail(e)
	}
	if _, ok := errors.AsType[promql.ErrQueryTimeout](err); ok || errors.Is(err, context.DeadlineExceeded) {
		return b.rd.fail(timedOut(err))
	}
	if _, ok := errors.AsType[promql.ErrTooManySamples](err); ok {
		return b.rd.fail(&hearth.Error{Kind: hearth.Quota, Msg: err.Error(), Err: &refusal{reason: "samples", limit: fmt.Sprint(b.rd.ws.Limits.QuerySamples)}})
	}
	if es, ok := errors.AsType[promql.ErrStorage](err); ok {
		return b.rd.fail(es.Err)
	}
	return err
}

// checkResult bounds what the answer will be written from, and applies AMP's
// thresholds on samples processed.
func (b *bounded) checkResult(res *promql.Result, samples int64) error {
	if at := b.rd.refuseAt; at > 0 && samples > at {
		return b.rd.fail(overLimit("samples-processed", samples, at, "the query processed too many samples (%d, max_samples_processed_error_threshold: %d)"))
	}
	if at := b.rd.warnAt; at > 0 && samples > at {
		res.Warnings.Add(fmt.Errorf("the query processed %d samples, more than max_samples_processed_warning_threshold: %d", samples, at))
	}
	return b.rd.take(answerBytes(res.Value))
}

// answerBytes estimates a result written out: about 32 bytes a point.
func answerBytes(v parser.Value) float64 {
	const point = 32
	n := 0
	switch v := v.(type) {
	case promql.Matrix:
		n = point * v.TotalSamples()
		for _, s := range v {
			n += int(s.Metric.ByteSize())
		}
	case promql.Vector:
		n = point * v.TotalSamples()
		for _, s := range v {
			n += int(s.Metric.ByteSize())
		}
	}
	return float64(n)
}
