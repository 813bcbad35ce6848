package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// runDoor measures what the front door costs each request, beyond the hashing of
// its body: who asks, may they, which handler. No server runs: the benchmark of
// package awsapi is asked, which knows how to make such a role.
func (b *bench) runDoor(ctx context.Context) error {
	if b.hearth == nil {
		return nil
	}
	for range b.runs {
		text, err := output(ctx, b.root, "go", "test", "./awsapi", "-run", "^$", "-bench", "^BenchmarkRealisticRole$", "-benchmem")
		if err != nil {
			return err
		}
		f, err := doorFigures(text)
		if err != nil {
			return err
		}
		b.keep(b.hearth, "door", f)
	}
	return nil
}

// doorFigures reads what go test prints of a benchmark: pairs of a number and its
// unit. https://pkg.go.dev/golang.org/x/perf/benchfmt
func doorFigures(text string) (figures, error) {
	units := map[string]float64{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		for i := 2; i+1 < len(words); i += 2 {
			n, err := strconv.ParseFloat(words[i], 64)
			if err != nil {
				return nil, fmt.Errorf("benchmark line %q: %w", line, err)
			}
			units[words[i+1]] = n
		}
	}
	for _, unit := range []string{"cpu-ns/op", "allocs/op", "B/op"} {
		if _, ok := units[unit]; !ok {
			return nil, fmt.Errorf("the benchmark tells no %s:\n%s", unit, text)
		}
	}
	return figures{"CPU": units["cpu-ns/op"] / 1e3, "allocations": units["allocs/op"], "memory": units["B/op"] / 1024}, nil
}
