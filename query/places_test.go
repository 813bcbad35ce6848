package query

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hearth-metrics/hearth"
)

func workspaceOf(name string, concurrency int) hearth.Workspace {
	return hearth.Workspace{ID: hearth.WorkspaceID(name), Limits: hearth.Limits{QueryConcurrency: concurrency}}
}

// takes asks for a place in the background and reports when it has one.
func takes(p *places, ws hearth.Workspace, got chan<- string) func() {
	leave := make(chan struct{})
	go func() {
		done, err := p.take(context.Background(), ws)
		if err != nil {
			got <- fmt.Sprintf("%s: %v", ws.ID, hearth.KindOf(err))
			return
		}
		got <- string(ws.ID)
		<-leave
		done()
	}()
	synctest.Wait() // it has a place or stands in line
	return func() { close(leave); synctest.Wait() }
}

func TestOneWorkspaceLeavesPlacesForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(8, 100, time.Minute)
		got := make(chan string, 100)
		var ends []func()
		for range 20 {
			ends = append(ends, takes(p, workspaceOf("greedy", 0), got))
		}
		if len(got) != 6 {
			t.Errorf("one workspace has %d of 8 places, want 6", len(got))
		}
		ends = append(ends, takes(p, workspaceOf("modest", 0), got))
		if len(got) != 7 {
			t.Errorf("the other workspace had to wait")
		}
		for _, end := range ends {
			end()
		}
		if taken, waiting := p.counts(); taken != 0 || waiting != 0 || len(p.lines) != 0 {
			t.Errorf("%d taken, %d waiting, %d lines at the end", taken, waiting, len(p.lines))
		}
	})
}

func TestPlaceGoesToWhoHasFewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(4, 100, time.Minute)
		got := make(chan string, 100)
		a, b, c := workspaceOf("a", 0), workspaceOf("b", 0), workspaceOf("c", 0)
		ends := []func(){takes(p, a, got), takes(p, a, got), takes(p, a, got), takes(p, b, got)}
		ends = append(ends, takes(p, a, got), takes(p, a, got), takes(p, b, got), takes(p, c, got))
		for range 4 {
			<-got
		}
		order := ""
		for _, end := range ends[:4] { // three of a's end, then b's; of equals, the longest waiting
			end()
			order += <-got + " "
		}
		if want := "c a a b "; order != want {
			t.Errorf("places went to %s, want %s", order, want)
		}
		for _, end := range ends[4:] {
			end()
		}
	})
}

func TestWaitingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(8, 2, 10*time.Second)
		got := make(chan string, 10)
		own := workspaceOf("own", 1)
		end := takes(p, own, got)
		takes(p, own, got)
		takes(p, own, got)
		begun := time.Now()
		if _, err := p.take(context.Background(), own); hearth.KindOf(err) != hearth.Throttled || !strings.Contains(err.Error(), "(1 running, limit: 1)") || time.Since(begun) != 0 {
			t.Errorf("a full line: got %v after %s, want Throttled at once", err, time.Since(begun))
		}
		<-got
		for range 2 {
			if s := <-got; s != fmt.Sprintf("own: %v", hearth.Throttled) {
				t.Errorf("got %s, want Throttled", s)
			}
		}
		if waited := time.Since(begun); waited != 10*time.Second {
			t.Errorf("waited %s, want 10s", waited)
		}
		end()
	})
}

func TestBusyServerSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(2, 2, 10*time.Second)
		got := make(chan string, 10)
		ends := []func(){takes(p, workspaceOf("a", 0), got), takes(p, workspaceOf("b", 0), got)}
		if _, err := p.take(context.Background(), workspaceOf("c", 0)); hearth.KindOf(err) != hearth.Unavailable {
			t.Errorf("got %v, want Unavailable", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := p.take(ctx, workspaceOf("c", 0)); err != context.DeadlineExceeded {
			t.Errorf("got %v, want the context's end", err)
		}
		for _, end := range ends {
			end()
		}
		if len(p.lines) != 0 {
			t.Errorf("%d lines are left", len(p.lines))
		}
	})
}

// TestBusyWorkspaceIsThrottled fills a workspace's places from within and asks
// over HTTP, in it and in another.
func TestBusyWorkspaceIsThrottled(t *testing.T) {
	b := newBed(t, Options{QueueWait: time.Millisecond})
	ws := workspaceA
	ws.Limits.QueryConcurrency = 2
	for range 2 {
		leave, err := b.room.places.take(context.Background(), ws)
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	got := b.get(ws, "/api/v1/query", query("up"))
	if got.status != 429 || got.header.Get("Retry-After") != "1" || !strings.Contains(got.Error, "too many queries of this workspace") {
		t.Errorf("got %d, Retry-After %q, %s", got.status, got.header.Get("Retry-After"), got.body)
	}
	if e := b.ledger.take(); len(e) != 1 || e[0].Detail(hearth.DetailReason) != "concurrency" {
		t.Errorf("got events %v", e)
	}
	if got := b.get(workspaceB, "/api/v1/query", query("up")); got.status != 200 {
		t.Errorf("the other workspace got %d %s", got.status, got.body)
	}
	if got := b.get(ws, "/api/v1/status/buildinfo", nil); got.status != 200 {
		t.Errorf("what costs nothing got %d %s", got.status, got.body)
	}
}
