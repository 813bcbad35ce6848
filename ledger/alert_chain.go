package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// follow adds the links of an alert to its chain, until one is not fine.
func (a *Alert) follow(c *chain) {
	if !c.add(a.evaluated(c)) {
		return
	}
	if !c.add(a.condition(c.labels)) {
		return
	}
	if !c.add(a.firing(c.labels)) {
		return
	}
	a.notified(c)
}

// rule is the rule of an alert; with several of the name, the one that has it.
func (a *Alert) rule(labels map[string]string) *AlertRule {
	if r, _ := a.activeOf(labels); r != nil {
		return r
	}
	if s, ok := a.stateOf(labels); ok {
		if r := a.ruleOf(s.event); r != nil {
			return r
		}
	}
	if len(a.Rules) > 0 {
		return &a.Rules[0]
	}
	return nil
}

// evaluated is the link from the rules file to the evaluation.
func (a *Alert) evaluated(c *chain) link {
	l := link{step: "rule", is: fine}
	r := a.rule(c.labels)
	if r == nil {
		if _, ok := a.stateOf(c.labels); ok && c.labels != nil {
			l.text = "no rule of this name is loaded now; the ledger knows one from before"
			return l
		}
		l.is, l.text = broken, fmt.Sprintf("no alerting rule called %q is loaded: aws amp list-rule-groups-namespaces shows what is", a.Name)
		return l
	}
	l.text = fmt.Sprintf("namespace %s, group %s, evaluated every %s, looking %s back", r.Namespace, r.Group, r.Interval, r.Offset)
	l.lines = []string{r.Query}
	switch {
	case a.Past:
	case r.Evaluated.IsZero():
		l.is = waiting
		l.lines = append(l.lines, fmt.Sprintf("not evaluated yet: its turn comes within %s", r.Interval))
	case r.Health == "err":
		l.is = broken
		l.lines = append(l.lines, "it cannot be evaluated: "+r.Error)
	case a.At.Sub(r.Evaluated) > 3*r.Interval+time.Minute:
		l.is = broken
		l.lines = append(l.lines, "last evaluated "+stamp(r.Evaluated)+": evaluations are missed")
	default:
		l.lines = append(l.lines, "last evaluated "+stamp(r.Evaluated))
	}
	return l
}

// condition is the link from the evaluation to a series that the expression
// gives.
func (a *Alert) condition(labels map[string]string) link {
	l := link{step: "condition", is: fine}
	if _, x := a.activeOf(labels); x != nil {
		l.text = "the expression gives the alert: value " + x.Value
		return l
	}
	s, known := a.stateOf(labels)
	if labels != nil && known && s.after != "inactive" {
		l.text = s.reason
		return l
	}
	l.is = broken
	l.text = "the expression gives nothing"
	if r := a.rule(labels); r != nil && r.Compared != nil {
		l.text, l.lines = r.Compared.tell(r.Offset)
	}
	if known && labels != nil {
		if s.before == "firing" {
			l.is = ended
		}
		l.lines = append(l.lines, fmt.Sprintf("since %s it is no longer %s: %s", stamp(s.at), s.before, s.reason))
	}
	return l
}

// tell says why a comparison gives nothing to a rule that looks so far back.
func (c *Comparison) tell(back time.Duration) (text string, lines []string) {
	if len(c.Values) == 0 && c.Young {
		return fmt.Sprintf("no data yet: %s gives series now, and none %s ago, where the rule looks", c.Left, back), []string{
			fmt.Sprintf("it sees them %s after they are written; query_offset of the group, or ruleQueryOffsetInSeconds of the workspace, says how far it looks back", back)}
	}
	if len(c.Values) == 0 {
		return "no data: " + c.Left + " gives no series", []string{
			"look whether the series is written at all, and whether its labels are those of the matchers"}
	}
	for _, v := range c.Values {
		lines = append(lines, v+" is not "+c.Op+" "+c.Right)
	}
	if c.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", c.Omitted))
	}
	return "the condition does not hold: " + c.Left + " has values, and none is " + c.Op + " " + c.Right, lines
}

// firing is the link from the condition, which holds, to the end of `for`.
func (a *Alert) firing(labels map[string]string) link {
	l := link{step: "for", is: fine}
	s, known := a.stateOf(labels)
	if r, x := a.activeOf(labels); x != nil {
		if x.State == "pending" {
			l.is = waiting
			l.text = fmt.Sprintf("pending for %s of %s: it fires at %s if the condition holds until then",
				a.At.Sub(x.Since).Round(time.Second), r.For, stamp(x.Since.Add(r.For+r.Offset)))
			return l
		}
		l.text = fmt.Sprintf("firing; the condition holds since %s", stamp(x.Since))
		if known && s.after == "firing" {
			l.text = fmt.Sprintf("firing since %s: %s", stamp(s.at), s.reason)
		}
		return l
	}
	if s.after == "pending" {
		l.is = waiting
		l.text = fmt.Sprintf("pending since %s: %s", stamp(s.at), s.reason)
		return l
	}
	l.text = fmt.Sprintf("firing since %s: %s", stamp(s.at), s.reason)
	return l
}

