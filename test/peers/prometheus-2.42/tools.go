//go:build tools

// Package peer pins a Prometheus of 2023, as old installations run it: its
// remote write signs with the first version of the sigv4 library.
package peer

import _ "github.com/prometheus/prometheus/cmd/prometheus"
