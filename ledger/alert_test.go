package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// noon is when the alerts of these tests are asked about.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const slow = `{alertname="Slow", pod="a"}`

func slowLabels() map[string]string { return map[string]string{"alertname": "Slow", "pod": "a"} }

// slowRule is a rule as it is loaded, with what is active of it.
func slowRule(active ...ActiveAlert) AlertRule {
	return AlertRule{Namespace: "web", Group: "api", Query: "latency > 5", Interval: time.Minute, Offset: time.Minute, For: 5 * time.Minute,
		Health: "ok", Evaluated: noon.Add(-20 * time.Second), Active: active}
}

func firingSlow() AlertRule {
	return slowRule(ActiveAlert{Labels: slowLabels(), State: "firing", Since: noon.Add(-10 * time.Minute), Value: "7"})
}

func ruleEvent(ago time.Duration, states ...string) hearth.Event {
	e := hearth.Event{Time: noon.Add(-ago), Kind: hearth.EventRule, Details: details(
		hearth.DetailRule, "Slow", hearth.DetailNamespace, "web", hearth.DetailRuleGroup, "api")}
	for _, s := range states {
		e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailState, Value: s})
	}
	return e
}

func toldEvent(ago time.Duration, reason string, more ...string) hearth.Event {
	return hearth.Event{Time: noon.Add(-ago), Kind: hearth.EventNotification, Details: append(details(
		hearth.DetailReason, reason, hearth.DetailReceiver, "ops", hearth.DetailAlert, "firing "+slow), details(more...)...)}
}

