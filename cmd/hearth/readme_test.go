package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// documents are those whose commands run here: a reader types what stands in
// their blocks marked sh.
func documents(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md"} {
		found = append(found, filepath.Join("..", "..", name))
	}
	return found
}

func readDocument(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A block is what stands between two fences of a document.
type block struct {
	language string
	text     string
	line     int // of the opening fence
}

func blocksOf(text string) []block {
	var all []block
	var open *block
	line := 0
	for l := range strings.Lines(text) {
		line++
		fence, is := strings.CutPrefix(strings.TrimSpace(l), "```")
		switch {
		case is && open == nil:
			open = &block{language: fence, line: line}
		case is:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += l
		}
	}
	return all
}

// TestDocumentedCommands runs every command of the documents with the real
// program, the real aws CLI and, if it is there, a real Prometheus: each
// document from its top to its end, in a home of its own.
func TestDocumentedCommands(t *testing.T) {
	dir := t.TempDir()
	for _, path := range documents(t) {
		s := documentScript{t: t, path: path, makefile: readDocument(t, filepath.Join("..", "..", "Makefile"))}
		for _, b := range blocksOf(readDocument(t, path)) {
			s.add(b)
		}
		if !s.runs {
			continue
		}
		name := strings.ToLower(strings.TrimSuffix(filepath.Base(path), ".md")) + ".txt"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s.text()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: dir, Setup: setUpDocument, Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start, "stop": terminate, "awscurl": awscurl, "eventually": eventually,
			"capture": capture, "requestid": requestID, "prometheus": prometheusSender, "step": step,
		},
	})
}

// setUpDocument gives a script what a reader has: awscurl in PATH.
func setUpDocument(env *testscript.Env) error {
	if err := setUp(env); err != nil {
		return err
	}
	bin := filepath.Join(env.WorkDir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return err
	}
	shim := fmt.Sprintf("#!/bin/sh\nexec python3 %q \"$@\"\n", filepath.Join(env.Getenv("TESTDATA"), "awscurl.py"))
	if err := os.WriteFile(filepath.Join(bin, "awscurl"), []byte(shim), 0o700); err != nil {
		return err
	}
	env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("LIB", filepath.Join(env.WorkDir, "lib"))
	return nil
}

// step FILE runs a file as the reader's shell does, which remembers the
// variables of the steps before. What stands for a value in a document is one.
func step(ts *testscript.TestScript, neg bool, args []string) {
	script := "set -eu; . ./shell 2>/dev/null || true; set -a; " + ts.ReadFile(args[0]) + "\nset +a; export -p >shell.new; mv shell.new shell\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(script), 0o600))
	ts.Check(ts.Exec("bash", args[0]))
	for line := range strings.Lines(ts.ReadFile("shell")) {
		if value, ok := strings.CutPrefix(line, "declare -x WS="); ok {
			ts.Setenv("WS", strings.Trim(strings.TrimSpace(value), `"`))
		}
	}
}

// A documentScript is a document under translation into a script.
type documentScript struct {
	t        *testing.T
	path     string
	makefile string
	runs     bool // there is something to run
	running  bool // a Hearth is
	started  bool // and one was
	script   strings.Builder
	files    strings.Builder
	steps    int
}

func (s *documentScript) text() string { return s.script.String() + s.files.String() }

func (s *documentScript) say(format string, args ...any) {
	s.runs = true
	fmt.Fprintf(&s.script, format+"\n", args...)
}

func (s *documentScript) file(text string) (name string) {
	s.steps++
	name = fmt.Sprintf("step%d", s.steps)
	fmt.Fprintf(&s.files, "-- %s --\n%s", name, text)
	return name
}

func (s *documentScript) fail(b block, format string, args ...any) {
	s.t.Helper()
	s.t.Errorf("%s:%d: %s", filepath.Base(s.path), b.line, fmt.Sprintf(format, args...))
}

func (s *documentScript) add(b block) {
	switch b.language {
	case "sh":
		s.say("# line %d", b.line)
		for _, command := range commandsOf(b.text) {
			s.command(b, command)
		}
	case "yaml":
		s.say("# line %d", b.line)
		s.yaml(b)
	case "", "text", "promql": // pictures and messages
	default:
		s.fail(b, "a block of %q: mark commands sh, settings yaml, all else text", b.language)
	}
}

