package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestKept(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	for _, c := range []struct{ text, want string }{
		{"# Title\n\n| a |\n", ""},
		{"# Title\n\n| a |\n\n## In the browser\n\ntext\n", "\n## In the browser\n\ntext\n"},
	} {
		if err := os.WriteFile(page, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := kept(page); got != c.want {
			t.Errorf("kept of %q is %q, want %q", c.text, got, c.want)
		}
	}
	if got := kept(page + ".absent"); got != "" {
		t.Errorf("kept of no page is %q", got)
	}
}
