package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A setting is a flag, its environment variable and its key in the file, all of
// one name.
type setting struct {
	name, usage string
	field       func(*Config) any // pointer to string, bool, int or []string
}

// settings are all there are, in the order of the documentation.
var settings = []setting{
	{"storage.path", "folder of everything Hearth keeps", func(c *Config) any { return &c.Storage.Path }},
	{"storage.durability", "what an acknowledged sample survives: process (kill -9 of the process) or disk (a power cut, by fsync before the answer)", func(c *Config) any { return &c.Storage.Durability }},
	{"storage.key-file", "file of the keys that seal secrets; made at the first start; default: the file keys in storage.path", func(c *Config) any { return &c.Storage.KeyFile }},
	{"web.listen-address", "address of the API", func(c *Config) any { return &c.Web.ListenAddress }},
	{"web.external-url", "what Hearth calls itself in URLs it hands out, with the path below which it stands if there is one; default: the listen address", func(c *Config) any { return &c.Web.ExternalURL }},
	{"web.config.file", "TLS file, in the format of the Prometheus exporter toolkit", func(c *Config) any { return &c.Web.ConfigFile }},
	{"web.insecure", "allow an address that other machines reach, without TLS", func(c *Config) any { return &c.Web.Insecure }},
	{"web.trusted-proxies", "networks (CIDR) of the proxies whose X-Forwarded-For and X-Forwarded-Proto count; default: none", func(c *Config) any { return &c.Web.TrustedProxies }},
	{"profile", "local (generous limits) or aws-strict (refuses what AWS refuses)", func(c *Config) any { return &c.Profile }},
	{"aws.account-id", "the account of the root keys, twelve digits", func(c *Config) any { return &c.AWS.AccountID }},
	{"aws.region", "region of what Hearth makes by itself, and of requests that name none", func(c *Config) any { return &c.AWS.Region }},
	{"egress.allow-loopback", "connections that a user's configuration causes may go to this machine", func(c *Config) any { return &c.Egress.AllowLoopback }},
	{"egress.deny", "addresses such connections may never go to, as CIDRs separated by commas", func(c *Config) any { return &c.Egress.Deny }},
	{"engine.max-open", "workspaces open at the same time", func(c *Config) any { return &c.Engine.MaxOpen }},
	{"engine.idle-after", "a workspace neither written nor queried for this long is closed", func(c *Config) any { return &c.Engine.IdleAfter }},
	{"smtp.address", "mail server, host:port, for topics' subscriptions by e-mail; port 465 means TLS from the start; default: none, and hearth dev puts mails into the folder mail in storage.path", func(c *Config) any { return &c.SMTP.Address }},
	{"smtp.from", "sender of mails", func(c *Config) any { return &c.SMTP.From }},
	{"smtp.username", "name to sign in to the mail server with; needs smtp.password-file", func(c *Config) any { return &c.SMTP.Username }},
	{"smtp.password-file", "file of the password, read for each mail", func(c *Config) any { return &c.SMTP.PasswordFile }},
	{"smtp.starttls", "always (a server without STARTTLS gets no mail) or never", func(c *Config) any { return &c.SMTP.StartTLS }},
	{"cloudwatch.own-credentials", "scrapers of CloudWatch without keys of their own ask as this process: whoever may make one reads CloudWatch with its rights", func(c *Config) any { return &c.CloudWatch.Own }},
	{"cloudwatch.allow-metadata", "scrapers of CloudWatch may get this process's credentials from the metadata addresses of EC2, ECS and EKS", func(c *Config) any { return &c.CloudWatch.Metadata }},
	{"cloudwatch.prices", "YAML file of prices that replace those shipped for CloudWatch", func(c *Config) any { return &c.CloudWatch.Prices }},
	{"grafana.gnet-path", "folder of dashboards by the number they have at grafana.com, 3119.json or NAME-3119.json: what import by id finds; default: none", func(c *Config) any { return &c.Grafana.GnetPath }},
	{"grafana.gnet-fetch", "import by id asks grafana.com for what the folder does not have", func(c *Config) any { return &c.Grafana.GnetFetch }},
	{"grafana.provisioning-path", "folder of Grafana's provisioning files, dashboards/*.yaml and datasources/*.yaml, which is watched; default: none", func(c *Config) any { return &c.Grafana.ProvisioningPath }},
	{"grafana.provisioning-workspaces", "Grafana workspaces that the files are for, by id, or by name if they are aws.account-id's, separated by commas; default: all of aws.account-id", func(c *Config) any { return &c.Grafana.ProvisioningFor }},
	{"grafana.upstream", "URL of your own Grafana, which stands for the Grafana workspace of grafana.upstream-workspace: its pages and API, behind Hearth's sign-in; default: none", func(c *Config) any { return &c.Grafana.Upstream }},
	{"grafana.upstream-workspace", "the Grafana workspace that is handed on, by id, or by name if it is aws.account-id's", func(c *Config) any { return &c.Grafana.UpstreamFor }},
	{"grafana.upstream-key-file", "PEM file of the private key (RSA, or EC on P-256) that tells your own Grafana who asks; default: made at the first start, grafana-upstream.pem in storage.path", func(c *Config) any { return &c.Grafana.UpstreamKeyFile }},
	{"sso.oidc.issuer", "OpenID Connect provider that signs people in to Grafana workspaces with AWS_SSO, and to the console; default: none", func(c *Config) any { return &c.SSO.OIDC.Issuer }},
	{"sso.oidc.client-id", "what the provider knows Hearth as", func(c *Config) any { return &c.SSO.OIDC.ClientID }},
	{"sso.oidc.client-secret-file", "file of the client's secret, read for each sign-in; default: a public client", func(c *Config) any { return &c.SSO.OIDC.ClientSecretFile }},
	{"sso.oidc.scopes", "scopes asked for, separated by commas", func(c *Config) any { return &c.SSO.OIDC.Scopes }},
	{"sso.oidc.groups-claim", "claim of a person's groups: SSO_GROUP of update-permissions", func(c *Config) any { return &c.SSO.OIDC.GroupsClaim }},
	{"sso.oidc.name", "the provider's name on sign-in pages; default: its host", func(c *Config) any { return &c.SSO.OIDC.Name }},
	{"sso.oidc.console-role", "ARN of the IAM role that people become in the console, if its trust policy lets them; default: none", func(c *Config) any { return &c.SSO.OIDC.ConsoleRole }},
	{"sso.oidc.console-roles", "roles of groups in the console, GROUP=ROLE_ARN, separated by commas: the first of a person's counts, before console-role", func(c *Config) any { return &c.SSO.OIDC.ConsoleRoles }},
	{"sso.oidc.single-logout", "whether signing out here signs out at the provider, too, which must know the address /login/oidc/logged-out", func(c *Config) any { return &c.SSO.OIDC.SingleLogout }},
	{"sso.saml.allow-unsolicited", "SAML sign-ins may begin at the identity provider", func(c *Config) any { return &c.SSO.SAML.AllowUnsolicited }},
	{"sso.local.password-file", "file of the local administrator's password, who may sign in to all Grafana workspaces; default: nobody may, and hearth dev makes a password", func(c *Config) any { return &c.SSO.Local.PasswordFile }},
	{"log.level", "debug, info, warn or error", func(c *Config) any { return &c.Log.Level }},
	{"log.format", "logfmt or json", func(c *Config) any { return &c.Log.Format }},
	{"debug.listen-address", "address of /debug/pprof; default: none", func(c *Config) any { return &c.Debug.ListenAddress }},
}