// commandsOf splits a block into its commands: a line, with those that continue
// it. Comments are none.
func commandsOf(text string) []string {
	var all []string
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", "")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all
}

// shell are the programs whose commands run as they stand.
var shell = []string{"aws", "awscurl", "hearth", "export", "eval", "curl", "cp", "mv", "tar", "ls", "mkdir", "rm", "cat"}

var (
	assignment  = regexp.MustCompile(`^[A-Z_]+=`)
	placeholder = regexp.MustCompile(`(?:^|[^$A-Z_{])([A-Z]+(?:_[A-Z]+)*_ID)(?:[^A-Z_=]|$)`)
)

// command translates one command. Commands that serve until they are told to
// end become programs of the script; those of make are looked up.
func (s *documentScript) command(b block, command string) {
	word, rest, _ := strings.Cut(command, " ")
	switch {
	case command == "go run ./cmd/hearth dev":
		s.start("dev")
	case word == "hearth" && strings.HasPrefix(rest, "serve"):
		s.start(rest)
	case word == "make":
		for target := range strings.FieldsSeq(rest) {
			if !strings.Contains(s.makefile, "\n"+target+":") {
				s.fail(b, "%s: the Makefile has no such target", command)
			}
		}
	case strings.HasPrefix(command, "hearth backup"): // of a folder in use
		s.filled()
		s.shell(b, command)
	case assignment.MatchString(command), slices.Contains(shell, word):
		s.shell(b, command)
	default:
		s.fail(b, "readme_test.go does not know how to run %q", command)
	}
}

