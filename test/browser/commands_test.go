package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// commandsOf are the lines for a terminal that pages showed in the journeys' output.
func commandsOf(out string) (all []string) {
	for line := range strings.Lines(out) {
		if c, ok := strings.CutPrefix(strings.TrimSpace(line), "TRY "); ok {
			all = append(all, c)
		}
	}
	return all
}

// checkCommands holds every command that a page of the console showed against the
// program it is for: the aws CLI parses its own without sending anything, Hearth is
// asked for the help of the same words.
func checkCommands(t *testing.T, program string, commands []string) {
	t.Helper()
	if len(commands) < 20 {
		t.Errorf("pages showed only %d commands", len(commands))
	}
	var ofAWS []string
	for _, c := range commands {
		switch name, _, _ := strings.Cut(c, " "); name {
		case "aws":
			ofAWS = append(ofAWS, c)
		case "hearth":
			checkOwn(t, program, c)
		case "awscurl", "amtool":
		default:
			t.Errorf("a page shows %q, which is of no known program", c)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"rules.yml", "am.yml", "scrape.yml", "job.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script, err := filepath.Abs("commands.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), pythonOfAWS(t), script)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(strings.Join(ofAWS, "\n"))
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the aws CLI does not take what pages show: %v\n%s", err, said)
	}
}

// checkOwn asks a command for its help: words and flags that are not there fail. What
// follows a bar is for another program.
func checkOwn(t *testing.T, program, command string) {
	t.Helper()
	command, _, _ = strings.Cut(command, " | ")
	cmd := exec.CommandContext(t.Context(), program, append(strings.Fields(command)[1:], "--help")...)
	if said, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(said), "unknown command") {
		t.Errorf("%s: %v\n%s", command, err, said)
	}
}

// pythonOfAWS is an interpreter that has the aws CLI's package.
func pythonOfAWS(t *testing.T) string {
	t.Helper()
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), p, "-c", "import awscli").Run() == nil {
			return p
		}
	}
	missing(t, "the aws CLI as a package of Python")
	return ""
}
