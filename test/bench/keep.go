package main

import (
	"os"
	"strings"
)

// kept is what a page of earlier runs says of other measurements: everything from
// its first heading of the second order on. A page that is not there keeps nothing.
func kept(page string) string {
	text, err := os.ReadFile(page)
	if err != nil {
		return ""
	}
	_, rest, found := strings.Cut(string(text), "\n## ")
	if !found {
		return ""
	}
	return "\n## " + rest
}