func details(pairs ...string) (out []hearth.Detail) {
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, hearth.Detail{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func TestAlertChain(t *testing.T) {
	fired := ruleEvent(4*time.Minute, slow+" pending -> firing: value 7; true for 5m0s, at least 5m0s")
	grouped := toldEvent(4*time.Minute, "grouped", hearth.DetailRoute, "{}", hearth.DetailWait, "30s")
	sent := toldEvent(3*time.Minute, "delivered", hearth.DetailIntegration, "sns[0]", hearth.DetailDelivery, "d-1", hearth.DetailMessage, "m-1")
	for _, c := range []struct {
		name string
		a    Alert
		want []string // in this order
	}{
		{"no rule", Alert{}, []string{"rule          BROKEN   no alerting rule called \"Slow\"", "The chain breaks here: rule"}},
		{"cannot be evaluated", Alert{Rules: []AlertRule{{Health: "err", Error: "too many samples", Interval: time.Minute, Evaluated: noon}}},
			[]string{"BROKEN", "cannot be evaluated: too many samples"}},
		{"evaluations are missed", Alert{Rules: []AlertRule{{Interval: time.Minute, Evaluated: noon.Add(-time.Hour)}}}, []string{"evaluations are missed"}},
		{"no data", Alert{Rules: []AlertRule{compared(slowRule())}}, []string{"rule          ok", "condition     BROKEN   no data: latency gives no series"}},
		{"data the rule does not see yet", Alert{Rules: []AlertRule{young(slowRule())}}, []string{"condition     BROKEN   no data yet: latency gives series now, and none 1m0s ago", "query_offset"}},
		{"below the threshold", Alert{Rules: []AlertRule{compared(slowRule(), `latency{pod="a"} 3`)}},
			[]string{"condition     BROKEN   the condition does not hold: latency has values, and none is > 5", `latency{pod="a"} 3 is not > 5`}},
		{"pending", Alert{Rules: []AlertRule{slowRule(ActiveAlert{Labels: slowLabels(), State: "pending", Since: noon.Add(-3 * time.Minute), Value: "7"})}},
			[]string{slow, "condition     ok       the expression gives the alert: value 7", "for           waiting  pending for 3m0s of 5m0s: it fires at 2026-11-21T12:03:00Z", "It waits"}},
		{"the label set changed", Alert{Rules: []AlertRule{slowRule()}, Events: []hearth.Event{
			ruleEvent(time.Minute, slow+` pending -> inactive: the label set changed: it is {alertname="Slow", pod="b"} now, and begins anew`)}},
			[]string{"it is no longer pending: the label set changed"}},
		{"ended", Alert{Rules: []AlertRule{slowRule()}, Events: []hearth.Event{fired, ruleEvent(time.Minute, slow+" firing -> inactive: no data")}},
			[]string{"condition     ended", "no longer firing: no data", "It fired, and has ended."}},
		{"no definition", Alert{Rules: []AlertRule{firingSlow()}, Events: []hearth.Event{fired}}, []string{"for           ok       firing since 2026-11-21T11:56:00Z", "alert manager BROKEN   the workspace has no alert manager definition"}},
		{"not yet there", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired}}, []string{"alert manager waiting"}},
		{"grouped", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{
			ruleEvent(3*time.Second, slow+" pending -> firing: value 7"), toldEvent(3*time.Second, "grouped", hearth.DetailWait, "30s")}},
			[]string{"route         ok       to the receiver ops", "group         waiting  grouped, and waiting 27s more for others"}},
		{"silenced before its group is due", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped},
			Held: []HeldAlert{{Labels: slowLabels(), Receivers: []string{"ops"}, Silences: []string{"the silence s-1 of bob"}}}}, []string{"held back     BROKEN   silenced by the silence s-1 of bob"}},
		{"silenced, the ledger says", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped, toldEvent(time.Minute, "silenced", hearth.DetailSilence, "s-1")}},
			[]string{"held back     BROKEN   silenced at 2026-11-21T11:59:00Z by silence s-1"}},
		{"inhibited", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped},
			Held: []HeldAlert{{Labels: slowLabels(), Receivers: []string{"ops"}, Inhibitors: []string{"the alert {x}"}}}}, []string{"inhibited by the alert {x}"}},
		{"the definition was replaced, and sends it elsewhere", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped},
			Held: []HeldAlert{{Labels: slowLabels(), Receivers: []string{"night"}}}},
			[]string{"route         ok       to the receiver night", "group         waiting  the definition sends it there only since it was changed"}},
		{"whom a replaced definition told was told", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped, sent},
			Held: []HeldAlert{{Labels: slowLabels(), Receivers: []string{"night"}, Silences: []string{"the silence s-1 of bob"}}}},
			[]string{"to the receiver ops, by a definition that was replaced since", "delivered by sns[0]", "to the receiver night", "held back     BROKEN   silenced by the silence s-1 of bob"}},
		{"a receiver that tells nobody", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped},
			Held: []HeldAlert{{Labels: slowLabels(), Receivers: []string{"ops"}, Dumb: []string{"ops"}}}},
			[]string{"route         ok       to the receiver ops", "receiver      BROKEN   the receiver ops has no integrations: it tells nobody"}},
		{"the topic is shut", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped,
			toldEvent(3*time.Minute, "failed", hearth.DetailIntegration, "sns[0]", hearth.DetailError, "denied", hearth.DetailRemedy, "Add the statement to it.", hearth.DetailAdd, `{"Effect":"Allow"}`)}},
			[]string{"notify        BROKEN   not delivered by sns[0] at 2026-11-21T11:57:00Z: denied\n", "Add the statement to it.\n", `{"Effect":"Allow"}`}},
		{"tried again", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped,
			toldEvent(time.Minute, "failing", hearth.DetailIntegration, "webhook[0]", hearth.DetailError, "503")}},
			[]string{"notify        waiting  failing, and tried again, by webhook[0] at 2026-11-21T11:59:00Z: 503\n"}},
		{"the guard of connections", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped,
			toldEvent(time.Minute, "failing", hearth.DetailIntegration, "webhook[0]", hearth.DetailError, "dial tcp: egress: connections to 169.254.169.254 are never made")}},
			[]string{"notify        BROKEN   failing, and tried again, by webhook[0]", "Hearth does not connect to this address: --egress.deny"}},
		{"the guard of connections, behind a topic", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped, sent},
			Messages: []hearth.Event{{RequestID: "m-1", Summary: "An attempt at the http endpoint failed.", Details: details(hearth.DetailOutcome, "failed", hearth.DetailSubscription, "s",
				hearth.DetailError, "egress: 127.0.0.1 is this machine: --egress.allow-loopback allows it", hearth.DetailNextAttempt, "2026-11-21T12:00:20Z")}}},
			[]string{"delivered by sns[0]", "topic         BROKEN   An attempt at the http endpoint failed.", "egress: 127.0.0.1 is this machine", "Hearth does not connect to this address", "the next attempt is at 2026-11-21T12:00:20Z"}},
		{"muted", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped, toldEvent(time.Minute, "muted", hearth.DetailInterval, "night")}},
			[]string{"muted at 2026-11-21T11:59:00Z by time interval night"}},
		{"delivered to a topic without subscribers", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped, sent},
			Messages: []hearth.Event{{RequestID: "m-1", Summary: "A message was taken for 0 endpoints.", Details: details(hearth.DetailOutcome, "published", hearth.DetailHint, "nobody gets it")}}},
			[]string{"notify        ok       delivered by sns[0]", "delivery d-1", "topic         BROKEN   A message was taken for 0 endpoints", "nobody gets it"}},
		{"delivered to a mailbox", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped, sent},
			Messages: []hearth.Event{{Time: noon, RequestID: "m-1", Summary: "Delivered to the email endpoint a@b.", Details: details(hearth.DetailOutcome, "delivered", hearth.DetailSubscription, "s")},
				{Time: noon.Add(-time.Second), RequestID: "m-1", Summary: "A message was taken", Details: details(hearth.DetailOutcome, "published")}}},
			[]string{"topic         ok       Delivered to the email endpoint a@b.", "Everyone it goes to was told."}},
		{"one of two integrations failed", Alert{Rules: []AlertRule{firingSlow()}, Definition: true, Events: []hearth.Event{fired, grouped,
			toldEvent(2*time.Minute, "delivered", hearth.DetailIntegration, "email[0]"), toldEvent(3*time.Minute, "failed", hearth.DetailIntegration, "webhook[0]", hearth.DetailError, "500")}},
			[]string{"delivered by email[0]", "not delivered by webhook[0] at 2026-11-21T11:57:00Z: 500", "The chain breaks here"}},
		{"in the past", Alert{Past: true, Rules: []AlertRule{slowRule()}, Events: []hearth.Event{fired, grouped, toldEvent(3*time.Minute, "failed", hearth.DetailIntegration, "webhook[0]", hearth.DetailError, "503")}},
			[]string{"firing since 2026-11-21T11:56:00Z", "not delivered by webhook[0]"}},
		{"other labels", Alert{Labels: map[string]string{"pod": "b"}, Rules: []AlertRule{firingSlow()}}, []string{"condition     BROKEN"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.a.Name, c.a.At = "Slow", noon
			text, breaks := c.a.Explain()
			if want := strings.Contains(text, "The chain breaks here"); breaks != want {
				t.Errorf("breaks is %v, for\n%s", breaks, text)
			}
			rest := text
			for _, want := range c.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Fatalf("no %q, in this order, in:\n%s", want, text)
				}
				rest = after
			}
		})
	}
}

