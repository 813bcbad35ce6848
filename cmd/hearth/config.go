package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// Config is everything a user can set, whatever the way: a flag
// --storage.path, a variable HEARTH_STORAGE_PATH, or a key of the configuration
// file:
//
//	storage:
//	  path: hearth-data
//
// A flag wins over a variable, a variable over the file.
type Config struct {
	Storage struct {
		Path       string `yaml:"path"`
		Durability string `yaml:"durability"`
		KeyFile    string `yaml:"key-file"`
	} `yaml:"storage"`
	Web struct {
		ListenAddress string `yaml:"listen-address"`
		ExternalURL   string `yaml:"external-url"`
		ConfigFile    string `yaml:"config.file"`
		Insecure      bool   `yaml:"insecure"`

		TrustedProxies []string `yaml:"trusted-proxies"`
	} `yaml:"web"`
	Egress struct {
		AllowLoopback bool     `yaml:"allow-loopback"`
		Deny          []string `yaml:"deny"`
	} `yaml:"egress"`
	AWS struct {
		AccountID string `yaml:"account-id"`
		Region    string `yaml:"region"`
	} `yaml:"aws"`
	Log struct {
		Level  string `yaml:"level"`
		Format string `yaml:"format"`
	} `yaml:"log"`
	Debug struct {
		ListenAddress string `yaml:"listen-address"`
	} `yaml:"debug"`
	Engine struct {
		MaxOpen   int    `yaml:"max-open"`
		IdleAfter string `yaml:"idle-after"`
	} `yaml:"engine"`
	SMTP struct {
		Address      string `yaml:"address"`
		From         string `yaml:"from"`
		Username     string `yaml:"username"`
		PasswordFile string `yaml:"password-file"`
		StartTLS     string `yaml:"starttls"`
	} `yaml:"smtp"`
	CloudWatch cloudwatchConfig `yaml:"cloudwatch"`

	Grafana struct {
		GnetPath  string `yaml:"gnet-path"`
		GnetFetch bool   `yaml:"gnet-fetch"`

		Upstream        string `yaml:"upstream"`
		UpstreamFor     string `yaml:"upstream-workspace"`
		UpstreamKeyFile string `yaml:"upstream-key-file"`

		ProvisioningPath string   `yaml:"provisioning-path"`
		ProvisioningFor  []string `yaml:"provisioning-workspaces"`
	} `yaml:"grafana"`
	SSO struct {
		OIDC struct {
			Issuer           string   `yaml:"issuer"`
			ClientID         string   `yaml:"client-id"`
			ClientSecretFile string   `yaml:"client-secret-file"`
			Scopes           []string `yaml:"scopes"`
			GroupsClaim      string   `yaml:"groups-claim"`
			Name             string   `yaml:"name"`
			ConsoleRole      string   `yaml:"console-role"`
			ConsoleRoles     []string `yaml:"console-roles"`
			SingleLogout     bool     `yaml:"single-logout"`
		} `yaml:"oidc"`
		SAML struct {
			AllowUnsolicited bool `yaml:"allow-unsolicited"`
		} `yaml:"saml"`
		Local struct {
			PasswordFile string `yaml:"password-file"`
		} `yaml:"local"`
	} `yaml:"sso"`
	Profile   string           `yaml:"profile"`
	Limits    limitOverrides   `yaml:"limits"`
	Accounts  []AccountConfig  `yaml:"accounts"`
	Providers []ProviderConfig `yaml:"identity-providers"`
	Forwards  []ForwardConfig  `yaml:"forward-topics"`
}

func defaultConfig() Config {
	var c Config
	c.Storage.Path = "hearth-data"
	c.Storage.Durability = "process"
	c.Web.ListenAddress = "127.0.0.1:4750"
	c.AWS.AccountID = "000000000000"
	c.AWS.Region = "us-east-1"
	c.Log.Level = "info"
	c.Log.Format = "logfmt"
	c.Engine.MaxOpen = 2000
	c.Engine.IdleAfter = "15m"
	c.SMTP.From = "hearth@localhost"
	c.SMTP.StartTLS = "always"
	c.SSO.OIDC.Scopes = []string{"openid", "profile", "email", "groups"}
	c.SSO.OIDC.GroupsClaim = "groups"
	c.Profile = string(hearth.Local)
	return c
}

// readFile decodes a configuration file over c. An unknown key is an error that
// names its line.
func (c *Config) readFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("configuration file: %w", err)
	}
	if err := c.decode(text); err != nil {
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	return nil
}

func (c *Config) decode(text []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return fileFault(err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("holds more than one YAML document")
	}
	return nil
}

var (
	twelveDigits = regexp.MustCompile(`^[0-9]{12}$`)
	regionName   = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
)

