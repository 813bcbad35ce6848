package sns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A state is a stage in a subscription's life. What is pending or deleted goes
// away by itself after confirmWithin.
type state string

const (
	pending   state = "pending"
	confirmed state = "confirmed"
	deleted   state = "deleted" // by its endpoint, which may come back
)

// confirmWithin is how long a confirmation's link works.
const confirmWithin = 48 * time.Hour

// A Subscription asks that a topic's messages be delivered to an endpoint.
type Subscription struct {
	ID         string            `json:"id"`
	Topic      hearth.ARN        `json:"topic"`
	Owner      hearth.AccountID  `json:"owner"` // who subscribed; may be another account
	Protocol   string            `json:"protocol"`
	Endpoint   string            `json:"endpoint"`
	Attributes map[string]string `json:"attributes,omitempty"`
	State      state             `json:"state"`
	Since      time.Time         `json:"since"`            // of State
	Token      string            `json:"token"`            // confirms
	Asked      int               `json:"asked"`            // confirmations sent
	Locked     bool              `json:"locked,omitempty"` // only its owner's signature ends it (AuthenticateOnUnsubscribe)
}

// ARN names the subscription.
func (s *Subscription) ARN() string { return s.Topic.String() + ":" + s.ID }

// ListedARN is what listings show: AWS keeps the ARN back until the endpoint has
// agreed.
func (s *Subscription) ListedARN() string {
	switch s.State {
	case pending:
		return "PendingConfirmation"
	case deleted:
		return "Deleted"
	}
	return s.ARN()
}

func (s *Subscription) raw() bool { return s.Attributes[attrRaw] == "true" }

func (s *Subscription) expired(now time.Time) bool {
	return s.State != confirmed && now.Sub(s.Since) > confirmWithin
}

func (s *Subscription) key() string { return subscriptionKey(s.Topic, s.ID) }

func (s *Subscription) save(tx store.Tx) error {
	if err := tx.Put(ownerBucket, ownerKey(s), []byte(`{}`)); err != nil {
		return err
	}
	return put(tx, subscriptionBucket, s.key(), s)
}

func (s *Subscription) delete(tx store.Tx) error {
	if err := tx.Delete(ownerBucket, ownerKey(s)); err != nil {
		return err
	}
	return tx.Delete(subscriptionBucket, s.key())
}

// newToken is what only the endpoint learns. It begins with the subscription's
// id, so that it is found without a search.
func newToken(id string) string {
	u := uuid.MustParse(id)
	return fmt.Sprintf("%x%s", u[:], randomHex(48))
}

