package main

import "testing"

// TestKeys runs web/test/keys.mjs: what keys do on a dashboard.
func TestKeys(t *testing.T) {
	t.Parallel()
	browse(t, "keys.mjs")
}
