package ledger

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// Alert is what is known of the alerts of one name: the rules as they are, the
// alert manager as it is, and what the ledger remembers. Explain tells from it
// how far an alert came.
type Alert struct {
	Name   string
	Labels map[string]string // of those asked about; empty: all
	At     time.Time         // the moment asked about
	Past   bool              // At is long ago: only the ledger knows

	Rules      []AlertRule
	Definition bool           // the workspace has an alert manager definition
	Held       []HeldAlert    // as the alert manager has them now
	Events     []hearth.Event // about the name, none later than At, in any order
	Messages   []hearth.Event // about the messages that notifications were published as
}

// An AlertRule is an alerting rule as it is loaded.
type AlertRule struct {
	Namespace, Group, Query string
	Interval, Offset        time.Duration // how often it is evaluated, and how far back it looks
	For, KeepFiring         time.Duration
	Health, Error           string
	Evaluated               time.Time
	Active                  []ActiveAlert
	Compared                *Comparison // nil if the expression compares nothing, or was not asked
}

// An ActiveAlert is pending or firing.
type ActiveAlert struct {
	Labels map[string]string
	State  string // pending or firing
	Since  time.Time
	Value  string
}

// A Comparison is what the two sides of a rule's expression are.
type Comparison struct {
	Left, Op, Right string
	Values          []string // {LABELS} VALUE, of the left side
	Omitted         int
	Young           bool // there are no values where the rule looks, and there are now
}

// A HeldAlert is an alert that the alert manager has, where its definition sends
// it now, and what keeps it from there.
type HeldAlert struct {
	Labels                        map[string]string
	Receivers                     []string // in the order of their routes
	Dumb                          []string // receivers without integrations: they tell nobody
	Silences, Inhibitors, Mutings []string // in words, of what keeps it
}

// alertName is the label that has an alert's name.
const alertName = "alertname"

// A standing is how far a link of the chain is.
type standing string

const (
	fine    standing = "ok"
	waiting standing = "waiting"
	broken  standing = "BROKEN"
	ended   standing = "ended"
)

// A link is one step of an alert from its rule to a person.
type link struct {
	step  string
	is    standing
	text  string
	lines []string
}

// A chain is the links of one alert, up to the first that is not fine.
type chain struct {
	labels map[string]string
	links  []link
}

// add appends a link, and says whether to go on to the next.
func (c *chain) add(l link) bool {
	c.links = append(c.links, l)
	return l.is == fine
}

// last is the link that the alert came to.
func (c *chain) last() link { return c.links[len(c.links)-1] }

// chains are those of the alerts asked about; one without labels if no alert is
// or was there.
func (a *Alert) chains() []chain {
	var out []chain
	for _, labels := range a.instances() {
		c := chain{labels: labels}
		a.follow(&c)
		out = append(out, c)
	}
	if len(out) == 0 {
		c := chain{}
		a.follow(&c)
		out = append(out, c)
	}
	return out
}

// instances are the label sets of alerts that are there now, or of which the
// ledger tells, in order.
func (a *Alert) instances() []map[string]string {
	all := map[string]map[string]string{}
	take := func(labels map[string]string) {
		if labels[alertName] == a.Name && hasAll(labels, a.Labels) {
			all[keyOf(labels)] = labels
		}
	}
	if !a.Past {
		for _, r := range a.Rules {
			for _, x := range r.Active {
				take(x.Labels)
			}
		}
	}
	for _, e := range a.Events {
		for _, d := range e.Details {
			switch d.Name {
			case hearth.DetailState:
				if s, ok := readState(d.Value); ok {
					take(s.labels)
				}
			case hearth.DetailAlert:
				if labels, _, ok := readLabels(afterStatus(d.Value)); ok {
					take(labels)
				}
			}
		}
	}
	var out []map[string]string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[key])
	}
	return out
}

func hasAll(labels, want map[string]string) bool {
	for k, v := range want {
		if labels[k] != v {
			return false
		}
	}
	return true
}

func keyOf(labels map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString(k + "\x00" + labels[k] + "\x00")
	}
	return b.String()
}

// newestFirst are the events that want says are wanted.
func newestFirst(events []hearth.Event, want func(hearth.Event) bool) []hearth.Event {
	var out []hearth.Event
	for _, e := range events {
		if want(e) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(x, y hearth.Event) int { return cmp.Or(y.Time.Compare(x.Time), 0) })
	return out
}

// names tells whether e, of a notification, is about the alert with these labels.
func names(e hearth.Event, labels map[string]string) bool {
	for _, d := range e.Details {
		if d.Name != hearth.DetailAlert {
			continue
		}
		if l, _, ok := readLabels(afterStatus(d.Value)); ok && maps.Equal(l, labels) {
			return true
		}
	}
	return false
}
