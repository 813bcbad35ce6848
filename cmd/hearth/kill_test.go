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
}

const (
	perRequest = 50 // samples of each series in a request
	// spacing is milliseconds between samples of a series: a fast machine must
	// not get past the present, which the questions of the end do not see.
	spacing = 2
)

// write sends requests until there is no answer; then the program was killed.
func (w *writer) write(ctx context.Context, r *running, ws string) error {
	for ctx.Err() == nil {
		first := w.next
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
		w := &writer{base: base}
		for j := range 5 {
			w.series = append(w.series, fmt.Sprintf("%d-%d", i, j))
		}
		writers = append(writers, w)
	}
	for range kills {
		loadThenKill(t, r, ws, writers)
		r.start(t)
	}
	acked, lost := 0, 0
	for _, w := range writers {
		if last := time.UnixMilli(w.base + w.next*spacing); last.After(time.Now()) {
			t.Fatalf("the samples reach into the future (%s): nothing can be said about them", last)
		}
		acked += len(w.acked) * len(w.series)
		lost += w.missing(t, r, ws)
	}
	t.Logf("%d kills, %d samples acknowledged, %d lost", kills, acked, lost)
	if lost > 0 || acked == 0 {
		t.Errorf("%d of %d acknowledged samples are lost", lost, acked)
	}
}

func loadThenKill(t *testing.T, r *running, ws string, writers []*writer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(writers))
	for i, w := range writers {
		wg.Go(func() { errs[i] = w.write(ctx, r, ws) })
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
