package main

import "testing"

// TestDenied runs web/test/denied.mjs: the console of somebody who may do little.
func TestDenied(t *testing.T) {
	t.Parallel()
	browse(t, "denied.mjs")
}
