package sns

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// Only the one who was asked can confirm, in time.
func TestConfirmation(t *testing.T) {
	h := newHouse(t)
	topic, elsewhere := h.topic("alerts", nil), h.topic("elsewhere", nil)
	s, err := h.Subscribe(h.as(own), topic, "email", "me@example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() error{
		"no token":     func() error { _, err := h.Confirm(t.Context(), topic, "", false, false); return err },
		"half a token": func() error { _, err := h.Confirm(t.Context(), topic, s.Token[:40], false, false); return err },
		"a changed token": func() error {
			_, err := h.Confirm(t.Context(), topic, s.Token[:len(s.Token)-1]+"z", false, false)
			return err
		},
		"another topic":    func() error { _, err := h.Confirm(t.Context(), elsewhere, s.Token, false, false); return err },
		"a lock, unsigned": func() error { _, err := h.Confirm(t.Context(), topic, s.Token, true, false); return err },
	} {
		if err := try(); err == nil {
			t.Errorf("%s confirms", name)
		}
	}
	again, err := h.Subscribe(h.as(own), topic, "email", "me@example.org", nil)
	if err != nil || again.ID != s.ID {
		t.Errorf("subscribing again: %+v %v", again, err)
	}
	h.clock.advance(confirmWithin + time.Second)
	if _, err := h.Confirm(t.Context(), topic, s.Token, false, false); err == nil {
		t.Error("an old link confirms")
	}
	if err := h.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Subscription(t.Context(), topic, s.ID); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("still there: %v", err)
	}
}

// Nobody's mailbox is filled with questions.
func TestQuestionsAreBounded(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	var err error
	for range maxAsked + 1 {
		_, err = h.Subscribe(h.as(own), topic, "email", "me@example.org", nil)
	}
	if hearth.KindOf(err) != hearth.Throttled {
		t.Errorf("%v", err)
	}
}

// A locked subscription ends by its owner's signature only.
func TestLockedSubscription(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	s, err := h.Subscribe(h.as(own), topic, "email", "me@example.org", nil)
	if err == nil {
		s, err = h.Confirm(t.Context(), topic, s.Token, true, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Unsubscribe(t.Context(), topic, s.ID, false); hearth.KindOf(err) != hearth.Denied {
		t.Errorf("unsigned: %v", err)
	}
	if err := h.Unsubscribe(t.Context(), topic, s.ID, true); err != nil {
		t.Errorf("signed: %v", err)
	}
}

// Listings come in pages; a page's token is good for its own listing only.
func TestPages(t *testing.T) {
	h := newHouse(t)
	for i := range 2*pageSize + 5 {
		h.topic(fmt.Sprintf("t%03d", i), nil)
	}
	if _, err := h.CreateTopic(h.as(other), "theirs", nil, nil); err != nil {
		t.Fatal(err)
	}
	seen, token, pages := map[string]bool{}, "", 0
	for {
		all, next, err := h.Topics(h.as(own), token)
		if err != nil {
			t.Fatal(err)
		}
		for _, topic := range all {
			seen[topic.ARN.Resource] = true
		}
		pages++
		if token = next; token == "" {
			break
		}
		if _, _, err := h.Topics(h.as(other), token); hearth.KindOf(err) != hearth.Invalid {
			t.Errorf("another account's token: %v", err)
		}
	}
	if len(seen) != 2*pageSize+5 || pages != 3 || seen["theirs"] {
		t.Errorf("%d topics on %d pages", len(seen), pages)
	}
}

// A topic that is made anew has nothing of the one before.
func TestDeletedTopicLeavesNothing(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", map[string]string{"DisplayName": "Old", "Policy": `{"Statement":[]}`})
	s := h.subscribed(topic, "email", "me@example.org", nil)
	id := h.say(topic, "not delivered any more")
	if err := h.DeleteTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	h.topic("alerts", nil)
	if _, err := h.Subscription(t.Context(), topic, s.ID); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("the subscription: %v", err)
	}
	all, err := h.TopicAttributes(t.Context(), topic)
	if err != nil || all["DisplayName"] != "" || !strings.Contains(all["Policy"], "__default_policy_ID") || all["SubscriptionsConfirmed"] != "0" {
		t.Errorf("%v %v", all, err)
	}
	h.run()
	h.eventually("the queue", 0, func() bool { return h.outcomes(id) == "published dropped" })
	if len(h.box.all()) != 0 {
		t.Error("delivered")
	}
}
