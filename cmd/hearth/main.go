// Command hearth is Amazon Managed Service for Prometheus and Amazon Managed
// Grafana in one program. This package parses flags, joins the rooms and starts
// them; what the rooms do is in their own packages.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitFine   = 0
	exitFound  = 1 // ran, and found something wrong
	exitMisuse = 2 // was not asked properly
)

func main() { os.Exit(Main()) }

// Main runs the command line of this process and returns its exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), ends()...)
	defer stop()
	context.AfterFunc(ctx, func() { time.AfterFunc(patience, stop) })
	return execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// patience is how long after the first signal another one, which a process group
// may well send twice at once, does not end the process at once.
const patience = time.Second

// ends are the signals that ask for an orderly end: also that the terminal is
// gone, unless the process was told to outlive it.
func ends() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

// misuse marks an error that the command line itself is to blame for.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// execute runs one command line. What a user asked for goes to out, the rest to
// errs.
func execute(ctx context.Context, args []string, out, errs io.Writer) int {
	root := newRoot()
	root.SetArgs(yaceArgs(args))
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, new(misuse)):
		fmt.Fprintf(errs, "hearth: %v\n", err)
		return exitMisuse
	}
	fmt.Fprintf(errs, "hearth: %v\n", err)
	return exitFound
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "hearth",
		Short:         "Amazon Managed Prometheus and Grafana, anywhere",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(flagFault)
	root.SetHelpCommand(newHelp(root))
	root.AddCommand(newDev(), newServe(), newEnv(), newWhy(), newToken(), newCredentials(), newScraper(), newCluster(), newSessions(), newUI(), newProxy(), newKeysCommand(),
		newBackup(), newRestore(), newWait(), newCheck(), newTest(), newAM(), newShippedRules(), newCloudWatch(), newDashboards(), newVersion())
	tidy(root.Commands())
	inGroups(root)
	return root
}

// inGroups orders the help by what somebody wants to do.
func inGroups(root *cobra.Command) {
	for _, g := range []struct{ id, title, commands string }{
		{"run", "Run it:", "dev serve wait backup restore keys"},
		{"reach", "Reach it:", "env ui token credentials sessions proxy"},
		{"why", "Find out:", "why check test am"},
		{"fill", "Fill it:", "cloudwatch cluster scraper rules dashboards"},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range root.Commands() {
			if slices.Contains(strings.Fields(g.commands), c.Name()) {
				c.GroupID = g.id
			}
		}
	}
}

// tidy makes what has nothing but subcommands say so with the code of a misuse,
// and leaves out of the help of commands that are clients what only a server
// reads: those settings are accepted, so that one configuration file does for both.
func tidy(commands []*cobra.Command) {
	for _, c := range commands {
		tidy(c.Commands())
		if c.HasSubCommands() && !c.Runnable() {
			c.Args, c.RunE = wantsCommand, func(*cobra.Command, []string) error { return nil }
		}
		if c.Name() == "dev" || c.Name() == "serve" || c.Flags().Lookup("config.file") == nil || c.Flags().Lookup("storage.path") == nil {
			continue
		}
		for _, s := range settings {
			if !slices.Contains(clientSettings, s.name) {
				c.Flags().Lookup(s.name).Hidden = true
			}
		}
	}
}

// clientSettings are those that tell where Hearth is, and with which keys.
var clientSettings = []string{"storage.path", "storage.key-file", "web.listen-address", "web.external-url", "web.config.file", "aws.account-id", "aws.region"}

func wantsCommand(c *cobra.Command, args []string) error {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	there := strings.Join(names, ", ")
	if len(args) > 0 {
		return misuse{fmt.Errorf("%s: unknown command %q: there are %s", c.CommandPath(), args[0], there)}
	}
	return misuse{fmt.Errorf("%s: want a command: %s", c.CommandPath(), there)}
}

// exactly is cobra.ExactArgs with our exit code.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return misuse{fmt.Errorf("%s: want %s", c.CommandPath(), what)}
		}
		return nil
	}
}
