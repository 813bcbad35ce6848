package main

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	promconfig "github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql"

	"github.com/hearth-metrics/hearth/store"
)

const troubleshooting = "../../docs/troubleshooting.md"

// claimed are what docs/troubleshooting.md claims that programs say: headings, and
// bullets, between backticks.
var claimed = regexp.MustCompile("(?m)^(?:###|-) `(.+)`$")

// TestTroubleshootingIsTrue checks that each text of docs/troubleshooting.md is
// one that Hearth, or a program beside it, really says.
func TestTroubleshootingIsTrue(t *testing.T) {
	said := append(literals(t, sourceFiles(t, "../..")), foreign(t)...)
	for _, m := range claimed.FindAllStringSubmatch(readDocument(t, troubleshooting), -1) {
		for part := range strings.SplitSeq(m[1], "…") {
			if part = trimmed(part); countLetters(part) >= 4 && !isSaid(part, said) {
				t.Errorf("nobody says %q, of %q", part, m[1])
			}
		}
	}
}

// isSaid tells whether part is in one of said, or is made of at most three pieces
// that are: messages are put together. A piece is a constant between two verbs, or
// long enough to be no accident.
func isSaid(part string, said []string) bool { return inPieces(part, said, 3) }

func inPieces(part string, said []string, most int) bool {
	if says(part, said) {
		return true
	}
	for i := strings.LastIndexByte(part, ' '); i > 0 && most > 1; i = strings.LastIndexByte(part[:i], ' ') {
		if head, tail := trimmed(part[:i]), trimmed(part[i:]); says(head, said) && inPieces(tail, said, most-1) {
			return true
		}
	}
	return false
}

func says(piece string, said []string) bool {
	return slices.ContainsFunc(said, func(s string) bool {
		if !strings.Contains(s, piece) {
			return false
		}
		return countLetters(piece) >= 15 || slices.ContainsFunc(verb.Split(s, -1), func(between string) bool { return trimmed(between) == piece })
	})
}

func trimmed(s string) string { return strings.Trim(s, " .,:;()[]'\"=\n") }

func countLetters(s string) (n int) {
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			n++
		}
	}
	return n
}

// needNoEntry are texts that explain themselves, or that no user can cause.
var needNoEntry = []string{
	"remote write without a workspace", "OTLP without a workspace", "no workspace in the request's context",
	"query: no engine given", "the metrics engine needs a directory", "durability %q: want %q or %q",
	"not an ARN: want arn:partition:service:region:account:resource", "there is no workspace with this ID",
	"This Hearth keeps no ledger.", "nobody has this access key", "must be a string", "it is ",
	"sign request: %w", "a limit cannot be a %T",
}

// TestTroubleshootingIsWhole checks that each text which a caller can get has its
// entry.
func TestTroubleshootingIsWhole(t *testing.T) {
	if len(needNoEntry) > 25 {
		t.Errorf("%d texts without an entry are too many: document them", len(needNoEntry))
	}
	page := strings.Join(strings.Fields(readDocument(t, troubleshooting)), " ")
	for _, dir := range []string{"awsapi", "iam", "ingest", "query", "engine/embedded", "workspace", "sigv4", "store", "sso", "cmd/hearth", "rules", "alerting", "sns", "cloudwatch", "cluster", "scraper", "dashboard"} {
		for _, msg := range messages(t, sourceFiles(t, filepath.Join("../..", dir))) {
			if slices.ContainsFunc(needNoEntry, func(s string) bool { return strings.HasPrefix(msg, s) }) {
				continue
			}
			for _, part := range verb.Split(strings.ReplaceAll(msg, "\n\n", "%v"), -1) {
				if part = trimmed(strings.Join(strings.Fields(part), " ")); countLetters(part) >= 4 && !strings.Contains(page, part) {
					t.Errorf("%s can answer %q, and docs/troubleshooting.md has no %q", dir, msg, part)
				}
			}
		}
	}
}

// verb is what varies in a text, and what a heading cannot repeat.
var verb = regexp.MustCompile("%[-+# 0]*[0-9.]*[a-zA-Z]|`[^`]*`")

