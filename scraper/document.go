package scraper

import (
	"regexp/syntax"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// The bounds of regular expressions, in instructions of the machine that runs
// them. A repeat such as .{999}.{999} is short to write and long to run.
const (
	maxRegex  = 20_000
	maxRegexs = 100_000 // all of a configuration together
	maxDepth  = 50      // of the document
	maxFaults = 20      // after which reading on is of no use
)

// content is the root of a document.
func content(doc *yaml.Node) *yaml.Node {
	if doc != nil && doc.Kind == yaml.DocumentNode && len(doc.Content) > 0 {
		return resolve(doc.Content[0])
	}
	return doc
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// child is the value of a key; nil if there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n = resolve(n); n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if resolve(n.Content[i]).Value == key {
			return resolve(n.Content[i+1])
		}
	}
	return nil
}

// sections are what a scrape configuration has at the top. A scraper is no
// Prometheus server: it neither evaluates nor forwards.
var sections = map[string]bool{"global": true, "scrape_configs": true}

// checkDocument bounds a document before it is decoded, and refuses by name what
// a scraper never does.
func (p *problems) checkDocument(doc *yaml.Node, profile hearth.Profile, source Source) {
	root := content(doc)
	if root == nil || root.Kind != yaml.MappingNode {
		p.Add(blobField, "The scrape configuration is not a YAML mapping with global and scrape_configs")
		return
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if key := resolve(root.Content[i]); !sections[key.Value] {
			p.Add(blobField, "Line %d: %s is not served: a scraper has the sections global and scrape_configs", key.Line, clip(key.Value))
		}
	}
	w := documentWalk{problems: p}
	w.walk(root, 0)
	p.checkDiscoveryNames(child(root, "scrape_configs"), source)
	if profile == hearth.AWSStrict {
		p.checkStrict(root, source)
	}
}

// A documentWalk looks at every key of a document once.
type documentWalk struct {
	*problems
	regexes int // instructions so far
	stopped bool
}

func (w *documentWalk) walk(n *yaml.Node, depth int) {
	if depth > maxDepth && !w.stopped {
		w.Add(blobField, "Line %d: the document is nested more than %d deep", n.Line, maxDepth)
		w.stopped = true
	}
	if w.stopped || len(w.Problems) > maxFaults {
		return
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if resolve(n.Content[i]).Value == "regex" {
				w.regex(resolve(n.Content[i+1]))
			}
		}
	}
	for _, c := range n.Content { // an alias has no content: what it stands for is walked where it is
		w.walk(c, depth+1)
	}
}

func (w *documentWalk) regex(n *yaml.Node) {
	re, err := syntax.Parse(n.Value, syntax.Perl)
	if err != nil {
		w.Add(blobField, "Line %d: regex: %s", n.Line, err)
		return
	}
	size := instructions(re)
	w.regexes += size
	switch {
	case size > maxRegex:
		w.Add(blobField, "Line %d: the regular expression has %d instructions; at most %d are allowed", n.Line, size, maxRegex)
	case w.regexes > maxRegexs && !w.stopped:
		w.Add(blobField, "Line %d: the regular expressions have more than %d instructions together", n.Line, maxRegexs)
		w.stopped = true
	}
}

// instructions is how long the program of a regular expression will be, about.
func instructions(re *syntax.Regexp) int {
	n := 1
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass:
		n = 1 + len(re.Rune)/8
	}
	for _, sub := range re.Sub {
		n = min(n+instructions(sub), 1<<30)
	}
	if re.Op == syntax.OpRepeat {
		n = min(n*max(re.Max, re.Min+1, 1), 1<<30)
	}
	return n
}

// checkDiscoveryNames refuses discoveries by the names they have in the document:
// those that are not linked in would only be unknown keys.
func (p *problems) checkDiscoveryNames(jobs *yaml.Node, source Source) {
	if jobs == nil || jobs.Kind != yaml.SequenceNode {
		return
	}
	for _, j := range jobs.Content {
		j = resolve(j)
		if j.Kind != yaml.MappingNode {
			continue
		}
		for i := 0; i+1 < len(j.Content); i += 2 {
			p.checkDiscoveryName(resolve(j.Content[i]), source)
		}
	}
}

func (p *problems) checkDiscoveryName(key *yaml.Node, source Source) {
	switch name := key.Value; {
	case !strings.HasSuffix(name, "_sd_configs"):
	case name == "kubernetes_sd_configs" && source.EKS == nil:
		p.Add(blobField, "Line %d: kubernetes_sd_configs need a scraper whose source is eksConfiguration, a registered cluster", key.Line)
	case name == "kubernetes_sd_configs", name == "dns_sd_configs", name == "http_sd_configs":
	default:
		p.Add(blobField, "Line %d: %s is not served. Targets come from %s.", key.Line, clip(name), discoveries)
	}
}

// clip keeps what strangers wrote short.
func clip(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}
