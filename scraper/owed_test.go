package scraper

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/store"
)

// keptSamples are the samples of one workspace, in Prometheus' own database.
type keptSamples struct {
	t  *testing.T
	db *tsdb.DB
}

func keepSamples(t *testing.T) *keptSamples {
	t.Helper()
	o := tsdb.DefaultOptions()
	db, err := tsdb.Open(t.TempDir(), nil, nil, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &keptSamples{t, db}
}

func (s *keptSamples) Appendable(hearth.Workspace, string) storage.AppendableV2 { return s.db }

func (s *keptSamples) Head(context.Context, hearth.Workspace) (engine.Head, error) {
	return keptHead{db: s.db}, nil
}

type keptHead struct {
	engine.Head
	db *tsdb.DB
}

func (h keptHead) Querier(from, to int64) (storage.Querier, error) { return h.db.Querier(from, to) }
func (keptHead) Release()                                          {}

// put stores one sample.
func (s *keptSamples) put(ls labels.Labels, at time.Time, v float64) {
	s.t.Helper()
	app := s.db.AppenderV2(s.t.Context())
	if _, err := app.Append(0, ls, 0, at.UnixMilli(), v, nil, nil, storage.AOptions{}); err != nil {
		s.t.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		s.t.Fatal(err)
	}
}

// An ending is how a series ends: how many there are, and whether the last is a marker.
type ending struct {
	samples int
	stale   bool
}

// of tells how the series with these label pairs ends.
func (s *keptSamples) of(pairs ...string) ending {
	s.t.Helper()
	q, err := s.db.Querier(0, time.Now().Add(time.Hour).UnixMilli())
	if err != nil {
		s.t.Fatal(err)
	}
	defer q.Close()
	var ms []*labels.Matcher
	for i := 0; i < len(pairs); i += 2 {
		ms = append(ms, labels.MustNewMatcher(labels.MatchEqual, pairs[i], pairs[i+1]))
	}
	set, e := q.Select(s.t.Context(), false, nil, ms...), ending{}
	for n := 0; set.Next(); n++ {
		if n > 0 {
			s.t.Fatalf("%v are two series", pairs)
		}
		it := set.At().Iterator(nil)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			e.samples++
			if kind == chunkenc.ValFloat {
				_, v := it.At()
				e.stale = value.IsStaleNaN(v)
			} else {
				_, h := it.AtFloatHistogram(nil)
				e.stale = value.IsStaleNaN(h.Sum)
			}
		}
	}
	return e
}

// again is the room after a restart: the same store, a new process.
func (b *bed) again() *bed {
	b.t.Helper()
	next := &bed{t: b.t, into: b.into, all: b.all}
	next.Room = New(b.opts)
	next.Room.tick, next.Room.floor = b.tick, b.floor
	next.run()
	next.until("it runs", next.Room.running.Load)
	return next
}

