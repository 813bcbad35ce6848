package hearth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/hearth-metrics/hearth"

// floors gives each package its floor. A package imports only from lower ones,
// so rooms (floor 2) never import each other. A new package gets a line here and
// in ARCHITECTURE.md.
var floors = map[string]int{
	"":                  0,
	"sigv4":             1,
	"store":             1,
	"engine":            1,
	"iam":               2,
	"ledger":            2,
	"workspace":         2,
	"ingest":            2,
	"query":             2,
	"scraper":           2,
	"rules":             2,
	"alerting":          2,
	"sns":               2,
	"cluster":           2,
	"cloudwatch":        2,
	"dashboard":         2,
	"sso":               2,
	"web":               1,
	"shipped":           1,
	"test/port":         1,
	"test/kube":         4,
	"engine/embedded":   2,
	"engine/enginetest": 2,
	"store/storetest":   2,
	"awsapi":            3,
	"cmd/hearth":        4,
	"test/bench":        4,
	"test/browser":      4,
}

type source struct {
	path, pkg string // slash-separated, relative to the module
	file      *ast.File
	set       *token.FileSet
	text      []byte
}

// sources parses every Go file of the module, tests included.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules" || isModule(path)):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if pkg == "." {
			pkg = ""
		}
		all = append(all, source{path: filepath.ToSlash(path), pkg: pkg, file: f, set: set, text: text})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

func TestPackagesImportOnlyLowerFloors(t *testing.T) {
	for _, s := range sources(t) {
		floor, ok := floors[s.pkg]
		if !ok {
			t.Errorf("package %q has no floor: give it one in house_test.go and a line in ARCHITECTURE.md", s.pkg)
			continue
		}
		if s.isTest() && strings.HasSuffix(s.file.Name.Name, "_test") {
			continue // external tests may join rooms, as cmd/hearth does
		}
		for _, imp := range s.file.Imports {
			path, err := strconv.Unquote(imp.Path.Value)
			if err != nil || (path != module && !strings.HasPrefix(path, module+"/")) {
				continue
			}
			lower := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
			if s.isTest() && strings.HasSuffix(lower, "test") {
				continue // a conformance suite, from the package it examines
			}
			if s.isTest() && strings.HasPrefix(lower, "test/") {
				continue // what tests work with
			}
			if floors[lower] >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d): ask for it through a small interface declared in %s, and join the two in cmd/hearth",
					s.path, floor, lower, floors[lower], s.pkg)
			}
		}
	}
}

func TestFunctionsStayShort(t *testing.T) {
	var lengths []int
	for _, s := range sources(t) {
		if s.isTest() || s.pkg == "test/bench" || s.pkg == "test/browser" {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1
			lengths = append(lengths, n)
			if n > 120 {
				t.Errorf("%s: %s is %d lines long: split it by what it does (at most 120)", s.set.Position(f.Pos()), f.Name.Name, n)
			}
		}
	}
	slices.Sort(lengths)
	median, ninth := lengths[len(lengths)/2], lengths[len(lengths)*9/10]
	if median > 12 || ninth > 45 {
		t.Errorf("functions: median %d lines (at most 12), nine in ten up to %d (at most 45)", median, ninth)
	}
}

// Words that say a path is unfinished, spelt apart so that this file passes.
var unfinished = []string{"TO" + "DO", "FIX" + "ME", "X" + "XX"}

func TestNothingIsLeftForLater(t *testing.T) {
	for _, s := range sources(t) {
		for _, word := range unfinished {
			if strings.Contains(string(s.text), word) {
				t.Errorf("%s contains %s: finish it, or refuse the case by a typed error and list it in docs/operations.md", s.path, word)
			}
		}
	}
}

func TestTestsDoNotSleep(t *testing.T) {
	for _, s := range sources(t) {
		if !s.isTest() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if x, isName := selX(sel, ok); isName && x == "time" && sel.Sel.Name == "Sleep" {
				t.Errorf("%s sleeps: inject Now, use testing/synctest, or wait for the condition on a ticker with a deadline", s.set.Position(n.Pos()))
			}
			return true
		})
	}
}

func selX(sel *ast.SelectorExpr, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	x, isName := sel.X.(*ast.Ident)
	if !isName {
		return "", false
	}
	return x.Name, true
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	said := map[string]bool{}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		if _, ok := said[s.pkg]; !ok {
			said[s.pkg] = false
		}
		if s.file.Doc != nil {
			said[s.pkg] = true
		}
	}
	for pkg, ok := range said {
		if !ok {
			t.Errorf("package %q has no package comment: one sentence that says what it is for", pkg)
		}
	}
}

func TestNoCatchAllPackages(t *testing.T) {
	for pkg := range floors {
		for _, name := range []string{"util", "utils", "common", "helpers", "types", "models", "shared", "pkg", "internal"} {
			if slices.Contains(strings.Split(pkg, "/"), name) {
				t.Errorf("package %q: name it after what a user would recognise", pkg)
			}
		}
	}
}
