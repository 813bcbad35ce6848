package main

import "testing"

// TestJourneys runs web/test/journeys.mjs: what people do in a Grafana workspace.
func TestJourneys(t *testing.T) {
	t.Parallel()
	browse(t, "journeys.mjs")
}
