package main

import "testing"

// TestDashboards runs web/test/dashboards.mjs: dashboards of every age and every kind of
// panel, what stands on them, and what people do with them.
func TestDashboards(t *testing.T) {
	t.Parallel()
	browse(t, "dashboards.mjs")
}