// owedBed is a room whose clock is ahead of the scrape loops', so that whatever they
// write is from before a change, however long that takes.
func owedBed(t *testing.T) (b *bed, kept *keptSamples, ahead *atomic.Int64) {
	t.Helper()
	kept, ahead = keepSamples(t), new(atomic.Int64)
	ahead.Store(int64(time.Minute))
	b = newBed(t, func(o *Options) {
		o.Append, o.Samples = kept, kept
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	b.run()
	return b, kept, ahead
}

// Who deletes a scraper and kills Hearth finds its series ended at the next start, once,
// and those of others as they were.
func TestOwedMarkersSurvive(t *testing.T) {
	b, kept, ahead := owedBed(t)
	target := serve(t, "tea 1\n")
	d := b.create("global: {scrape_interval: 1s, external_labels: {home: ours}}\n" +
		"scrape_configs: [{job_name: a.b, static_configs: [{targets: ['" + target + "'], labels: {room: kitchen}}]}]\n")
	tea := []string{"__name__", "tea", "job", "a.b", "home", "ours"}
	b.until("samples", func() bool { return kept.of(tea...).samples > 0 })
	with := func(name string, more ...string) labels.Labels {
		return labels.FromStrings(append([]string{"__name__", name, "job", "a.b", "instance", target}, more...)...)
	}
	now := time.Now()
	kept.put(with("of_another_home", "room", "kitchen", "home", "theirs"), now, 1)
	kept.put(with("of_another_room", "room", "bath", "home", "ours"), now, 1)
	kept.put(labels.FromStrings("__name__", "of_another_job", "job", "aXb", "instance", target, "room", "kitchen", "home", "ours"), now, 1)
	if _, err := b.Delete(b.as(), d.ID, nil); err != nil {
		t.Fatal(err)
	}
	b.end() // before two intervals are over, after which the scrape loops end them; if this machine is slow, after that
	kept.put(with("taken_over", "room", "kitchen", "home", "ours"), now.Add(10*time.Minute), 1)
	before := kept.of(tea...)
	want := before.samples
	if !before.stale {
		want++
	}

	b = b.again()
	ahead.Add(int64(time.Minute))
	b.until("markers", func() bool {
		return kept.of(tea...).stale && kept.of("__name__", "up", "job", "a.b").stale && kept.of("__name__", "scrape_samples_scraped").stale
	})
	b.until("nothing owed", func() bool { return b.owes() == 0 })
	b.end()
	b = b.again()
	ahead.Add(int64(time.Minute))
	b.until("nothing owed after another restart", func() bool { return b.owes() == 0 })
	if got := kept.of(tea...); got.samples != want {
		t.Errorf("%+v before and %+v after the markers", before, got)
	}
	for _, name := range []string{"of_another_home", "of_another_room", "of_another_job", "taken_over"} {
		if got := kept.of("__name__", name); got != (ending{1, false}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Nothing is owed to a workspace that is gone, nor by a scraper that had no targets yet.
func TestOwedToNobody(t *testing.T) {
	b, kept, ahead := owedBed(t)
	target := serve(t, "tea 1\n")
	d := b.create("scrape_configs: [{job_name: j, scrape_interval: 200ms, static_configs: [{targets: ['" + target + "']}]}]\n")
	b.until("samples", func() bool { return kept.of("__name__", "tea").samples > 0 })
	none := b.create("scrape_configs: [{job_name: j, http_sd_configs: [{url: 'http://" + target + "/'}]}]\n")
	if _, err := b.Delete(b.as(), none.ID, nil); err != nil {
		t.Fatal(err)
	}
	if n := b.owes(); n != 0 {
		t.Errorf("%d debts of a scraper without targets", n)
	}
	if _, err := b.Delete(b.as(), d.ID, nil); err != nil {
		t.Fatal(err)
	}
	if n := b.owes(); n != 1 {
		t.Errorf("%d debts", n)
	}
	b.mu.Lock()
	delete(b.all, kitchen.ID)
	b.mu.Unlock()
	ahead.Add(int64(time.Hour))
	b.until("nothing owed", func() bool { return b.owes() == 0 })
}

// owes is how many debts there are.
func (b *bed) owes() int {
	b.t.Helper()
	debts, err := b.debts(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return len(debts)
}

// A scraper that writes elsewhere ends its series where it wrote before, and goes on
// with them where it writes now.
func TestMovedScraperEndsItsSeries(t *testing.T) {
	b, old, ahead := owedBed(t)
	second := keepSamples(t)
	cellar := kitchen
	cellar.ID = "ws-00000000-0000-4000-8000-000000000002"
	b.all[cellar.ID] = cellar
	b.opts.Append, b.opts.Samples = byWorkspace{kitchen.ID: old, cellar.ID: second}, byWorkspace{kitchen.ID: old, cellar.ID: second}
	target := serve(t, "tea 1\n")
	d := b.create("scrape_configs: [{job_name: j, scrape_interval: 200ms, static_configs: [{targets: ['" + target + "']}]}]\n")
	tea := []string{"__name__", "tea"}
	b.until("samples", func() bool { return old.of(tea...).samples > 0 })
	to := cellar.ARN().String()
	if _, err := b.Update(b.as(), UpdateInput{ID: d.ID, Destination: &to}); err != nil {
		t.Fatal(err)
	}
	ahead.Add(int64(time.Minute))
	b.until("markers where it was", func() bool { return old.of(tea...).stale && old.of("__name__", "up").stale })
	n := second.of(tea...).samples
	b.until("samples where it is", func() bool { got := second.of(tea...); return got.samples > n+1 && !got.stale })
	b.until("nothing owed", func() bool { return b.owes() == 0 })
}

type byWorkspace map[hearth.WorkspaceID]*keptSamples

func (m byWorkspace) Appendable(ws hearth.Workspace, sender string) storage.AppendableV2 {
	return m[ws.ID].Appendable(ws, sender)
}

func (m byWorkspace) Head(ctx context.Context, ws hearth.Workspace) (engine.Head, error) {
	return m[ws.ID].Head(ctx, ws)
}

// Histograms end with markers of their own kind, and what ended already gets none.
func TestMarkersOfTheirOwnKind(t *testing.T) {
	b, kept, _ := owedBed(t)
	b.end()
	now := time.Now()
	of := func(name string) labels.Labels { return labels.FromStrings("__name__", name, "job", "j") }
	app := kept.db.AppenderV2(t.Context())
	h := &histogram.Histogram{Count: 1, Sum: 2, Schema: 1, ZeroThreshold: 0.1, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1}}
	if _, err := app.Append(0, of("ints"), 0, now.UnixMilli(), 0, h, nil, storage.AOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Append(0, of("floats"), 0, now.UnixMilli(), 0, nil, h.ToFloat(nil), storage.AOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	kept.put(of("plain"), now, 1)
	d := &debt{Scraper: record{ID: newID(), Account: account, Region: region, Destination: kitchen.ARN().String()}, Since: now, Gone: true, given: given{Targets: []map[string]string{{"job": "j"}}}}
	for i, want := range []int{3, 0} {
		if n, err := b.markStale(t.Context(), d, kitchen); err != nil || n != want {
			t.Errorf("time %d: marked %d, %v; want %d", i+1, n, err, want)
		}
	}
	for _, name := range []string{"ints", "floats", "plain"} {
		if got := kept.of("__name__", name); got != (ending{2, true}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Labels of a great many targets are kept up to a bound.
func TestOwedIsBounded(t *testing.T) {
	c := &collector{conf: &configuration{global: &config.GlobalConfig{ExternalLabels: labels.FromStrings("home", "ours", "room", "hall")}}}
	long := strings.Repeat("<", 1<<20) // six bytes each, as they are kept
	for range 100 {
		c.targets = append(c.targets, labels.FromStrings("__address__", "a:1", "room", "kitchen", "long", long))
	}
	got := c.given().Targets
	if len(got) != 1 {
		t.Fatalf("%d targets of six megabytes each", len(got))
	}
	if kept, err := json.Marshal(debt{given: given{Targets: got}}); err != nil || len(kept) > store.MaxValueBytes {
		t.Errorf("%d bytes: %v", len(kept), err)
	}
	delete(got[0], "long")
	if want := map[string]string{"home": "ours", "room": "kitchen"}; !maps.Equal(got[0], want) {
		t.Errorf("labels %v, want %v", got[0], want)
	}
}
