package scraper

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	rbacv1 "k8s.io/api/rbac/v1"
)

// A right is what a scraper must be allowed in a cluster: verbs on one resource,
// or on one path.
type right struct{ group, resource, path string }

// rights are rights with the verbs of each.
type rights map[right][]string

func (rs rights) add(r right, verbs ...string) {
	for _, v := range verbs {
		if !slices.Contains(rs[r], v) {
			rs[r] = append(rs[r], v)
		}
	}
}

func (rs rights) merge(others rights) {
	for r, verbs := range others {
		rs.add(r, verbs...)
	}
}

// rules spells rights as Kubernetes does, one rule each, in a steady order.
func (rs rights) rules() []rbacv1.PolicyRule {
	out := make([]rbacv1.PolicyRule, 0, len(rs))
	for _, r := range slices.SortedFunc(maps.Keys(rs), right.compare) {
		verbs := slices.Sorted(slices.Values(rs[r]))
		if r.path != "" {
			out = append(out, rbacv1.PolicyRule{NonResourceURLs: []string{r.path}, Verbs: verbs})
			continue
		}
		out = append(out, rbacv1.PolicyRule{APIGroups: []string{r.group}, Resources: []string{r.resource}, Verbs: verbs})
	}
	return out
}

func (r right) compare(o right) int {
	return strings.Compare(r.path+"\x00"+r.group+"\x00"+r.resource, o.path+"\x00"+o.group+"\x00"+o.resource)
}

// rightsOf is the reverse of rules, for rules of any shape.
func rightsOf(rules []rbacv1.PolicyRule) rights {
	out := rights{}
	for _, rule := range rules {
		for _, path := range rule.NonResourceURLs {
			out.add(right{path: path}, rule.Verbs...)
		}
		for _, g := range rule.APIGroups {
			for _, res := range rule.Resources {
				out.add(right{group: g, resource: res}, rule.Verbs...)
			}
		}
	}
	return out
}

// in are those of rs that others have too: of what is missing, what matters to
// one scraper.
func (rs rights) in(others rights) rights {
	out := rights{}
	for r, verbs := range rs {
		for _, v := range verbs {
			if slices.Contains(others[r], v) {
				out.add(r, v)
			}
		}
	}
	return out
}

// String is a sentence's part: get /metrics; list and watch nodes, pods.
func (rs rights) String() string {
	things := map[string][]string{}
	for _, rule := range rs.rules() {
		verbs := strings.Join(rule.Verbs, " and ")
		name := ""
		if len(rule.NonResourceURLs) > 0 {
			name = rule.NonResourceURLs[0]
		} else if name = rule.Resources[0]; rule.APIGroups[0] != "" {
			name += "." + rule.APIGroups[0]
		}
		things[verbs] = append(things[verbs], name)
	}
	var parts []string
	for _, verbs := range slices.Sorted(maps.Keys(things)) {
		parts = append(parts, verbs+" "+strings.Join(things[verbs], ", "))
	}
	return strings.Join(parts, "; ")
}

// needs are all rights that a configuration takes.
func (c *configuration) needs() rights {
	out := rights{}
	for _, j := range c.jobs {
		for _, sd := range j.ServiceDiscoveryConfigs {
			if k, ok := sd.(*kubernetes.SDConfig); ok {
				out.merge(discoveryNeeds(k))
			}
		}
		if j.account {
			out.merge(j.scrapeNeeds())
		}
	}
	return out
}

// What each role looks at besides itself, as Prometheus has it.
var roleResources = map[kubernetes.Role][]right{
	kubernetes.RoleNode:          {{resource: "nodes"}},
	kubernetes.RolePod:           {{resource: "pods"}},
	kubernetes.RoleService:       {{resource: "services"}},
	kubernetes.RoleEndpoint:      {{resource: "endpoints"}, {resource: "services"}, {resource: "pods"}},
	kubernetes.RoleEndpointSlice: {{group: "discovery.k8s.io", resource: "endpointslices"}, {resource: "services"}, {resource: "pods"}},
	kubernetes.RoleIngress:       {{group: "networking.k8s.io", resource: "ingresses"}},
}

// inCluster tells whether a job discovers in the scraper's cluster.
func (j *job) inCluster() bool {
	return slices.ContainsFunc(j.ServiceDiscoveryConfigs, func(sd discovery.Config) bool {
		_, ok := sd.(*kubernetes.SDConfig)
		return ok
	})
}

// discoveryNeeds are the rights of one discovery. One that names its namespaces
// may have its rights from roles in those, so nothing cluster-wide is asked.
func discoveryNeeds(k *kubernetes.SDConfig) rights {
	out := rights{}
	all := slices.Clone(roleResources[k.Role])
	if len(k.NamespaceDiscovery.Names) > 0 {
		all = nil
	}
	m := k.AttachMetadata
	for _, x := range []struct {
		on bool
		r  right
	}{
		{m.Node, right{resource: "nodes"}}, {m.Namespace, right{resource: "namespaces"}},
		{m.Deployment, right{group: "apps", resource: "replicasets"}}, {m.Job || m.CronJob, right{group: "batch", resource: "jobs"}},
	} {
		if x.on {
			all = append(all, x.r)
		}
	}
	for _, r := range all {
		out.add(r, "list", "watch")
	}
	return out
}

// scrapeNeeds are the rights that scraping the API server takes, as far as the
// configuration shows where it leads.
func (j *job) scrapeNeeds() rights {
	out := rights{}
	paths := []string{j.MetricsPath}
	for _, r := range j.RelabelConfigs {
		if r.TargetLabel == "__metrics_path__" {
			paths = append(paths[:0], r.Replacement)
		}
	}
	for _, path := range paths {
		switch {
		case strings.HasPrefix(path, "/api/v1/nodes/") && strings.Contains(path, "/proxy"):
			out.add(right{resource: "nodes/proxy"}, "get")
		case path != "" && !strings.HasPrefix(path, "/api") && !strings.Contains(path, "$"):
			out.add(right{path: path}, "get")
		}
	}
	return out
}

// clusterRole writes rights as manifests that give them to a user.
// The role has a name of its own, so that applying it takes nothing away.
func clusterRole(id, user string, missing rights) string {
	var b strings.Builder
	name := "hearth-" + id
	fmt.Fprintf(&b, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: %s\nrules:\n", name)
	for _, rule := range missing.rules() {
		if len(rule.NonResourceURLs) > 0 {
			fmt.Fprintf(&b, "  - nonResourceURLs: [%q]\n", rule.NonResourceURLs[0])
		} else {
			fmt.Fprintf(&b, "  - apiGroups: [%q]\n    resources: [%q]\n", rule.APIGroups[0], rule.Resources[0])
		}
		fmt.Fprintf(&b, "    verbs: [%s]\n", quoted(rule.Verbs))
	}
	fmt.Fprintf(&b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: %s\nsubjects:\n"+
		"  - kind: User\n    name: %q\n    apiGroup: rbac.authorization.k8s.io\nroleRef:\n  kind: ClusterRole\n  name: %s\n  apiGroup: rbac.authorization.k8s.io\n",
		name, user, name)
	return b.String()
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(out, ", ")
}
