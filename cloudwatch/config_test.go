package cloudwatch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/grafana/regexp"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
)

func parseFile(t testing.TB, name string) *Config {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

func parse(t testing.TB, text string) *Config {
	t.Helper()
	c, faults := Parse([]byte(text))
	if len(faults) > 0 {
		t.Fatalf("refused: %v\n%s", faults, text)
	}
	return c
}

// The seed's file is taken as it stands, and means what it meant to the YACE of
// its day: the second job is about services.
func TestSeedConfiguration(t *testing.T) {
	c := parseFile(t, "seed002.yml")
	if len(c.Jobs) != 2 || len(c.Jobs[0].Metrics) != 2 || len(c.Jobs[1].Metrics) != 14 {
		t.Fatalf("jobs are %+v", c.Jobs)
	}
	want := Metric{Name: "CpuReserved", Statistics: []string{"Average"}, Period: 5 * time.Minute, Length: time.Hour}
	if diff := cmp.Diff(want, c.Jobs[1].Metrics[0]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	j := &c.Jobs[1]
	if j.Namespace != "ECS/ContainerInsights" || j.Regions[0] != "us-east-1" || len(j.Roles) != 1 {
		t.Errorf("job is %+v", j)
	}
	dims := func(names ...string) *model.Metric {
		m := &model.Metric{}
		for _, n := range names {
			m.Dimensions = append(m.Dimensions, model.Dimension{Name: n, Value: "x"})
		}
		return m
	}
	for _, c := range []struct {
		m    *model.Metric
		want bool
	}{
		{dims("ClusterName", "ServiceName"), true}, {dims("ServiceName", "ClusterName"), true}, {dims("ClusterName"), false},
		{dims("ClusterName", "ServiceName", "TaskId"), false}, {dims("ClusterName", "TaskDefinitionFamily"), false}, {dims(), false},
	} {
		if got := j.wants(c.m); got != c.want {
			t.Errorf("awsDimensions: ServiceName wants %v: %t", c.m.Dimensions, got)
		}
	}
}

func TestEveryKey(t *testing.T) {
	c := parseFile(t, "every_key.yml")
	minute := time.Minute
	account := "arn:aws:iam::123456789012:role/"
	want := []Job{
		{
			Kind: Discovery, Name: "AWS/EC2", Namespace: "AWS/EC2", Regions: []string{"us-east-1", "eu-west-1"},
			Roles:      []Role{{account + "reader", "shared"}, {"arn:aws:iam::210987654321:role/reader", ""}},
			SearchTags: []SearchTag{{"env", regexp.MustCompile("^(prod|stage)$")}}, CustomTags: []model.Tag{{Key: "team", Value: "ops"}}, ExportTags: []string{"Name", "env"},
			RequireDimensions: []string{"InstanceId"}, RecentlyActive: true, InfoContext: true,
			Metrics: []Metric{
				{"CPUUtilization", []string{"Average"}, 5 * minute, 10 * minute, 2 * minute, true, true, true},
				{"NetworkIn", []string{"Sum", "p99", "p99.9"}, minute, 60 * minute, 2 * minute, false, false, false},
			},
		},
		{
			Kind: Discovery, Name: "AWS/Kafka", Namespace: "AWS/Kafka", Regions: []string{"us-east-1"}, Roles: []Role{{ARN: account + "kafka"}},
			SearchTags: []SearchTag{{"env", regexp.MustCompile("prod")}}, CustomTags: []model.Tag{{Key: "team", Value: "ops"}}, ExportTags: []string{"Name"},
			WithDimensions: []string{"Topic"},
			Metrics:        []Metric{{"BytesOutPerSec", []string{"Average"}, 5 * minute, 5 * minute, 0, false, false, false}},
		},
		{
			Kind: Static, Name: "group", Namespace: "AWS/AutoScaling", Regions: []string{"eu-west-1"}, Roles: []Role{{ARN: account + "static"}},
			CustomTags: []model.Tag{{Key: "CustomTag", Value: "CustomValue"}}, Dimensions: []model.Dimension{{Name: "AutoScalingGroupName", Value: "MyGroup"}},
			Metrics: []Metric{{"GroupInServiceInstances", []string{"Minimum", "p95"}, minute, 5 * minute, 0, false, false, false}},
		},
		{
			Kind: CustomNamespace, Name: "mine", Namespace: "CustomEC2Metrics", Regions: []string{"us-east-1"}, Roles: []Role{{}}, RequireDimensions: []string{"InstanceId"},
			Metrics: []Metric{{"cpu_usage_idle", []string{"Average"}, 5 * minute, 5 * minute, 0, false, false, false}},
		},
	}
	same := cmp.Comparer(func(a, b *regexp.Regexp) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, c.Jobs, same, cmpopts.IgnoreUnexported(Job{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	var notes []string
	for _, n := range c.Notes {
		notes = append(notes, n.String())
	}
	for _, part := range []string{"line 19: discovery.jobs[0].roundingPeriod: does nothing", "line 23: discovery.jobs[0].enhancedMetrics: does nothing", "line 36: discovery.jobs[0].metrics[1].delay: does nothing, as in YACE"} {
		if !strings.Contains(strings.Join(notes, "\n"), part) {
			t.Errorf("no note %q in %q", part, notes)
		}
	}
}

// Whatever is wrong is told with its line.
func TestRefusedConfigurations(t *testing.T) {
	job := "discovery:\n  jobs:\n  - type: AWS/EC2\n    regions: [us-east-1]\n    metrics:\n    - name: CPUUtilization\n      statistics: [Average]\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "there is no job: want at least one below discovery.jobs, static or customNamespace"},
		"a list":              {"- a\n", "line 1: a list is not a mapping"},
		"no YAML":             {"a: [", "line 1: did not find expected node content"},
		"two documents":       {job + "---\n" + job, "holds more than one YAML document"},
		"version":             {"apiVersion: v2\n" + job, `line 1: apiVersion: "v2" is not v1alpha1`},
		"key of the file":     {job + "exporter: {}\n", `line 8: unknown key "exporter" in the file`},
		"key of a job":        {strings.Replace(job, "    metrics:", "    dimension: [a]\n    metrics:", 1), `line 5: unknown key "dimension" in a discovery job`},
		"key of a metric":     {job + "      unit: Percent\n", `line 8: unknown key "unit" in a metric`},
		"text for a number":   {job + "      period: 5m\n", "line 8: the text `5m` is not a whole number"},
		"alias of nothing":    {strings.Replace(job, "AWS/EC2", "AWS/EC3", 1), `line 3: discovery.jobs[0].type: "AWS/EC3" is no namespace whose resources can be discovered; a customNamespace job needs none`},
		"no type":             {strings.Replace(job, "AWS/EC2", `""`, 1), "line 3: discovery.jobs[0].type: is missing: want a namespace such as ECS/ContainerInsights"},
		"no regions":          {strings.Replace(job, "[us-east-1]", "[]", 1), "line 3: discovery.jobs[0]: has no regions"},
		"bad region":          {strings.Replace(job, "us-east-1", "US East", 1), `line 4: discovery.jobs[0].regions[0]: "US East" is not the name of a region`},
		"no statistics":       {strings.Replace(job, "      statistics: [Average]\n", "", 1), "line 6: discovery.jobs[0].metrics[0]: has no statistics"},
		"bad statistic":       {strings.Replace(job, "[Average]", "[Mean]", 1), `line 7: discovery.jobs[0].metrics[0].statistics[0]: "Mean" is not a statistic: want Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99`},
		"odd period":          {job + "      period: 90\n", "line 8: discovery.jobs[0].metrics[0].period: 90 is not 1, 5, 10, 20, 30 or a multiple of 60 seconds, up to a day"},
		"negative period":     {job + "      period: -60\n", "line 8: discovery.jobs[0].metrics[0].period: -60 is not 1, 5, 10, 20, 30 or a multiple of 60 seconds, up to a day"},
		"short length":        {job + "      length: 60\n", "line 8: discovery.jobs[0].metrics[0].length: 60 is shorter than the period of 300: no datapoint would be complete"},
		"long length":         {job + "      length: 99999999999\n", "line 8: discovery.jobs[0].metrics[0].length: 99999999999 is longer than CloudWatch keeps datapoints, 455 days"},
		"all without times":   {job + "      exportAllDataPoints: true\n", "line 8: discovery.jobs[0].metrics[0].exportAllDataPoints: needs addCloudwatchTimestamp"},
		"bad regexp":          {strings.Replace(job, "    metrics:", "    searchTags: [{key: a, value: '('}]\n    metrics:", 1), "line 5: discovery.jobs[0].searchTags[0]: want a key and a regular expression: error parsing regexp: missing closing ): `(`"},
		"no role":             {strings.Replace(job, "    metrics:", "    roles: [{roleArn: reader}]\n    metrics:", 1), `line 5: discovery.jobs[0].roles[0].roleArn: "reader" is not the ARN of a role: want arn:aws:iam::ACCOUNT:role/NAME`},
		"external id alone":   {strings.Replace(job, "    metrics:", "    roles: [{externalId: x}]\n    metrics:", 1), "line 5: discovery.jobs[0].roles[0].externalId: needs a roleArn beside it"},
		"tags of no job":      {"discovery:\n  exportedTagsOnMetrics:\n    AWS/SQS: [a]\n" + strings.TrimPrefix(job, "discovery:\n"), "line 3: discovery.exportedTagsOnMetrics.AWS/SQS: no discovery job has the type AWS/SQS"},
		"tags of nothing":     {"discovery:\n  exportedTagsOnMetrics:\n    x: [a]\n" + strings.TrimPrefix(job, "discovery:\n"), `line 2: discovery.exportedTagsOnMetrics: "x" is no namespace whose resources can be discovered`},
		"all static":          {"static:\n- name: a\n  namespace: a\n  regions: [a]\n  metrics: [{name: a, statistics: [Sum], exportAllDataPoints: true}]\n", "line 5: static[0].metrics[0].exportAllDataPoints: needs addCloudwatchTimestamp"},
		"static without name": {"static:\n- namespace: a\n  regions: [a]\n  metrics: [{name: a, statistics: [Sum]}]\n", "line 2: static[0].name: is missing"},
		"static tm":           {"static:\n- name: a\n  namespace: a\n  regions: [a]\n  metrics: [{name: a, statistics: [tm90]}]\n", `line 5: static[0].metrics[0].statistics[0]: "tm90" is not a statistic`},
		"custom without ns":   {"customNamespace:\n- name: a\n  regions: [a]\n  metrics: [{name: a, statistics: [Sum]}]\n", "line 2: customNamespace[0].namespace: is missing"},
		"both dimensions":     {strings.Replace(job, "    metrics:", "    awsDimensions: [a]\n    dimensionNameRequirements: [a]\n    metrics:", 1), "line 5: discovery.jobs[0].awsDimensions: cannot stand beside dimensionNameRequirements"},
	} {
		t.Run(name, func(t *testing.T) {
			got, faults := Parse([]byte(c.text))
			if got != nil || len(faults) == 0 {
				t.Fatalf("taken:\n%s", c.text)
			}
			if !strings.HasPrefix(faults[0].String(), c.want) {
				t.Errorf("got  %s\nwant %s\n%s", faults[0], c.want, c.text)
			}
		})
	}
}

// Whatever is accepted can be polled.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"seed002.yml", "every_key.yml"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("discovery: {jobs: [&a {type: ec2, metrics: [*a]}]}")
	f.Fuzz(func(t *testing.T, text string) {
		c, faults := Parse([]byte(text))
		if (c == nil) != (len(faults) > 0) {
			t.Fatalf("config %v with faults %v", c, faults)
		}
		if c == nil {
			return
		}
		for _, p := range places(c) {
			if p.region == "" || len(p.job.Metrics) == 0 || p.job.Period() <= 0 {
				t.Fatalf("accepted, and cannot be polled: %+v", p)
			}
		}
	})
}
