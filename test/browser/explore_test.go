package main

import (
	"path/filepath"
	"testing"
)

// TestExplore runs web/test/explore.mjs: queries completed, run, kept, shown side by side
// and taken to other programs.
func TestExplore(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	script, err := filepath.Abs(filepath.Join("..", "..", "cmd", "hearth", "testdata", "awscurl.py"))
	if err != nil {
		t.Fatal(err)
	}
	shared.of(t).browse(t, "explore.mjs", "HEARTH_AWSCURL="+pythonOfAWS(t)+" "+script)
}
