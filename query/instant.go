package query

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/hearth-metrics/hearth"
)

// Query evaluates text in ws at a moment, within the workspace's limits and in
// turn with its other queries: the way in for rules. The value is the caller's.
// Errors have the kinds that the API answers; a mistake in the query is Invalid.
func (q *Room) Query(ctx context.Context, ws hearth.Workspace, text string, at time.Time) (parser.Value, annotations.Annotations, error) {
	rd := &reading{room: q, ws: ws, asked: Asked{Text: text, Start: at, End: at}}
	defer rd.end()
	value, notes, err := q.instant(ctx, rd)
	if err != nil && ctx.Err() == nil {
		rd.fail(err)
		err = rd.failure
		q.refused(ctx, ws, rd.asked, rd.failure)
	}
	return value, notes, err
}

func (q *Room) instant(ctx context.Context, rd *reading) (parser.Value, annotations.Annotations, error) {
	ctx = withReading(hearth.WithWorkspace(ctx, rd.ws), rd)
	if t := rd.ws.Limits.QueryTimeout; t > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t)
		defer cancel()
	}
	leave, err := q.places.take(ctx, rd.ws)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	query, err := guarded{q}.NewInstantQuery(ctx, workspaces{}, nil, rd.asked.Text, rd.asked.Start)
	if err != nil {
		return nil, nil, mistake(err)
	}
	defer query.Close()
	res := query.Exec(ctx)
	if res.Err != nil {
		return nil, res.Warnings, mistake(res.Err)
	}
	return owned(res.Value), res.Warnings, nil
}

// mistake makes the engine's own complaints about a query Invalid.
func mistake(err error) error {
	if _, ours := errors.AsType[*hearth.Error](err); ours || errors.Is(err, context.Canceled) {
		return err
	}
	return &hearth.Error{Kind: hearth.Invalid, Msg: err.Error()}
}

// owned copies what query.Close and the reading's end would take back.
func owned(v parser.Value) parser.Value {
	switch v := v.(type) {
	case promql.Vector:
		for i := range v {
			v[i].Metric = copied(v[i].Metric)
		}
		return v
	case promql.Matrix:
		for i, s := range v {
			v[i].Metric = copied(s.Metric)
			v[i].Floats = append([]promql.FPoint(nil), s.Floats...)
			v[i].Histograms = append([]promql.HPoint(nil), s.Histograms...)
		}
		return v
	default:
		return v
	}
}

func copied(ls labels.Labels) labels.Labels {
	b := labels.NewScratchBuilder(ls.Len())
	ls.Range(func(l labels.Label) { b.Add(l.Name, l.Value) })
	return b.Labels()
}
