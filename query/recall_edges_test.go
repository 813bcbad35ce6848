package query_test

import (
	"context"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/engine/embedded"
	"github.com/hearth-metrics/hearth/query"
)

// What the engine refuses over a range as a whole is refused as well when the
// range is put together of pieces that each pass.
func TestRecallRefusesAsAWhole(t *testing.T) {
	early := func(name ...string) point { return point{series: labels.FromStrings(name...), t: 505_000, v: 1} }
	for _, c := range []struct {
		name, text string
		points     []point // besides the series base
	}{
		{"one name after the other", `count_over_time({__name__=~"x|y"}[10s])`, []point{early("__name__", "x"), {series: labels.FromStrings("__name__", "y"), t: 606_000}}},
		{"one type after the other", `count_over_time(x[10s])`, []point{early("__name__", "x", "__type__", "a"), {series: labels.FromStrings("__name__", "x", "__type__", "b"), t: 606_000}}},
		{"a failure where no step looks", `count_over_time((base + on () x)[5s:5s])`, []point{
			{series: labels.FromStrings("__name__", "x", "i", "1"), t: 606_000}, {series: labels.FromStrings("__name__", "x", "i", "2"), t: 606_000},
			{series: labels.FromStrings("__name__", "x", "i", "2"), t: 611_000, v: stale}, // before 615
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, ws := newTwin(t, embedded.Options{}), workspace(hearth.NewWorkspaceID())
			for ts := int64(0); ts <= 900; ts += 15 {
				w.write(ws, point{series: labels.FromStrings("__name__", "base"), t: ts * 1000, v: 1})
			}
			w.write(ws, c.points...)
			for end := int64(570); end <= 660; end += 30 {
				w.same(ws, c.text, at{420, end, 15})
			}
			for end := int64(570); end <= 660; end += 30 {
				w.same(ws, c.text, at{end - 120, end, 15})
			}
		})
	}
}

// A write that comes between reading what is kept and evaluating the rest shows
// at every step it belongs to.
func TestRecallIsNotTorn(t *testing.T) {
	w, ws := newTwin(t, embedded.Options{}), workspace(hearth.NewWorkspaceID())
	between := &meddling{Engine: w.metrics}
	var err error
	if w.keeps, err = query.New(query.Options{Engine: between, Cache: 1 << 20, Memory: -1}.KeepingAll()); err != nil {
		t.Fatal(err)
	}
	write := func(i string, ts int64) {
		w.write(ws, point{series: labels.FromStrings("__name__", "up", "i", i), t: ts * 1000, v: 1})
	}
	for ts := int64(0); ts <= 600; ts += 15 {
		write("1", ts)
	}
	w.same(ws, `count(up)`, at{0, 585, 15})
	between.meddle = func() { write("2", 400) }
	got := ask(w.keeps, ws, `count(up)`, at{15, 600, 15})
	if want := ask(w.plain, ws, `count(up)`, at{15, 600, 15}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n := w.lookups("torn"); n != 1 {
		t.Errorf("%v answers were torn and evaluated again, want 1", n)
	}
}

// A meddling engine runs meddle once, when a querier is made.
type meddling struct {
	engine.Engine
	meddle func()
}

type meddlingHead struct {
	engine.Head
	engine.WriteClock
	by *meddling
}

func (m *meddling) Head(ctx context.Context, ws hearth.Workspace) (engine.Head, error) {
	h, err := m.Engine.Head(ctx, ws)
	if err != nil {
		return nil, err
	}
	return meddlingHead{h, h.(engine.WriteClock), m}, nil
}

func (h meddlingHead) Querier(mint, maxt int64) (storage.Querier, error) {
	if f := h.by.meddle; f != nil {
		h.by.meddle = nil
		f()
	}
	return h.Head.Querier(mint, maxt)
}
