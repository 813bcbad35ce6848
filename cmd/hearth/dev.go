package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
)

// demoAlias is the workspace of `hearth dev` that scrapes Hearth itself.
const demoAlias = "demo"

// devConfig differs from `hearth serve` in what a throw-away set-up wants.
func devConfig() Config {
	c := defaultConfig()
	c.Egress.AllowLoopback = true
	c.Log.Level = "warn"
	return c
}

func newDev() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run Hearth in a throw-away folder, with keys test/test and a demo workspace",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadToRun(cmd, devConfig())
			if err != nil {
				return err
			}
			return dev(cmd.Context(), &c, cmd.Flags().Changed("storage.path"), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addFlags(cmd, devConfig())
	cmd.Flags().Lookup("storage.path").Usage = "folder to use instead of a throw-away one; it is kept"
	cmd.Flags().Lookup("storage.path").DefValue = ""
	return cmd
}

// dev runs until ctx ends, then removes its folder unless the user named it.
func dev(ctx context.Context, c *Config, keep bool, out, errs io.Writer) (err error) {
	if keep {
		err = os.MkdirAll(c.Storage.Path, 0o700)
	} else if c.Storage.Path, err = os.MkdirTemp("", "hearth-dev-"); err == nil {
		defer os.RemoveAll(c.Storage.Path)
	}
	if err != nil {
		return fmt.Errorf("storage.path: %w", err)
	}
	keys, ok, err := keysFromEnvironment()
	if err != nil {
		return err
	}
	if !ok {
		keys = devKeys
	}
	own := func(string) (keyPair, error) { return keys, nil }
	p := &program{config: c, keys: own, mode: "dev", demo: demoAlias, log: newLog(errs, c)}
	fate := " (removed when Hearth ends: Ctrl-C)"
	if keep {
		fate = " (kept)"
	}
	p.warnInsecure()
	warnVariables(p.log)
	p.ready = func(url string, ws hearth.Workspace) {
		var text bytes.Buffer // written at once: whoever sees the first line has all
		greet(&text, url, c, keys, ws, fate)
		p.greetBrowser(ctx, &text)
		if _, err := out.Write(text.Bytes()); err != nil {
			p.log.Warn("cannot print what to do next", "err", err)
		}
	}
	return p.run(ctx)
}

// greet prints what a new user types next.
func greet(w io.Writer, url string, c *Config, keys keyPair, ws hearth.Workspace, fate string) {
	fmt.Fprintf(w, "Hearth is ready at %s\n\n", url)
	printExports(w, target{URL: url, Region: c.AWS.Region, Keys: keys})
	fmt.Fprintf(w, `
workspace %s (%s)
  remote write  %s/workspaces/%s/api/v1/remote_write
  query         %s/workspaces/%s/api/v1/query
own metrics     %s/metrics
mail            %s
data            %s%s

Try, in another terminal, after the export lines:
  aws amp list-workspaces
`, ws.ID, ws.Alias, url, ws.ID, url, ws.ID, url, mailTo(c), c.Storage.Path, fate)
}
