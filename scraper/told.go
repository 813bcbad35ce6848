package scraper

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/scrape"

	"github.com/hearth-metrics/hearth"
)

// AWS's texts of a scraper's log lines.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-vended-logs.html
const (
	scrapeFailedText = "Failed to scrape Prometheus endpoint - verify /metrics endpoint is available"
	exportFailedText = "Failed to export to the target workspace - Verify your scraper destination."
)

// watchedKinds are the kinds of objects that discoveries watch, by resource.
var watchedKinds = map[string]string{
	"pods": "Pod", "services": "Service", "endpoints": "Endpoints", "endpointslices": "EndpointSlice", "nodes": "Node", "ingresses": "Ingress", "namespaces": "Namespace",
}

// watchLines are AWS's lines about kinds of objects that the scraper should watch in its
// cluster and cannot now, in the order of the kinds.
func (c *collector) watchLines() (lines []string) {
	c.mu.Lock()
	stale, conf, cluster, err := c.stale, c.conf, c.cluster, c.unknown
	c.mu.Unlock()
	if stale != "" || conf == nil {
		return nil
	}
	needs := conf.needs()
	if cluster != nil {
		s := cluster.look()
		if err = s.err; err == nil {
			needs = needs.in(s.missing)
		}
	}
	text := "Failed to watch %s - Verify your scraper source permissions are valid."
	if err != nil && hearth.KindOf(err) != hearth.Invalid && hearth.KindOf(err) != hearth.Denied {
		text = "Failed to watch %s - Verify your scraper source exists."
	}
	for r, verbs := range needs {
		if kind := watchedKinds[r.resource]; kind != "" && slices.Contains(verbs, "watch") {
			lines = append(lines, fmt.Sprintf(text, kind))
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// A budget bounds how much one scraper tells the ledger.
type budget struct {
	from    time.Time
	spent   int
	omitted int
}

const eventsPerMinute = 60

// take tells whether one more event may be told, and how many were not since the
// last.
func (b *budget) take(now time.Time) (omitted int, ok bool) {
	if now.Sub(b.from) >= time.Minute {
		b.from, b.spent = now, 0
	}
	if b.spent >= eventsPerMinute {
		b.omitted++
		return 0, false
	}
	b.spent++
	omitted, b.omitted = b.omitted, 0
	return omitted, true
}

// scraped learns how one scrape ended. The ledger is told when a target begins to
// fail, fails otherwise, or answers again.
func (c *collector) scraped(t *scrape.Target, up bool, n *tally, commit error) {
	text, component, summary := "", "", "A target answers again."
	switch {
	case commit != nil:
		text, component, summary = commit.Error(), Exporter, exportFailedText
	case !up:
		component, summary = Collector, scrapeFailedText
		if err := t.LastError(); err != nil {
			text = err.Error()
		}
	}
	m := c.room.metrics
	m.scrapes.WithLabelValues(map[bool]string{true: "ok", false: "failed"}[up]).Inc()
	c.mu.Lock()
	defer c.mu.Unlock()
	was, failing := c.trouble[t]
	switch {
	case component == "" && !failing, component != "" && failing && was == text:
		return
	case component == "":
		delete(c.trouble, t)
	default:
		c.trouble[t] = text
	}
	now := c.room.opts.Now()
	omitted, ok := c.told.take(now)
	if !ok {
		return
	}
	e := c.rec.event(now, hearth.EventScrape, summary)
	e.Details = targetDetails(c, t, component, text)
	if component == Exporter {
		e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailSamples, Value: strconv.FormatInt(n.refused.Load(), 10)})
	}
	c.room.opts.Recorder.Record(withOmitted(e, omitted))
}

// withOmitted adds how many events before e were not told.
func withOmitted(e hearth.Event, omitted int) hearth.Event {
	if omitted > 0 {
		e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailOmitted, Value: strconv.Itoa(omitted)})
	}
	return e
}

func targetDetails(c *collector, t *scrape.Target, component, text string) []hearth.Detail {
	out := []hearth.Detail{
		{Name: hearth.DetailScraper, Value: c.id},
		{Name: hearth.DetailJob, Value: t.GetValue("job")},
		{Name: hearth.DetailTarget, Value: urlOf(t)},
	}
	if component != "" {
		out = append(out, hearth.Detail{Name: hearth.DetailComponent, Value: component}, hearth.Detail{Name: hearth.DetailError, Value: clipTo(text, 500)})
	}
	return out
}

// urlOf is where a target really is, without a password.
func urlOf(t *scrape.Target) string {
	if u := t.GetValue(labelURL); u != "" {
		return u
	}
	return t.URL().Redacted()
}