// subscriptionsIn reads all subscriptions of a topic.
func subscriptionsIn(tx store.Tx, topic hearth.ARN) ([]*Subscription, error) {
	entries, err := tx.Scan(subscriptionBucket, topicKey(topic)+"/", "", 0)
	if err != nil {
		return nil, err
	}
	out := make([]*Subscription, 0, len(entries))
	for _, e := range entries {
		s, err := readSubscription(e)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func readSubscription(e store.Entry) (*Subscription, error) {
	s := &Subscription{}
	if err := json.Unmarshal(e.Value, s); err != nil {
		return nil, fmt.Errorf("%s %s: %w", subscriptionBucket, e.Key, err)
	}
	return s, nil
}

// subscriptionIn reads one; what is not there is NotFound.
func subscriptionIn(tx store.Tx, topic hearth.ARN, id string) (*Subscription, error) {
	s, err := get[Subscription](tx, subscriptionBucket, subscriptionKey(topic, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, noSubscription(topic.String() + ":" + id)
	}
	return s, err
}

// maxAsked bounds the confirmations that one pending subscription causes, so
// that nobody's mailbox is filled by way of Hearth.
const maxAsked = 10

// Subscribe asks an endpoint whether it wants a topic's messages. Subscribing
// again asks again while it has not answered.
func (r *Room) Subscribe(ctx context.Context, topic hearth.ARN, protocol, endpoint string, attributes map[string]string) (*Subscription, error) {
	endpoint, err := r.checkEndpoint(protocol, endpoint)
	if err != nil {
		return nil, err
	}
	for name, value := range attributes {
		if err := checkSubscriptionAttribute(protocol, name, value); err != nil {
			return nil, err
		}
	}
	if err := checkFilterOf(attributes); err != nil {
		return nil, err
	}
	want := &Subscription{Topic: topic, Owner: hearth.CallerFrom(ctx).Account, Protocol: protocol, Endpoint: endpoint, Attributes: attributes}
	var have *Subscription
	jobs := []job{}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		jobs = jobs[:0]
		if have, err = r.subscribeIn(tx, want); err != nil || have.State == confirmed {
			return err
		}
		j, err := r.askToConfirm(tx, have)
		jobs = append(jobs, j)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.enqueue(jobs)
	return have, nil
}

// subscribeIn finds the subscription that is like want, or makes it.
func (r *Room) subscribeIn(tx store.Tx, want *Subscription) (*Subscription, error) {
	if _, err := topicIn(tx, want.Topic); err != nil {
		return nil, err
	}
	all, err := subscriptionsIn(tx, want.Topic)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Protocol != want.Protocol || s.Endpoint != want.Endpoint || s.State == deleted || s.expired(r.opts.Now()) {
			continue
		}
		if s.State == confirmed && !sameAttributes(s.Attributes, want.Attributes) {
			return nil, invalid("Attributes", "Subscription already exists with different attributes")
		}
		return s, nil
	}
	if len(all) >= maxSubscriptions {
		return nil, &hearth.Error{Kind: hearth.Quota, Type: SubscriptionLimit, Msg: fmt.Sprintf("The topic has %d subscriptions: the subscription limit is reached", len(all))}
	}
	s := *want
	s.ID = newID()
	s.State, s.Since, s.Token = pending, r.opts.Now().UTC(), newToken(s.ID)
	return &s, nil
}

func sameAttributes(have, want map[string]string) bool {
	return len(want) == 0 || maps.Equal(have, want)
}

// Subscription returns a subscription.
func (r *Room) Subscription(ctx context.Context, topic hearth.ARN, id string) (s *Subscription, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		s, err = subscriptionIn(tx, topic, id)
		return err
	})
	if err == nil && s.expired(r.opts.Now()) {
		return nil, noSubscription(s.ARN())
	}
	return s, err
}

// Subscriptions lists those of the caller's account in its region, on whosever
// topics.
func (r *Room) Subscriptions(ctx context.Context, token string) (all []*Subscription, next string, err error) {
	c := hearth.CallerFrom(ctx)
	prefix := string(c.Account) + "/" + string(c.Region) + "/"
	after, err := afterToken(token, prefix)
	if err != nil {
		return nil, "", err
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		entries, err := tx.Scan(ownerBucket, prefix, after, pageSize+1)
		if err != nil {
			return err
		}
		if len(entries) > pageSize {
			entries = entries[:pageSize]
			next = nextToken(entries[pageSize-1].Key)
		}
		all, err = r.owned(tx, entries, string(c.Region))
		return err
	})
	return all, next, err
}

// owned reads the subscriptions that entries of ownerBucket stand for.
func (r *Room) owned(tx store.Tx, entries []store.Entry, region string) (all []*Subscription, err error) {
	for _, e := range entries {
		key, ok := subscriptionOfOwned(e.Key, region)
		if !ok {
			continue
		}
		s, err := get[Subscription](tx, subscriptionBucket, key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !s.expired(r.opts.Now()) {
			all = append(all, s)
		}
	}
	return all, nil
}

// SubscriptionsByTopic lists a topic's subscriptions.
func (r *Room) SubscriptionsByTopic(ctx context.Context, topic hearth.ARN, token string) (all []*Subscription, next string, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		if _, err := topicIn(tx, topic); err != nil {
			return err
		}
		all, next, err = page[Subscription](tx, subscriptionBucket, topicKey(topic)+"/", token)
		return err
	})
	kept := all[:0]
	for _, s := range all {
		if !s.expired(r.opts.Now()) {
			kept = append(kept, s)
		}
	}
	return kept, next, err
}

// newID mints ids in order of time, so that listings begin with the oldest.
func newID() string {
	u, err := uuid.NewV7()
	if err != nil { // no random bytes: the program cannot go on
		panic(err)
	}
	return u.String()
}
