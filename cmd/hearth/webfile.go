package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/prometheus/exporter-toolkit/web"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// loadToRun is load for a command that listens.
func loadToRun(cmd *cobra.Command, defaults Config) (Config, error) {
	c, err := load(cmd, defaults)
	if err == nil {
		if err = c.check(); err != nil {
			return c, misuse{err}
		}
		err = checkWebFile(c.Web.ConfigFile)
	}
	return c, err
}

// checkWebFile refuses a TLS file that does not work.
func checkWebFile(path string) error {
	if path == "" {
		return nil
	}
	if err := web.Validate(path); err != nil {
		return misuse{fmt.Errorf("web.config.file: %w", err)}
	}
	if _, err := readWebFile(path); err != nil {
		return misuse{fmt.Errorf("web.config.file: %w", err)}
	}
	return nil
}

// readWebFile reads the file as the toolkit does, and refuses what Hearth would
// not do. Without a certificate the toolkit would serve plain HTTP, though the
// file is what allows other machines in.
func readWebFile(path string) (*web.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &web.Config{
		TLSConfig:  web.TLSConfig{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13},
		HTTPConfig: web.HTTPConfig{HTTP2: true},
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case c.TLSConfig.TLSCert == "" && c.TLSConfig.TLSCertPath == "":
		return nil, fmt.Errorf("%s has no certificate under tls_server_config, so everything would travel in clear", path)
	case len(c.Users) > 0:
		return nil, fmt.Errorf("basic_auth_users in %s would refuse every signed request, for both use the header Authorization; Hearth has keys instead of passwords", path)
	case c.RateLimiterConfig != web.RateLimiterConfig{}:
		return nil, fmt.Errorf("rate_limit in %s would let one sender use up the rate of all; Hearth limits each workspace instead", path)
	}
	c.TLSConfig.SetDirectory(filepath.Dir(path))
	return c, nil
}
