package query

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

func TestMemoryWatchStopsTheLargestQuery(t *testing.T) {
	b := newBed(t, Options{Memory: 1 << 20})
	ctx, cancel := context.WithCancel(context.Background())
	watched := make(chan error)
	go func() { watched <- b.room.Run(ctx) }()

	small, large := &reading{room: b.room}, &reading{room: b.room, ws: workspaceA}
	small.take(10)
	large.take(1000)
	smallCtx, endSmall := b.room.begin(ctx, small)
	largeCtx, endLarge := b.room.begin(ctx, large)
	defer endSmall(nil)

	var grown [][]byte // what no query accounts for, and still too much
	for largeCtx.Err() == nil {
		grown = append(grown, make([]byte, 1<<20))
		runtime.GC()
	}
	runtime.KeepAlive(grown)
	if err := smallCtx.Err(); err != nil {
		t.Errorf("the small query was stopped too: %v", err)
	}
	if cause := context.Cause(largeCtx); hearth.KindOf(cause) != hearth.Quota || !strings.Contains(cause.Error(), "the server's memory is short") {
		t.Errorf("got %v, want Quota", cause)
	}
	endLarge(nil)
	cancel()
	if err := <-watched; err != nil {
		t.Error(err)
	}
}

// TestStoppedQuerySaysWhy stops a query while it is evaluated.
func TestStoppedQuerySaysWhy(t *testing.T) {
	b := newBed(t, Options{})
	b.load(workspaceA, 1, podSeries(3000), noon)
	done := make(chan reply)
	go func() {
		form := over(`sum by (pod) (max_over_time(sum by (pod) (pod_info)[1h:1m]))`, 10_000*time.Second, time.Second)
		form.Set("lookback_delta", "10000s")
		r := httptest.NewRequest(http.MethodGet, "/api/v1/query_range?"+form.Encode(), nil)
		w := httptest.NewRecorder()
		b.room.ServeHTTP(w, r.WithContext(hearth.WithWorkspace(r.Context(), workspaceA)))
		done <- decodeReply(t, w)
	}()
	for b.room.active.Load() == 0 {
		select {
		case got := <-done:
			t.Fatalf("the query ended by itself: %d %.300s", got.status, got.body)
		case <-time.After(time.Millisecond):
		}
	}
	b.room.stopLargest(12345, 10000)
	if got := <-done; got.status != 422 || !strings.Contains(got.Error, "the server's memory is short (12345 bytes in use, limit: 10000)") {
		t.Errorf("got %d %.300s", got.status, got.body)
	}
	if e := b.ledger.take(); len(e) != 1 || e[0].Detail(hearth.DetailReason) != "process-memory" {
		t.Errorf("got events %v", e)
	}
}

func TestRestIsNotCounted(t *testing.T) {
	const memory = 1000
	r := newRest()
	r.see(100)
	if got := r.bound(memory); got != memory {
		t.Errorf("little at rest: bound %d, want %d", got, memory)
	}
	for range 2 * restWindow { // samples grow while queries run
		r.tick()
		r.see(5000)
	}
	if got := r.bound(memory); got != 5250 {
		t.Errorf("much at rest: bound %d, want 5250", got)
	}
	r.see(200)
	if got := r.bound(memory); got != memory {
		t.Errorf("little again: bound %d, want %d", got, memory)
	}
}
