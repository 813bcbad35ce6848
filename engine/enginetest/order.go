package enginetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

func testOutOfOrder(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	ws.Limits.OutOfOrderWindow = time.Minute
	write(t, e, ws, sample{series: "up", t: 100_000, v: 1})
	write(t, e, ws, sample{series: "up", t: 41_000, v: 2}, sample{series: "late", t: 50_000, v: 3})
	using(t, e, ws, func(h engine.Head) {
		if err := tryWrite(t, h, sample{series: "up", t: 39_000, v: 4}); !errors.Is(err, storage.ErrTooOldSample) {
			t.Errorf("a sample older than the window: got %v, want %v", err, storage.ErrTooOldSample)
		}
	})
	write(t, e, ws, sample{series: "up", t: 60_000, v: 5})
	expect(t, e, ws, `{__name__="late"} 50000=3`, `{__name__="up"} 41000=2 60000=5 100000=1`)

	strict := workspace()
	strict.Limits.OutOfOrderWindow = 0
	write(t, e, strict, sample{series: "up", t: 100_000, v: 1})
	using(t, e, strict, func(h engine.Head) {
		if err := tryWrite(t, h, sample{series: "up", t: 99_000, v: 2}); !errors.Is(err, storage.ErrOutOfOrderSample) {
			t.Errorf("a sample out of order without a window: got %v, want %v", err, storage.ErrOutOfOrderSample)
		}
	})
	expect(t, e, strict, `{__name__="up"} 100000=1`)
}

// A request may carry samples of one series in any order: what was accepted is
// there, even if only the request itself made it late.
func testUnorderedRequest(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	ws.Limits.OutOfOrderWindow = time.Minute
	write(t, e, ws, sample{series: "up", t: 100_000, v: 1}, sample{series: "up", t: 90_000, v: 2}, sample{series: "up", t: 110_000, v: 3})
	expect(t, e, ws, `{__name__="up"} 90000=2 100000=1 110000=3`)
}

func testDuplicates(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	write(t, e, ws, sample{series: "up", t: 1000, v: 1})
	write(t, e, ws, sample{series: "up", t: 1000, v: 1}) // the same again is fine
	using(t, e, ws, func(h engine.Head) {
		if err := tryWrite(t, h, sample{series: "up", t: 1000, v: 2}); !errors.Is(err, storage.ErrDuplicateSampleForTimestamp) {
			t.Errorf("another value for the same time: got %v, want %v", err, storage.ErrDuplicateSampleForTimestamp)
		}
	})
	expect(t, e, ws, `{__name__="up"} 1000=1`)
}

func testRollback(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	using(t, e, ws, func(h engine.Head) {
		a := h.AppenderV2(t.Context())
		if _, err := a.Append(0, parse(t, "up"), 0, 1000, 1, nil, nil, storage.AOptions{}); err != nil {
			t.Fatalf("Append: %v", err)
		}
		if err := a.Rollback(); err != nil {
			t.Fatalf("Rollback: %v", err)
		}
	})
	if got := read(t, e, ws); strings.Contains(got, "=1 ") || strings.HasSuffix(got, "1000=1") {
		t.Errorf("after Rollback: %s", got)
	}
}

func testConcurrentWriters(t *testing.T, open Opener) {
	e, ws := start(t, open), workspace()
	const writers, rounds = 8, 25
	errs := make(chan error, writers)
	for w := range writers {
		go func() { errs <- writeRounds(t, e, ws, w, rounds) }()
	}
	for range writers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	lines := strings.Split(read(t, e, ws), "\n")
	if len(lines) != writers {
		t.Fatalf("%d series, want %d", len(lines), writers)
	}
	for _, l := range lines {
		if n := strings.Count(l, "000="); n != rounds {
			t.Errorf("%d samples, want %d: %s", n, rounds, l)
		}
	}
}

func writeRounds(t *testing.T, e engine.Engine, ws hearth.Workspace, writer, rounds int) error {
	for r := range rounds {
		h, err := e.Head(t.Context(), ws)
		if err != nil {
			return err
		}
		err = tryWrite(t, h, sample{series: fmt.Sprintf(`up{writer="%d"}`, writer), t: int64(r+1) * 1000, v: float64(r)})
		h.Release()
		if err != nil {
			return err
		}
	}
	return nil
}
