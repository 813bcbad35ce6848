//go:build tools

// Package peers pins the Prometheus server that benchmarks and tests compare
// with. It is a module of its own, so that nothing of it reaches the program's.
package peers

import _ "github.com/prometheus/prometheus/cmd/prometheus"
