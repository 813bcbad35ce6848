package scraper

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/dns"
	sdhttp "github.com/prometheus/prometheus/discovery/http"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// blobField is the member that a scrape configuration arrives in.
const blobField = "scrapeConfiguration.configurationBlob"

// The bounds of a configuration, and what a job has that does not say.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-how-to.html
const (
	maxBlob     = 512 << 10
	maxBlobAWS  = 256 << 10
	maxJobs     = 1000
	maxNames    = 1000     // of one discovery by DNS
	maxTargets  = 30_000   // of one scraper
	bodyLimit   = 50 << 20 // bytes of one answer, once decompressed
	maxBody     = 256 << 20
	sampleLimit = 500_000 // samples of one answer
	maxSamples  = 5_000_000
)

func shortestInterval(p hearth.Profile) time.Duration {
	if p == hearth.AWSStrict {
		return 30 * time.Second
	}
	return time.Second
}

// A configuration is a scrape configuration that was checked.
type configuration struct {
	global *config.GlobalConfig
	jobs   []*job
}

// A job is one scrape_config.
type job struct {
	*config.ScrapeConfig
	account bool // it asks for the cluster's service account
}

// Unwrap takes off one more layer of base64, which the aws CLI 1 makes when it is
// given text that is base64 already. What is no base64, or YAML as it is, comes
// back unchanged.
func Unwrap(data []byte) []byte {
	packed := bytes.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, data)
	if len(packed) == 0 || bytes.IndexByte(packed, ':') >= 0 {
		return data
	}
	plain, err := base64.StdEncoding.DecodeString(string(packed))
	if err != nil {
		return data
	}
	return plain
}

// Check says what is wrong with a scrape configuration under a profile: an
// *hearth.Error of kind Invalid whose Fields name the lines.
func Check(text []byte, profile hearth.Profile, source Source) error {
	_, err := parse(text, profile, source, shortestInterval(profile))
	return err
}

func (r *Room) parse(text []byte, source Source) (*configuration, error) {
	return parse(text, r.opts.Profile, source, r.floor)
}

// parse reads a scrape configuration. Nothing is compiled, expanded or read from
// disk before it was bounded and allowed.
func parse(text []byte, profile hearth.Profile, source Source, floor time.Duration) (*configuration, error) {
	var p problems
	most := maxBlob
	if profile == hearth.AWSStrict {
		most = maxBlobAWS
	}
	if len(bytes.TrimSpace(text)) == 0 {
		p.Add(blobField, "Member must not be empty: it is the scrape configuration")
		return nil, p.Err()
	}
	if len(text) > most {
		p.Add(blobField, "The scrape configuration has %d bytes; at most %d are allowed", len(text), most)
		return nil, p.Err()
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		p.Add(blobField, "The scrape configuration is not YAML: %s", yamlText(err))
		return nil, p.Err()
	}
	p.checkDocument(&doc, profile, source)
	if err := p.Err(); err != nil {
		return nil, err
	}
	conf, err := decodeConfiguration(text)
	if err != nil {
		p.Add(blobField, "The scrape configuration cannot be read: %s", yamlText(err))
		return nil, p.Err()
	}
	out := &configuration{global: &conf.GlobalConfig}
	p.checkJobs(out, conf, floor)
	return out, p.Err()
}

// decodeConfiguration is Prometheus' own reading, which also fills in defaults.
// Prometheus expands $NAME in external labels by its environment. Here that would
// be Hearth's, with its keys; so a dollar stands for itself.
func decodeConfiguration(text []byte) (conf *config.Config, err error) {
	defer func() {
		if v := recover(); v != nil { // of the YAML library
			err = fmt.Errorf("%v", v)
		}
	}()
	plain := new(yaml.Node)
	if err := yaml.Unmarshal(text, plain); err != nil {
		return nil, err
	}
	if escapeDollars(plain) {
		if text, err = yaml.Marshal(plain); err != nil {
			return nil, err
		}
	}
	return config.Load(string(text), slog.New(slog.DiscardHandler))
}

// escapeDollars doubles the dollars in external labels, and tells whether there
// were any.
func escapeDollars(doc *yaml.Node) (found bool) {
	external := child(child(content(doc), "global"), "external_labels")
	if external == nil {
		return false
	}
	for i := 1; i < len(external.Content); i += 2 {
		v := resolve(external.Content[i])
		if strings.Contains(v.Value, "$") {
			v.Value, found = strings.ReplaceAll(v.Value, "$", "$$"), true
		}
	}
	return found
}

