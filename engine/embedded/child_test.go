package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// Some tests need a process of their own: to kill it, or to look at its memory.
// They run this test binary again, with the child's name in the environment.
const childEnv = "HEARTH_ENGINE_CHILD"

// gcPercent is the collector's setting that the memory budgets are stated for:
// known series are appended without garbage, so collecting earlier than by
// default costs little and saves a fifth of the memory.
const gcPercent = 40

var children = map[string]func(args []string) error{
	"write":  childWrite,
	"small":  childSmall,
	"big":    childBig,
	"reopen": childReopen,
}

func TestMain(m *testing.M) {
	name := os.Getenv(childEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	debug.SetGCPercent(gcPercent)
	if err := children[name](os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

func child(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), childEnv+"="+name)
	c.Stderr = os.Stderr
	return c
}

// figures runs a child that prints a JSON object of numbers.
func figures(t testing.TB, name string, args ...string) map[string]float64 {
	t.Helper()
	out, err := child(t, name, args...).Output()
	if err != nil {
		t.Fatalf("child %s: %v", name, err)
	}
	got := map[string]float64{}
	if err := json.Unmarshal(bytes.TrimSpace(out), &got); err != nil {
		t.Fatalf("child %s printed %q: %v", name, out, err)
	}
	return got
}

// rssAnon returns the resident anonymous memory of this process.
func rssAnon() float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(l, "RssAnon:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb * 1024
		}
	}
	return 0
}

func heapInUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// podSeries looks like what a Kubernetes cluster sends: 11 labels, 273 bytes.
func podSeries(ws, i int) labels.Labels {
	return labels.FromStrings(
		model.MetricNameLabel, "container_network_receive_packets_total_"+strconv.Itoa(i%24),
		"cluster", "production-eu-west-1", "container", "application",
		"endpoint", "https-metrics", "instance", "10.12."+strconv.Itoa(i/250%250)+".17:10250",
		"job", "kubelet", "namespace", "team-"+strconv.Itoa(ws%40), "node", "ip-10-12-3-"+strconv.Itoa(i%200)+".ec2.internal",
		"pod", "application-7d4b9c6f5-"+strconv.Itoa(i/24), "service", "kube-prom-kubelet", "prometheus", "monitoring/k8s",
	)
}

// fill appends rounds of samples of the first n series, 15 seconds apart,
// 2000 series a commit, as remote write does.
func fill(h engine.Head, refs []storage.SeriesRef, ws, n, from, rounds int) error {
	for r := from; r < from+rounds; r++ {
		for lo := 0; lo < n; lo += 2000 {
			a := h.AppenderV2(context.Background())
			for i := lo; i < min(n, lo+2000); i++ {
				ls := labels.EmptyLabels()
				if refs[i] == 0 {
					ls = podSeries(ws, i)
				}
				ref, err := a.Append(refs[i], ls, 0, int64(r+1)*15_000, float64(r*(i%17)), nil, nil, storage.AOptions{})
				if err != nil {
					return err
				}
				refs[i] = ref
			}
			if err := a.Commit(); err != nil {
				return err
			}
		}
	}
	return nil
}

func childEngine(dir string) (*Engine, error) {
	return Open(Options{Dir: dir, Log: testLog()})
}

func testWorkspace() hearth.Workspace {
	return hearth.Workspace{ID: hearth.NewWorkspaceID(), Limits: hearth.LimitsOf(hearth.Local)}
}

