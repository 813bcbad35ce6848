package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

func TestDecodeNamesTheLineOfWhatItRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown section", "storage: {path: x}\nkitchen: 1\n", `line 2: there is no setting "kitchen" here`},
		{"unknown key", "web:\n  listen: x\n", `line 2: there is no setting "listen" here`},
		{"wrong type", "engine:\n  max-open: many\n", "line 2"},
		{"no mapping", "- a\n", "line 1"},
		{"two documents", "profile: local\n---\nprofile: local\n", "more than one"},
		{"negative limit", "limits:\n  query_samples: -1\n", "line 2: limits.query_samples: want a whole number"},
		{"not a number", "limits:\n  ingest_rate: NaN\n", "line 2: limits.ingest_rate: want a number"},
		{"limits no mapping", "limits: 3\n", "line 1: limits: want a mapping"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := defaultConfig()
			err := conf.decode([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("decode(%q): %v, want an error with %q", c.text, err, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("storage:\n  path: x\nlimits:\n  query_timeout: 1m\n"))
	f.Add([]byte("{}"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		c := defaultConfig()
		if c.decode(text) == nil {
			_ = c.check()
			_ = c.limits()
		}
	})
}

func TestLimitsFromTheFile(t *testing.T) {
	c := defaultConfig()
	text := "profile: aws-strict\nlimits:\n  active_series: 7\n  query_timeout: 30s\n  retention: 2d\n  ingest_rate: 1.5\n"
	if err := c.decode([]byte(text)); err != nil {
		t.Fatal(err)
	}
	l := c.limits()
	if l.ActiveSeries != 7 || l.QueryTimeout != 30*time.Second || l.Retention != 48*time.Hour || l.IngestRate != 1.5 {
		t.Errorf("limits of the file were not taken: %+v", l)
	}
	if l.RequestBytes != hearth.LimitsOf(hearth.AWSStrict).RequestBytes {
		t.Errorf("a limit the file does not name is %d, want the profile's", l.RequestBytes)
	}
}

func TestCheckNamesTheSetting(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*Config)
	}{
		{"storage.durability", func(c *Config) { c.Storage.Durability = "maybe" }},
		{"storage.path", func(c *Config) { c.Storage.Path = "" }},
		{"web.listen-address", func(c *Config) { c.Web.ListenAddress = "4750" }},
		{"--web.insecure", func(c *Config) { c.Web.ListenAddress = ":4750" }},
		{"web.external-url", func(c *Config) { c.Web.ExternalURL = "metrics.example" }},
		{"web.external-url", func(c *Config) { c.Web.ExternalURL = "https://metrics.example/../path" }},
		{"web.trusted-proxies", func(c *Config) { c.Web.TrustedProxies = []string{"10.0.0.1"} }},
		{"debug.listen-address", func(c *Config) { c.Debug.ListenAddress = "0.0.0.0:1" }},
		{"aws.account-id", func(c *Config) { c.AWS.AccountID = "1" }},
		{"aws.region", func(c *Config) { c.AWS.Region = "Us East" }},
		{"egress.deny", func(c *Config) { c.Egress.Deny = []string{"10.0.0.1"} }},
		{"engine.max-open", func(c *Config) { c.Engine.MaxOpen = 0 }},
		{"engine.idle-after", func(c *Config) { c.Engine.IdleAfter = "soon" }},
		{"log.level", func(c *Config) { c.Log.Level = "loud" }},
		{"profile", func(c *Config) { c.Profile = "" }},
		{"profile", func(c *Config) { c.Profile = "local aws-strict" }},
		{"storage.durability", func(c *Config) { c.Storage.Durability = "process disk" }},
		{"web.external-url", func(c *Config) { c.Web.ExternalURL = "https://me:secret@metrics.example" }},
		{"web.external-url", func(c *Config) { c.Web.ExternalURL = "https://metrics.example/#top" }},
	} {
		conf := defaultConfig()
		c.change(&conf)
		if err := conf.check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("check: %v, want an error that names %s", err, c.want)
		}
	}
	good := defaultConfig()
	if err := good.check(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
}

func TestExternalURL(t *testing.T) {
	for _, c := range []struct{ external, tls, addr, want string }{
		{"", "", "127.0.0.1:4750", "http://127.0.0.1:4750"},
		{"", "tls.yml", "127.0.0.1:4750", "https://127.0.0.1:4750"},
		{"", "", "[::1]:80", "http://[::1]:80"},
		{"https://metrics.example/", "", "127.0.0.1:1", "https://metrics.example"},
	} {
		conf := defaultConfig()
		conf.Web.ExternalURL, conf.Web.ConfigFile = c.external, c.tls
		if got := conf.externalURL(c.addr); got != c.want {
			t.Errorf("externalURL(%q) with %q = %q, want %q", c.addr, c.external, got, c.want)
		}
	}
}

// What a process scrapes of itself must not depend on what others call it.
func TestOwnURL(t *testing.T) {
	conf := defaultConfig()
	conf.Web.ExternalURL, conf.Web.ConfigFile = "http://metrics.example", "tls.yml"
	for addr, want := range map[string]string{
		"127.0.0.1:4750": "https://127.0.0.1:4750",
		"[::]:4750":      "https://127.0.0.1:4750",
		"10.0.0.7:4750":  "https://10.0.0.7:4750",
	} {
		if got := conf.ownURL(addr); got != want {
			t.Errorf("ownURL(%q) = %q, want %q", addr, got, want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"version"}, exitFine},
		{[]string{"--help"}, exitFine},
		{[]string{"frobnicate"}, exitMisuse},
		{[]string{"serve", "--nothing"}, exitMisuse},
		{[]string{"serve", "extra"}, exitMisuse},
		{[]string{"serve", "--profile=x"}, exitMisuse},
		{[]string{"why", "a", "b"}, exitMisuse},
		{[]string{"wait", "--web.listen-address=0.0.0.0:1", "--timeout=1ms"}, exitFound}, // who listens nowhere needs no TLS,
		{[]string{"check"}, exitMisuse},
		{[]string{"check", "config", "no-such-file"}, exitFound},
	} {
		var out, errs bytes.Buffer
		if got := execute(context.Background(), c.args, &out, &errs); got != c.want {
			t.Errorf("hearth %v: exit code %d, want %d\n%s%s", c.args, got, c.want, &out, &errs)
		}
	}
}

func TestShellQuote(t *testing.T) {
	for in, want := range map[string]string{"": "''", "abc/+=": "abc/+=", "a b": "'a b'", "it's": `'it'\''s'`, "$(rm)": "'$(rm)'"} {
		if got := shellQuote(in); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", in, got, want)
		}
	}
}