// sourceFiles parses the Go files at and below dir, tests left out.
func sourceFiles(t *testing.T, dir string) []*ast.File {
	t.Helper()
	var all []*ast.File
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "test"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		all = append(all, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// literals are the string constants of files, those joined by + as one.
func literals(t *testing.T, files []*ast.File) (all []string) {
	t.Helper()
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				if s := constant(e); countLetters(s) > 0 {
					all = append(all, s)
				}
			}
			return true
		})
	}
	return all
}

// constant spells a string expression, with a verb for what varies in it.
func constant(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return varying(e.X) + varying(e.Y)
		}
	}
	return ""
}

func varying(e ast.Expr) string {
	if s := constant(e); s != "" {
		return s
	}
	return "%v"
}

// sayers are functions one of whose arguments is told to the caller.
var sayers = map[string]int{
	"malformed": 0, "unsupported": 0, "refuse": 1, "tooMany": 0, "overLimit": 3, "unknownOperation": 0,
	"incomplete": 0, "fault": 0, "require": 0, "add": 1, "invalidField": 1, "unavailable": 1, "absent": 2,
	"wrongRegion": 1, "badBody": 0, "badToken": 0, "overQuota": 0, "unfit": 1,
}

// tellers are functions that return what is told to the caller.
var tellers = []string{"passing", "finding"}

func returned(f *ast.FuncDecl) (all []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok {
			for _, e := range r.Results {
				if s := constant(e); s != "" {
					all = append(all, s)
				}
			}
		}
		return true
	})
	return all
}

// messages are the texts in files that are meant for a caller.
func messages(t *testing.T, files []*ast.File) (all []string) {
	t.Helper()
	ours := len(files) > 0 && files[0].Name.Name == "main" // every error of the command line is told to its user
	say := func(e ast.Expr) {
		if call, ok := e.(*ast.CallExpr); ok && len(call.Args) > 0 {
			e = call.Args[0] // fmt.Sprintf
		}
		if s := constant(e); s != "" {
			all = append(all, s)
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if name, ok := n.Key.(*ast.Ident); ok && strings.EqualFold(name.Name, "msg") {
					say(n.Value)
				}
			case *ast.FuncDecl:
				if slices.Contains(tellers, n.Name.Name) {
					all = append(all, returned(n)...)
				}
			case *ast.CallExpr:
				name := called(n)
				if i, ok := sayers[name]; ok && i < len(n.Args) {
					say(n.Args[i])
				}
				if ours && (name == "Errorf" || name == "New") && len(n.Args) > 0 {
					say(n.Args[0])
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if i < len(n.Values) && (strings.HasSuffix(name.Name, "Text") || strings.HasSuffix(name.Name, "Msg") || name.Name == "full") {
						say(n.Values[i])
					}
				}
			}
			return true
		})
	}
	return all
}

func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// foreign are texts of other programs, brought about or read from their source.
func foreign(t *testing.T) []string {
	t.Helper()
	all := []string{syscall.EAGAIN.Error(), promql.ErrTooManySamples("query execution").Error()}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range []string{"storage", "model/histogram"} {
		all = append(all, literals(t, sourceFiles(t, filepath.Join(strings.TrimSpace(string(dir)), pkg)))...)
	}
	for _, text := range []string{
		"remote_write:\n- url: http://x/\n  sigv4:\n    queue_config: {}\n",
		"remote_write:\n- url: \"http://x/\n",
	} {
		_, err := promconfig.Load(text, nil)
		all = append(all, errorText(t, err))
	}
	junk := filepath.Join(t.TempDir(), "hearth.db")
	if err := os.WriteFile(junk, []byte("no database at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = store.OpenSQLite(context.Background(), junk, store.Options{})
	return append(all, errorText(t, err), portInUse(t), botocoreTexts(t))
}

func errorText(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		t.Fatal("a case that should fail does not")
	}
	return err.Error()
}

func portInUse(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = listen(t.Context(), "api", l.Addr().String(), nil, "", nil)
	return errorText(t, err)
}

// botocoreTexts are those of the aws CLI.
func botocoreTexts(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("python3", "-c",
		"import botocore.exceptions as e; print(e.NoCredentialsError.fmt); print(e.EndpointConnectionError.fmt)").Output()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("botocore is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
