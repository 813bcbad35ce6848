package ledger

import (
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A state is one line of a rule's event: {LABELS} BEFORE -> AFTER: REASON.
type state struct {
	labels        map[string]string
	before, after string
	reason        string

	at    time.Time
	event hearth.Event
}

func readState(text string) (s state, ok bool) {
	labels, rest, ok := readLabels(text)
	if !ok {
		return s, false
	}
	moves, reason, _ := strings.Cut(rest, ": ")
	before, after, ok := strings.Cut(moves, " -> ")
	return state{labels: labels, before: strings.TrimSpace(before), after: after, reason: reason}, ok
}

// readLabels reads {a="b", c="d"} at the beginning of text and returns what
// follows it.
func readLabels(text string) (labels map[string]string, rest string, ok bool) {
	rest, ok = strings.CutPrefix(text, "{")
	if !ok {
		return nil, text, false
	}
	labels = map[string]string{}
	for {
		rest = strings.TrimLeft(rest, ", ")
		if after, end := strings.CutPrefix(rest, "}"); end {
			return labels, after, true
		}
		var name, value string
		if name, rest, ok = readName(rest); !ok {
			return nil, text, false
		}
		if value, rest, ok = readQuoted(rest); !ok {
			return nil, text, false
		}
		labels[name] = value
	}
}

// readName reads a label's name and the = behind it. Names that are no words are
// quoted.
func readName(text string) (name, rest string, ok bool) {
	if strings.HasPrefix(text, `"`) {
		if name, rest, ok = readQuoted(text); !ok {
			return "", text, false
		}
		rest, ok = strings.CutPrefix(rest, "=")
		return name, rest, ok
	}
	name, rest, ok = strings.Cut(text, "=")
	return name, rest, ok && name != ""
}

func readQuoted(text string) (value, rest string, ok bool) {
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", text, false
	}
	value, err = strconv.Unquote(quoted)
	return value, text[len(quoted):], err == nil
}

// afterStatus is what follows the word firing or resolved.
func afterStatus(text string) string {
	_, labels, _ := strings.Cut(text, " ")
	return labels
}

// stateOf is the last change of the alert with these labels that the ledger has.
func (a *Alert) stateOf(labels map[string]string) (last state, ok bool) {
	for _, e := range newestFirst(a.Events, func(e hearth.Event) bool { return e.Kind == hearth.EventRule }) {
		for _, d := range e.Details {
			if d.Name != hearth.DetailState {
				continue
			}
			s, good := readState(d.Value)
			if good && (labels == nil || keyOf(s.labels) == keyOf(labels)) {
				s.at, s.event = e.Time, e
				return s, true
			}
		}
	}
	return state{}, false
}

// activeOf is the alert as its rule has it now.
func (a *Alert) activeOf(labels map[string]string) (rule *AlertRule, active *ActiveAlert) {
	if a.Past || labels == nil {
		return nil, nil
	}
	for i := range a.Rules {
		for k := range a.Rules[i].Active {
			if x := &a.Rules[i].Active[k]; keyOf(x.Labels) == keyOf(labels) {
				return &a.Rules[i], x
			}
		}
	}
	return nil, nil
}

// ruleOf is the rule that an event is about; nil if it is gone.
func (a *Alert) ruleOf(e hearth.Event) *AlertRule {
	for i, r := range a.Rules {
		if r.Namespace == e.Detail(hearth.DetailNamespace) && r.Group == e.Detail(hearth.DetailRuleGroup) {
			return &a.Rules[i]
		}
	}
	return nil
}
