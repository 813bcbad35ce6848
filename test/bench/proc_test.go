package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseStatus(t *testing.T) {
	m, err := parseStatus([]byte("Name:\tx\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\nRssAnon:\t     100 kB\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (memory{resident: 200 << 10, anonymous: 100 << 10, peak: 300 << 10}); m != want {
		t.Errorf("status says %+v, want %+v", m, want)
	}
	if _, err := parseStatus([]byte("Name:\tx\n")); err == nil {
		t.Error("a status without memory is accepted")
	}
}

func TestThisProcess(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for i, sum := 0, 0; i < 50_000_000; i++ {
		sum += i
	}
	after, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if before <= 0 || after <= before {
		t.Errorf("CPU went from %v to %v", before, after)
	}
	m, err := memoryOf(os.Getpid())
	if err != nil || m.resident <= 0 || m.peak < m.anonymous {
		t.Errorf("memory is %+v, %v", m, err)
	}
}

func TestDiskUsageCountsBlocks(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := diskUsage(dir)
	if err != nil || n < 100_000 || n > 200_000 {
		t.Errorf("disk usage is %d, %v: want about 100,000", n, err)
	}
}
