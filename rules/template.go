package rules

import (
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/hearth-metrics/hearth"
)

// declared are the variables that Prometheus gives labels and annotations.
const declared = "{{$labels := .Labels}}{{$value := .Value}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}"

// checkTemplates refuses labels and annotations that would expand without end.
func checkTemplates(groups *rulefmt.RuleGroups) []Fault {
	var faults []Fault
	for _, g := range groups.Groups {
		for i, r := range g.Rules {
			for _, texts := range []map[string]string{r.Labels, r.Annotations} {
				for _, name := range slices.Sorted(maps.Keys(texts)) {
					if err := hearth.CheckTemplate(declared, texts[name]); err != nil && r.Alert != "" {
						faults = append(faults, Fault{Msg: fmt.Sprintf("group %q, rule %d, %q: %s: %v", g.Name, i+1, r.Alert, name, err)})
					}
				}
			}
		}
	}
	return faults
}
