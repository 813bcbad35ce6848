package query

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth/engine"
)

// worthKeeping is how many samples an evaluation must have read for its result to
// be kept.
const worthKeeping = 1000

// A recall answers a range query from what is kept of it, and evaluates the rest.
// Its answers are those of a plain evaluation:
//   - only steady queries are recalled, so a kept step holds until a sample comes
//     that is not later, of which the workspace's clock tells;
//   - what the clock says is read before what is evaluated, and again after: if a
//     write reached back to the kept steps meanwhile, all is evaluated plainly;
//   - results with annotations or native histograms are not kept, and pieces that
//     turn out to have them are thrown away for a plain evaluation.
type recall struct {
	room  *Room
	key   resultKey
	asked steps
	piece func(start, end time.Time) (promql.Query, error)
}

// recallable returns how to recall the query, or nil if it has to be evaluated
// as a whole each time.
func (g guarded) recallable(b *bounded, s storage.Queryable, opts promql.QueryOpts) *recall {
	stmt, ok := b.Statement().(*parser.EvalStmt)
	if !ok {
		return nil
	}
	a := b.rd.asked
	written, err := g.room.parser.ParseExpr(a.Text) // for the engine has put numbers in place of what depends on the range
	if err != nil {
		return nil
	}
	steady, orderly := judge(written, stmt.Interval)
	if !steady {
		return nil
	}
	b.rd.orderly = orderly // with and without a cache, so that answers are the same
	if g.room.cache == nil || a.Start.UnixMilli() < 0 {
		return nil
	}
	at := steps{from: a.Start.UnixMilli(), every: a.Step.Milliseconds()}
	at.n = int((a.End.UnixMilli()-at.from)/at.every) + 1
	rd := b.rd
	if at.n < 2 || rd.statistics || rd.warnAt > 0 || rd.refuseAt > 0 || opts != nil && opts.EnablePerStepStats() {
		return nil
	}
	limits := rd.ws.Limits
	return &recall{
		room: g.room, asked: at,
		key: resultKey{
			text: a.Text, every: at.every, beat: at.from % at.every, lookback: stmt.LookbackDelta,
			samples: limits.QuerySamples, series: limits.QuerySeries, memory: limits.QueryMemory,
		},
		piece: func(start, end time.Time) (promql.Query, error) {
			return g.room.promqlFor(limits).NewRangeQuery(context.Background(), s, opts, a.Text, start, end, a.Step)
		},
	}
}

// exec evaluates b, and returns how many samples that read.
func (r *recall) exec(ctx context.Context, b *bounded) (*promql.Result, int64) {
	head, err := b.rd.open(ctx)
	if err != nil {
		return b.plain(ctx) // and let the engine say so
	}
	clock, ok := head.(engine.WriteClock)
	if !ok {
		return b.plain(ctx)
	}
	moment := clock.Written()
	k := r.look(b, clock)
	if 2*k.use.n < r.asked.n {
		return r.evaluate(ctx, b, clock)
	}
	parts, samples, ok := r.missing(ctx, b, k.use)
	switch {
	case b.rd.failure != nil:
		return &promql.Result{Err: b.rd.failure}, samples
	case !ok:
		r.room.cache.drop(b.rd.ws.ID, r.key)
	case clock.OldestSince(moment) > k.use.last():
		return r.together(b, k, moment, parts), samples
	default:
		r.count("torn")
	}
	res, more := r.evaluate(ctx, b, clock)
	return res, samples + more
}

func (r *recall) count(result string) {
	r.room.cache.metrics.lookups.WithLabelValues(result).Inc()
}

// A known is what is kept of a query: the steps that are still true, and those of
// them that are asked for.
type known struct {
	grid       *grid
	valid, use steps
}

func (r *recall) look(b *bounded, clock engine.WriteClock) known {
	old := r.room.cache.get(b.rd.ws.ID, r.key)
	if old == nil {
		return known{}
	}
	valid := old.grid.before(clock.OldestSince(old.moment))
	return known{grid: old.grid, valid: valid, use: valid.and(r.asked)}
}

