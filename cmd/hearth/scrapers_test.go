package main

import (
	"slices"
	"testing"

	"github.com/prometheus/prometheus/discovery"
)

// The program can look for targets in these ways and no others: a discovery that is
// not linked in cannot be reached by any configuration.
func TestDiscoveriesLinkedIn(t *testing.T) {
	names := discovery.RegisteredConfigNames()
	slices.Sort(names)
	if want := []string{"dns", "http", "kubernetes", "static"}; !slices.Equal(names, want) {
		t.Errorf("discoveries linked in: %v, want %v", names, want)
	}
}
