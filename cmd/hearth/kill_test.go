package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

// A writer sends samples of its own series, one after the other in time, and
// remembers which were acknowledged. Sample n has the value n.
type writer struct {
	series []string
	base   int64 // milliseconds of sample 0
	next   int64
	acked  []int64
	tell   chan struct{} // has something once a request is acknowledged
}

const (
	perRequest = 20 // samples of each series in a request
	spacing    = 2  // milliseconds between samples of a series
	// mostSamples of a series are written, however fast the machine is: an hour of them
	// would reach into the future, which the questions of the end do not see.
	mostSamples = 600_000
)

// write sends requests until there is no answer; then the program was killed. A writer
// that has nothing left to write waits for that.
func (w *writer) write(ctx context.Context, r *running, ws string, most int64) error {
	for ctx.Err() == nil {
		first := w.next
		if first+perRequest > most {
			<-r.done
			return nil
		}
		code, answer := r.write(ctx, ws, w.request(first))
		switch {
		case code == 0:
			w.next += perRequest // whatever became of these, they are not sent again
			return nil
		case code/100 != 2:
			return fmt.Errorf("write: %d %s", code, answer)
		}
		for n := first; n < first+perRequest; n++ {
			w.acked = append(w.acked, n)
		}
		w.next += perRequest
		select {
		case w.tell <- struct{}{}:
		default:
		}
	}
	return nil
}

func (w *writer) request(first int64) []prompb.TimeSeries {
	all := make([]prompb.TimeSeries, len(w.series))
	for i, name := range w.series {
		all[i].Labels = []prompb.Label{{Name: "__name__", Value: "killed"}, {Name: "series", Value: name}}
		for n := first; n < first+perRequest; n++ {
			all[i].Samples = append(all[i].Samples, prompb.Sample{Timestamp: w.base + n*spacing, Value: float64(n)})
		}
	}
	return all
}

// missing counts the acknowledged samples that are not there, or not as sent.
func (w *writer) missing(t *testing.T, r *running, ws string) int {
	t.Helper()
	lost := 0
	for _, name := range w.series {
		m, _ := r.query(t, ws, fmt.Sprintf(`killed{series=%q}[2h]`, name))
		there := map[int64]string{}
		for _, s := range m {
			for _, v := range s.Values {
				there[int64(v[0].(float64)*1000+0.5)] = v[1].(string)
			}
		}
		for _, n := range w.acked {
			if there[w.base+n*spacing] != fmt.Sprint(n) {
				lost++
			}
		}
	}
	return lost
}

// TestKill ends the real program by SIGKILL at random moments under load and
// then accounts for every acknowledged sample.
func TestKill(t *testing.T) {
	for _, c := range []struct {
		durability string
		kills      int
	}{{"process", 20}, {"disk", 4}} {
		t.Run(c.durability, func(t *testing.T) {
			if testing.Short() {
				c.kills = 3
			}
			killUnderLoad(t, c.durability, c.kills)
		})
	}
}

func killUnderLoad(t *testing.T, durability string, kills int) {
	r := startHearth(t, "--storage.durability="+durability)
	ws := r.create(t, "killed")
	base := time.Now().Add(-time.Hour).UnixMilli()
	var writers []*writer
	for i := range 4 {
		w := &writer{base: base, tell: make(chan struct{}, 1)}
		for j := range 5 {
			w.series = append(w.series, fmt.Sprintf("%d-%d", i, j))
		}
		writers = append(writers, w)
	}
	for n := range kills {
		loadThenKill(t, r, ws, writers, mostSamples*int64(n+1)/int64(kills))
		r.start(t)
	}
	acked, lost := 0, 0
	for _, w := range writers {
		acked += len(w.acked) * len(w.series)
		lost += w.missing(t, r, ws)
	}
	t.Logf("%d kills, %d samples acknowledged, %d lost", kills, acked, lost)
	if lost > 0 || acked == 0 {
		t.Errorf("%d of %d acknowledged samples are lost", lost, acked)
	}
}

// loadThenKill kills the program at a random moment after every writer's first
// acknowledged request. No series gets more than most samples.
func loadThenKill(t *testing.T, r *running, ws string, writers []*writer, most int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(writers))
	for i, w := range writers {
		select {
		case <-w.tell: // of the round before
		default:
		}
		wg.Go(func() { errs[i] = w.write(ctx, r, ws, most) })
	}
	for _, w := range writers {
		select {
		case <-w.tell:
		case <-ctx.Done():
			t.Fatalf("a writer gets no answer:\n%s", r.out)
		}
	}
	<-time.After(50*time.Millisecond + rand.N(400*time.Millisecond))
	r.end(t, syscall.SIGKILL)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestGracefulEnd lets requests under way finish and keeps what they wrote.
func TestGracefulEnd(t *testing.T) {
	r := startHearth(t)
	ws := r.create(t, "graceful")
	now := time.Now().UnixMilli()
	if code, answer := r.write(t.Context(), ws, []prompb.TimeSeries{one(now, 42, "__name__", "kept")}); code != http.StatusOK {
		t.Fatalf("write: %d %s", code, answer)
	}
	r.end(t, syscall.SIGTERM)
	if code := r.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("hearth ended with %d:\n%s", code, r.out)
	}
	r.start(t)
	if _, result := r.query(t, ws, "kept"); result == "[]" {
		t.Errorf("the sample of before the restart is gone")
	}
}
