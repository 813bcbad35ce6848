package rules

import (
	"embed"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// shippedFiles are rules files that come with Hearth, and their unit tests.
//
//go:embed shipped/*.yml
var shippedFiles embed.FS

// Shipped names the rules files that come with Hearth, in order.
func Shipped() []string {
	entries, err := shippedFiles.ReadDir("shipped")
	if err != nil { // it is part of the program
		panic(err)
	}
	var names []string
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".yml"); !strings.HasSuffix(name, "_test") {
			names = append(names, name)
		}
	}
	return names
}

// ShippedFile is the rules file of that name; NotFound if there is none.
func ShippedFile(name string) ([]byte, error) {
	if !slices.Contains(Shipped(), name) {
		return nil, &hearth.Error{Kind: hearth.NotFound, Resource: name,
			Msg: "no rules of this name come with Hearth; there are " + strings.Join(Shipped(), ", ")}
	}
	data, err := shippedFiles.ReadFile(path.Join("shipped", name+".yml"))
	if errors.Is(err, fs.ErrNotExist) {
		panic(err) // it was listed
	}
	return data, err
}
