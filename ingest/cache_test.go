package ingest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage"
)

// randomLabels makes label sets that are easily mistaken for each other: few
// names and values, all prefixes of one another, some empty, some long.
func randomLabels(rnd *rand.Rand) []string {
	names := []string{"a", "aa", "aaa", "b", "ba", "le"}
	values := []string{"", "a", "aa", "aaa", "1", "12", string(make([]byte, 130)), string(make([]byte, 300))}
	pairs := []string{"__name__", []string{"m", "mm", "m_total"}[rnd.IntN(3)]}
	for _, i := range rnd.Perm(len(names))[:rnd.IntN(len(names))] {
		pairs = append(pairs, names[i], values[rnd.IntN(len(values))])
	}
	return pairs
}

func asLabels(pairs []string) labels.Labels {
	return labels.FromStrings(pairs...).WithoutEmpty()
}

func shuffled(rnd *rand.Rand, pairs []string) []string {
	var out []string
	for _, i := range rnd.Perm(len(pairs) / 2) {
		out = append(out, pairs[2*i], pairs[2*i+1])
	}
	return out
}

// Whatever the order of labels and series, the protocol, what is evicted and when
// the workspace is closed: a sample goes to the series its labels name.
func TestSamplesGoToTheirSeries(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			b := newWorkbench(t)
			expect := map[string][]string{}
			for step := range 60 {
				var req prompb.WriteRequest
				now := time.Duration(step) * time.Second
				for range rnd.IntN(40) {
					pairs := shuffled(rnd, randomLabels(rnd))
					name := asLabels(pairs).String()
					line := fmt.Sprintf("%d %d", testTime.Add(now).UnixMilli(), step)
					if l := expect[name]; len(l) == 0 || l[len(l)-1] != line {
						expect[name] = append(l, line)
					}
					req.Timeseries = append(req.Timeseries, ts(pairs, at(now, float64(step))))
				}
				if rnd.IntN(2) == 0 {
					want(t, b.post(typeV1, "snappy", packV1(t, &req)), 200, "")
				} else {
					want(t, b.post(typeV2, "snappy", packV2(t, toV2(&req))), 204, "")
				}
				disturb(t, rnd, b)
			}
			got := map[string][]string{}
			for _, p := range b.engine.everything(t, b.ws.ID) {
				var v string
				fmt.Sscan(p.V, &v)
				got[p.Series] = append(got[p.Series], fmt.Sprintf("%d %s", p.T, v))
			}
			if d := cmp.Diff(expect, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// disturb makes the cache forget something, now and then.
func disturb(t *testing.T, rnd *rand.Rand, b *workbench) {
	h := b.engine.heads[b.ws.ID]
	if h == nil {
		return
	}
	c := cacheOf(h)
	switch rnd.IntN(8) {
	case 0:
		h.reopen(t)
	case 1: // as if these had left memory; the engine still knows them
		c.SeriesDropped([]storage.SeriesRef{storage.SeriesRef(rnd.IntN(50)), storage.SeriesRef(rnd.IntN(50))})
	case 2:
		b.ws.Limits.LabelNamesPerSeries++ // everything is checked again
	}
	checkCache(t, c)
}

// checkCache checks what must always hold of a cache.
func checkCache(t *testing.T, c *cache) {
	t.Helper()
	c.mu.RLock()
	defer c.mu.RUnlock()
	c.checkChain(t)
	inUse := 0
	for id := uint32(1); id < c.next; id++ {
		e := c.at(id)
		if e.labels.IsEmpty() {
			if !slices.Contains(c.free, id) {
				t.Errorf("entry %d is neither free nor in use", id)
			}
			continue
		}
		inUse++
		if found := c.known(uint32(c.hashOf(e.labels)), e.labels); found != id {
			t.Errorf("entry %d of %s is found as %d", id, e.labels, found)
		}
	}
	full := 0
	for _, s := range c.slots {
		if s != 0 {
			full++
		}
	}
	if inUse != int(c.live.Load()) || inUse != full || full*4 > len(c.slots)*3 {
		t.Errorf("%d entries, %d counted, %d of %d slots", inUse, c.live.Load(), full, len(c.slots))
	}
}

func TestManyEvictionsLeaveTheTableSound(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	c := newCache(newMetrics(nil))
	for round := range 200 {
		c.mu.Lock()
		for range rnd.IntN(30) {
			n := rnd.IntN(300)
			c.enter(labels.FromStrings("__name__", strconv.Itoa(n)), storage.SeriesRef(n+1), uint32(round))
		}
		c.mu.Unlock()
		var gone []storage.SeriesRef
		for range rnd.IntN(30) {
			gone = append(gone, storage.SeriesRef(rnd.IntN(300)+1))
		}
		c.SeriesDropped(gone)
		checkCache(t, c)
	}
}

func TestSilentSeriesAreForgotten(t *testing.T) {
	b := newWorkbench(t)
	want(t, b.v1(ts(named("a"), at(0, 1)), ts(named("b"), at(0, 1))), 200, "")
	b.pass(2 * time.Hour)
	want(t, b.v1(ts(named("a"), at(2*time.Hour, 1))), 200, "")
	b.pass(2 * time.Hour)
	want(t, b.v1(ts(named("c"), at(4*time.Hour, 1))), 200, "")
	if n := testutil.ToFloat64(b.room.metrics.cached); n != 2 {
		t.Errorf("%v series known, want a and c", n)
	}
}

func TestClosedWorkspaceIsNotCounted(t *testing.T) {
	b := newWorkbench(t)
	want(t, b.v1(ts(named("a"), at(0, 1))), 200, "")
	b.engine.heads[b.ws.ID].reopen(t)
	deadline := time.After(time.Minute)
	for testutil.ToFloat64(b.room.metrics.cached) != 0 {
		runtime.GC()
		select {
		case <-deadline:
			t.Fatal("the series of a closed workspace are still counted")
		default:
			runtime.Gosched()
		}
	}
}

// Many senders write the same series, each in its own order of labels and series,
// while series are evicted.
func TestConcurrentSenders(t *testing.T) {
	b := newWorkbench(t)
	const senders, series, rounds = 8, 120, 20
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(s), 7))
			for n := range rounds {
				var req prompb.WriteRequest
				for _, i := range rnd.Perm(series) {
					pairs := shuffled(rnd, named("m", "i", strconv.Itoa(i), "sender", strconv.Itoa(s%4), "x", "y"))
					req.Timeseries = append(req.Timeseries, ts(pairs, at(time.Duration(n)*time.Second, float64(n))))
				}
				code, w := 200, b.post(typeV1, "snappy", packV1(t, &req))
				if s%2 == 1 {
					code, w = 204, b.post(typeV2, "snappy", packV2(t, toV2(&req)))
				}
				if w.Code != code {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				if s == 0 && n%5 == 4 {
					cacheOf(b.engine.heads[b.ws.ID]).SeriesDropped([]storage.SeriesRef{1, 2, 3, 50, 51})
				}
			}
		})
	}
	wg.Wait()
	if got, want := len(b.stored()), 4*series*rounds; got != want {
		t.Errorf("%d samples, want %d", got, want)
	}
	checkCache(t, cacheOf(b.engine.heads[b.ws.ID]))
}

// A reference can die between two requests before the engine says so: the sample
// then goes in by its labels, and the new reference is learned.
func TestDeadReferences(t *testing.T) {
	b := newWorkbench(t)
	want(t, b.v1(ts(named("a"), at(0, 1)), ts(named("b"), at(0, 1))), 200, "")
	c := cacheOf(b.engine.heads[b.ws.ID])
	c.mu.Lock()
	for id := uint32(1); id < c.next; id++ {
		c.at(id).ref += 1000
	}
	c.mu.Unlock()
	for n := 1; n < 3; n++ {
		want(t, b.v1(ts(named("a"), at(time.Duration(n)*time.Second, 1)), ts(named("b"), at(time.Duration(n)*time.Second, 1))), 200, "")
	}
	if got := len(b.stored()); got != 6 {
		t.Errorf("%d samples stored, want 6", got)
	}
	for id := uint32(1); id < c.next; id++ {
		if ref := c.at(id).ref; ref > 1000 {
			t.Errorf("entry %d still has the dead reference %d", id, ref)
		}
	}
}
