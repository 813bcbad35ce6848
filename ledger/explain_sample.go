package ledger

import (
	"fmt"
	"time"

	"github.com/hearth-metrics/hearth"
)

// sample tells which series was refused, and the times that decided it.
func (t *text) sample() {
	if t.e.Kind != hearth.EventRejected {
		return
	}
	t.known("metric", hearth.DetailMetric)
	t.known("labels", hearth.DetailLabels)
	t.known("samples", hearth.DetailSamples)
	at := t.take(hearth.DetailSampleTime)
	if at != "" {
		t.field("sample time", at)
	}
	t.time("newest sample", hearth.DetailLastTime, at)
	t.time("time limit", hearth.DetailLimitTime, at)
	t.known("limit", hearth.DetailLimit)
	t.known("found", hearth.DetailActual)
}

// time tells a time and how far it is from the sample's.
func (t *text) time(label, name, sample string) {
	v := t.take(name)
	if v == "" {
		return
	}
	t.field(label, v+distance(sample, v))
}

func distance(from, to string) string {
	a, err1 := time.Parse(time.RFC3339, from)
	b, err2 := time.Parse(time.RFC3339, to)
	switch d := b.Sub(a); {
	case err1 != nil || err2 != nil:
		return ""
	case d == 0:
		return " (the same)"
	case d > 0:
		return fmt.Sprintf(" (%v after the sample)", d)
	default:
		return fmt.Sprintf(" (%v before the sample)", -d)
	}
}

// hints by AWS's discard reasons.
var hintsByReason = map[string][]string{
	"sample-out-of-order": {
		"Two senders write the same series: give each its own label (external_labels), or both the labels cluster and __replica__ to have them deduplicated.",
		"The sender repeats old samples; allow them by the workspace's outOfOrderTimeWindowInSeconds.",
	},
	"sample-too-old":                         {"The sample is older than the workspace's out-of-order window allows (outOfOrderTimeWindowInSeconds)."},
	"new-value-for-timestamp":                {"Two senders write the same series with different values: give each its own label, or both cluster and __replica__."},
	"greater_than_max_sample_age":            {"The sender was cut off for long, or writes history, which the profile aws-strict refuses."},
	"too_far_in_future":                      {"Clock skew: the clock of the sender or of its target is ahead; let it follow NTP."},
	"rate_limited":                           {"The sender writes faster than the workspace's ingestion rate; it may send again after the time in Retry-After."},
	"per_user_series_limit":                  {"The workspace has as many active series as it may: drop labels that change often (write_relabel_configs)."},
	"per_labelset_series_limit":              {"A limit per label set of the workspace's configuration is reached (aws amp describe-workspace-configuration)."},
	"max_label_names_per_series":             {"The series has more labels than a series may: drop some (write_relabel_configs)."},
	"label_name_too_long":                    {"A label's name is longer than it may be."},
	"label_value_too_long":                   {"A label's value is longer than it may be, often an URL or a message: drop or shorten it (write_relabel_configs)."},
	"missing_metric_name":                    {"The sender wrote a series without __name__."},
	"duplicate_label_names":                  {"The sender wrote a label twice, often after a relabelling."},
	"metric_name_invalid":                    {"The metric's name is not valid; the sender should rename it."},
	"label_invalid":                          {"A label's name is not valid; the sender should rename it."},
	"native_histogram_buckets_exceeded":      {"The native histogram has more buckets than it may: use a coarser schema at the source."},
	"per_user_native_histogram_series_limit": {"The workspace has as many active series of native histograms as it may."},
}

func sampleHints(e hearth.Event) []string { return hintsByReason[e.Detail(hearth.DetailReason)] }
