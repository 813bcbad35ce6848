package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A row is a figure with its budget. Less is better in all that have one.
type row struct {
	figure, title, unit string
	digits              int
	ratio               float64 // most of Prometheus' figure; 0 for no such budget
	most                *float64
}

func upTo(n float64) *float64 { return &n }

var rows = []row{
	{"v1 ingest CPU", "remote write 1.0: CPU per million samples", "s", 2, 0.14, nil},
	{"v2 ingest CPU", "remote write 2.0: CPU per million samples", "s", 2, 0.14, nil},
	{"v1 ingest rate", "1.0: samples taken per second, one core", "/s", 0, 0, nil},
	{"v2 ingest rate", "2.0: samples taken per second, one core", "/s", 0, 0, nil},
	{"v1 new series CPU", "1.0: CPU per new series", "µs", 1, 0, nil},
	{"v2 new series CPU", "2.0: CPU per new series", "µs", 1, 0, nil},
	{"v1 request p50", "1.0: request latency at full load, median", "ms", 1, 0, nil},
	{"v1 request p99", "1.0: the same, 99th percentile", "ms", 1, 0, nil},
	{"v1 memory", "anonymous resident memory per active series", "B", 0, 0.6, nil},
	{"v1 heap", "live heap per active series", "B", 0, 0, nil},
	{"v1 peak", "peak resident memory during ingest", "MiB", 0, 0, nil},
	{"v1 disk", "bytes on disk per sample after the ingest load (log included)", "B", 2, 0, nil},
	{"panels long disk", "bytes on disk per sample after the query load (blocks and log)", "B", 2, 0, nil},
	{"panels long CPU", "query load by 2.0, compaction included: CPU per million samples", "s", 2, 0, nil},
	{"panels cold CPU", "dashboard of 15 queries after a restart: CPU", "ms", 0, 1.0, nil},
	{"panels warm CPU", "dashboard refreshed a minute later: CPU", "ms", 0, 0.3, nil},
	{"panels cold wall", "dashboard after a restart: time", "ms", 0, 0, nil},
	{"panels warm wall", "dashboard refreshed a minute later: time", "ms", 0, 0, nil},
	{"v1 crash wall", "kill -9 to first correct answer", "s", 2, 0.5, nil},
	{"v1 crash CPU", "the same: CPU", "s", 2, 0, nil},
	{"v1 crash memory", "anonymous resident memory after it", "MiB", 0, 0, nil},
	{"panels stop wall", "start again after a clean stop, query load, to first correct answer", "s", 2, 0, nil},
	{"panels stopping wall", "a clean stop with the query load", "s", 2, 0, nil},
	{"v1 lost", "acknowledged samples lost by kill -9 under load (1.0)", "", 0, 0, upTo(0)},
	{"v2 lost", "acknowledged samples lost by kill -9 under load (2.0)", "", 0, 0, upTo(0)},
	{"start empty start", "start with nothing on disk to ready", "ms", 0, 0, upTo(300)},
	{"start empty memory", "resident memory of an empty server", "MiB", 0, 0, nil},
	{"start request CPU", "query of a constant, the whole request: CPU", "µs", 0, 0, nil},
	{"door CPU", "front door, an empty write by a session of a role with six policies: CPU", "µs", 1, 0, upTo(15)},
	{"door allocations", "the same: allocations", "", 0, 0, nil},
	{"door memory", "the same: memory allocated", "KiB", 1, 0, nil},
	{"workspaces idle memory", "a workspace that was never written, after a collection", "KiB", 1, 0, upTo(50)},
	{"workspaces closed memory", "a workspace that was written, then idle and closed, after a collection", "KiB", 1, 0, upTo(50)},
	{"workspaces active memory", "all workspaces open with 100 active series each", "MiB", 0, 0, upTo(400)},
	{"workspaces create CPU", "making a workspace: CPU", "ms", 2, 0, nil},
	{"workspaces idle CPU", "share of a core that all of them use, closed", "%", 2, 0, nil},
	{"workspaces crash wall", "kill -9 with all of them to ready", "ms", 0, 0, nil},
	{"neighbour limited alone p99", "write p99 of a workspace alone", "ms", 2, 0, nil},
	{"neighbour limited beside p99", "write p99 beside a workspace at its limits", "ms", 2, 0, nil},
	{"neighbour limited change", "change of it", "%", 0, 0, upTo(20)},
	{"rules delay p99", "10,000 alerting rules of 200 workspaces, once a minute: delay of an evaluation, 99th percentile at most", "ms", 0, 0, upTo(5000)},
	{"rules delay p50", "the same: median at most", "ms", 0, 0, nil},
	{"rules missed", "evaluations of groups left out", "", 0, 0, upTo(0)},
	{"rules failed", "evaluations of rules that failed", "", 0, 0, upTo(0)},
	{"rules evaluations", "evaluations a second", "/s", 0, 0, nil},
	{"rules evaluation CPU", "an evaluation: CPU", "µs", 0, 0, nil},
	{"scrape CPU", "scraping 5,000 targets of 200 series (Prometheus: agent mode, no remote write): CPU per million samples", "s", 2, 0, nil},
	{"scrape core", "share of a core at an interval of 60 s", "%", 0, 0, upTo(100)},
	{"scrape memory", "anonymous resident memory per scraped series", "B", 0, 0, nil},
	{"cloudwatch CPU", "polling 10,000 metrics of CloudWatch (YACE in Prometheus' place), with one scrape: CPU of a poll", "ms", 0, 1.0, nil},
	{"cloudwatch wall", "from the start to a page with all of them", "ms", 0, 0, nil},
	{"cloudwatch memory", "anonymous resident memory then", "MiB", 0, 0, nil},
	{"cloudwatch peak", "most memory resident", "MiB", 0, 0, nil},
	{"cloudwatch requests", "requests of a poll", "", 0, 0, nil},
	{"viewers ratio", "200 people before a dashboard of 30 panels: CPU through a Grafana workspace, beside the same queries asked straight", "×", 2, 0, upTo(1.5)},
	{"viewers through CPU", "the same: CPU of one such dashboard through the Grafana workspace", "ms", 1, 0, nil},
	{"viewers straight CPU", "the same: asked straight", "ms", 1, 0, nil},
	{"viewers through p50", "the same: time of a panel, all at once, median", "ms", 0, 0, nil},
	{"viewers straight p50", "the same: asked straight", "ms", 0, 0, nil},
	{"viewers through p99", "the same: time of a panel, 99th percentile", "ms", 0, 0, nil},
	{"viewers straight p99", "the same: asked straight", "ms", 0, 0, nil},
	{"viewers through refused", "the same: panels that were asked again, as too many waited", "", 0, 0, nil},
	{"neighbour greedy beside p99", "write p99 beside a workspace without limits", "ms", 2, 0, nil},
}