// goType is how the YAML library names what it decodes into.
var goType = regexp.MustCompile(` (?:not found )?(?:in|into) (?:type )?[a-z]+\.[A-Za-z]+|^yaml: (?:unmarshal errors:\s*)?`)

// yamlText is the library's text without our types, on one line.
func yamlText(err error) string {
	text := goType.ReplaceAllStringFunc(err.Error(), func(s string) string {
		if strings.HasPrefix(s, " not found") {
			return " is not known here"
		}
		return ""
	})
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 500 {
		text = text[:500] + "…"
	}
	return text
}

// checkJobs takes the jobs into out, with bounds where they have none.
func (p *problems) checkJobs(out *configuration, conf *config.Config, floor time.Duration) {
	all, err := conf.GetScrapeConfigs()
	if err != nil {
		p.Add(blobField, "The scrape configuration cannot be read: %s", yamlText(err))
		return
	}
	if len(all) == 0 {
		p.Add(blobField, "The scrape configuration has no jobs: scrape_configs must have at least one entry")
	}
	if len(all) > maxJobs {
		p.Add(blobField, "The scrape configuration has %d jobs; at most %d are allowed", len(all), maxJobs)
		return
	}
	for _, c := range all {
		j := &job{ScrapeConfig: c}
		p.checkInterval(c, floor)
		p.checkDiscoveries(c, floor)
		p.checkFiles(c)
		j.account = takeAccount(&c.HTTPClientConfig)
		p.checkBounds(c)
		out.jobs = append(out.jobs, j)
	}
}

func (p *problems) checkInterval(c *config.ScrapeConfig, floor time.Duration) {
	if d := time.Duration(c.ScrapeInterval); d < floor {
		p.Add(blobField, "Job %q: scrape_interval is %s; the shortest is %s", c.JobName, d, floor)
	}
}

// checkDiscoveries takes the discoveries that are linked in. Of files there is
// none: a scraper has no disk.
func (p *problems) checkDiscoveries(c *config.ScrapeConfig, floor time.Duration) {
	for _, d := range c.ServiceDiscoveryConfigs {
		switch d := d.(type) {
		case discovery.StaticConfig:
		case *dns.SDConfig:
			p.checkSearch(c.JobName, time.Duration(d.RefreshInterval), floor)
			if len(d.Names) > maxNames {
				p.Add(blobField, "Job %q: dns_sd_configs name %d names; at most %d are allowed", c.JobName, len(d.Names), maxNames)
			}
		case *sdhttp.SDConfig:
			p.checkSearch(c.JobName, time.Duration(d.RefreshInterval), floor)
		case *kubernetes.SDConfig:
			p.checkKubernetes(c.JobName, d)
		default:
			p.Add(blobField, "Job %q: %s_sd_configs are not served. Targets come from %s.", c.JobName, d.Name(), discoveries)
		}
	}
}

// checkSearch refuses a discovery that would flood who is asked.
func (p *problems) checkSearch(job string, every, floor time.Duration) {
	if every < floor {
		p.Add(blobField, "Job %q: refresh_interval is %s; the shortest is %s", job, every, floor)
	}
}

// discoveries are those a configuration may name.
const discoveries = "kubernetes_sd_configs, dns_sd_configs, http_sd_configs and static_configs"

func (p *problems) checkKubernetes(name string, d *kubernetes.SDConfig) {
	switch {
	case d.KubeConfig != "" || d.APIServer.URL != nil:
		p.Add(blobField, "Job %q: kubernetes_sd_configs must not name kubeconfig_file or api_server: the cluster is the scraper's source", name)
	case d.NamespaceDiscovery.IncludeOwnNamespace:
		p.Add(blobField, "Job %q: own_namespace has no meaning here: a scraper is in no namespace. Write it into names.", name)
	}
}

// checkBounds gives a job the bounds it lacks, and refuses those that are too
// wide.
func (p *problems) checkBounds(c *config.ScrapeConfig) {
	switch {
	case c.BodySizeLimit == 0:
		c.BodySizeLimit = bodyLimit
	case c.BodySizeLimit > maxBody:
		p.Add(blobField, "Job %q: body_size_limit is %d bytes; at most %d are allowed", c.JobName, c.BodySizeLimit, maxBody)
	}
	switch {
	case c.SampleLimit == 0:
		c.SampleLimit = sampleLimit
	case c.SampleLimit > maxSamples:
		p.Add(blobField, "Job %q: sample_limit is %d; at most %d are allowed", c.JobName, c.SampleLimit, maxSamples)
	}
}