// notified adds the links from the rule to the people: the way of each receiver
// that the alert goes to.
func (a *Alert) notified(c *chain) {
	if !a.Past && !a.Definition {
		c.add(link{step: "alert manager", is: broken, text: "the workspace has no alert manager definition: its alerts notify nobody (aws amp create-alert-manager-definition)"})
		return
	}
	events := a.told(c.labels)
	ways := a.receivers(c.labels, events)
	if len(ways) == 0 {
		l := link{step: "alert manager", is: waiting, text: "the alert manager has not had the alert yet; it has at the latest a minute after the next evaluation"}
		if a.Past {
			l.is, l.text = broken, "the ledger has nothing of the alert manager about it"
		}
		c.add(l)
		return
	}
	var first *link
	for _, receiver := range ways {
		for _, l := range a.way(c.labels, receiver, events) {
			c.links = append(c.links, l)
			if l.is != fine && first == nil {
				first = &l
			}
		}
	}
	if first != nil && c.last().is == fine { // what is said last is where it broke
		c.links = append(c.links, link{step: "so", is: first.is, text: "not everyone was told: " + first.text})
	}
}

// told are the alert manager's events about an alert since it fires, newest
// first.
func (a *Alert) told(labels map[string]string) []hearth.Event {
	var since time.Time
	if s, ok := a.stateOf(labels); ok && s.after == "firing" {
		since = s.at.Add(-time.Second)
	}
	return newestFirst(a.Events, func(e hearth.Event) bool {
		return e.Kind == hearth.EventNotification && !e.Time.Before(since) && names(e, labels)
	})
}

// receiversOf are the receivers that events speak of, in order of their first.
func receiversOf(events []hearth.Event) []string {
	var out []string
	for _, e := range slices.Backward(events) {
		if r := e.Detail(hearth.DetailReceiver); r != "" && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// heldAs is the alert as the alert manager has it now; nil if it has not, or the
// past is asked about.
func (a *Alert) heldAs(labels map[string]string) *HeldAlert {
	for i := range a.Held {
		if !a.Past && maps.Equal(a.Held[i].Labels, labels) {
			return &a.Held[i]
		}
	}
	return nil
}

// receivers are those that an alert goes to, and went to before. Events may be of a
// definition that was replaced since: what such a one had in mind is no way to
// anybody, but whom it told was told.
func (a *Alert) receivers(labels map[string]string, events []hearth.Event) []string {
	h := a.heldAs(labels)
	if h == nil {
		return receiversOf(events)
	}
	told := receiversOf(onlyDelivered(events))
	told = slices.DeleteFunc(told, func(r string) bool { return slices.Contains(h.Receivers, r) })
	return append(told, h.Receivers...)
}

func onlyDelivered(events []hearth.Event) []hearth.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e hearth.Event) bool { return e.Detail(hearth.DetailReason) != "delivered" })
}

// way are the links to one receiver.
func (a *Alert) way(labels map[string]string, receiver string, events []hearth.Event) []link {
	own := slices.DeleteFunc(slices.Clone(events), func(e hearth.Event) bool { return e.Detail(hearth.DetailReceiver) != receiver })
	routed := link{step: "route", is: fine, text: "to the receiver " + receiver}
	switch h := a.heldAs(labels); {
	case h == nil:
	case slices.Contains(h.Dumb, receiver):
		return []link{routed, {step: "receiver", is: broken, text: "the receiver " + receiver + " has no integrations: it tells nobody"}}
	case !slices.Contains(h.Receivers, receiver):
		routed.text += ", by a definition that was replaced since"
		own = onlyDelivered(own)
	case len(own) == 0:
		return []link{routed, a.regrouped(labels, receiver)}
	}
	var outcomes []hearth.Event
	for _, e := range own { // newest first
		if e.Detail(hearth.DetailReason) == "grouped" {
			routed.lines = append(routed.lines, "by the route "+e.Detail(hearth.DetailRoute))
			if len(outcomes) == 0 {
				return []link{routed, a.grouped(labels, receiver, e)}
			}
			break
		}
		if supersedes(outcomes, e) {
			outcomes = append(outcomes, e)
		}
	}
	links := []link{routed}
	for _, e := range outcomes {
		links = append(links, a.outcome(labels, receiver, e)...)
	}
	return links
}

// supersedes tells whether e, older than the outcomes, is the newest of its
// integration. An alert that was held back is told of by no integration.
func supersedes(outcomes []hearth.Event, e hearth.Event) bool {
	in := e.Detail(hearth.DetailIntegration)
	if len(outcomes) > 0 && (in == "" || outcomes[0].Detail(hearth.DetailIntegration) == "") {
		return false
	}
	return !slices.ContainsFunc(outcomes, func(o hearth.Event) bool { return o.Detail(hearth.DetailIntegration) == in })
}

