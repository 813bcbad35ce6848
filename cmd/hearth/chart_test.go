package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// chart is the folder of the prometheus-community chart; empty if it cannot be
// had. It lies in no registry of packages, so that its absence is no failure: the
// scripts then do with the values alone.
func chart() string {
	out, err := exec.Command(filepath.Join("..", "..", "test", "peers", "chart")).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// TestScriptsWithoutChart plays the journeys that use the chart as if it could not
// be had, wherever it can.
func TestScriptsWithoutChart(t *testing.T) {
	if chart() == "" {
		return // TestScripts has played them so
	}
	p := scriptParams()
	p.Files = []string{filepath.Join("testdata", "clusters_irsa.txt")}
	p.Condition = func(cond string) (bool, error) {
		if cond == "chart" {
			return false, nil
		}
		return condition(cond)
	}
	testscript.Run(t, p)
}

// helm ARG… runs helm, with the chart's folder for $CHART.
func helm(ts *testscript.TestScript, neg bool, args []string) {
	program, err := peer("helm")
	ts.Check(err)
	for i := range args {
		if args[i] == "" { // $CHART, which no script knows
			args[i] = chart()
		}
	}
	if err := ts.Exec(program, args...); (err == nil) == neg {
		ts.Fatalf("helm: unexpected %v", orText(err, "success"))
	}
}
