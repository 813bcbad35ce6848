package main

import (
	"maps"
	"slices"
	"strings"
)

// metricType is a metric's type as remote write 2.0 numbers it.
type metricType uint64

const (
	counter   metricType = 1
	gauge     metricType = 2
	histogram metricType = 3
	summary   metricType = 5
)

// sorted joins a metric's name with labels, in the order senders keep.
func sorted(name string, target, extra []label) []label {
	all := make([]label, 0, 1+len(target)+len(extra))
	all = append(all, label{"__name__", name})
	all = append(all, target...)
	all = append(all, extra...)
	slices.SortFunc(all, func(a, b label) int { return strings.Compare(a.name, b.name) })
	return all
}

// help is the text senders give with every series of a metric.
func help(name string) string {
	return "What " + strings.ReplaceAll(name, "_", " ") + " counts, said by the target."
}

// metrics are the names of all metrics a fleet has.
func metrics() []string {
	names := map[string]bool{}
	for _, s := range newPod(0, seed).series {
		names[s[0].value] = true
	}
	return slices.Sorted(maps.Keys(names))
}