// grouped is the link of an alert that waits with its group.
func (a *Alert) grouped(labels map[string]string, receiver string, e hearth.Event) link {
	if h := a.heldBack(labels, receiver); h != nil {
		return *h
	}
	l := link{step: "group", is: waiting}
	wait, _ := time.ParseDuration(e.Detail(hearth.DetailWait))
	if left := e.Time.Add(wait).Sub(a.At).Round(time.Second); left > 0 {
		l.text = fmt.Sprintf("grouped, and waiting %s more for others of its group", left)
		return l
	}
	l.text = "grouped: a group that was told of before is told of changes only after its group_interval"
	return l
}

// regrouped is the link of an alert that goes another way than when it began.
func (a *Alert) regrouped(labels map[string]string, receiver string) link {
	if h := a.heldBack(labels, receiver); h != nil {
		return *h
	}
	return link{step: "group", is: waiting, text: "the definition sends it there only since it was changed: its group is told after group_wait"}
}

// heldBack is what the alert manager says now of an alert that it keeps.
func (a *Alert) heldBack(labels map[string]string, receiver string) *link {
	if h := a.heldAs(labels); h != nil && slices.Contains(h.Receivers, receiver) {
		for _, by := range []struct {
			why   string
			names []string
		}{{"inhibited by", h.Inhibitors}, {"muted by", h.Mutings}, {"silenced by", h.Silences}} {
			if len(by.names) > 0 {
				return &link{step: "held back", is: broken, text: by.why + " " + by.names[0], lines: by.names[1:]}
			}
		}
	}
	return nil
}

// outcome are the links of an alert of which the ledger has the end.
func (a *Alert) outcome(labels map[string]string, receiver string, e hearth.Event) []link {
	when := " at " + stamp(e.Time)
	by := e.Detail(hearth.DetailIntegration)
	switch reason := e.Detail(hearth.DetailReason); reason {
	case "delivered":
		l := link{step: "notify", is: fine, text: "delivered by " + by + when, lines: []string{"delivery " + e.Detail(hearth.DetailDelivery)}}
		return append([]link{l}, a.messages(e.Detail(hearth.DetailMessage))...)
	case "failed", "failing":
		fault := e.Detail(hearth.DetailError)
		l := link{step: "notify", is: broken, text: "not delivered by " + by + when + ": " + fault}
		if reason == "failing" {
			l.is, l.text = hopeOf(fault), "failing, and tried again, by "+by+when+": "+fault
		}
		l.lines = []string{e.Detail(hearth.DetailRemedy), e.Detail(hearth.DetailAdd), guardHint(fault), "delivery " + e.Detail(hearth.DetailDelivery)}
		return []link{l}
	default:
		if h := a.heldBack(labels, receiver); h != nil {
			return []link{*h}
		}
		return []link{{step: "held back", is: broken, text: reason + when + " by " + orUnknown(strings.Join(holdersIn(e), ", "))}}
	}
}

func holdersIn(e hearth.Event) (out []string) {
	for _, d := range e.Details {
		switch d.Name {
		case hearth.DetailSilence:
			out = append(out, "silence "+d.Value)
		case hearth.DetailInhibitor:
			out = append(out, "alert "+d.Value)
		case hearth.DetailInterval:
			out = append(out, "time interval "+d.Value)
		}
	}
	return out
}

// messages are the links from a topic to its endpoints.
func (a *Alert) messages(id string) []link {
	if id == "" {
		return nil
	}
	newest := map[string]hearth.Event{}
	var order []string
	for _, e := range newestFirst(a.Messages, func(e hearth.Event) bool { return string(e.RequestID) == id }) {
		to := e.Detail(hearth.DetailSubscription)
		if _, seen := newest[to]; !seen {
			newest[to] = e
			order = append(order, to)
		}
	}
	var out []link
	for _, to := range order {
		e := newest[to]
		if to == "" && len(order) > 1 {
			continue // that it was published, and to how many
		}
		out = append(out, messageLink(e))
	}
	return out
}

func messageLink(e hearth.Event) link {
	l := link{step: "topic", is: fine, text: e.Summary, lines: []string{"message " + string(e.RequestID)}}
	switch e.Detail(hearth.DetailOutcome) {
	case "delivered":
	case "failed":
		fault := e.Detail(hearth.DetailError)
		l.is = hopeOf(fault)
		l.lines = append(l.lines, fault, guardHint(fault), "the next attempt is at "+e.Detail(hearth.DetailNextAttempt))
	case "published":
		l.is = waiting
		if hint := e.Detail(hearth.DetailHint); hint != "" {
			l.is, l.lines = broken, append(l.lines, hint)
		}
	default:
		l.is = broken
		if err := e.Detail(hearth.DetailError); err != "" {
			l.lines = append(l.lines, err)
		}
	}
	return l
}

// hopeOf is where an alert stands whose delivery failed and is tried again: another
// attempt at an address that Hearth may not connect to ends as this one did.
func hopeOf(fault string) standing {
	if guardHint(fault) != "" {
		return broken
	}
	return waiting
}

// guardHint is what to do about an error of Hearth's own guard of connections; of other
// errors nothing.
func guardHint(fault string) string {
	if !strings.Contains(fault, "egress: ") {
		return ""
	}
	return "Hearth does not connect to this address: --egress.deny and --egress.allow-loopback say which it may"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