// start starts a Hearth in place of the one before, as a reader would, on a free
// port.
func (s *documentScript) start(argv string) {
	if s.running {
		s.say("stop HEARTH")
	}
	s.running, s.started = true, true
	keys := "env HEARTH_ROOT_ACCESS_KEY_ID="
	s.say("%s\n%s", keys, strings.ReplaceAll(keys, "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
	s.say("start HEARTH %s", strings.ReplaceAll(argv, "/var/lib/hearth", "${LIB}"))
	s.say("env HEARTH_WEB_LISTEN_ADDRESS=127.0.0.1:$HEARTH_PORT")
	switch {
	case argv == "dev":
		s.say("exec aws amp list-workspaces --query 'workspaces[0].workspaceId' --output text\ncapture WS")
	case strings.Contains(argv, "-copy"):
		s.say("exec hearth env --storage.path=${LIB}-copy --write-profile filled\nexec aws --profile filled amp list-workspaces\nstdout kept")
	}
}

// filled has a Hearth that runs on /var/lib/hearth, with something in it.
func (s *documentScript) filled() {
	s.start("serve --storage.path=/var/lib/hearth")
	s.say("exec hearth env --storage.path=${LIB} --write-profile filled\nexec aws --profile filled amp create-workspace --alias kept")
}

// needHearth starts one if the document takes it for granted.
func (s *documentScript) needHearth() {
	if !s.started {
		s.start("dev")
	}
}

// shell runs a command in the reader's shell, with a value for each word that
// stands for one.
func (s *documentScript) shell(b block, command string) {
	s.needHearth()
	if strings.Contains(command, "REQUEST_ID") {
		s.say("env AWS_SECRET_ACCESS_KEY=wrong\n! awscurl -i $HEARTH/workspaces\nrequestid REQUEST_ID\nenv AWS_SECRET_ACCESS_KEY=test")
	}
	if m := placeholder.FindStringSubmatch(command); m != nil && m[1] != "REQUEST_ID" && m[1] != "WORKSPACE_ID" {
		s.fail(b, "readme_test.go does not know what to put for %s in %q", m[1], command)
	}
	if export, ok := strings.CutPrefix(command, "export "); ok && strings.HasPrefix(export, "AWS_") && s.running {
		s.say("exec hearth env\nstdout '^export '%s'$'", strings.ReplaceAll(export, "http://127.0.0.1:4750", "$HEARTH"))
	}
	for from, to := range map[string]string{
		"http://127.0.0.1:4750": "$HEARTH", "/var/lib/hearth": "${LIB}", "REQUEST_ID": "$REQUEST_ID", "WORKSPACE_ID": "$WS",
	} {
		command = strings.ReplaceAll(command, from, to)
	}
	s.say("step %s", s.file(command+"\n"))
}

// yaml has settings checked by the program that reads them. Those of a sender
// are given to a real Prometheus, whose samples must arrive. Rules and an alert
// manager definition are kept under the names that the text has for them.
func (s *documentScript) yaml(b block) {
	for begins, as := range map[string][2]string{"groups:": {"rules", "rules.yml"}, "alertmanager_config:": {"alertmanager", "am.yml"}} {
		if strings.HasPrefix(b.text, begins) {
			s.say("cp %s %s\nexec hearth check %s %s", s.file(b.text), as[1], as[0], as[1])
			return
		}
	}
	if !strings.HasPrefix(b.text, "remote_write:") {
		s.say("exec hearth check config %s", s.file(b.text))
		return
	}
	s.needHearth()
	text := strings.NewReplacer("http://127.0.0.1:4750", "$HEARTH", "WORKSPACE_ID", "$WS").Replace(b.text)
	job := fmt.Sprintf("line%d", b.line)
	name := s.file("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: " + job +
		"\n  static_configs: [{targets: ['127.0.0.1:$HEARTH_PORT']}]\n" + text)
	s.say("[peer:current-prometheus] prometheus current-prometheus %s", name)
	s.say("[peer:current-prometheus] eventually 60s '%s' awscurl $HEARTH/workspaces/$WS/api/v1/label/job/values", job)
}

var inline = regexp.MustCompile("`([^`\n]+)`")

// TestDocumentedNames checks what documents mention in passing: commands with
// their flags, targets of make, settings, variables, and links.
func TestDocumentedNames(t *testing.T) {
	makefile := readDocument(t, filepath.Join("..", "..", "Makefile"))
	for _, path := range documents(t) {
		text := readDocument(t, path)
		for _, m := range inline.FindAllStringSubmatch(text, -1) {
			if err := checkMention(m[1], makefile); err != nil {
				t.Errorf("%s: `%s`: %v", filepath.Base(path), m[1], err)
			}
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil && !strings.Contains(makefile, "-out "+m[1]) {
				t.Errorf("%s: there is no %s", filepath.Base(path), m[1])
			}
		}
	}
}

var link = regexp.MustCompile(`\]\(([^):#]+)`)

func checkMention(s, makefile string) error {
	word, rest, _ := strings.Cut(s, " ")
	switch {
	case word == "hearth":
		return checkCommandLine(strings.Fields(rest))
	case word == "make" && rest != "…" && !strings.Contains(makefile, "\n"+rest+":"):
		return fmt.Errorf("the Makefile has no such target")
	case strings.HasPrefix(word, "HEARTH_") && !knownVariable(word):
		return fmt.Errorf("no setting has this variable")
	case strings.HasPrefix(word, "--"):
		name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		name = strings.TrimSuffix(name, ":") // of an error about it
		if !strings.Contains(name, ".") {    // the aws CLI's
			return nil
		}
		for _, c := range newRoot().Commands() {
			if c.Flags().Lookup(name) != nil {
				return nil
			}
		}
		return fmt.Errorf("no command has this flag")
	}
	return nil
}

func checkCommandLine(args []string) error {
	cmd, rest, err := newRoot().Find(args)
	if err != nil {
		return err
	}
	if cmd.Name() != "hearth" || len(args) == 0 {
		return cmd.ParseFlags(rest)
	}
	if args[0] == "completion" || args[0] == "help" { // added by cobra when it runs
		return nil
	}
	return fmt.Errorf("there is no such command")
}

func knownVariable(name string) bool {
	known := []string{"HEARTH_CONFIG_FILE", "HEARTH_ROOT_ACCESS_KEY_ID", "HEARTH_ROOT_SECRET_ACCESS_KEY"}
	for _, s := range settings {
		known = append(known, variable(s.name))
	}
	name, _, _ = strings.Cut(name, "=")
	return slices.Contains(known, name)
}
