package main

import (
	"fmt"
	"strings"
	"time"
)

func (b *bench) panelTable(t *strings.Builder) {
	ours, theirs := b.panels["Hearth"], b.panels["Prometheus"]
	if ours == nil && theirs == nil {
		return
	}
	fmt.Fprint(t, "## Queries\n\nCPU and time in milliseconds, after a restart / refreshed a minute later.\nAn answer is *rounded* when sums differ in their last digits only.\n\n")
	fmt.Fprint(t, "| query | Hearth CPU | Prometheus CPU | Hearth time | Prometheus time | answers |\n|---|---:|---:|---:|---:|---|\n")
	for i, p := range panels {
		about := ""
		if p.every > 0 {
			about = fmt.Sprintf(" (%.0f h by %v)", p.over.Hours(), p.every)
		}
		cpu := func(a asked) string { return pair(a.cpu[0], a.warmCPU()) }
		wall := func(a asked) string { return pair(a.wall[0], a.warmWall()) }
		fmt.Fprintf(t, "| `%s`%s | %s | %s | %s | %s | %s |\n", strings.ReplaceAll(p.text, "|", `\|`), about,
			of(ours, i, cpu), of(theirs, i, cpu), of(ours, i, wall), of(theirs, i, wall), b.agreement(i))
	}
	fmt.Fprintln(t)
}

func of(all []asked, i int, what func(asked) string) string {
	if all == nil {
		return ""
	}
	return what(all[i])
}

func pair(a, b time.Duration) string { return fmt.Sprintf("%.1f / %.1f", millis(a), millis(b)) }

// agreement says whether both peers gave panel i the same answers.
func (b *bench) agreement(i int) string {
	worst, why := b.compare(i)
	switch {
	case len(b.panels) < 2:
		return ""
	case worst == different:
		return "**different**: " + why
	case worst == rounded:
		return "rounded"
	}
	return "identical"
}

func (b *bench) compare(i int) (worst agreement, why string) {
	ours, theirs := b.panels["Hearth"], b.panels["Prometheus"]
	if ours == nil || theirs == nil {
		return identical, ""
	}
	for pass := range passes {
		if got, reason := compare(ours[i].answers[pass], theirs[i].answers[pass]); got > worst {
			worst, why = got, reason
		}
	}
	return worst, why
}
