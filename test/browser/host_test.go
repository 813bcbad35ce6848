package main

import "testing"

// TestOwnHost runs web/test/host.mjs: a Grafana workspace under a host of its own.
func TestOwnHost(t *testing.T) {
	t.Parallel()
	browse(t, "host.mjs")
}
