package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

func newTest() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Run tests of rules without a running Hearth",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse{fmt.Errorf("hearth test: say what to test: rules FILE…")}
			}
			return misuse{fmt.Errorf("hearth test: %q cannot be tested: rules can", args[0])}
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(newTestRules())
	return cmd
}

func newTestRules() *cobra.Command {
	var (
		run     string
		unknown bool
	)
	cmd := &cobra.Command{
		Use:   "rules FILE…",
		Short: "Run unit tests of rules, in the files that promtool test rules takes",
		Args:  atLeastOne("FILE…"),
		RunE: func(cmd *cobra.Command, args []string) error {
			want, err := regexp.Compile(run)
			if err != nil {
				return misuse{fmt.Errorf("--run: %w", err)}
			}
			failed := 0
			for _, path := range args {
				if !testRules(cmd.OutOrStdout(), cmd.ErrOrStderr(), path, want, unknown) {
					failed++
				}
			}
			if failed > 0 {
				return fmt.Errorf("%d of %s failed", failed, count(len(args), "test file"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&run, "run", "", "only tests whose name this regular expression finds")
	cmd.Flags().BoolVar(&unknown, "ignore-unknown-fields", false, "take rules files with fields that Prometheus does not know")
	return cmd
}

// testRules runs one file and says how it went.
func testRules(out, errs io.Writer, path string, run *regexp.Regexp, unknown bool) (fine bool) {
	file, err := readRuleTests(path)
	if err != nil {
		fmt.Fprintf(errs, "%s: %v\n", path, err)
		return false
	}
	file.unknown = unknown
	if len(file.RuleFiles) == 0 {
		fmt.Fprintf(errs, "%s: no rules file matches rule_files\n", path)
	}
	ran, fine := 0, true
	for i := range file.Tests {
		t := &file.Tests[i]
		name := t.Name
		if name == "" {
			name = fmt.Sprintf("unnamed#%d", i)
		}
		if !run.MatchString(t.Name) {
			continue
		}
		ran++
		for _, err := range file.run(t) {
			fine = false
			fmt.Fprintf(errs, "%s: %s: %v\n", path, name, err)
		}
	}
	if fine {
		fmt.Fprintf(out, "%s: fine: %s\n", path, count(ran, "test"))
	}
	return fine
}

// ruleTests is a file of unit tests,
// https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
type ruleTests struct {
	RuleFiles []string       `yaml:"rule_files"`
	Interval  model.Duration `yaml:"evaluation_interval"`
	Order     []string       `yaml:"group_eval_order"`
	Tests     []ruleTest     `yaml:"tests"`
	Fuzzy     bool           `yaml:"fuzzy_compare"`

	unknown bool // fields that Prometheus does not know are ignored in rules files
}

type ruleTest struct {
	Name           string         `yaml:"name"`
	Interval       model.Duration `yaml:"interval"`
	Start          moment         `yaml:"start_timestamp"`
	Input          []inputSeries  `yaml:"input_series"`
	Alerts         []alertTest    `yaml:"alert_rule_test"`
	Exprs          []exprTest     `yaml:"promql_expr_test"`
	ExternalLabels labels.Labels  `yaml:"external_labels"`
	ExternalURL    string         `yaml:"external_url"`
}

type inputSeries struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

type alertTest struct {
	At     model.Duration  `yaml:"eval_time"`
	Name   string          `yaml:"alertname"`
	Expect []expectedAlert `yaml:"exp_alerts"`
}

type expectedAlert struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

type exprTest struct {
	Expr   string           `yaml:"expr"`
	At     model.Duration   `yaml:"eval_time"`
	Expect []expectedSample `yaml:"exp_samples"`
}

type expectedSample struct {
	Labels    string  `yaml:"labels"`
	Value     float64 `yaml:"value"`
	Histogram string  `yaml:"histogram"` // if there is one, Value means nothing
}

// moment is a time as RFC 3339 or as seconds since 1970.
type moment struct{ time.Time }

// UnmarshalYAML reads either spelling.
func (m *moment) UnmarshalYAML(node *yaml.Node) (err error) {
	if seconds, err := strconv.ParseFloat(node.Value, 64); err == nil {
		m.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
		return nil
	}
	if m.Time, err = time.Parse(time.RFC3339Nano, node.Value); err != nil {
		return fmt.Errorf("line %d: %q is no timestamp", node.Line, node.Value)
	}
	return nil
}

// readRuleTests reads a file of tests and finds its rules files, whose paths are
// relative to it and may be patterns.
func readRuleTests(path string) (*ruleTests, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	file := new(ruleTests)
	if err := d.Decode(file); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if file.Interval == 0 {
		file.Interval = model.Duration(time.Minute)
	}
	var found []string
	for _, pattern := range file.RuleFiles {
		if pattern != "" && !filepath.IsAbs(pattern) {
			pattern = filepath.Join(filepath.Dir(path), pattern)
		}
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("rule_files: %s: %w", pattern, err)
		}
		found = append(found, matches...)
	}
	file.RuleFiles = found
	seen := map[string]bool{}
	for _, g := range file.Order {
		if seen[g] {
			return nil, fmt.Errorf("group_eval_order: %s is there twice", g)
		}
		seen[g] = true
	}
	return file, nil
}
