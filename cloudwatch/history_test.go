package cloudwatch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// With exportAllDataPoints the page has the datapoints of the whole length, each at its
// own time; other metrics keep their newest.
func TestAllDatapoints(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 35, 0, time.UTC)
	f := newFake(t, func() time.Time { return now })
	f.things = 1
	f.names = []string{"Load", "Alone"}
	f.value = func(name string, _ int, at time.Time) (float64, bool) {
		return float64(at.Minute()), !(name == "Load" && at.Minute() == 57) // one is missing
	}
	var got []string
	for _, line := range page(t, `
customNamespace:
- name: made
  namespace: Made/Up
  regions: [us-east-1]
  statistics: [Average]
  period: 60
  length: 300
  addCloudwatchTimestamp: true
  metrics:
  - {name: Load, exportAllDataPoints: true}
  - {name: Alone, length: 600}
static:
- name: fixed
  namespace: Made/Up
  regions: [us-east-1]
  dimensions: [{name: Id, value: "0"}]
  metrics:
  - {name: Fixed, statistics: [Average, Sum], period: 60, length: 180, addCloudwatchTimestamp: true, exportAllDataPoints: true}
`, now) {
		if name, rest, ok := strings.Cut(line, "{"); ok {
			got = append(got, strings.TrimPrefix(name, "aws_made_up_")+rest[strings.LastIndexByte(rest, '}')+1:])
		}
	}
	at := func(minute string) string {
		at, err := time.Parse(time.RFC3339, "2026-11-21T"+minute+":00Z")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(" %d", at.UnixMilli())
	}
	want := []string{
		"alone_average 59" + at("09:59"),
		"fixed_average 58" + at("09:58"), "fixed_average 59" + at("09:59"), "fixed_average -1" + at("10:00"), // of a static job the period that runs, as in YACE
		"fixed_sum 116" + at("09:58"), "fixed_sum 118" + at("09:59"), "fixed_sum -2" + at("10:00"),
		"load_average 55" + at("09:55"), "load_average 56" + at("09:56"), "load_average 58" + at("09:58"), "load_average 59" + at("09:59"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
