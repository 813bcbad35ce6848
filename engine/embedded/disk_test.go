package embedded

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func oneSample(h engine.Head, n string) error {
	a := h.AppenderV2(context.Background())
	ls := labels.FromStrings(model.MetricNameLabel, "up", "n", n)
	if _, err := a.Append(0, ls, 0, 1000, 1, nil, nil, storage.AOptions{}); err != nil {
		_ = a.Rollback()
		return err
	}
	return a.Commit()
}

func TestWatermark(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		name        string
		min         MinFree
		total, want uint64
	}{
		{"a twentieth", MinFree{}, 40 * gib, 2 * gib},
		{"no more than 4 GiB", MinFree{}, 10_000 * gib, 4 * gib},
		{"no less than 64 MiB", MinFree{}, gib, 64 << 20},
		{"an eighth of a tiny disk", MinFree{}, 64 << 20, 8 << 20},
		{"as told", MinFree{Percent: 10, Bytes: 1 << 20}, 100 << 20, 10 << 20},
		{"as told in bytes", MinFree{Percent: 0.001, Bytes: 3 << 20}, 100 << 20, 3 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.min.bytes(c.total); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// Appends are refused while space is short, queries are not, and appends go on
// by themselves.
func TestShortDiskRefusesAppends(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 30)
	n := &notes{}
	e := openEngine(t, Options{Dir: t.TempDir(), Recorder: n, Log: silent(), freeSpace: func(string) (uint64, uint64, error) {
		return free.Load(), 2 << 30, nil
	}})
	defer e.Close()
	ws := testWorkspace()
	h := pinHead(t, e, ws)
	defer h.Release()
	started := h.AppenderV2(t.Context())
	if _, err := started.Append(0, labels.FromStrings(model.MetricNameLabel, "up", "n", "begun"), 0, 1000, 1, nil, nil, storage.AOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := oneSample(h, "before"); err != nil {
		t.Fatal(err)
	}
	free.Store(1 << 20)
	if err := started.Commit(); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("commit on a short disk: %v, want Unavailable", err)
	}
	if err := oneSample(h, "short"); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("append on a short disk: %v, want Unavailable", err)
	}
	if _, err := h.StoreMetadata(t.Context(), []engine.Metadata{{Metric: "up"}}); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("metadata on a short disk: %v, want Unavailable", err)
	}
	if got := floats(t, e, ws); len(got["before"]) != 1 || len(got["short"])+len(got["begun"]) != 0 {
		t.Errorf("on a short disk the workspace answers %v", got)
	}
	free.Store(1 << 30)
	if err := oneSample(h, "after"); err != nil {
		t.Errorf("append once there is space: %v", err)
	}
	if len(n.all) != 2 {
		t.Errorf("%d events, want one for short and one for enough: %+v", len(n.all), n.all)
	}
}

// tmpfs mounts a small file system. Where that is not allowed the real disk
// cannot be filled; CI must allow it.
func tmpfs(t *testing.T, size string) (dir string, ok bool) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("mount a tmpfs: %v; CI must run this test with the right to mount", err)
		}
		t.Logf("NOT CHECKED on a real full disk: mount a tmpfs: %v", err)
		return "", false
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir, true
}

// A file system that fills up makes appends fail, never queries, and loses
// nothing that was acknowledged: with the watermark, and with none, where
// writes to the log do fail half-way.
func TestFullDisk(t *testing.T) {
	for _, c := range []struct {
		name string
		min  MinFree
	}{
		{"watermark", MinFree{}},
		{"no watermark", MinFree{Percent: 1e-9, Bytes: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, ok := tmpfs(t, "32m")
			if !ok {
				return
			}
			fillUp(t, dir, c.min)
		})
	}
}

func fillUp(t *testing.T, dir string, limit MinFree) {
	filler := filepath.Join(dir, "filler")
	writeFile(t, filler, make([]byte, 20<<20))
	e := openEngine(t, Options{Dir: filepath.Join(dir, "metrics"), MinFree: limit, Log: silent()})
	ws := testWorkspace()
	acked := map[int64]bool{}
	k := int64(0)
	until := func(what string, stop func(error) bool) {
		t.Helper()
		for range 20_000 {
			k++
			err := bigCommit(e, ws, k)
			if err == nil {
				acked[k] = true
			} else if hearth.KindOf(err) != hearth.Unavailable {
				t.Fatalf("commit %d: %v, want success or Unavailable", k, err)
			}
			if stop(err) {
				return
			}
		}
		t.Fatalf("%s: never", what)
	}
	until("the disk is full", func(err error) bool { return err != nil })
	full := k
	until("more is refused", func(error) bool { return k == full+20 })
	if got := floats(t, e, ws)["7"]; len(got) == 0 {
		t.Error("no answer while the disk is full")
	}
	remove(t, filler)
	e.look()
	until("appends go on", func(err error) bool { return err == nil })
	until("more is accepted", func(error) bool { return k >= full+60 })
	checkAcked(t, e, ws, acked)
	if err := e.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	n := &notes{}
	e = openEngine(t, Options{Dir: filepath.Join(dir, "metrics"), Recorder: n})
	defer e.Close()
	checkAcked(t, e, ws, acked)
	t.Logf("%d commits acknowledged, full at %d, files reported %v", len(acked), full, n.files())
}

// bigCommit appends enough to fill a log page or two, with new series in it.
func bigCommit(e *Engine, ws hearth.Workspace, k int64) error {
	h, err := e.Head(context.Background(), ws)
	if err != nil {
		return err
	}
	defer h.Release()
	a := h.AppenderV2(context.Background())
	for i := range 400 {
		ls := labels.FromStrings(model.MetricNameLabel, "up", "n", strconv.Itoa(i))
		if i > 380 {
			ls = labels.FromStrings(model.MetricNameLabel, "up", "n", strconv.Itoa(i), "new", strconv.FormatInt(k, 10))
		}
		if _, err := a.Append(0, ls, 0, k*1000, float64(k*int64(i))*1.1, nil, nil, storage.AOptions{}); err != nil {
			_ = a.Rollback()
			return err
		}
	}
	return a.Commit()
}

func checkAcked(t *testing.T, e *Engine, ws hearth.Workspace, acked map[int64]bool) {
	t.Helper()
	got := floats(t, e, ws)
	for k := range acked {
		for _, n := range []string{"7", "380"} {
			if _, ok := got[n][k*1000]; !ok {
				t.Fatalf("commit %d was acknowledged, and series %s does not have it", k, n)
			}
		}
	}
}
