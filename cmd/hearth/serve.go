package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

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
	p := &program{config: c, keys: rootKeys, fresh: freshly(c.Storage.Path), mode: "serve", log: newLog(errs, c)}
	p.warnInsecure()
	warnVariables(p.log)
	return p.run(ctx)
}

// freshly tells whether nothing was ever kept in a folder.
func freshly(storage string) bool {
	_, err := os.Stat(filepath.Join(storage, stateFile))
	return errors.Is(err, fs.ErrNotExist)
}

// sayHow tells whoever starts a Hearth for the first time how to reach it.
func (p *program) sayHow() {
	if p.fresh {
		how := "hearth env --storage.path=" + shellQuote(p.config.Storage.Path) + p.config.howToFind()
		p.log.Info("first start: it has root keys now; hearth env prints what points the aws CLI, the SDKs and Terraform here", "command", how)
	}
}

// howToFind is what a client must be told besides the folder.
func (c *Config) howToFind() string {
	d := defaultConfig()
	switch {
	case c.Web.ExternalURL != "":
		return " --web.external-url=" + shellQuote(c.Web.ExternalURL)
	case c.Web.ConfigFile != "":
		return " --web.listen-address=" + c.Web.ListenAddress + " --web.config.file=" + shellQuote(c.Web.ConfigFile)
	case c.Web.ListenAddress != d.Web.ListenAddress:
		return " --web.listen-address=" + c.Web.ListenAddress
	}
	return ""
}

func (p *program) warnInsecure() {
	if c := p.config; c.Web.Insecure && c.Web.ConfigFile == "" {
		p.log.Warn("web.insecure: keys' signatures, samples and answers travel in clear; anyone on the way can read them", "address", c.Web.ListenAddress)
	}
}
