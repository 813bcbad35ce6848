package cloudwatch

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/config"
)

// page is what an exporter with this configuration gives after one poll: the lines of
// AWS's metrics.
func page(t *testing.T, text string, now time.Time) (lines []string) {
	t.Helper()
	prices, err := ParsePrices(nil)
	if err != nil {
		t.Fatal(err)
	}
	e := NewExporter(ExporterOptions{Config: parse(t, text), Prices: prices, Now: func() time.Time { return now }})
	e.Poll(t.Context())
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "aws_") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// A namespace that YACE knows since later than its packages here is discovered like
// others: resources by their tags, series with a resource's ARN.
func TestNewerNamespaces(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 35, 0, time.UTC)
	f := newFake(t, func() time.Time { return now })
	cluster := func(name, env string) map[string]any {
		return map[string]any{"ResourceARN": "arn:aws:eks:us-east-1:123456789012:cluster/" + name, "Tags": []map[string]string{{"Key": "env", "Value": env}}}
	}
	f.namespace, f.names = "ContainerInsights", []string{"node_cpu_utilization"}
	f.resources = []map[string]any{cluster("0", "prod"), cluster("1", "test")}
	f.dimension = func(i int) [][2]string { return [][2]string{{"ClusterName", []string{"0", "1", "2"}[i]}} }
	f.value = func(_ string, thing int, _ time.Time) (float64, bool) { return float64(thing), true }
	job := "discovery:\n  exportedTagsOnMetrics: {ContainerInsights: [env]}\n  jobs:\n  - type: ContainerInsights\n    regions: [us-east-1]\n" +
		"    searchTags: [{key: env, value: prod}]\n    metrics: [{name: node_cpu_utilization, statistics: [Average]}]\n"
	arn := `name="arn:aws:eks:us-east-1:123456789012:cluster/0"`
	want := []string{
		`aws_containerinsights_info{` + arn + `,tag_env="prod"} 0`,
		`aws_containerinsights_node_cpu_utilization_average{account_id="123456789012",dimension_ClusterName="0",` + arn + `,region="us-east-1",tag_env="prod"} 0`,
	}
	if diff := cmp.Diff(want, page(t, job, now)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if f.calls["GetResources"] != 1 {
		t.Errorf("the tagging API was asked %d times", f.calls["GetResources"])
	}
	if got := page(t, strings.ReplaceAll(job, "value: prod", "value: nobody"), now); len(got) != 0 {
		t.Errorf("with tags that nothing has: %v", got)
	}

	f.namespace, f.names, f.things = "AWS/ECR", []string{"RepositoryPullCount"}, 1
	f.dimension = func(int) [][2]string { return [][2]string{{"RepositoryName", "0"}} }
	untagged := "discovery: {jobs: [{type: ecr, regions: [us-east-1], metrics: [{name: RepositoryPullCount, statistics: [Sum]}]}]}\n"
	want = []string{`aws_ecr_repository_pull_count_sum{account_id="123456789012",dimension_RepositoryName="0",name="global",region="us-east-1"} 0`}
	if diff := cmp.Diff(want, page(t, untagged, now)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// Every namespace is found by its name, by one alias at most, and what YACE's packages
// know is theirs.
func TestServices(t *testing.T) {
	byName, byAlias := services()
	for i := range config.SupportedServices {
		s := &config.SupportedServices[i]
		if byName[s.Namespace] != s || byAlias[s.Alias] != s {
			t.Errorf("%s is not what YACE's packages say", s.Namespace)
		}
	}
	for i := range newer {
		if s := serviceOf(newer[i].Namespace); s != &newer[i] {
			t.Errorf("%s is known to YACE's packages by now", newer[i].Namespace)
		}
	}
}
