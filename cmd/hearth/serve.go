package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run Hearth and keep everything in --storage.path",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadToRun(cmd, defaultConfig())
			if err != nil {
				return err
			}
			return serve(cmd.Context(), &c, cmd.ErrOrStderr())
		},
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

func serve(ctx context.Context, c *Config, errs io.Writer) error {
	if err := os.MkdirAll(c.Storage.Path, 0o700); err != nil {
		return fmt.Errorf("storage.path: %w", err)
	}
	p := &program{config: c, keys: rootKeys, mode: "serve", log: newLog(errs, c)}
	p.warnInsecure()
	return p.run(ctx)
}

func (p *program) warnInsecure() {
	if c := p.config; c.Web.Insecure && c.Web.ConfigFile == "" {
		p.log.Warn("web.insecure: keys' signatures, samples and answers travel in clear; anyone on the way can read them", "address", c.Web.ListenAddress)
	}
}
