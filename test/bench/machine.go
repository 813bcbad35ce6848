package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine describes what it all ran on, without naming it.
func machine() string {
	cpu, memory := "", ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		cpu = afterColon(string(text), "model name")
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int64
		if _, err := fmt.Sscan(afterColon(string(text), "MemTotal"), &kib); err == nil {
			memory = fmt.Sprintf(", %.0f GiB of memory", float64(kib)/(1<<20))
		}
	}
	return fmt.Sprintf("Machine: %d cores (%s)%s; %s, %s/%s.", runtime.NumCPU(), cpu, memory, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func afterColon(text, name string) string {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