// list is a flag value of several words between commas.
type list struct{ to *[]string }

func (l list) String() string {
	if l.to == nil {
		return ""
	}
	return strings.Join(*l.to, ",")
}

func (l list) Set(s string) error {
	*l.to = nil
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			*l.to = append(*l.to, w)
		}
	}
	return nil
}

func (list) Type() string { return "list" }

// bind makes a flag of every setting, writing into c.
func bind(fs *pflag.FlagSet, c *Config) {
	for _, s := range settings {
		switch p := s.field(c).(type) {
		case *string:
			fs.StringVar(p, s.name, *p, s.usage)
		case *bool:
			fs.BoolVar(p, s.name, *p, s.usage)
		case *int:
			fs.IntVar(p, s.name, *p, s.usage)
		case *[]string:
			fs.Var(list{p}, s.name, s.usage)
		}
	}
}

// variable is the name of a setting in the environment.
func variable(name string) string {
	return "HEARTH_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))
}

// addFlags gives cmd every setting and --config.file. The values mean nothing
// until load has joined them with the environment and the file.
func addFlags(cmd *cobra.Command, defaults Config) {
	bind(cmd.Flags(), &defaults)
	cmd.Flags().String("config.file", "", "YAML file of these settings")
	cmd.Flags().SortFlags = false
}

// load joins defaults, file, environment and flags, and checks the result.
func load(cmd *cobra.Command, defaults Config) (Config, error) {
	c := defaults
	path, err := cmd.Flags().GetString("config.file")
	if err != nil {
		return c, err
	}
	if path == "" {
		path = os.Getenv(variable("config.file"))
	}
	if path != "" {
		if err := c.readFile(path); err != nil {
			return c, misuse{err}
		}
	}
	fs := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	bind(fs, &c)
	if err := c.fromEnvironment(fs); err != nil {
		return c, misuse{err}
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "config.file" && fs.Lookup(f.Name) != nil && err == nil {
			err = fs.Set(f.Name, f.Value.String())
		}
	})
	if err == nil {
		client := c
		client.Web.Insecure = true // a client listens nowhere; loadToRun checks servers
		err = client.check()
	}
	if err != nil {
		return c, misuse{err}
	}
	return c, nil
}

func (c *Config) fromEnvironment(fs *pflag.FlagSet) error {
	for _, s := range settings {
		value, ok := os.LookupEnv(variable(s.name))
		if !ok || value == "" {
			continue
		}
		if err := fs.Set(s.name, value); err != nil {
			return fmt.Errorf("%s: %w", variable(s.name), valueFault(fs.Lookup(s.name), value, err))
		}
	}
	return nil
}

func (c *Config) checkEngine() error {
	if c.Engine.MaxOpen < 1 {
		return fmt.Errorf("engine.max-open: %d workspaces are too few: at least 1", c.Engine.MaxOpen)
	}
	if d, err := time.ParseDuration(c.Engine.IdleAfter); err != nil || d <= 0 {
		return fmt.Errorf("engine.idle-after: %q is not a duration such as 15m", c.Engine.IdleAfter)
	}
	return nil
}

// idleAfter is Engine.IdleAfter, which check has accepted.
func (c *Config) idleAfter() time.Duration {
	d, _ := time.ParseDuration(c.Engine.IdleAfter)
	return d
}
