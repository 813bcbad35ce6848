package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// A limitSetting is a key of the configuration file's limits section.
type limitSetting struct {
	name, usage string
	field       func(*hearth.Limits) any // pointer to int, int64, float64 or time.Duration
}

// limitSettings are the limits a user can change. 0 means no limit, except where
// the text says otherwise.
var limitSettings = []limitSetting{
	{"active_series", "series in memory of one workspace", func(l *hearth.Limits) any { return &l.ActiveSeries }},
	{"native_histogram_series", "of these, series of native histograms", func(l *hearth.Limits) any { return &l.NativeHistogramSeries }},
	{"ingest_rate", "samples a second; a request is taken whole or refused whole", func(l *hearth.Limits) any { return &l.IngestRate }},
	{"ingest_burst", "samples that may come at once", func(l *hearth.Limits) any { return &l.IngestBurst }},
	{"request_bytes", "a remote-write request as received", func(l *hearth.Limits) any { return &l.RequestBytes }},
	{"decoded_bytes", "a remote-write request once decompressed", func(l *hearth.Limits) any { return &l.DecodedBytes }},
	{"request_series", "series in one remote-write request", func(l *hearth.Limits) any { return &l.RequestSeries }},
	{"request_samples", "samples in one remote-write request", func(l *hearth.Limits) any { return &l.RequestSamples }},
	{"label_names_per_series", "labels of one series", func(l *hearth.Limits) any { return &l.LabelNamesPerSeries }},
	{"label_bytes", "all label names and values of one series together", func(l *hearth.Limits) any { return &l.LabelBytes }},
	{"label_value_bytes", "one label value", func(l *hearth.Limits) any { return &l.LabelValueBytes }},
	{"max_sample_age", "older samples are refused", func(l *hearth.Limits) any { return &l.MaxSampleAge }},
	{"max_future", "how far ahead of the clock a sample may be", func(l *hearth.Limits) any { return &l.MaxFuture }},
	{"out_of_order_window", "until a workspace sets its own; 0 refuses everything out of order", func(l *hearth.Limits) any { return &l.OutOfOrderWindow }},
	{"native_histogram_buckets", "buckets of one native histogram; more are merged", func(l *hearth.Limits) any { return &l.NativeHistogramBuckets }},
	{"ha_clusters", "clusters of which one replica is elected", func(l *hearth.Limits) any { return &l.HAClusters }},
	{"retention", "until a workspace sets its own", func(l *hearth.Limits) any { return &l.Retention }},
	{"query_range", "end minus start of a query", func(l *hearth.Limits) any { return &l.QueryRange }},
	{"query_timeout", "time one query may take", func(l *hearth.Limits) any { return &l.QueryTimeout }},
	{"query_samples", "samples one query may hold in memory", func(l *hearth.Limits) any { return &l.QuerySamples }},
	{"query_concurrency", "queries of one workspace at a time", func(l *hearth.Limits) any { return &l.QueryConcurrency }},
	{"query_series", "series one selector may fetch", func(l *hearth.Limits) any { return &l.QuerySeries }},
	{"query_memory", "bytes accounted to one query", func(l *hearth.Limits) any { return &l.QueryMemory }},
	{"query_text_bytes", "length of a query's text", func(l *hearth.Limits) any { return &l.QueryTextBytes }},
	{"query_nesting", "depth of a query", func(l *hearth.Limits) any { return &l.QueryNesting }},
	{"query_selectors", "selectors in a query", func(l *hearth.Limits) any { return &l.QuerySelectors }},
	{"subquery_steps", "steps of one subquery", func(l *hearth.Limits) any { return &l.SubquerySteps }},
}

// limitOverrides are the limits a configuration file changes, by name.
type limitOverrides map[string]func(*hearth.Limits)

// UnmarshalYAML accepts the known names with a value of the limit's kind, and
// names the line of anything else.
func (o *limitOverrides) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: limits: want a mapping of names to values", n.Line)
	}
	*o = limitOverrides{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		set, err := override(key.Value, value.Value)
		if err != nil {
			return fmt.Errorf("line %d: limits.%s: %w", key.Line, key.Value, err)
		}
		(*o)[key.Value] = set
	}
	return nil
}

func (o limitOverrides) apply(l *hearth.Limits) {
	for _, set := range o {
		set(l)
	}
}

func override(name, value string) (func(*hearth.Limits), error) {
	for _, s := range limitSettings {
		if s.name != name {
			continue
		}
		if err := setNumber(s.field(&hearth.Limits{}), value); err != nil {
			return nil, err
		}
		return func(l *hearth.Limits) { _ = setNumber(s.field(l), value) }, nil
	}
	return nil, fmt.Errorf("no limit has this name")
}

// setNumber parses value into the number p points to, which must not be
// negative.
func setNumber(p any, value string) error {
	switch p := p.(type) {
	case *int:
		n, err := strconv.ParseUint(value, 10, 31)
		*p = int(n)
		return worded(err, "want a whole number, not %q", value)
	case *int64:
		n, err := strconv.ParseUint(value, 10, 62)
		*p = int64(n)
		return worded(err, "want a whole number, not %q", value)
	case *float64:
		n, err := strconv.ParseFloat(value, 64)
		if err == nil && !(n >= 0 && n < 1e18) {
			err = strconv.ErrRange
		}
		*p = n
		return worded(err, "want a number, not %q", value)
	case *time.Duration:
		d, err := model.ParseDuration(value)
		*p = time.Duration(d)
		return worded(err, "want a duration such as 90s, 1h or 150d, not %q", value)
	}
	return fmt.Errorf("a limit cannot be a %T", p)
}

func worded(err error, format, value string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format, value)
}
