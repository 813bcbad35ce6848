package main

import "testing"

// TestConnections runs web/test/connections.mjs: what administrators do in a Grafana
// workspace.
func TestConnections(t *testing.T) {
	t.Parallel()
	browse(t, "connections.mjs")
}
