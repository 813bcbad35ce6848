package scraper

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

var eks = Source{EKS: &EKSSource{Cluster: "arn:aws:eks:eu-west-1:000000000000:cluster/c"}}

func TestCheckConfiguration(t *testing.T) {
	job := func(s string) string { return "scrape_configs:\n- job_name: j\n" + s }
	const one = "  static_configs: [{targets: [192.0.2.1:80]}]\n"
	cases := []struct {
		name, text string
		profile    hearth.Profile
		source     Source
		want       string // empty: fine
	}{
		{"AWS's own", string(defaultText), hearth.AWSStrict, eks, ""},
		{"AWS's own, without a cluster", string(defaultText), hearth.Local, Source{}, "kubernetes_sd_configs need a scraper whose source is eksConfiguration"},
		{"nothing", " \n", hearth.Local, Source{}, "Member must not be empty"},
		{"no YAML", "a: [", hearth.Local, Source{}, "is not YAML"},
		{"a list", "- a", hearth.Local, Source{}, "is not a YAML mapping"},
		{"no jobs", "global: {scrape_interval: 30s}", hearth.Local, Source{}, "has no jobs"},
		{"rules", "rule_files: [a]\n" + job(one), hearth.Local, Source{}, "Line 1: rule_files is not served"},
		{"more files", "scrape_config_files: [/etc/passwd]\n" + job(one), hearth.Local, Source{}, "scrape_config_files is not served"},
		{"unknown key", job(one + "  kettle: 1\n"), hearth.Local, Source{}, "field kettle"},
		{"twice", job(one) + "- job_name: j\n" + one, hearth.Local, Source{}, "multiple scrape configs"},
		{"file_sd", job("  file_sd_configs: [{files: [/etc/passwd]}]\n"), hearth.Local, Source{}, "Line 3: file_sd_configs is not served"},
		{"consul", job("  consul_sd_configs: [{server: x}]\n"), hearth.Local, Source{}, "consul_sd_configs is not served"},
		{"dns", job("  dns_sd_configs: [{names: [x.example], type: A, port: 1}]\n"), hearth.Local, Source{}, ""},
		{"http", job("  http_sd_configs: [{url: 'http://x/'}]\n"), hearth.Local, Source{}, ""},
		{"a password file", job(one + "  basic_auth: {username: a, password_file: /etc/shadow}\n"), hearth.Local, Source{}, "password_file: /etc/shadow is refused"},
		{"a CA file", job(one + "  tls_config: {ca_file: /etc/ssl/x}\n"), hearth.Local, Source{}, "ca_file: /etc/ssl/x is refused"},
		{"a header's file", job(one + "  http_headers: {X: {files: [/etc/shadow]}}\n"), hearth.Local, Source{}, "files: /etc/shadow is refused"},
		{"a failure log", job(one + "  scrape_failure_log_file: /tmp/x\n"), hearth.Local, Source{}, "scrape_failure_log_file: /tmp/x is refused"},
		{"everybody's failure log", "global: {scrape_failure_log_file: /tmp/x}\n" + job(one), hearth.Local, Source{}, "scrape_failure_log_file: /tmp/x is refused"},
		{"a proxy of the environment", job(one + "  proxy_from_environment: true\n"), hearth.Local, Source{}, "proxy_from_environment: true is refused"},
		{"a file through an alias", "global: {external_labels: {a: &x /etc/shadow}}\n" + job(one+"  authorization: {credentials_file: *x}\n"), hearth.Local, Source{}, "credentials_file: /etc/shadow is refused"},
		{"a file of discovery", job("  http_sd_configs: [{url: 'http://x/', bearer_token_file: /etc/shadow}]\n"), hearth.Local, Source{}, "/etc/shadow is refused"},
		{"an account for discovery", job("  http_sd_configs: [{url: 'http://x/', authorization: {credentials_file: " + accountToken + "}}]\n"), hearth.Local, Source{}, "not for discovery"},
		{"the account", job(one + "  authorization: {credentials_file: " + accountToken + "}\n  tls_config: {ca_file: " + accountCA + "}\n"), hearth.Local, Source{}, ""},
		{"a parameter called files", job(one + "  params: {files: [x], ca_file: [y]}\n"), hearth.Local, Source{}, ""},
		{"a kubeconfig", job("  kubernetes_sd_configs: [{role: pod, kubeconfig_file: /root/.kube/config}]\n"), hearth.Local, eks, "must not name kubeconfig_file"},
		{"an API server", job("  kubernetes_sd_configs: [{role: pod, api_server: 'http://x'}]\n"), hearth.Local, eks, "must not name kubeconfig_file or api_server"},
		{"own namespace", job("  kubernetes_sd_configs: [{role: pod, namespaces: {own_namespace: true}}]\n"), hearth.Local, eks, "own_namespace has no meaning"},
		{"a huge repeat", job(one + "  metric_relabel_configs: [{source_labels: [a], regex: '" + strings.Repeat(".{999}", 25) + "'}]\n"), hearth.Local, Source{}, "instructions; at most"},
		{"a repeat Go refuses", job(one + "  relabel_configs: [{source_labels: [a], regex: 'a{1001}'}]\n"), hearth.Local, Source{}, "Line 4: regex:"},
		{"many repeats", job(one + "  relabel_configs:\n" + strings.Repeat("  - {source_labels: [a], regex: '"+strings.Repeat(".{999}", 9)+"'}\n", 20)), hearth.Local, Source{}, "instructions together"},
		{"deep", "a: " + strings.Repeat("[", 60) + strings.Repeat("]", 60), hearth.Local, Source{}, "nested more than"},
		{"bombs of aliases", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n", hearth.Local, Source{}, "is not served"},
		{"too long", job(one) + "# " + strings.Repeat("x", maxBlob), hearth.Local, Source{}, "bytes; at most"},
		{"long for AWS", job(one) + "# " + strings.Repeat("x", maxBlobAWS), hearth.AWSStrict, Source{VPC: &VPCSource{}}, "at most 262144"},
		{"interval", job(one + "  scrape_interval: 10s\n"), hearth.AWSStrict, Source{VPC: &VPCSource{}}, "scrape_interval is 10s; the shortest is 30s"},
		{"body", job(one + "  body_size_limit: 2GB\n"), hearth.Local, Source{}, "body_size_limit is"},
		{"samples", job(one + "  sample_limit: 6000000\n"), hearth.Local, Source{}, "sample_limit is 6000000"},
		{"http for AWS", job("  http_sd_configs: [{url: 'http://x/'}]\n"), hearth.AWSStrict, Source{VPC: &VPCSource{}}, "AWS does not take http_sd_configs"},
		{"a key AWS has not", job(one + "  sample_limit: 10\n"), hearth.AWSStrict, Source{VPC: &VPCSource{}}, "AWS does not take sample_limit in scrape_configs"},
		{"a name for AWS", job("  static_configs: [{targets: ['db.example:1']}]\n"), hearth.AWSStrict, Source{VPC: &VPCSource{}}, `the target "db.example:1" must be an IP address`},
		{"the API server for AWS", job("  static_configs: [{targets: ['kubernetes.default.svc:443', '[2001:db8::1]:1', '192.0.2.1']}]\n"), hearth.AWSStrict, Source{VPC: &VPCSource{}}, ""},
		{"basic authorization for AWS", job(one + "  authorization: {type: Digest, credentials_file: " + accountToken + "}\n"), hearth.AWSStrict, Source{VPC: &VPCSource{}}, "authorization must be of type Bearer"},
		{"dns for AWS", job("  dns_sd_configs: [{names: [x.example], type: A, port: 1}]\n"), hearth.AWSStrict, eks, "dns_sd_configs need a scraper whose source is vpcConfiguration"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := Check([]byte(c.text), c.profile, c.source)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (hearth.KindOf(err) != hearth.Invalid || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A job that says nothing about sizes has AWS's: an answer of 2 GB is cut at 50 MB.
func TestBoundsOfSilence(t *testing.T) {
	conf, err := parse([]byte("scrape_configs: [{job_name: j}]\n"), hearth.Local, Source{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if j := conf.jobs[0]; int(j.BodySizeLimit) != 50<<20 || j.SampleLimit != 500_000 {
		t.Errorf("body %d, samples %d", j.BodySizeLimit, j.SampleLimit)
	}
}

// The environment of the process never comes into labels.
func TestDollarsStayDollars(t *testing.T) {
	t.Setenv("KETTLE", "secret")
	conf, err := parse([]byte("global: {external_labels: {a: '$KETTLE ${KETTLE} $$', b: plain}}\nscrape_configs: [{job_name: j}]\n"), hearth.Local, Source{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := conf.global.ExternalLabels.String(); got != `{a="$KETTLE ${KETTLE} $$", b="plain"}` {
		t.Errorf("external labels %s", got)
	}
}

func TestUnwrap(t *testing.T) {
	once := base64.StdEncoding.EncodeToString(defaultText)
	for _, text := range []string{string(defaultText), once, once[:76] + "\n" + once[76:] + "\n"} {
		if got := string(Unwrap([]byte(text))); got != string(defaultText) {
			t.Errorf("%q", got)
		}
	}
}

// Whatever a configuration says, it is refused or read, and reading it touches
// nothing.
func FuzzConfiguration(f *testing.F) {
	f.Add(defaultText)
	for _, s := range []string{"scrape_configs:\n- job_name: j\n  relabel_configs: [{regex: '(.{9}){9}', action: drop}]\n", "a: &a [*a]", "? {a: b}\n: c", "global: {external_labels: {a: $B}}\nscrape_configs: [{job_name: x}]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, source := range []Source{{}, eks} {
			conf, err := parse(Unwrap(data), hearth.Local, source, 0)
			if err == nil {
				_ = conf.needs().String()
				for _, j := range conf.jobs {
					if j.BodySizeLimit <= 0 || j.SampleLimit == 0 {
						t.Errorf("job %q has no bounds", j.JobName)
					}
				}
			} else if hearth.KindOf(err) != hearth.Invalid {
				t.Errorf("%T %v", err, err)
			}
		}
	})
}
