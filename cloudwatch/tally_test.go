package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

// What was counted is told when its minute has ended, and once.
func TestTallyByTheMinute(t *testing.T) {
	b := openBed(t)
	tally := NewTally(b.now)
	id := b.mem.ws.ID
	tally.Count(id, hearth.TallyDiscardedSamples, "rate_limited", 2)
	tally.Count(id, hearth.TallyDiscardedSamples, "rate_limited", 3)
	tally.Count(id, hearth.TallyRequests, "RemoteWrite", 30)
	tally.Count(id, hearth.TallyNotificationsFailed, "", 1)
	tally.Count(id, hearth.TallyNotificationsFailed, "sns", 1)
	tally.Count(hearth.NewWorkspaceID(), hearth.TallyQuerySamples, "", 1) // of one that is gone
	for i := range 10_000 {
		tally.Measure(id, hearth.TallyOutOfOrderAge, float64(i%100))
	}
	began := b.now().Truncate(time.Minute)
	if _, _, _, ok := tally.take(); ok {
		t.Fatal("taken before the minute has ended")
	}
	b.pass(time.Minute)
	minute, counts, measured, ok := tally.take()
	if !ok || !minute.Equal(began) {
		t.Fatalf("minute %v %v, want %v", minute, ok, began)
	}
	all, err := b.room.vended(context.Background(), counts, measured)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range all {
		d := v.Dimensions
		got = append(got, fmt.Sprintf("%s %s %s%s%s %s %.1f", v.Namespace, v.Name, d["Resource"], d["Reason"], d["Integration"], d["Percentile"], v.Value))
		if d["Workspace"]+d["ResourceId"] != string(id) {
			t.Errorf("%v is of no workspace", v)
		}
	}
	slices.Sort(got)
	// Of 10,000 ages 4,096 are kept: the median of those lies near that of all.
	got = slices.DeleteFunc(got, func(s string) bool {
		var v float64
		n, _ := fmt.Sscanf(s, "AWS/Prometheus OutOfOrderSampleAge  p50 %g", &v)
		return n == 1 && v > 40 && v < 60
	})
	want := []string{
		"AWS/Prometheus AlertManagerNotificationsFailed   1.0",
		"AWS/Prometheus AlertManagerNotificationsFailedByIntegration sns  1.0",
		"AWS/Prometheus DiscardedSamples rate_limited  5.0",
		"AWS/Prometheus OutOfOrderSampleAge  max 99.0",
		"AWS/Prometheus OutOfOrderSampleAge  p99 98.0",
		"AWS/Usage ResourceCount RemoteWriteTPS  0.5",
	}
	for i, s := range got {
		var v float64
		if n, _ := fmt.Sscanf(s, "AWS/Prometheus OutOfOrderSampleAge  p99 %g", &v); n == 1 && v >= 96 {
			got[i] = "AWS/Prometheus OutOfOrderSampleAge  p99 98.0"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, _, _, ok := tally.take(); ok {
		t.Error("taken twice")
	}
}

// A minute's number is told once: a workspace that is made, or a restart, in the middle
// of it makes no second one, which storage would refuse.
func TestANumberIsKeptOnceAMinute(t *testing.T) {
	b := openBed(t)
	minute := b.now().Truncate(time.Minute)
	count := Vended{Account: "000000000000", Region: "us-east-1", Namespace: "AWS/Usage", Name: "ResourceCount", Dimensions: map[string]string{"Resource": "WorkspaceCount"}}
	for _, value := range []float64{1, 2} {
		count.Value = value
		if err := b.room.keep(t.Context(), minute, []Vended{count}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.room.keep(t.Context(), minute.Add(time.Minute), []Vended{count}); err != nil {
		t.Fatal(err)
	}
	found, err := b.room.Vended(t.Context(), VendedQuery{Account: "000000000000", Region: "us-east-1", Start: minute, End: minute.Add(2 * time.Minute)})
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v; want one metric", found, err)
	}
	if diff := cmp.Diff([]float64{1, 2}, found[0].Values); diff != "" {
		t.Error(diff)
	}
}
