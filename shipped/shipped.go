// Package shipped holds the dashboards that come with Hearth, as data: Grafana's
// JSON, written for this project.
package shipped

import (
	"embed"
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed dashboards/*.json
var files embed.FS

// A File is one dashboard. Its Text is the file byte for byte and must not be
// changed.
type File struct {
	Name  string // of the file, without its ending: fargate-service-detail
	Title string // the dashboard's own
	Text  []byte
}

// Dashboards are those whose names begin with set and a dash, in order of their
// names; an empty set means all.
func Dashboards(set string) []File {
	all := read("dashboards", set, ".json")
	for i := range all {
		var head struct{ Title string }
		_ = json.Unmarshal(all[i].Text, &head) // a test has read each of them
		all[i].Title = head.Title
	}
	return all
}

// Sets are the names by which dashboards go together: fargate.
func Sets() []string {
	var sets []string
	for _, f := range Dashboards("") {
		set, _, _ := strings.Cut(f.Name, "-")
		if !slices.Contains(sets, set) {
			sets = append(sets, set)
		}
	}
	return sets
}

func read(folder, set, ending string) []File {
	entries, _ := fs.ReadDir(files, folder) // embedded: it is there
	var all []File
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ending)
		if !ok || set != "" && name != set && !strings.HasPrefix(name, set+"-") {
			continue
		}
		if text, err := files.ReadFile(path.Join(folder, e.Name())); err == nil {
			all = append(all, File{Name: name, Text: text})
		}
	}
	return all
}
