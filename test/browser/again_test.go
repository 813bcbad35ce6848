package main

import (
	"os"
	"testing"
)

// TestSendAgain runs web/test/again.mjs: notifications that are sent a second time. Its
// Hearth is its own, for the first contact point of a Grafana workspace is the default.
func TestSendAgain(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	f, err := start(t.Context(), t.TempDir(), os.Getenv("HEARTH_PROGRAM"), address(t), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.stop)
	f.browse(t, "again.mjs")
}
