package ledger

import (
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/hearth-metrics/hearth"
)

// maxChains is how many alerts of one name are told of.
const maxChains = 20

// Explain tells people how far the alerts came on their way from the rule to a
// person, and where the way ends; breaks tells whether one of them ends where it
// should not. Nothing in the text can control a terminal.
func (a *Alert) Explain() (told string, breaks bool) {
	var t text
	all := a.chains()
	t.line("Alert %s at %s", a.Name, stamp(a.At))
	for i, c := range all {
		if i == maxChains {
			t.line("")
			t.line("And %d more alerts of this name: give labels to see them.", len(all)-i)
			break
		}
		t.line("")
		t.chain(&c)
	}
	return t.b.String(), slices.ContainsFunc(all, func(c chain) bool { return c.last().is == broken })
}

func (t *text) chain(c *chain) {
	if c.labels != nil {
		t.line("%s", labelsText(c.labels))
	}
	for _, l := range c.links {
		t.line("  %-13s %-8s %s", l.step, l.is, l.text)
		for _, more := range l.lines {
			if more != "" {
				t.line("  %-13s %-8s %s", "", "", more)
			}
		}
	}
	last := c.last()
	switch last.is {
	case fine:
		t.line("  Everyone it goes to was told.")
	case waiting:
		t.line("  It waits: %s.", last.text)
	case ended:
		t.line("  It fired, and has ended.")
	default:
		t.line("  The chain breaks here: %s: %s.", last.step, strings.TrimSuffix(last.text, "."))
	}
}

func labelsText(l map[string]string) string { return labels.FromMap(l).String() }

// List tells of events in a line each, the oldest first.
func List(events []hearth.Event) string {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b hearth.Event) int { return a.Time.Compare(b.Time) })
	var t text
	for _, e := range events {
		t.line("%s  %-15s %s", stamp(e.Time), e.Kind, e.Summary)
		if e.RequestID != "" {
			t.line("%22s%-15s %s", "", "", e.RequestID)
		}
	}
	return t.b.String()
}

// rule tells what an evaluation found, in the order people ask.
func (t *text) rule() {
	if t.e.Kind != hearth.EventRule {
		return
	}
	t.known("rule", hearth.DetailRule)
	t.known("rule group", hearth.DetailRuleGroup)
	t.known("namespace", hearth.DetailNamespace)
	t.known("expression", hearth.DetailQuery)
	t.known("evaluated", hearth.DetailEvaluated)
	t.known("samples up to", hearth.DetailSampleTime)
	t.known("result", hearth.DetailResult)
	t.known("error", hearth.DetailError)
	t.block("What changed:", t.all(hearth.DetailState))
}

// notification tells where alerts went, and what became of them there.
func (t *text) notification() {
	if t.e.Kind != hearth.EventNotification {
		return
	}
	t.known("delivery", hearth.DetailDelivery)
	t.known("receiver", hearth.DetailReceiver)
	t.known("integration", hearth.DetailIntegration)
	t.known("route", hearth.DetailRoute)
	t.known("group", hearth.DetailGroup)
	t.known("waits", hearth.DetailWait)
	t.known("why now", hearth.DetailCause)
	t.known("attempts", hearth.DetailAttempts)
	t.known("error", hearth.DetailError)
	t.known("message", hearth.DetailMessage)
	t.told[hearth.DetailFingerprint] = true
	t.block("Alerts:", t.all(hearth.DetailAlert))
	t.block("What was sent:", t.take(hearth.DetailPayload))
}

// all takes the details of one name, a line each.
func (t *text) all(name string) string {
	t.told[name] = true
	var lines []string
	for _, d := range t.e.Details {
		if d.Name == name {
			lines = append(lines, d.Value)
		}
	}
	return strings.Join(lines, "\n")
}
