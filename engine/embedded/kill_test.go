package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

const killSeries = 20

// commitNumber appends the k-th commit: one sample of each series, and of one
// more series two, the second of them late.
func commitNumber(h engine.Head, k int64) error {
	a := h.AppenderV2(context.Background())
	add := func(series string, t int64) error {
		_, err := a.Append(0, labels.FromStrings(model.MetricNameLabel, "up", "n", series), 0, t, float64(k), nil, nil, storage.AOptions{})
		return err
	}
	var errs []error
	for i := range killSeries {
		errs = append(errs, add(strconv.Itoa(i), k*1000))
	}
	for _, t := range []int64{k * 1000, k*1000 - 500} {
		errs = append(errs, add("late", t))
	}
	if err := errors.Join(errs...); err != nil {
		_ = a.Rollback()
		return errs[0]
	}
	return a.Commit()
}

// childWrite commits on and on, and says the number of each commit once it is
// acknowledged.
func childWrite(args []string) error {
	e, err := Open(Options{Dir: args[0], Durability: Durability(args[2]), Log: testLog()})
	if err != nil {
		return err
	}
	ws := testWorkspace()
	ws.ID = hearth.WorkspaceID(args[1])
	k, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return err
	}
	for ; ; k++ {
		h, err := e.Head(context.Background(), ws)
		if err != nil {
			return err
		}
		if err := commitNumber(h, k); err != nil {
			return err
		}
		h.Release()
		fmt.Println(k)
	}
}

// A process that is killed at any moment loses no acknowledged sample, late
// ones included.
func TestKillLosesNothing(t *testing.T) {
	for _, d := range []Durability{Process, Disk} {
		t.Run(string(d), func(t *testing.T) {
			dir, ws := t.TempDir(), testWorkspace()
			var runs []commits
			acked := int64(0)
			for range 6 {
				from := acked + 10
				acked = killOnce(t, dir, ws, d, from)
				runs = append(runs, commits{from, acked})
				e := openEngine(t, Options{Dir: dir})
				checkCommits(t, e, ws, runs)
				if err := e.Close(); err != nil {
					t.Fatalf("Close: %v", err)
				}
			}
			t.Logf("%d commits acknowledged, none lost", acked)
		})
	}
}

// killOnce runs a writer that begins at from, kills it at a random moment and
// returns the last commit it acknowledged.
func killOnce(t *testing.T, dir string, ws hearth.Workspace, d Durability, from int64) (acked int64) {
	t.Helper()
	c := child(t, "write", dir, string(ws.ID), string(d), strconv.FormatInt(from, 10))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	left := rand.IntN(150)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		k, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("writer said %q", lines.Text())
		}
		if acked = k; left == 0 {
			_ = c.Process.Kill() // goes on reading what it had said before
		}
		left--
	}
	_ = c.Wait()
	if acked == 0 {
		t.Fatal("the writer acknowledged nothing")
	}
	return acked
}

// checkCommits fails unless each series has all samples of the commits up to
// acked that were made, with their values.
// commits are those of one writer that were acknowledged. The one it was killed
// in is none of them, and may be there in part.
type commits struct{ first, last int64 }

func checkCommits(t *testing.T, e *Engine, ws hearth.Workspace, runs []commits) {
	t.Helper()
	got := floats(t, e, ws)
	for _, run := range runs {
		for k := run.first; k <= run.last; k++ {
			checkCommit(t, got, k)
		}
	}
}

func checkCommit(t *testing.T, got map[string]map[int64]float64, k int64) {
	t.Helper()
	for i := range killSeries {
		if v, ok := got[strconv.Itoa(i)][k*1000]; !ok || v != float64(k) {
			t.Fatalf("commit %d: series %d has %v (%v)", k, i, v, ok)
		}
	}
	for _, ts := range []int64{k * 1000, k*1000 - 500} {
		if v, ok := got["late"][ts]; !ok || v != float64(k) {
			t.Fatalf("commit %d: the late series has %v (%v) at %d", k, v, ok, ts)
		}
	}
}

// floats returns all float samples by the value of label n and by time.
func floats(t testing.TB, e *Engine, ws hearth.Workspace) map[string]map[int64]float64 {
	t.Helper()
	h, err := e.Head(context.Background(), ws)
	if err != nil {
		t.Fatalf("Head: %v", err)
	}
	defer h.Release()
	q, err := h.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatalf("Querier: %v", err)
	}
	defer q.Close()
	all := map[string]map[int64]float64{}
	set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, "up"))
	for set.Next() {
		samples := map[int64]float64{}
		it := set.At().Iterator(nil)
		for it.Next() == chunkenc.ValFloat {
			ts, v := it.At()
			samples[ts] = v
		}
		all[strings.Clone(set.At().Labels().Get("n"))] = samples
	}
	if err := set.Err(); err != nil {
		t.Fatalf("Select: %v", err)
	}
	return all
}