// A report is the table, and what in it is not slow but wrong.
type report struct {
	text  string
	wrong error
}

func (b *bench) report(command string, day time.Time) report {
	var t strings.Builder
	fmt.Fprintf(&t, "# Benchmarks\n\nHearth and Prometheus (module %s), side by side on %s. Written by\n\n    %s\n\n", b.version, day.Format(time.DateOnly), command)
	fmt.Fprintf(&t, "%s\n\n", machine())
	b.describe(&t)
	b.table(&t)
	b.panelTable(&t)
	return report{t.String(), b.wrong()}
}

func (b *bench) describe(t *strings.Builder) {
	fmt.Fprintf(t, `Each server has one core, the generator another. Every request to Hearth is
signed (SigV4) and verified; Prometheus' are not signed. Both run with their
defaults and get the same bytes, alternately first. Figures are medians of %d
runs; CPU is the whole process', from the scheduler, %v of rest after a load
included.

The ingest load is %d series of a synthetic Kubernetes cluster (%d per pod,
about 11 labels and 273 bytes of them) × %d scrapes, 2,000 samples a request, 4
connections; then half a scrape more, cut off by kill -9. The query load is %d
series × %d scrapes.

`, b.runs, b.settle, b.wide.series, seriesPerPod, b.wide.rounds-1, b.long.series, b.long.rounds)
}

func (b *bench) table(t *strings.Builder) {
	fmt.Fprint(t, "| what | Hearth | Prometheus | ratio | budget | |\n|---|---:|---:|---:|---:|---|\n")
	for _, r := range rows {
		ours, theirs := b.median("Hearth", r.figure), b.median("Prometheus", r.figure)
		if ours == nil && theirs == nil {
			continue
		}
		fmt.Fprintf(t, "| %s | %s | %s | %s | %s | %s |\n", r.title, r.number(ours), r.number(theirs), quotient(ours, theirs), r.budget(), r.verdict(ours, theirs))
	}
	fmt.Fprintln(t)
}

// median is a figure's, or nil if it was not measured.
func (b *bench) median(peer, figure string) *float64 {
	all := slices.Sorted(slices.Values(b.results[peer][figure]))
	switch n := len(all); {
	case n == 0:
		return nil
	case n%2 == 0:
		return upTo((all[n/2-1] + all[n/2]) / 2)
	default:
		return &all[n/2]
	}
}

func (r row) number(n *float64) string {
	if n == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", r.digits, *n, r.unit))
}

func quotient(ours, theirs *float64) string {
	if ours == nil || theirs == nil || *theirs == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", *ours / *theirs)
}

func (r row) budget() string {
	switch {
	case r.ratio > 0:
		return fmt.Sprintf("≤ %g ×", r.ratio)
	case r.most != nil:
		return strings.TrimSpace(fmt.Sprintf("≤ %g %s", *r.most, r.unit))
	}
	return ""
}

func (r row) verdict(ours, theirs *float64) string {
	var within bool
	switch {
	case ours == nil, r.ratio > 0 && theirs == nil, r.ratio == 0 && r.most == nil:
		return ""
	case r.ratio > 0:
		within = *ours <= r.ratio**theirs
	default:
		within = *ours <= *r.most
	}
	if within {
		return "met"
	}
	return "**not met**"
}

// wrong is what no speed makes good: lost samples, and answers that differ.
func (b *bench) wrong() error {
	var all []error
	for i, p := range panels {
		if worst, why := b.compare(i); worst == different {
			all = append(all, fmt.Errorf("answers to %s differ: %s", p.text, why))
		}
	}
	for _, figure := range []string{"v1 lost", "v2 lost", "v1 invented", "v2 invented"} {
		for _, n := range b.results["Hearth"][figure] {
			if n > 0 {
				all = append(all, fmt.Errorf("%s: %.0f samples", figure, n))
			}
		}
	}
	return errors.Join(all...)
}
