package scraper

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What a managed collector of AWS takes, key by key.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-how-to.html
var (
	strictGlobal = []string{"scrape_interval", "scrape_timeout", "external_labels"}
	strictJob    = []string{
		"job_name", "metrics_path", "scheme", "scrape_interval", "scrape_timeout", "honor_labels", "static_configs",
		"kubernetes_sd_configs", "dns_sd_configs", "relabel_configs", "metric_relabel_configs", "tls_config", "params",
		"authorization", "bearer_token_file",
	}
)

// apiServerName is the one host name that AWS resolves in static targets.
const apiServerName = "kubernetes.default.svc"

// checkStrict refuses what AWS refuses.
func (p *problems) checkStrict(root *yaml.Node, source Source) {
	p.checkKeys(child(root, "global"), "global", strictGlobal)
	jobs := child(root, "scrape_configs")
	if jobs == nil || jobs.Kind != yaml.SequenceNode {
		return
	}
	for _, j := range jobs.Content {
		j = resolve(j)
		p.checkKeys(j, "scrape_configs", strictJob)
		p.checkStrictAuthorization(j)
		p.checkStrictTargets(child(j, "static_configs"))
		if sd := child(j, "dns_sd_configs"); sd != nil && source.VPC == nil {
			p.Add(blobField, "Line %d: dns_sd_configs need a scraper whose source is vpcConfiguration", sd.Line)
		}
	}
}

func (p *problems) checkKeys(n *yaml.Node, section string, allowed []string) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := resolve(n.Content[i]); !slices.Contains(allowed, key.Value) && !strings.HasSuffix(key.Value, "_sd_configs") {
			p.Add(blobField, "Line %d: AWS does not take %s in %s: profile aws-strict refuses it too", key.Line, clip(key.Value), section)
		}
	}
	if sd := child(n, "http_sd_configs"); sd != nil {
		p.Add(blobField, "Line %d: AWS does not take %s in %s: profile aws-strict refuses it too", sd.Line, "http_sd_configs", section)
	}
}

// checkStrictAuthorization takes a bearer token of the service account only.
func (p *problems) checkStrictAuthorization(j *yaml.Node) {
	if a := child(j, "authorization"); a != nil {
		kind, file := child(a, "type"), child(a, "credentials_file")
		if kind != nil && !strings.EqualFold(kind.Value, "Bearer") || file == nil || file.Value != accountToken {
			p.Add(blobField, "Line %d: authorization must be of type Bearer with credentials_file: %s", a.Line, accountToken)
		}
	}
	if f := child(j, "bearer_token_file"); f != nil && f.Value != accountToken {
		p.Add(blobField, "Line %d: bearer_token_file must be %s", f.Line, accountToken)
	}
}

// checkStrictTargets takes addresses, and the API server by its name.
func (p *problems) checkStrictTargets(static *yaml.Node) {
	if static == nil || static.Kind != yaml.SequenceNode {
		return
	}
	for _, group := range static.Content {
		targets := child(group, "targets")
		if targets == nil || targets.Kind != yaml.SequenceNode {
			continue
		}
		for _, t := range targets.Content {
			t = resolve(t)
			if host := hostOf(t.Value); host != apiServerName && !isAddress(host) {
				p.Add(blobField, "Line %d: the target %q must be an IP address, or %s", t.Line, clip(t.Value), apiServerName)
			}
		}
	}
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// hostOf is a target's address without its port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return strings.Trim(address, "[]")
	}
	return host
}
