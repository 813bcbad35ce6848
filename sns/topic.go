package sns

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Bounds of an account, AWS's defaults.
// https://docs.aws.amazon.com/general/latest/gr/sns.html
const (
	maxTopics        = 100_000
	maxSubscriptions = 10_000 // of one topic; AWS has 12.5 million
	maxTags          = 50
)

// A Topic is a name that messages are published to.
type Topic struct {
	ARN        hearth.ARN        `json:"arn"`
	Attributes map[string]string `json:"attributes,omitempty"` // those that were set
	Tags       map[string]string `json:"tags,omitempty"`
	Created    time.Time         `json:"created"`
}

// policy is the topic's policy: the one it was given, or AWS's default.
func (t *Topic) policy() string {
	if p := t.Attributes[attrPolicy]; p != "" {
		return p
	}
	return DefaultPolicy(t.ARN)
}

// DefaultPolicy is what AWS gives a new topic: it allows whom the condition
// calls the owner. docs/decisions/0044-topic-policies.md
func DefaultPolicy(arn hearth.ARN) string {
	return fmt.Sprintf(`{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},`+
		`"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],`+
		`"Resource":"%s","Condition":{"StringEquals":{"AWS:SourceOwner":"%s"}}}]}`, arn, arn.Account)
}

// ResourcePolicy returns the policy of a topic, and false if there is no such
// topic, or its last statement was removed.
func (r *Room) ResourcePolicy(ctx context.Context, arn hearth.ARN) (document string, ok bool, err error) {
	t, err := r.Topic(ctx, arn)
	switch {
	case err == nil:
		p := t.policy()
		return p, !strings.HasSuffix(p, noStatements), nil
	case hearth.KindOf(err) == hearth.NotFound:
		return "", false, nil
	}
	return "", false, err
}

// CreateTopic makes a topic in the caller's account and region, or finds the one
// that has the name, the attributes and the tags.
func (r *Room) CreateTopic(ctx context.Context, name string, attributes, tags map[string]string) (hearth.ARN, error) {
	c := hearth.CallerFrom(ctx)
	arn := hearth.ARN{Partition: "aws", Service: "sns", Region: c.Region, Account: c.Account, Resource: name}
	if err := r.checkNew(arn, attributes, tags); err != nil {
		return arn, err
	}
	return arn, r.opts.Store.Update(ctx, func(tx store.Tx) error {
		t, err := topicIn(tx, arn)
		if err == nil {
			return t.sameAs(attributes, tags)
		}
		if hearth.KindOf(err) != hearth.NotFound {
			return err
		}
		if err := roomFor(tx, topicBucket, string(c.Account)+"/", maxTopics, TopicLimit); err != nil {
			return err
		}
		return put(tx, topicBucket, topicKey(arn), Topic{ARN: arn, Attributes: attributes, Tags: tags, Created: r.opts.Now().UTC()})
	})
}

func (r *Room) checkNew(arn hearth.ARN, attributes, tags map[string]string) error {
	switch {
	case strings.HasSuffix(arn.Resource, ".fifo"):
		return notServed("Topic Name", "a FIFO topic")
	case !topicName.MatchString(arn.Resource):
		return invalid("Topic Name", "")
	case !regionName.MatchString(string(arn.Region)):
		return invalid("Region", "it is not a region's name")
	}
	for name, value := range attributes {
		if err := r.checkTopicAttribute(arn, name, value); err != nil {
			return err
		}
	}
	return checkTags(tags)
}

// sameAs compares what a topic has with what it is asked to have been made with.
func (t *Topic) sameAs(attributes, tags map[string]string) error {
	for name, value := range attributes {
		if t.Attributes[name] != value {
			return invalid("Attributes", "Topic already exists with different attributes")
		}
	}
	if len(tags) > 0 && !maps.Equal(tags, t.Tags) {
		return invalid("Tags", "Topic already exists with different tags")
	}
	return nil
}

// roomFor refuses one more than most.
func roomFor(tx store.Tx, bucket, prefix string, most int, limit string) error {
	entries, err := tx.Scan(bucket, prefix, "", most)
	if err != nil || len(entries) < most {
		return err
	}
	return &hearth.Error{Kind: hearth.Quota, Type: limit, Msg: "There are " + strconv.Itoa(most) + " already: the " + limit + " is reached"}
}

// Topic returns a topic.
func (r *Room) Topic(ctx context.Context, arn hearth.ARN) (t *Topic, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		t, err = topicIn(tx, arn)
		return err
	})
	return t, err
}

// DeleteTopic deletes a topic with its subscriptions. One that does not exist is
// no error.
func (r *Room) DeleteTopic(ctx context.Context, arn hearth.ARN) error {
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		subs, err := subscriptionsIn(tx, arn)
		if err != nil {
			return err
		}
		for _, s := range subs {
			if err := s.delete(tx); err != nil {
				return err
			}
		}
		return tx.Delete(topicBucket, topicKey(arn))
	})
}

// Topics lists the caller's topics in their region, a page at a time.
func (r *Room) Topics(ctx context.Context, token string) (all []*Topic, next string, err error) {
	c := hearth.CallerFrom(ctx)
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		all, next, err = page[Topic](tx, topicBucket, string(c.Account)+"/"+string(c.Region)+"/", token)
		return err
	})
	return all, next, err
}

// SetTopicAttribute changes one attribute. An empty value takes it away.
func (r *Room) SetTopicAttribute(ctx context.Context, arn hearth.ARN, name, value string) error {
	if err := r.checkTopicAttribute(arn, name, value); err != nil {
		return err
	}
	return r.changeTopic(ctx, arn, func(t *Topic) error {
		if t.Attributes == nil {
			t.Attributes = map[string]string{}
		}
		t.Attributes[name] = value
		if value == "" {
			delete(t.Attributes, name)
		}
		return nil
	})
}

func (r *Room) changeTopic(ctx context.Context, arn hearth.ARN, change func(*Topic) error) error {
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		t, err := topicIn(tx, arn)
		if err != nil {
			return err
		}
		if err := change(t); err != nil {
			return err
		}
		return put(tx, topicBucket, topicKey(arn), t)
	})
}

// TopicAttributes are all attributes of a topic, as GetTopicAttributes answers.
func (r *Room) TopicAttributes(ctx context.Context, arn hearth.ARN) (map[string]string, error) {
	out := map[string]string{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		t, err := topicIn(tx, arn)
		if err != nil {
			return err
		}
		subs, err := subscriptionsIn(tx, arn)
		if err != nil {
			return err
		}
		maps.Copy(out, t.Attributes)
		out["TopicArn"], out["Owner"], out[attrPolicy] = arn.String(), string(arn.Account), t.policy()
		out[attrDisplayName] = t.Attributes[attrDisplayName]
		effective, err := json.Marshal(effectivePolicy(t.Attributes[attrDeliveryPolicy], ""))
		out["EffectiveDeliveryPolicy"] = `{"http":` + string(effective) + `}`
		countStates(out, subs)
		return err
	})
	return out, err
}

func countStates(out map[string]string, subs []*Subscription) {
	n := map[state]int{}
	for _, s := range subs {
		n[s.State]++
	}
	out["SubscriptionsConfirmed"] = strconv.Itoa(n[confirmed])
	out["SubscriptionsPending"] = strconv.Itoa(n[pending])
	out["SubscriptionsDeleted"] = strconv.Itoa(n[deleted])
}
