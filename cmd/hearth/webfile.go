package main

import (
	"fmt"
	"os"

	"github.com/prometheus/exporter-toolkit/web"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// loadToRun is load for a command that listens.
func loadToRun(cmd *cobra.Command, defaults Config) (Config, error) {
	c, err := load(cmd, defaults)
	if err == nil {
		err = checkWebFile(c.Web.ConfigFile)
	}
	return c, err
}

// checkWebFile refuses a TLS file that does not work, and one without a
// certificate: the toolkit would serve plain HTTP, though the file is what allows
// other machines in.
func checkWebFile(path string) error {
	if path == "" {
		return nil
	}
	if err := web.Validate(path); err != nil {
		return misuse{fmt.Errorf("web.config.file: %w", err)}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return misuse{fmt.Errorf("web.config.file: %w", err)}
	}
	var file struct {
		TLS struct {
			Cert     string `yaml:"cert"`
			CertFile string `yaml:"cert_file"`
		} `yaml:"tls_server_config"`
		Users map[string]any `yaml:"basic_auth_users"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return misuse{fmt.Errorf("web.config.file: %w", err)}
	}
	switch {
	case file.TLS.Cert == "" && file.TLS.CertFile == "":
		return misuse{fmt.Errorf("web.config.file: %s has no certificate under tls_server_config, so everything would travel in clear", path)}
	case len(file.Users) > 0:
		return misuse{fmt.Errorf("web.config.file: basic_auth_users in %s would refuse every signed request, for both use the header Authorization; Hearth has keys instead of passwords", path)}
	}
	return nil
}