// childSmall opens args[1] workspaces of args[2] series each and reports memory
// while all are open, and again when all are closed.
func childSmall(args []string) error {
	count, _ := strconv.Atoi(args[1])
	perWS, _ := strconv.Atoi(args[2])
	e, err := childEngine(args[0])
	if err != nil {
		return err
	}
	heap0, start := heapInUse(), time.Now()
	all := make([]hearth.Workspace, count)
	refs := make([][]storage.SeriesRef, count)
	for i := range all {
		all[i], refs[i] = testWorkspace(), make([]storage.SeriesRef, perWS)
	}
	for r := range 5 {
		for i, ws := range all {
			h, err := e.Head(context.Background(), ws)
			if err != nil {
				return err
			}
			if err := fill(h, refs[i], i, perWS, r, 1); err != nil {
				return err
			}
			h.Release()
		}
	}
	out := map[string]float64{
		"fill_seconds":    time.Since(start).Seconds(),
		"open_rss":        rssAnon(),
		"open_heap":       (heapInUse() - heap0) / float64(count),
		"open_goroutines": float64(runtime.NumGoroutine()),
	}
	writeProfile("small")
	for _, s := range e.snapshot() {
		if c := s.closeIfIdle(time.Now().Add(time.Hour)); c != nil {
			<-c.done
		}
	}
	clear(refs)
	out["closed_heap"] = (heapInUse() - heap0) / float64(count)
	debug.FreeOSMemory()
	out["closed_rss"] = rssAnon()
	return report(out, e)
}

func report(out map[string]float64, e *Engine) error {
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		return err
	}
	return e.Close()
}

// childBig fills one workspace with args[2] series and args[3] samples each. It
// reports memory, and then stops cleanly or, if args[4] is kill, just stops.
func childBig(args []string) error {
	e, err := Open(Options{Dir: args[0], Log: testLog(), tune: tunings[os.Getenv("HEARTH_ENGINE_TUNE")]})
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(args[2])
	rounds, _ := strconv.Atoi(args[3])
	ws := testWorkspace()
	ws.ID = hearth.WorkspaceID(args[1])
	base, heap0 := rssAnon(), heapInUse()
	refs := make([]storage.SeriesRef, n)
	for from := range rounds {
		h, err := e.Head(context.Background(), ws)
		if err != nil {
			return err
		}
		if h.Stats().ActiveSeries == 0 || from == 1 {
			clear(refs) // outgrown: the references died with the first opening
		}
		if err := fill(h, refs, 0, n, from, 1); err != nil {
			return err
		}
		h.Release()
	}
	out := map[string]float64{"rss": (rssAnon() - base) / float64(n)}
	out["heap"] = (heapInUse() - heap0) / float64(n)
	writeProfile("big")
	if args[4] == "kill" {
		return json.NewEncoder(os.Stdout).Encode(out)
	}
	start, cpu := time.Now(), cpuSeconds()
	if err := e.Close(); err != nil {
		return err
	}
	out["close_seconds"], out["close_cpu"] = time.Since(start).Seconds(), cpuSeconds()-cpu
	return json.NewEncoder(os.Stdout).Encode(out)
}

// childReopen reports how long opening the workspace takes.
func childReopen(args []string) error {
	e, err := childEngine(args[0])
	if err != nil {
		return err
	}
	ws := testWorkspace()
	ws.ID = hearth.WorkspaceID(args[1])
	stop := profileCPU("reopen")
	start, cpu := time.Now(), cpuSeconds()
	h, err := e.Head(context.Background(), ws)
	if err != nil {
		return err
	}
	stop()
	out := map[string]float64{
		"seconds": time.Since(start).Seconds(), "cpu": cpuSeconds() - cpu,
		"series": float64(h.Stats().ActiveSeries), "rss": rssAnon(),
	}
	defer h.Release()
	if out["append_ns"], err = appendCost(h, int(out["series"])); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// appendCost returns the CPU time of appending one sample to a known series:
// where the series lie in memory depends on how the workspace was opened.
func appendCost(h engine.Head, n int) (ns float64, err error) {
	refs := make([]storage.SeriesRef, n)
	if err := fill(h, refs, 0, n, 1000, 1); err != nil {
		return 0, err
	}
	runtime.GC()
	cpu := cpuSeconds()
	err = fill(h, refs, 0, n, 1001, 5)
	return 1e9 * (cpuSeconds() - cpu) / float64(5*n), err
}
