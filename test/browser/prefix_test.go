package main

import (
	"os"
	"testing"
)

// Hearth below a path of a host that it shares with others.
func TestBelowAPath(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	f, err := start(t.Context(), t.TempDir(), os.Getenv("HEARTH_PROGRAM"), address(t), "/eu/hearth")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.stop)
	f.browse(t, "prefix.mjs")
}