// evaluate evaluates everything, and keeps it if that is allowed and pays.
func (r *recall) evaluate(ctx context.Context, b *bounded, clock engine.WriteClock) (*promql.Result, int64) {
	r.count("miss")
	moment := clock.Written()
	res, samples := b.plain(ctx)
	if r.room.keepAll || samples >= worthKeeping {
		if g := r.keepable(b, res, r.asked); g != nil {
			r.room.cache.put(b.rd.ws.ID, &result{key: r.key, moment: moment, grid: g})
		}
	}
	return res, samples
}

// keepable returns a result as it is kept; nil if it is not.
func (r *recall) keepable(b *bounded, res *promql.Result, at steps) *grid {
	m, ok := res.Value.(promql.Matrix)
	if res.Err != nil || len(res.Warnings) > 0 || !ok || b.rd.reserved {
		return nil
	}
	return gridOf(m, at)
}

// missing evaluates the steps asked for before and after those kept; false if
// what came out cannot be put together with them.
func (r *recall) missing(ctx context.Context, b *bounded, kept steps) (parts []*grid, samples int64, ok bool) {
	before := r.asked.before(kept.from)
	after := r.asked.since(kept.last() + kept.every)
	for _, at := range []steps{before, after} {
		if at.n == 0 {
			continue
		}
		g, n := r.part(ctx, b, r.widened(at))
		samples += n
		if g == nil {
			return nil, samples, false
		}
		parts = append(parts, g)
	}
	return parts, samples, true
}

// widened makes two steps of one: the engine treats a single step as an instant.
func (r *recall) widened(at steps) steps {
	if at.n == 1 {
		at.n = 2
		if at.from > r.asked.from {
			at.from -= at.every
		}
	}
	return at
}

// part evaluates some steps. What it needs of the request's memory is free again
// afterwards.
func (r *recall) part(ctx context.Context, b *bounded, at steps) (*grid, int64) {
	query, err := r.piece(time.UnixMilli(at.from), time.UnixMilli(at.last()))
	if err != nil {
		return nil, 0
	}
	defer query.Close()
	rd := b.rd
	whole, bytes := rd.plan, rd.bytes
	defer func() { rd.plan, rd.bytes, rd.selected = whole, bytes, 0 }()
	stmt, ok := query.Statement().(*parser.EvalStmt)
	if !ok {
		return nil, 0
	}
	if rd.plan, err = planOf(stmt, rd.ws.Limits); err != nil {
		return nil, 0
	}
	res := query.Exec(ctx)
	return r.keepable(b, res, at), query.Stats().Samples.TotalSamples
}

// together makes the answer of what was kept and of what was evaluated, and keeps
// both, with what was kept around the answer up to a quarter of its length.
func (r *recall) together(b *bounded, k known, moment uint64, parts []*grid) *promql.Result {
	if len(parts) == 0 {
		r.count("hit")
		return &promql.Result{Value: k.grid.matrix(r.asked)}
	}
	r.count("part")
	layers := []layer{{k.grid, k.valid}}
	for _, p := range parts {
		layers = append(layers, layer{p, p.steps})
	}
	g := united(r.around(k.valid), layers...)
	r.room.cache.put(b.rd.ws.ID, &result{key: r.key, moment: moment, grid: g})
	return &promql.Result{Value: g.matrix(r.asked)}
}

// around returns the steps asked for and some of those known on both sides.
func (r *recall) around(valid steps) steps {
	all, most := r.asked, r.asked.n/4
	if n := min(all.index(valid.from), 0); n < 0 {
		n = min(-n, most)
		all.from, all.n = all.from-int64(n)*all.every, all.n+n
	}
	if n := min(int((valid.last()-all.last())/all.every), most); n > 0 {
		all.n += n
	}
	return all
}
