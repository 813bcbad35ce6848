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
	root.SetArgs(args)
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
				return misuse{fmt.Errorf("unknown command %q: see hearth --help", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	root.AddCommand(newDev(), newServe(), newEnv(), newWhy(), newToken(), newProxy(), newKeysCommand(),
		newCheck(), newTest(), newAM(), newVersion())
	return root
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
