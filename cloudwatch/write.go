package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// sender is the name under which the ledger knows samples from here.
const sender = "CloudWatch"

// atOnce is how many samples are written in one batch.
const atOnce = 20_000

// write writes points in order of time, so that no series runs ahead of another's
// past. What is written, or refused for good, is not asked about again; a batch
// that cannot be stored now comes again with the next poll. It returns how many
// were stored.
func (p *feedPlace) write(ctx context.Context, points []point, t *tally) (written int) {
	slices.SortStableFunc(points, func(a, b point) int { return int(max(-1, min(1, a.t-b.t))) })
	to := p.feed.room.opts.Append.Appendable(*p.feed.workspace.Load(), sender)
	for len(points) > 0 {
		n := min(atOnce, len(points))
		stored, err := p.writeBatch(ctx, to, points[:n], t)
		if err != nil {
			t.errs = append(t.errs, fmt.Errorf("write datapoints: %w", err))
			return written
		}
		written += stored
		points = points[n:]
	}
	p.writeNow(ctx, to)
	return written
}

func (p *feedPlace) writeBatch(ctx context.Context, to storage.AppendableV2, points []point, t *tally) (stored int, err error) {
	app := to.AppenderV2(ctx)
	about := storage.AOptions{Metadata: metadata.Metadata{Type: model.MetricTypeGauge}}
	refused, late := 0, 0
	for i := range points {
		at := &points[i]
		_, err := app.Append(0, at.s.labels, 0, at.t, at.v, nil, nil, about)
		switch {
		case err == nil:
			stored++
			if n := len(at.s.seen); n > 0 && at.t < at.s.seen[n-1] {
				late++
			}
		case isRefusal(err):
			refused++
			t.lastRefusal = err
		default:
			return 0, errors.Join(err, app.Rollback())
		}
	}
	if err := app.Commit(); err != nil {
		return 0, err
	}
	for _, at := range points {
		at.s.add(at.t)
		at.s.prune(at.t - (catchUp + at.s.query.metric.Length).Milliseconds())
	}
	t.refused, t.late = t.refused+refused, t.late+late
	return stored, nil
}

func isRefusal(err error) bool {
	return errors.Is(err, storage.ErrOutOfBounds) || errors.Is(err, storage.ErrOutOfOrderSample) ||
		errors.Is(err, storage.ErrTooOldSample) || errors.Is(err, storage.ErrDuplicateSampleForTimestamp)
}

// writeNow writes what has no time of CloudWatch's: info series, and what the
// scraper has spent.
func (p *feedPlace) writeNow(ctx context.Context, to storage.AppendableV2) {
	now := p.now().Truncate(time.Second).UnixMilli()
	app := to.AppenderV2(ctx)
	var err error
	put := func(ls labels.Labels, v float64) {
		if _, e := app.Append(0, ls, 0, now, v, nil, nil, storage.AOptions{Metadata: metadata.Metadata{Type: model.MetricTypeGauge}}); e != nil && !isRefusal(e) {
			err = e
		}
	}
	for _, ls := range p.infos {
		put(ls, 0)
	}
	spent := p.feed.spent.snapshot()
	for name, v := range map[string]float64{"spent_today": spent.Cost, "predicted_month": p.feed.predicted(), "daily_cap": p.feed.scraper.DailyCap} {
		put(labels.FromStrings(model.MetricNameLabel, "hearth_cloudwatch_"+name, "scraper", p.feed.scraper.Name, "currency", p.feed.room.opts.Prices.Currency), v)
	}
	if err == nil {
		err = app.Commit()
	} else {
		err = errors.Join(err, app.Rollback())
	}
	if err != nil && ctx.Err() == nil {
		p.feed.log.Warn("info series are not written", "err", err)
	}
}

// recall reads which datapoints the workspace has of series that are new here:
// after a restart nothing is written again, and what was missed is asked for.
func (p *feedPlace) recall(ctx context.Context, now time.Time) error {
	longest := catchUp
	byName, byLabels := map[string]bool{}, map[string]*series{}
	for _, s := range p.series {
		if s.recalled {
			continue
		}
		longest = max(longest, s.query.metric.Length+s.query.metric.Delay)
		byName[s.labels.Get(model.MetricNameLabel)], byLabels[string(s.labels.Bytes(nil))] = true, s
	}
	if len(byName) == 0 {
		return nil
	}
	head, err := p.feed.room.opts.Samples.Head(ctx, *p.feed.workspace.Load())
	if err != nil {
		return fmt.Errorf("read the workspace: %w", err)
	}
	defer head.Release()
	q, err := head.Querier(now.Add(-longest).UnixMilli(), now.UnixMilli())
	if err != nil {
		return fmt.Errorf("read the workspace: %w", err)
	}
	defer q.Close()
	for name := range byName {
		if err := p.recallName(ctx, q, name, byLabels); err != nil {
			return fmt.Errorf("read the workspace: %w", err)
		}
	}
	for _, s := range byLabels {
		s.recalled = true
	}
	return nil
}

func (p *feedPlace) recallName(ctx context.Context, q storage.Querier, name string, byLabels map[string]*series) error {
	set := q.Select(ctx, false, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, name))
	var it chunkenc.Iterator
	for set.Next() {
		s := byLabels[string(set.At().Labels().Bytes(nil))]
		if s == nil {
			continue
		}
		s.seen, it = s.seen[:0], set.At().Iterator(it)
		for it.Next() != chunkenc.ValNone {
			s.seen = append(s.seen, it.AtT())
		}
		if err := it.Err(); err != nil {
			return err
		}
		period := s.query.metric.Period
		if n := len(s.seen); n > 0 {
			s.from = min(s.from, s.seen[0])
			if at := time.UnixMilli(s.seen[n-1]); at.After(p.covered[period]) {
				p.covered[period] = at
			}
		}
	}
	return set.Err()
}