func compared(r AlertRule, values ...string) AlertRule {
	r.Compared = &Comparison{Left: "latency", Op: ">", Right: "5", Values: values}
	return r
}

func young(r AlertRule) AlertRule {
	r = compared(r)
	r.Compared.Young = true
	return r
}

func TestFindAlert(t *testing.T) {
	l := New(Options{Store: sqlite(t)})
	for i, e := range []hearth.Event{
		ruleEvent(3 * time.Hour), toldEvent(2*time.Hour, "delivered"), toldEvent(time.Hour, "silenced"),
		{Time: noon, Kind: hearth.EventNotification, Details: details(hearth.DetailAlert, `firing {alertname="Slower"}`)},
	} {
		e.RequestID = hearth.RequestID("r-" + string(rune('0'+i)))
		l.Record(e)
	}
	if got := strings.Join(find(t, l, Query{Alert: "Slow"}), " "); got != "r-2 r-1 r-0" {
		t.Errorf("about Slow: %s", got)
	}
	if got := strings.Join(find(t, l, Query{Alert: "Slow", Until: noon.Add(-90 * time.Minute)}), " "); got != "r-1 r-0" {
		t.Errorf("about Slow, until half past ten: %s", got)
	}
}

func FuzzReadState(f *testing.F) {
	f.Add(slow + " pending -> firing: value 7")
	f.Add(`{"a b"="c\"}", d="}"} inactive -> pending: x`)
	f.Add(`{a=`)
	f.Add(`{" 0"=""} -> `)
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := readState(text)
		if !ok {
			return
		}
		if again, _, ok := readLabels(labelsText(s.labels)); !ok || keyOf(again) != keyOf(s.labels) {
			t.Fatalf("%q: %v became %v", text, s.labels, again)
		}
	})
}
