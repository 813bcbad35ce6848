package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestWantsCommand asks each command that only has subcommands for one that is
// not there, and for none.
func TestWantsCommand(t *testing.T) {
	n := 0
	each(newRoot(), func(c *cobra.Command) {
		if !c.HasSubCommands() || c.Name() == "hearth" || c.Name() == "cloudwatch" {
			return
		}
		n++
		path := strings.Fields(c.CommandPath())[1:]
		for _, args := range [][]string{path, append(path[:len(path):len(path)], "nosuch")} {
			if c.Name() == "why" {
				continue // that would be an ID, or none
			}
			var out, errs bytes.Buffer
			if code := execute(t.Context(), args, &out, &errs); code != exitMisuse || !strings.HasPrefix(errs.String(), "hearth: hearth "+path[0]) {
				t.Errorf("hearth %s: exit code %d, said %q; want %d and what is there", strings.Join(args, " "), code, errs.String(), exitMisuse)
			}
		}
	})
	if n < 10 {
		t.Errorf("found %d commands with subcommands; want all", n)
	}
}

// TestHelp wants of each command a sentence, of each flag a usage, and of a client
// no settings that only a server reads.
func TestHelp(t *testing.T) {
	for _, c := range newRoot().Commands() {
		if c.GroupID == "" && c.Name() != "version" {
			t.Errorf("hearth --help has %s in no group", c.Name())
		}
	}
	each(newRoot(), func(c *cobra.Command) {
		if c.Short == "" {
			t.Errorf("%s has no help", c.CommandPath())
		}
		usage := c.LocalFlags().FlagUsages()
		server := strings.Contains(usage, "--smtp.address")
		if want := c.Name() == "dev" || c.Name() == "serve"; server != want {
			t.Errorf("%s --help has the settings of a server: %v; want %v", c.CommandPath(), server, want)
		}
		for line := range strings.Lines(usage) {
			if len(strings.Fields(line)) < 3 {
				t.Errorf("%s: a flag without help: %s", c.CommandPath(), line)
			}
		}
	})
}

func each(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		each(sub, do)
	}
}
