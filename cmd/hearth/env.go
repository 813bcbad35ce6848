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
	var profile, format string
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the variables that point the aws CLI, the SDKs and Terraform at Hearth",
		Long: `Print export lines for a shell: eval "$(hearth env)".

With --write-profile the same goes into the AWS configuration files as a
profile, and aws --profile NAME uses it. With --format=plain the lines are
NAME=VALUE, for $GITHUB_ENV and docker --env-file.

Where Hearth is and its keys are those of AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY if set, unless a setting says where it is.`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			if format != "shell" && format != "plain" {
				return misuse{fmt.Errorf("format: %q is none of shell, plain", format)}
			}
			find := findTarget
			if c.tellsNoPlace() {
				find = whyTarget // the environment tells
			}
			t, err := find(cmd.Context(), &c)
			if err != nil {
				return err
			}
			if profile != "" {
				return writeProfile(cmd.OutOrStdout(), profile, t)
			}
			if format == "plain" {
				printPlain(cmd.OutOrStdout(), t)
				return nil
			}
			printExports(cmd.OutOrStdout(), t)
			return nil
		},
	}
	addFlags(cmd, defaultConfig())
	cmd.Flags().StringVar(&format, "format", "shell", "shell (export lines) or plain (NAME=VALUE)")
	cmd.Flags().StringVar(&profile, "write-profile", "", "write an AWS profile of this name instead")
	return cmd
}

// tellsNoPlace tells whether no setting says where Hearth or its files are.
func (c *Config) tellsNoPlace() bool {
	d := defaultConfig()
	return c.namesNoAddress() && c.Storage.Path == d.Storage.Path
}

func (c *Config) namesNoAddress() bool {
	return c.Web.ListenAddress == defaultConfig().Web.ListenAddress && c.Web.ExternalURL == ""
}

// findTarget tells where Hearth is and with which keys: those of the environment
// or of the credentials file, else those of a `hearth dev` that answers there.
func findTarget(ctx context.Context, c *Config) (target, error) {
	t := target{URL: c.externalURL(c.Web.ListenAddress), Region: c.AWS.Region}
	if url := endpointOfEnvironment(); url != "" && c.namesNoAddress() {
		t.URL = url
	}
	k, ok, err := keysFromEnvironment()
	if !ok && err == nil {
		k, err = readKeys(credentialsFile(c.Storage.Path))
	}
	if errors.Is(err, fs.ErrNotExist) && isDev(ctx, t.URL) {
		k, err = devKeys, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("no root keys: %s does not exist and no `hearth dev` answers at %s; start Hearth first, or say with --storage.path and --web.listen-address where it is", credentialsFile(c.Storage.Path), t.URL)
	}
	t.Keys = k
	return t, err
}

// targetOfProfile is where the profile leads that AWS_PROFILE names, if it is one of
// hearth env's: it has an endpoint_url.
func targetOfProfile() (t target, ok bool, err error) {
	name := os.Getenv("AWS_PROFILE")
	if name == "" {
		return t, false, nil
	}
	credentials, config, err := awsFiles()
	if err != nil {
		return t, false, err
	}
	settings, err := readSections(config)
	if err != nil {
		return t, false, err
	}
	keys, err := readSections(credentials)
	if err != nil {
		return t, false, err
	}
	place, secret := settings[profileSection(name)], keys[name]
	t = target{
		URL:    strings.TrimRight(place["endpoint_url"], "/"),
		Region: orElse(os.Getenv("AWS_REGION"), place["region"]),
		Keys:   keyPair{secret["aws_access_key_id"], secret["aws_secret_access_key"]},
		Token:  secret["aws_session_token"],
	}
	return t, t.URL != "" && t.Region != "" && t.Keys.ID != "" && t.Keys.Secret != "", nil
}

// awsFiles are the AWS configuration files.
func awsFiles() (credentials, config string, err error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", "", fmt.Errorf("find the home folder: %w", err)
	}
	credentials = orElse(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials"))
	return credentials, orElse(os.Getenv("AWS_CONFIG_FILE"), filepath.Join(home, ".aws", "config")), nil
}

// profileSection is how the configuration file spells a profile's name.
func profileSection(name string) string {
	if name == "default" {
		return name
	}
	return "profile " + name
}

// endpointOfEnvironment is where AWS's own programs would go.
func endpointOfEnvironment() string { return strings.TrimRight(os.Getenv("AWS_ENDPOINT_URL"), "/") }

func isDev(ctx context.Context, url string) bool { return modeAt(ctx, url) == "dev" }

// modeAt is dev or serve if a Hearth answers there.
func modeAt(ctx context.Context, url string) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/-/healthy", nil)
	if err != nil {
		return ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	return res.Header.Get(devHeader)
}

func printExports(w io.Writer, t target) {
	for _, v := range t.variables() {
		fmt.Fprintf(w, "export %s=%s\n", v[0], shellQuote(v[1]))
	}
}

func printPlain(w io.Writer, t target) {
	for _, v := range t.variables() {
		fmt.Fprintf(w, "%s=%s\n", v[0], v[1])
	}
}

// variables are what AWS's own programs read, with their values.
func (t target) variables() [][2]string {
	all := [][2]string{
		{"AWS_ENDPOINT_URL", t.URL},
		{"AWS_ACCESS_KEY_ID", t.Keys.ID},
		{"AWS_SECRET_ACCESS_KEY", t.Keys.Secret},
		{"AWS_REGION", t.Region},
		{"AWS_DEFAULT_REGION", t.Region},
	}
	if t.Token != "" {
		all = append(all, [2]string{"AWS_SESSION_TOKEN", t.Token})
	}
	return all
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
	credentials, config, err := awsFiles()
	if err != nil {
		return err
	}
	section := profileSection(name)
	if err := refuseStrangers(config, section, credentials, name); err != nil {
		return err
	}
	if err := setSection(config, section, [][2]string{{"region", t.Region}, {"endpoint_url", t.URL}}); err != nil {
		return err
	}
	keys := [][2]string{{"aws_access_key_id", t.Keys.ID}, {"aws_secret_access_key", t.Keys.Secret}}
	if t.Token != "" {
		keys = append(keys, [2]string{"aws_session_token", t.Token})
	}
	if err := setSection(credentials, name, keys); err != nil {
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
