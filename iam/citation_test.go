package iam

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVectorsCite holds the files of vectors to their sources: every section
// begins with a comment that names the page of AWS whose rules it shows, and (as
// TestVectors checks) every line says which rule.
func TestVectorsCite(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no vectors", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range uncited(string(text)) {
			t.Errorf("%s:%s: no page of AWS is cited above", file, at)
		}
	}
	const good = "# https://docs.aws.amazon.com/x\nparse\na => b # c\n----\n1 cases\n\nparse\n----\n0 cases\n"
	if got := uncited(good); len(got) > 0 {
		t.Errorf("a cited one: %v", got)
	}
	if got := uncited("parse\n----\n\n" + good + "\n# Of nothing.\nparse\n----\n"); len(got) != 2 {
		t.Errorf("two without: %v", got)
	}
}

// uncited are the commands of a file of vectors that stand in a section without a
// page of AWS. A comment begins a section.
func uncited(text string) (at []string) {
	cited, comment, n := false, false, 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		was := comment
		comment = strings.HasPrefix(line, "#")
		if comment {
			cited = was && cited || strings.Contains(line, "https://docs.aws.amazon.com/")
		} else if _, isCommand := players[line]; isCommand && !cited {
			at = append(at, fmt.Sprintf("%d: %s", n, line))
		}
	}
	return at
}
