//go:build tools

// Package peers pins the exporter whose place hearth cloudwatch takes, for tests
// that compare the two. It is a module of its own, so that nothing of it reaches
// the program's.
package peers

import _ "github.com/nerdswords/yet-another-cloudwatch-exporter/cmd/yace"
