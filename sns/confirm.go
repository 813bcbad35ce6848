package sns

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// askToConfirm queues the message that asks a pending subscription's endpoint.
func (r *Room) askToConfirm(tx store.Tx, s *Subscription) (job, error) {
	if s.Asked >= maxAsked {
		return job{}, &hearth.Error{Kind: hearth.Throttled, Msg: fmt.Sprintf("The endpoint was asked %d times and did not confirm", s.Asked)}
	}
	s.Asked++
	if err := s.save(tx); err != nil {
		return job{}, err
	}
	return r.post(tx, s, subscriptionConfirmation)
}

// post queues a message to one subscription alone: a question or a farewell.
func (r *Room) post(tx store.Tx, s *Subscription, kind messageType) (job, error) {
	m := r.newMessage(s.Topic, kind)
	m.Token = s.Token
	if kind == subscriptionConfirmation {
		m.Body = "You have chosen to subscribe to the topic " + s.Topic.String() + ".\nTo confirm the subscription, visit the SubscribeURL included in this message."
	} else {
		m.Body = "You have chosen to deactivate subscription " + s.ARN() + ".\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
	}
	t, err := topicIn(tx, s.Topic)
	if err != nil {
		return job{}, err
	}
	if err := put(tx, messageBucket, m.ID, m); err != nil {
		return job{}, err
	}
	return r.addDelivery(tx, t, m, s)
}

// idOfToken is the id of the subscription a token belongs to.
func idOfToken(token string) (string, bool) {
	if len(token) < 32 || len(token) > 512 {
		return "", false
	}
	raw, err := hex.DecodeString(token[:32])
	if err != nil {
		return "", false
	}
	u, err := uuid.FromBytes(raw)
	return u.String(), err == nil
}

// Confirm answers for an endpoint that it wants the topic's messages. signed
// says that the caller has proven who they are; only then may lock be asked for.
func (r *Room) Confirm(ctx context.Context, topic hearth.ARN, token string, lock, signed bool) (*Subscription, error) {
	if lock && !signed {
		return nil, &hearth.Error{Kind: hearth.Denied, Msg: "AuthenticateOnUnsubscribe needs a signed request"}
	}
	var s *Subscription
	look := func(tx store.Tx) (err error) {
		s, err = r.byToken(tx, topic, token)
		return err
	}
	// Strangers' guesses must not queue for the one writer.
	if err := r.opts.Store.View(ctx, look); err != nil || s.State == confirmed {
		return s, err
	}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		if err := look(tx); err != nil || s.State == confirmed {
			return err
		}
		s.State, s.Since, s.Locked, s.Asked = confirmed, r.opts.Now().UTC(), lock, 0
		return s.save(tx)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// byToken is the subscription that a token confirms.
func (r *Room) byToken(tx store.Tx, topic hearth.ARN, token string) (*Subscription, error) {
	bad := invalid("Token", "")
	id, ok := idOfToken(token)
	if !ok {
		return nil, bad
	}
	s, err := subscriptionIn(tx, topic, id)
	switch {
	case hearth.KindOf(err) == hearth.NotFound:
		return nil, bad
	case err != nil:
		return nil, err
	case subtle.ConstantTimeCompare([]byte(s.Token), []byte(token)) != 1 || s.expired(r.opts.Now()):
		return nil, bad
	}
	return s, nil
}

// Unsubscribe ends a subscription. Who has proven to own it ends it for good.
// Whoever else holds its ARN, as the endpoint does, may end it, too, unless it is
// locked; then the endpoint is told, and can come back for two days.
func (r *Room) Unsubscribe(ctx context.Context, topic hearth.ARN, id string, owner bool) error {
	if _, err := r.Subscription(ctx, topic, id); err != nil && !owner {
		return err
	}
	jobs := []job{}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		jobs = jobs[:0]
		s, err := subscriptionIn(tx, topic, id)
		switch {
		case hearth.KindOf(err) == hearth.NotFound && owner, err == nil && s.State == deleted && !owner:
			return nil
		case err != nil:
			return err
		case owner:
			return s.delete(tx)
		case s.Locked:
			return &hearth.Error{Kind: hearth.Denied, Msg: "the subscription was confirmed with AuthenticateOnUnsubscribe: the request must be signed by its owner"}
		case s.State == pending:
			return s.delete(tx)
		}
		s.State, s.Since, s.Token = deleted, r.opts.Now().UTC(), newToken(s.ID)
		if err := s.save(tx); err != nil {
			return err
		}
		j, err := r.post(tx, s, unsubscribeConfirmation)
		jobs = append(jobs, j)
		return err
	})
	if err != nil {
		return err
	}
	r.enqueue(jobs)
	return nil
}

// sweep forgets subscriptions that were not confirmed, or not restored, in time.
func (r *Room) sweep(ctx context.Context) error {
	now := r.opts.Now()
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		entries, err := tx.Scan(subscriptionBucket, "", "", 0)
		if err != nil {
			return err
		}
		for _, e := range entries {
			s, err := readSubscription(e)
			if err != nil {
				return err
			}
			if !s.expired(now) {
				continue
			}
			if err := s.delete(tx); err != nil {
				return err
			}
		}
		return nil
	})
}
