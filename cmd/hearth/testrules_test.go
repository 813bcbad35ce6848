package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Files of tests that promtool is tested with end as they end there.
func TestPromtoolTestFiles(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := filepath.Join(strings.TrimSpace(string(dir)), "cmd", "promtool", "testdata")
	cases := []struct {
		args string
		want int
		says string
	}{
		{"unittest.yml", exitFine, "fine: 5 tests"},
		{"long-period.yml", exitFine, "fine"},
		{"start-time-test.yml", exitFine, "fine"},
		{"at-modifier-test.yml", exitFine, "fine"},
		{"negative-offset-test.yml", exitFine, "fine"},
		{"no-test-group-interval.yml", exitFine, "fine"},
		{"bad-input-series.yml", exitFound, "input_series: 2:48"},
		{"bad-promql.yml", exitFound, "found duplicate series"},
		{"bad-rules-error-test.yml", exitFound, "rule joined at 0s"},
		{"bad-rules-syntax-test.yml", exitFound, "could not parse expression"},
		{"failing.yml", exitFound, "alert AlwaysFiring at"},
		{"rules_run.yml", exitFound, "wrong test"},
		{"rules_run.yml --run correct", exitFine, "fine"},
		{"rules_run_fuzzy.yml", exitFound, "wrong fuzzy match"},
		{"rules_run_fuzzy.yml --run correct", exitFine, "fine"},
		{"rules_run_no_fuzzy.yml", exitFound, "3.0000000000000004"},
		{"rules_run_extrafields.yml", exitFound, "field ownership not found"},
		{"rules_run_extrafields.yml --ignore-unknown-fields", exitFine, "fine"},
		{"none.yml", exitFound, "no such file"},
		{"unittest.yml --run (", exitMisuse, "--run"},
	}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) {
			var out bytes.Buffer
			args := strings.Fields(c.args)
			args[0] = filepath.Join(files, args[0])
			if got := execute(t.Context(), append([]string{"test", "rules"}, args...), &out, &out); got != c.want || !strings.Contains(out.String(), c.says) {
				t.Errorf("exit code %d, want %d and %q in:\n%s", got, c.want, c.says, &out)
			}
		})
	}
}
