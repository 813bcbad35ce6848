package main

import "testing"

// TestPlainHTTP runs web/test/plain.mjs: the pages as another machine opens them over plain
// http, where browsers give no clipboard.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	browse(t, "plain.mjs")
}
