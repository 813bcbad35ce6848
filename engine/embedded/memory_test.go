package embedded

import (
	"os"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/hearth-metrics/hearth"
)

// tunings are what HEARTH_ENGINE_TUNE may choose when memory is measured.
var tunings = map[string]func(*tsdb.Options){
	"isolated": func(o *tsdb.Options) { o.IsolationDisabled = false },
	"xor2":     func(o *tsdb.Options) { o.FloatChunkEncoding = chunkenc.EncXOR2 },
}

// writeProfile writes a heap profile where HEARTH_ENGINE_PROFILES says.
func writeProfile(name string) {
	dir := os.Getenv("HEARTH_ENGINE_PROFILES")
	if dir == "" {
		return
	}
	if f, err := os.Create(dir + "/" + name + ".heap"); err == nil {
		_ = pprof.Lookup("heap").WriteTo(f, 0)
		_ = f.Close()
	}
}

// profileCPU does the same for CPU, until stop.
func profileCPU(name string) (stop func()) {
	dir := os.Getenv("HEARTH_ENGINE_PROFILES")
	if dir == "" {
		return func() {}
	}
	f, err := os.Create(dir + "/" + name + ".cpu")
	if err != nil || pprof.StartCPUProfile(f) != nil {
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}
}

// instrumented tells whether the race detector is on: it takes several times
// the memory and the time, so figures mean nothing then.
func instrumented() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

const kib, mib = 1 << 10, 1 << 20

// A thousand workspaces of a hundred series each, all open, fit into 400 MiB;
// closed, each costs next to nothing.
func TestSmallWorkspacesCostLittle(t *testing.T) {
	count := "1000"
	if testing.Short() || instrumented() {
		count = "100"
	}
	got := figures(t, "small", t.TempDir(), count, "100")
	t.Logf("%s workspaces of 100 series: %.0f MiB resident while open (live heap %.0f KiB each, %.0f goroutines, filled in %.1f s); closed: %.1f KiB of heap each, %.0f MiB resident",
		count, got["open_rss"]/mib, got["open_heap"]/kib, got["open_goroutines"], got["fill_seconds"], got["closed_heap"]/kib, got["closed_rss"]/mib)
	if got["open_rss"] > 400*mib {
		t.Errorf("open: %.0f MiB resident, want at most 400", got["open_rss"]/mib)
	}
	if got["closed_heap"] > 50*kib {
		t.Errorf("closed: %.1f KiB of heap each, want at most 50", got["closed_heap"]/kib)
	}
}

// What an active series of a big workspace takes, and how long the workspace
// takes to open. The live heap is steady; what is resident depends on when the
// collector last ran, so its bound only guards against going back.
func TestBigWorkspace(t *testing.T) {
	series, rounds := "200000", "40"
	short := testing.Short() || instrumented()
	if short {
		series, rounds = "20000", "5"
	}
	for _, how := range []string{"clean", "kill"} {
		dir, id := t.TempDir(), string(hearth.NewWorkspaceID())
		got := figures(t, "big", dir, id, series, rounds, how)
		t.Logf("%s series x %s: %.0f B resident and %.0f B live heap a series; closing took %.2f s (%.2f s of CPU); %.1f MB on disk",
			series, rounds, got["rss"], got["heap"], got["close_seconds"], got["close_cpu"], float64(dirBytes(dir))/1e6)
		if !short && (got["rss"] > 1900 || got["heap"] > 1050) {
			t.Errorf("%.0f B resident and %.0f B of heap a series, want at most 1900 and 1050", got["rss"], got["heap"])
		}
		again := figures(t, "reopen", dir, id)
		t.Logf("after a %s stop: open again in %.2f s (%.2f s of CPU), %.0f MiB resident", how, again["seconds"], again["cpu"], again["rss"]/mib)
	}
}
