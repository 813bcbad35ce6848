package query

import (
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Recorder == nil {
		o.Recorder = hearth.NoRecord{}
	}
	if o.Tally == nil {
		o.Tally = hearth.NoTally{}
	}
	if o.Concurrency <= 0 {
		o.Concurrency = max(8, 4*runtime.GOMAXPROCS(0))
	}
	if o.Queue <= 0 {
		o.Queue = 1_500 // a dashboard before 200 people, six panels of it at a time each
	}
	if o.QueueWait <= 0 {
		o.QueueWait = 10 * time.Second
	}
	if o.Memory == 0 {
		o.Memory = machineMemory() / 2
	}
	if o.Cache == 0 {
		o.Cache = 64 << 20
		if m := machineMemory(); m > 0 {
			o.Cache = min(o.Cache, m/32)
		}
	}
	if o.Build.GoVersion == "" {
		o.Build.GoVersion = runtime.Version()
	}
	return o
}

// machineMemory returns how much memory the process may use: the least of
// GOMEMLIMIT, its control group's limit and the machine's memory; 0 if none of
// them can be told.
func machineMemory() int64 {
	least := int64(math.MaxInt64)
	for _, n := range []int64{debug.SetMemoryLimit(-1), cgroupMemory("/sys/fs/cgroup/memory.max"), totalMemory("/proc/meminfo")} {
		if n > 0 {
			least = min(least, n)
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}

func cgroupMemory(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil { // "max"
		return 0
	}
	return n
}

func totalMemory(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemTotal:" {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}
