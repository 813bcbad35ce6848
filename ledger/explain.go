package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hearth-metrics/hearth"
)

// Explain tells people what events say, oldest first: the text that "hearth
// why" prints. Events come with what strangers sent, so nothing in it can
// control a terminal.
func Explain(events []hearth.Event) string {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b hearth.Event) int { return a.Time.Compare(b.Time) })
	var t text
	for i, e := range events {
		if i > 0 {
			t.line("")
		}
		t.explain(e)
	}
	return t.b.String()
}

// text is an explanation under way.
type text struct {
	b    strings.Builder
	told map[string]bool // details of the current event that were told
	e    hearth.Event
}

func (t *text) explain(e hearth.Event) {
	t.e, t.told = e, map[string]bool{}
	t.head()
	t.signature()
	t.sample()
	t.rule()
	t.notification()
	t.scrape()
	t.rest()
	t.hints()
}

// head says what happened, when and to whom.
func (t *text) head() {
	t.line("%s  %s", t.e.Time.UTC().Format(time.RFC3339), t.e.Kind)
	t.line("  %s", t.e.Summary)
	if n := t.take(hearth.DetailCount); n != "" {
		if since := t.take(hearth.DetailSince); since != "" {
			t.line("  %s events alike since %s were counted together; this is the last of them.", n, since)
		} else {
			t.line("  It stands for %s.", n)
		}
	}
	t.line("")
	if t.e.RequestID != "" {
		t.field("request", string(t.e.RequestID))
	}
	if m, p := t.take(hearth.DetailMethod), t.take(hearth.DetailPath); m+p != "" {
		t.field("asked", strings.TrimSpace(m+" "+p))
	}
	t.known("reason", hearth.DetailReason)
	t.known("action", hearth.DetailAction)
	t.known("resource", hearth.DetailResource)
	if t.e.Workspace != "" {
		t.field("workspace", string(t.e.Workspace))
	}
	if t.e.Principal != "" {
		t.field("principal", t.e.Principal)
	}
	t.known("from", hearth.DetailRemote)
	t.known("client", hearth.DetailUserAgent)
	t.known("sender", hearth.DetailSender)
}

// rest tells the details that no other part told, under their own names.
func (t *text) rest() {
	for _, d := range t.e.Details {
		if d.Name != hearth.DetailHint && !t.told[d.Name] && d.Value != "" {
			t.field(strings.ReplaceAll(d.Name, "_", " "), d.Value)
		}
	}
}

func (t *text) hints() {
	var hints []string
	for _, d := range t.e.Details {
		if d.Name == hearth.DetailHint {
			hints = append(hints, d.Value)
		}
	}
	hints = append(hints, hintsFor(t.e)...)
	if len(hints) == 0 {
		return
	}
	t.line("")
	t.line("  What to look at:")
	for _, h := range hints {
		t.line("  - %s", h)
	}
}

// take returns a detail and leaves it out of the rest.
func (t *text) take(name string) string {
	t.told[name] = true
	return t.e.Detail(name)
}

// known tells a detail, if there is one, as label.
func (t *text) known(label, name string) {
	if v := t.take(name); v != "" {
		t.field(label, v)
	}
}

// field writes a label and a value, whose further lines stand below its first.
func (t *text) field(label, value string) {
	lines := strings.Split(value, "\n")
	t.line("  %-16s %s", label, lines[0])
	for _, more := range lines[1:] {
		t.line("  %-16s %s", "", more)
	}
}

// block writes a value of many lines under a heading.
func (t *text) block(heading, value string) {
	if value == "" {
		return
	}
	t.line("")
	t.line("  %s", heading)
	for more := range strings.SplitSeq(value, "\n") {
		t.line("    | %s", more)
	}
}

func (t *text) line(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	t.b.WriteString(strings.TrimRight(harmless(s), " "))
	t.b.WriteByte('\n')
}

// Harmless spells out what a terminal would act on, and what is no text, in text that
// strangers had a part in. Line ends stay.
func Harmless(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = harmless(lines[i])
	}
	return strings.Join(lines, "\n")
}

// harmless spells out what a terminal would act on, and what is no text.
func harmless(s string) string {
	if strings.IndexFunc(s, unsafe) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafe(r) {
			fmt.Fprintf(&b, "\\u%04x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unsafe(r rune) bool { return !unicode.IsGraphic(r) || r == unicode.ReplacementChar }