// check refuses values that cannot work, naming the setting.
func (c *Config) check() error {
	for _, s := range []struct{ name, value, allowed string }{
		{"storage.durability", c.Storage.Durability, "process disk"},
		{"log.level", c.Log.Level, "debug info warn error"},
		{"log.format", c.Log.Format, "logfmt json"},
		{"profile", c.Profile, "local aws-strict"},
	} {
		if !slices.Contains(strings.Fields(s.allowed), s.value) {
			return fmt.Errorf("%s: %q is none of %s", s.name, s.value, strings.ReplaceAll(s.allowed, " ", ", "))
		}
	}
	if c.Storage.Path == "" {
		return errors.New("storage.path: must not be empty")
	}
	if !twelveDigits.MatchString(c.AWS.AccountID) {
		return fmt.Errorf("aws.account-id: %q is not twelve digits", c.AWS.AccountID)
	}
	if !regionName.MatchString(c.AWS.Region) {
		return fmt.Errorf("aws.region: %q is not a region name", c.AWS.Region)
	}
	if err := c.checkAccounts(); err != nil {
		return err
	}
	if err := c.checkWeb(); err != nil {
		return err
	}
	if err := c.checkForwards(); err != nil {
		return err
	}
	if err := c.checkMail(); err != nil {
		return err
	}
	if err := c.checkSSO(); err != nil {
		return err
	}
	if err := c.checkUpstream(); err != nil {
		return err
	}
	if err := c.checkEngine(); err != nil {
		return err
	}
	if err := c.checkCloudWatch(); err != nil {
		return err
	}
	return c.checkEgress()
}

// cleanPath is a path below which Hearth may stand: words that need no escape.
var cleanPath = regexp.MustCompile(`^(/[A-Za-z0-9_-][A-Za-z0-9._~-]*)*/?$`)

func (c *Config) checkWeb() error {
	host, _, err := net.SplitHostPort(c.Web.ListenAddress)
	if err != nil {
		return fmt.Errorf("web.listen-address: %q is not host:port, such as 127.0.0.1:4750", c.Web.ListenAddress)
	}
	if !isLoopback(host) && c.Web.ConfigFile == "" && !c.Web.Insecure {
		return fmt.Errorf("web.listen-address: %s can be reached from other machines, and without TLS everything would travel in clear: give --web.config.file with a TLS certificate, or say --web.insecure", c.Web.ListenAddress)
	}
	if c.Debug.ListenAddress != "" {
		if host, _, err = net.SplitHostPort(c.Debug.ListenAddress); err != nil {
			return fmt.Errorf("debug.listen-address: %q is not host:port, such as 127.0.0.1:6060", c.Debug.ListenAddress)
		}
		if !isLoopback(host) && !c.Web.Insecure {
			return fmt.Errorf("debug.listen-address: %s can be reached from other machines: profiles are not protected; use a loopback address, or say --web.insecure", c.Debug.ListenAddress)
		}
	}
	if c.Web.ExternalURL != "" {
		u, err := url.Parse(c.Web.ExternalURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !cleanPath.MatchString(u.EscapedPath()) {
			return fmt.Errorf("web.external-url: %q is not http(s)://host[:port][/path]", c.Web.ExternalURL)
		}
	}
	for _, s := range c.Web.TrustedProxies {
		if _, err := netip.ParsePrefix(s); err != nil {
			return fmt.Errorf("web.trusted-proxies: %q is not a CIDR such as 10.0.0.0/8", s)
		}
	}
	return nil
}

func (c *Config) checkEgress() error {
	for _, s := range c.Egress.Deny {
		if _, err := netip.ParsePrefix(s); err != nil {
			return fmt.Errorf("egress.deny: %q is not a CIDR such as 10.0.0.0/8", s)
		}
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// externalURL is what Hearth calls itself in every URL it hands out, without a
// trailing slash. addr is where it really listens.
func (c *Config) externalURL(addr string) string {
	if c.Web.ExternalURL != "" {
		return strings.TrimRight(c.Web.ExternalURL, "/")
	}
	all, err := os.Hostname()
	if err != nil {
		all = loopback
	}
	return c.urlAt(addr, all)
}

const loopback = "127.0.0.1"

// ownURL is where the process that listens at addr reaches itself, whatever
// others call it.
func (c *Config) ownURL(addr string) string { return c.urlAt(addr, loopback) }

// urlAt is the URL of addr. If that stands for all addresses of the machine, the
// host is all.
func (c *Config) urlAt(addr, all string) string {
	scheme := "http"
	if c.Web.ConfigFile != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return scheme + "://" + addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = all
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// limits are what a new workspace may do under this configuration.
func (c *Config) limits() hearth.Limits {
	l := hearth.LimitsOf(hearth.Profile(c.Profile))
	c.Limits.apply(&l)
	return l
}
