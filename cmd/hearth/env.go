package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// devHeader tells clients on the same machine that the keys are devKeys.
const devHeader = "Hearth-Mode"

// A target is a running Hearth as clients see it.
type target struct {
	URL, Region string
	Keys        keyPair
	Token       string // of temporary keys
}

func newEnv() *cobra.Command {
	var profile string
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the variables that point the aws CLI, the SDKs and Terraform at Hearth",
		Long: `Print export lines for a shell: eval "$(hearth env)".

With --write-profile the same goes into the AWS configuration files as a
profile, and aws --profile NAME uses it.`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			t, err := findTarget(cmd.Context(), &c)
			if err != nil {
				return err
			}
			if profile != "" {
				return writeProfile(cmd.OutOrStdout(), profile, t)
			}
			printExports(cmd.OutOrStdout(), t)
			return nil
		},
	}
	addFlags(cmd, defaultConfig())
	cmd.Flags().StringVar(&profile, "write-profile", "", "write an AWS profile of this name instead")
	return cmd
}

// findTarget tells where Hearth is and with which keys: those of the environment
// or of the credentials file, else those of a `hearth dev` that answers there.
func findTarget(ctx context.Context, c *Config) (target, error) {
	t := target{URL: c.externalURL(c.Web.ListenAddress), Region: c.AWS.Region}
	k, ok, err := keysFromEnvironment()
	if !ok && err == nil {
		k, err = readKeys(credentialsFile(c.Storage.Path))
	}
	if errors.Is(err, fs.ErrNotExist) && isDev(ctx, t.URL) {
		k, err = devKeys, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("no root keys: %s does not exist and no `hearth dev` answers at %s; start Hearth first, or give --storage.path", credentialsFile(c.Storage.Path), t.URL)
	}
	t.Keys = k
	return t, err
}

func isDev(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/-/healthy", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.Header.Get(devHeader) == "dev"
}

func printExports(w io.Writer, t target) {
	for _, v := range [][2]string{
		{"AWS_ENDPOINT_URL", t.URL},
		{"AWS_ACCESS_KEY_ID", t.Keys.ID},
		{"AWS_SECRET_ACCESS_KEY", t.Keys.Secret},
		{"AWS_REGION", t.Region},
		{"AWS_DEFAULT_REGION", t.Region},
	} {
		fmt.Fprintf(w, "export %s=%s\n", v[0], shellQuote(v[1]))
	}
}

// shellQuote leaves plain words alone and puts the rest between single quotes.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// writeProfile puts a profile into the AWS configuration files. It never
// changes a profile that is not Hearth's.
func writeProfile(w io.Writer, name string, t target) error {
	if strings.ContainsAny(name, "[]\n\r") || strings.TrimSpace(name) != name || name == "" {
		return misuse{fmt.Errorf("write-profile: %q cannot be a profile's name", name)}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return fmt.Errorf("find the home folder: %w", err)
	}
	credentials := orElse(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials"))
	config := orElse(os.Getenv("AWS_CONFIG_FILE"), filepath.Join(home, ".aws", "config"))
	section := "profile " + name
	if name == "default" {
		section = name
	}
	if err := refuseStrangers(config, section, credentials, name); err != nil {
		return err
	}
	if err := setSection(config, section, [][2]string{{"region", t.Region}, {"endpoint_url", t.URL}}); err != nil {
		return err
	}
	if err := setSection(credentials, name, [][2]string{{"aws_access_key_id", t.Keys.ID}, {"aws_secret_access_key", t.Keys.Secret}}); err != nil {
		return err
	}
	fmt.Fprintf(w, "profile %s now points at %s\n", name, t.URL)
	return nil
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// refuseStrangers refuses a profile that somebody else made. Hearth's has an
// endpoint_url in the configuration; keys without that may be real, and are kept
// nowhere else.
func refuseStrangers(config, section, credentials, name string) error {
	settings, err := readSections(config)
	if err != nil {
		return err
	}
	keys, err := readSections(credentials)
	if err != nil {
		return err
	}
	path, header := config, section
	existing, taken := settings[section]
	if !taken {
		path, header = credentials, name
		_, taken = keys[name]
	}
	if taken && existing["endpoint_url"] == "" {
		return fmt.Errorf("%s already has [%s], which is not Hearth's: choose another name", path, header)
	}
	return nil
}

func readSections(path string) (map[string]map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read AWS configuration: %w", err)
	}
	return iniSections(string(text)), nil
}

// setSection replaces or adds a section of an AWS configuration file, leaving
// every other line as it is.
func setSection(path, section string, pairs [][2]string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read AWS configuration: %w", err)
	}
	var text strings.Builder
	text.WriteString(withoutSection(string(old), section))
	fmt.Fprintf(&text, "[%s]\n", section)
	for _, p := range pairs {
		fmt.Fprintf(&text, "%s = %s\n", p[0], p[1])
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write AWS configuration: %w", err)
	}
	if err := writeFile(path, []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("write AWS configuration: %w", err)
	}
	return nil
}

func withoutSection(text, section string) string {
	var kept strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "["); ok {
			inside = sectionName(name) == section
		}
		if !inside {
			kept.WriteString(line)
		}
	}
	if s := kept.String(); s != "" && !strings.HasSuffix(s, "\n") {
		kept.WriteByte('\n')
	}
	return kept.String()
}
