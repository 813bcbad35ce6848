package sns

import (
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// An alert gets through whatever its templates made of it, and says what was
// repaired.
func TestAlertsAreRepaired(t *testing.T) {
	long := strings.Repeat("é", 200<<10)
	for _, c := range []struct {
		name, subject, body string
		attributes          map[string]string
		want                string // of modified
		truncated           bool
	}{
		{"fine", "Fire", "hello", map[string]string{"severity": "critical"}, "", false},
		{"not UTF-8", "", "\xff", nil, "Message: Error - not a valid UTF-8 encoded string", true},
		{"empty", "", "", nil, "Message: Error - Message should not be empty", false},
		{"long", "", long, nil, "Message: Error - Message has been truncated from 400 KB, because it exceeds the 256 KB size limit", true},
		{"odd subject", "Feuer ü", "hello", nil, "Subject: Error - contains non-printable ASCII characters", false},
		{"long subject", strings.Repeat("s", 120), "hello", nil, "Subject: Error - Subject has been truncated from 120 characters, because it exceeds the 100 character size limit", false},
		{"bad attribute", "", "hello", map[string]string{"a b": "x", "c": "", "d": "fine"}, "MessageAttribute: Error - 2 of the message attributes have been removed because of invalid MessageAttributeKey or MessageAttributeValue", false},
		{"long attribute", "", "hello", map[string]string{"a": long}, "MessageAttribute: Error - 1 of the message attributes have been removed because the message exceeds the 256KB size limit", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := repaired(c.subject, c.body, c.attributes)
			if err := m.check(); err != nil {
				t.Fatal(err)
			}
			want := ""
			if c.want != "" {
				want = `["` + c.want + `"]`
			}
			if got := m.Attributes["modified"].Value; got != want {
				t.Errorf("modified %s, want %s", got, want)
			}
			if _, truncated := m.Attributes["truncated"]; truncated != c.truncated {
				t.Errorf("truncated: %v", truncated)
			}
		})
	}
}

// A workspace publishes only where the topic's policy lets it.
func TestAlertsNeedThePolicy(t *testing.T) {
	h := newHouse(t)
	open, shut := h.topic("open", nil), h.topic("shut", nil)
	h.denied["shut"] = true
	from := hearth.Workspace{ID: hearth.NewWorkspaceID(), Account: own, Region: "us-east-1"}
	id, err := h.Publish(t.Context(), from, open.String(), "Fire", "hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	if e := h.last(id); e.Workspace != from.ID || e.Detail(hearth.DetailHint) == "" {
		t.Errorf("ledger: %+v", e)
	}
	_, err = h.Publish(t.Context(), from, shut.String(), "Fire", "hello", nil)
	if hearth.KindOf(err) != hearth.Denied || !strings.Contains(err.Error(), "AMP is not authorized to perform: SNS:Publish on resource: "+shut.String()) {
		t.Errorf("shut: %v", err)
	}
	if _, err = h.Publish(t.Context(), from, open.String()+"x", "Fire", "hello", nil); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("no such topic: %v", err)
	}
	if _, err = h.Publish(t.Context(), from, "open", "Fire", "hello", nil); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("no ARN: %v", err)
	}
}

// The filter is asked when the message is published.
func TestFiltersOfSubscriptions(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	h.subscribed(topic, "email", "all@example.org", nil)
	picky := h.subscribed(topic, "email", "picky@example.org", map[string]string{"FilterPolicy": `{"severity":["critical"]}`})
	h.run()
	say := func(severity string) string {
		id, err := h.PublishMessage(h.as(own), Message{Topic: topic, Body: severity, Attributes: map[string]Attribute{"severity": {"String", severity}}})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	calm, fire := say("info"), say("critical")
	h.eventually("three mails", 0, func() bool { return len(h.box.all()) == 3 })
	if h.outcomes(calm) != "published delivered" || h.outcomes(fire) != "published delivered delivered" {
		t.Errorf("%s, %s", h.outcomes(calm), h.outcomes(fire))
	}
	if err := h.SetSubscriptionAttribute(t.Context(), topic, picky.ID, "FilterPolicy", `{"a":{"b":["c"]}}`); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("a nested policy about attributes: %v", err)
	}
	if err := h.SetSubscriptionAttribute(t.Context(), topic, picky.ID, "FilterPolicyScope", "MessageBody"); err != nil {
		t.Error(err)
	}
	if err := h.SetSubscriptionAttribute(t.Context(), topic, picky.ID, "FilterPolicy", `{"a":{"b":["c"]}}`); err != nil {
		t.Error(err)
	}
}

// What may still wait is bounded, for each account.
func TestQueueIsBounded(t *testing.T) {
	q := newQueue()
	all := make([]job, maxQueuedAccount)
	for i := range all {
		all[i] = job{key: randomHex(8), lane: "mail", account: own, due: noon}
	}
	q.add(all)
	if err := q.room(own); hearth.KindOf(err) != hearth.Throttled {
		t.Errorf("full account: %v", err)
	}
	if err := q.room(other); err != nil {
		t.Errorf("another account: %v", err)
	}
	for range maxLaneWorkers {
		if _, ok, _ := q.next(noon); !ok {
			t.Fatal("nothing to do")
		}
	}
	if j, ok, _ := q.next(noon); ok {
		t.Errorf("a fifth worker for one host: %+v", j)
	}
}
