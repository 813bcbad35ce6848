package rules_test

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/rules"
)

// TestShippedIsTested checks that what comes with Hearth is taken by AWS, too, and
// that each alert has a test in which it fires and one in which it does not.
// TestShippedRules of cmd/hearth runs the tests.
func TestShippedIsTested(t *testing.T) {
	for _, name := range rules.Shipped() {
		data, err := rules.ShippedFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, faults := rules.Parse(data, hearth.AWSStrict, hearth.LimitsOf(hearth.AWSStrict))
		if len(faults) > 0 {
			t.Fatalf("%s: %v", name, faults)
		}
		fires, rests := testedAlerts(t, "shipped/"+name+"_test.yml")
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				if !fires[r.Alert] || !rests[r.Alert] {
					t.Errorf("%s: no test in which %s fires (%t) or does not (%t)", name, r.Alert, fires[r.Alert], rests[r.Alert])
				}
				if r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
					t.Errorf("%s: %s has no severity or no summary", name, r.Alert)
				}
			}
		}
	}
	if _, err := rules.ShippedFile("fargate_test"); err == nil || !strings.Contains(err.Error(), "fargate, hearth, kubernetes") {
		t.Errorf("a name that is none: %v", err)
	}
}

func testedAlerts(t *testing.T, path string) (fires, rests map[string]bool) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct {
			Alerts []struct {
				Name string `yaml:"alertname"`
				Want []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	fires, rests = map[string]bool{}, map[string]bool{}
	for _, one := range file.Tests {
		for _, a := range one.Alerts {
			if len(a.Want) > 0 {
				fires[a.Name] = true
			} else {
				rests[a.Name] = true
			}
		}
	}
	return fires, rests
}
