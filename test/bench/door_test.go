package main

import (
	"maps"
	"testing"
)

func TestDoorFigures(t *testing.T) {
	const said = "goos: linux\nBenchmarkRealisticRole-2 \t 20000\t 62798 ns/op\t 21500 cpu-ns/op\t 5120 B/op\t 43 allocs/op\nPASS\n"
	got, err := doorFigures(said)
	want := figures{"CPU": 21.5, "allocations": 43, "memory": 5}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "PASS", "BenchmarkRealisticRole-2 20000 62798 ns/op 5120 B/op", "BenchmarkX-2 1 y ns/op 3 B/op"} {
		if got, err := doorFigures(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
