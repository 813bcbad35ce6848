package sns

import (
	"errors"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

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
	h.denied["gone"] = true
	gone := strings.Replace(shut.String(), ":shut", ":gone", 1)
	_, err = h.Publish(t.Context(), from, gone, "Fire", "hello", nil)
	x, ok := errors.AsType[hearth.Explained](err)
	if !ok {
		t.Fatalf("gone and shut: %v", err)
	}
	if d := x.Details(own); len(d) != 1 || !strings.Contains(d[0].Value, "There is no topic "+gone) || x.Details("222222222222") != nil {
		t.Errorf("its account knows %v, another %v", d, x.Details("222222222222"))
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
	h.eventually("the ledger's word of both", 0, func() bool {
		return h.outcomes(calm) == "published delivered" && h.outcomes(fire) == "published delivered delivered"
	})
	if n := len(h.box.all()); n != 3 {
		t.Errorf("%d mails, want 3", n)
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
