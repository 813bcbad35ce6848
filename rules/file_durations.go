package rules

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// durations are the keys of a rules file whose values are durations.
var durations = []string{"interval", "query_offset", "for", "keep_firing_for"}

// badDurations finds the keys and lines of durations that cannot be read: the parser
// of rules says of the first of them neither, and of the others nothing.
func badDurations(data []byte) []Fault {
	var file struct {
		Groups []yaml.Node `yaml:"groups"`
	}
	if yaml.Unmarshal(data, &file) != nil {
		return nil
	}
	var faults []Fault
	for _, g := range file.Groups {
		faults = append(faults, badDurationsOf(&g)...)
		for i := 0; i+1 < len(g.Content); i += 2 {
			if g.Content[i].Value == "rules" {
				for _, r := range g.Content[i+1].Content {
					faults = append(faults, badDurationsOf(r)...)
				}
			}
		}
	}
	return faults
}

// badDurationsOf looks at the keys of one mapping.
func badDurationsOf(n *yaml.Node) []Fault {
	var faults []Fault
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if value.Kind != yaml.ScalarNode || value.Tag == "!!null" || !slices.Contains(durations, key.Value) {
			continue
		}
		if _, err := model.ParseDuration(value.Value); err != nil {
			faults = append(faults, Fault{value.Line, key.Value + ": " + err.Error()})
		}
	}
	return faults
}

// withDurations puts faults of durations that were found, with their lines, in the
// place of one that has none.
func withDurations(data []byte, faults []Fault) []Fault {
	bad := badDurations(data)
	of := func(f Fault) bool {
		return slices.ContainsFunc(bad, func(b Fault) bool { return f.Line == 0 && strings.HasSuffix(b.Msg, ": "+f.Msg) })
	}
	if !slices.ContainsFunc(faults, of) {
		return faults
	}
	return append(slices.DeleteFunc(faults, of), bad...)
}
