package alerting

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// maxNodes bounds a configuration with its aliases followed: a few lines can
// stand for billions.
const maxNodes = 200_000

// A vetting walks a configuration before upstream's parser sees it. What is not
// in the tables of allowed.go is refused: a field that a new upstream version
// adds, such as one more way to name a file, stays shut until someone has read
// what it does.
type vetting struct {
	lines   lines
	profile hearth.Profile
	faults  []Fault
	nodes   int
}

func (v *vetting) fault(n *yaml.Node, at, format string, args ...any) {
	if len(v.faults) > 10*maxFaults {
		return
	}
	v.faults = append(v.faults, Fault{v.lines.of(n.Line), configKey, at + ": " + fmt.Sprintf(format, args...)})
}

// enter counts a node, follows an alias, and says whether to go on.
func (v *vetting) enter(n *yaml.Node) (*yaml.Node, bool) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if v.nodes++; v.nodes == maxNodes {
		v.faults = append(v.faults, Fault{Key: configKey, Msg: fmt.Sprintf("has more than %d values", maxNodes)})
	}
	return n, v.nodes < maxNodes
}

// mapping vets the keys of a mapping. Anything but a mapping is left to
// upstream's parser to refuse.
func (v *vetting) mapping(n *yaml.Node, at string, allowed fields) {
	n, ok := v.enter(n)
	if !ok || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content) && v.nodes < maxNodes; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value == "<<" {
			v.fault(key, orTop(at), "merge keys are not taken: write the fields out")
			continue
		}
		where := join(at, key.Value)
		f, ok := allowed[key.Value]
		if !ok {
			v.fault(key, where, "%s", refusal(key.Value, allowed))
			continue
		}
		v.field(value, where, f)
	}
}

func (v *vetting) field(n *yaml.Node, at string, f field) {
	if f.strict != "" && v.profile == hearth.AWSStrict {
		v.fault(n, at, "%s", f.strict)
		return
	}
	if f.check != nil {
		f.check(v, n, at)
	}
	switch {
	case f.list != nil:
		v.list(n, at, func(item *yaml.Node, at string) { v.mapping(item, at, f.list()) })
	case f.each != nil:
		v.each(n, at, f.each)
	case f.inner != nil:
		v.mapping(n, at, f.inner())
	default:
		v.count(n)
	}
}

func (v *vetting) list(n *yaml.Node, at string, vet func(*yaml.Node, string)) {
	n, ok := v.enter(n)
	if !ok || n.Kind != yaml.SequenceNode {
		return
	}
	for i, item := range n.Content {
		if v.nodes >= maxNodes {
			return
		}
		where := fmt.Sprintf("%s[%d]", at, i)
		if item.Tag == "!!null" {
			v.fault(item, where, "must not be empty")
			continue
		}
		vet(item, where)
	}
}

// each vets a mapping with free keys whose values are mappings.
func (v *vetting) each(n *yaml.Node, at string, allowed fields) {
	n, ok := v.enter(n)
	if !ok || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content) && v.nodes < maxNodes; i += 2 {
		v.mapping(n.Content[i+1], join(at, n.Content[i].Value), allowed)
	}
}

// count only counts: what is below is free.
func (v *vetting) count(n *yaml.Node) {
	n, ok := v.enter(n)
	if !ok {
		return
	}
	for _, c := range n.Content {
		if v.nodes >= maxNodes {
			return
		}
		v.count(c)
	}
}

// refusal says why a key is not allowed.
func refusal(key string, allowed fields) string {
	switch {
	case strings.HasSuffix(key, "_file") || key == "files" || key == "file_outputs":
		if plain := strings.TrimSuffix(key, "_file"); plain != key {
			return fmt.Sprintf("a definition cannot read files of the server: give the value itself, as %s", plain)
		}
		return "a definition cannot read files of the server"
	case strings.HasSuffix(key, "_ref"):
		return "secrets cannot be referred to: give the value itself"
	}
	return "is not a field that is taken here: " + strings.Join(slices.Sorted(maps.Keys(allowed)), ", ")
}

func join(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

func orTop(at string) string {
	if at == "" {
		return "the configuration"
	}
	return at
}
