package main

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestShippedRules runs the unit tests of the rules that come with Hearth.
func TestShippedRules(t *testing.T) {
	tests, err := filepath.Glob("../../rules/shipped/*_test.yml")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	var out bytes.Buffer
	if code := execute(t.Context(), append([]string{"test", "rules"}, tests...), &out, &out); code != exitFine {
		t.Errorf("hearth test rules ends with %d:\n%s", code, out.String())
	}
}
