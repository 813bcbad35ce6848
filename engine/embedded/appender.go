package embedded

import (
	"context"
	"math"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// An appender is the TSDB's, watched: it refuses while the disk is short, and
// its Commit does not succeed unless the log has what memory has.
type appender struct {
	storage.AppenderV2 // nil if refused
	live               *live
	refused            error
	samples            uint64
	histograms         int64 // new native histogram series, counted ahead
	oldest             int64 // time of a sample or of a start
	starts             []startOf
	done               bool
}

var _ storage.GetRef = (*appender)(nil)

func (l *live) appender(ctx context.Context) storage.AppenderV2 {
	if refused := l.refusal(); refused != nil {
		return &appender{live: l, refused: refused}
	}
	l.pins.Add(1)
	return &appender{live: l, AppenderV2: l.head.AppenderV2(ctx), oldest: math.MaxInt64}
}

// refusal tells why nothing can be appended now; nil if it can. The disk is
// looked at again only while it is known to be short: Commit looks always.
func (l *live) refusal() error {
	if broken := l.broken.Load(); broken != nil {
		return broken
	}
	if l.e.disk.low.Load() && l.e.disk.check() {
		return diskLow(l.space.id)
	}
	return nil
}

func diskLow(id hearth.WorkspaceID) error {
	return unavailable(id, "the disk is almost full: samples are refused until there is more space", nil)
}

// Append implements storage.AppenderV2. A series over a limit is refused with an
// *engine.LimitError.
func (a *appender) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	if a.refused != nil {
		return 0, a.refused
	}
	if len(opts.Exemplars) > 0 {
		a.live.makeRoom(len(opts.Exemplars))
	}
	if !ls.IsEmpty() {
		return a.appendNamed(ref, ls, st, t, v, h, fh, opts)
	}
	ref, err := a.AppenderV2.Append(ref, ls, st, t, v, h, fh, opts)
	if err == nil {
		a.samples++
	}
	a.reaches(ref, st, t, err)
	return ref, err
}

// reaches notes how far back the commit will reach. An append whose exemplars
// failed has a reference and stored its sample; one that failed without may have
// left the zero at the start behind.
func (a *appender) reaches(ref storage.SeriesRef, st, t int64, err error) {
	if err == nil || ref != 0 {
		a.oldest = min(a.oldest, t)
	}
	if st != 0 && st < t {
		a.reachesStart(startOf{ref, st}, err)
	}
}

func (a *appender) reachesStart(s startOf, err error) {
	if err == nil && a.live.starts.known(s) {
		return
	}
	a.oldest = min(a.oldest, s.st)
	if err == nil {
		a.starts = append(a.starts, s)
	}
}

// appendNamed appends a sample that may create its series.
func (a *appender) appendNamed(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	s := a.live.series
	s.creating.RLock()
	defer s.creating.RUnlock()
	ahead := h != nil || fh != nil
	if ahead && (ref != 0 || a.known(ls)) {
		ahead = false
	}
	if limit := s.caps.Load().maxHistograms; ahead && limit > 0 {
		if int64(a.live.head.NumNativeHistogramSeries())+s.histAhead.Load() >= limit {
			return 0, &engine.LimitError{Reason: reasonHistograms, Limit: limit, Labels: ls}
		}
	}
	ref, err := a.AppenderV2.Append(ref, ls, st, t, v, h, fh, opts)
	a.reaches(ref, st, t, err)
	if err != nil {
		return ref, err
	}
	a.samples++
	if ahead {
		a.histograms++
		s.histAhead.Add(1)
	}
	return ref, nil
}

func (a *appender) known(ls labels.Labels) bool {
	ref, _ := a.GetRef(ls, ls.Hash())
	return ref != 0
}

// GetRef implements storage.GetRef.
func (a *appender) GetRef(ls labels.Labels, hash uint64) (storage.SeriesRef, labels.Labels) {
	if g, ok := a.AppenderV2.(storage.GetRef); ok {
		return g.GetRef(ls, hash)
	}
	return 0, labels.EmptyLabels()
}

// Commit implements storage.AppenderV2. Once it has returned nil, the samples
// are in the log (and on disk, if that was asked for).
func (a *appender) Commit() error {
	switch {
	case a.done:
		return errAppenderDone
	case a.refused != nil:
		return a.refused
	}
	defer a.release()
	l := a.live
	if broken := l.broken.Load(); broken != nil {
		return a.giveUp(broken)
	}
	if l.e.disk.check() {
		return a.giveUp(diskLow(l.space.id))
	}
	l.clock.wrote(a.oldest) // readers see samples while they are being committed
	err := l.late.commit(l, a.AppenderV2)
	l.clock.wrote(a.oldest)
	if err != nil {
		return l.fail("writing the log", err)
	}
	l.starts.learn(a.starts, l.head.NumSeries())
	l.space.samples.Add(a.samples)
	if l.sync == nil {
		return nil
	}
	if err := l.sync.wait(); err != nil {
		return l.fail("syncing the log", err)
	}
	return nil
}

// giveUp rolls back and returns why.
func (a *appender) giveUp(why error) error {
	if err := a.AppenderV2.Rollback(); err != nil {
		return a.live.fail("writing the log", err)
	}
	return why
}

// Rollback implements storage.AppenderV2. The TSDB logs the series created so
// far even then, so it may fail as Commit may.
func (a *appender) Rollback() error {
	switch {
	case a.done:
		return errAppenderDone
	case a.refused != nil:
		return nil
	}
	defer a.release()
	if err := a.AppenderV2.Rollback(); err != nil {
		return a.live.fail("writing the log", err)
	}
	return nil
}

func (a *appender) release() {
	a.done = true
	a.live.series.histAhead.Add(-a.histograms)
	a.live.used()
}
