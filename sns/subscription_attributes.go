package sns

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// checkSubscriptionAttribute accepts the attributes a subscription can have.
func checkSubscriptionAttribute(protocol, name, value string) error {
	switch name {
	case attrRaw:
		if err := oneOf(name, value, "", "true", "false"); err != nil {
			return err
		}
		if value == "true" && protocol != "http" && protocol != "https" {
			return invalid("Attributes", "Delivery protocol ["+protocol+"] does not support raw message delivery.")
		}
		return nil
	case attrFilter:
		_, err := parseFilter(value, false)
		if err == nil {
			return nil
		}
		if _, nested := parseFilter(value, true); nested == nil {
			return nil // its scope may be the body; checkFilterOf decides
		}
		return err
	case attrFilterScope:
		return oneOf(name, value, "", "MessageAttributes", "MessageBody")
	case attrDeliveryPolicy:
		return checkDeliveryPolicy(value, false)
	case "RedrivePolicy":
		if value == "" {
			return nil
		}
		return notServed(name, "a dead-letter queue of Amazon SQS (Hearth keeps dead letters itself)")
	case "SubscriptionRoleArn", "ReplayPolicy":
		return notServed(name, "it")
	}
	return invalid("AttributeName", "")
}

// checkFilterOf checks the filter policy together with its scope.
func checkFilterOf(attributes map[string]string) error {
	_, err := parseFilter(attributes[attrFilter], attributes[attrFilterScope] == "MessageBody")
	return err
}

// SetSubscriptionAttribute changes one attribute. An empty value takes it away.
func (r *Room) SetSubscriptionAttribute(ctx context.Context, topic hearth.ARN, id, name, value string) error {
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		s, err := subscriptionIn(tx, topic, id)
		if err != nil {
			return err
		}
		if err := checkSubscriptionAttribute(s.Protocol, name, value); err != nil {
			return err
		}
		if s.Attributes == nil {
			s.Attributes = map[string]string{}
		}
		s.Attributes[name] = value
		if value == "" || name == attrFilter && value == "{}" {
			delete(s.Attributes, name)
		}
		if err := checkFilterOf(s.Attributes); err != nil {
			return err
		}
		return s.save(tx)
	})
}

// SubscriptionAttributes are all attributes, as GetSubscriptionAttributes
// answers.
func (r *Room) SubscriptionAttributes(ctx context.Context, topic hearth.ARN, id string) (map[string]string, error) {
	s, err := r.Subscription(ctx, topic, id)
	if err != nil {
		return nil, err
	}
	t, err := r.Topic(ctx, topic)
	if err != nil {
		return nil, err
	}
	out := map[string]string{attrRaw: "false"}
	maps.Copy(out, s.Attributes)
	out["SubscriptionArn"], out["TopicArn"], out["Owner"] = s.ARN(), topic.String(), string(s.Owner)
	out["Protocol"], out["Endpoint"] = s.Protocol, s.Endpoint
	out["PendingConfirmation"] = strconv.FormatBool(s.State == pending)
	out["ConfirmationWasAuthenticated"] = strconv.FormatBool(s.Locked)
	if s.Attributes[attrFilter] != "" && out[attrFilterScope] == "" {
		out[attrFilterScope] = "MessageAttributes"
	}
	if strings.HasPrefix(s.Protocol, "http") {
		effective, err := json.Marshal(effectivePolicy(t.Attributes[attrDeliveryPolicy], s.Attributes[attrDeliveryPolicy]))
		if err != nil {
			return nil, err
		}
		out["EffectiveDeliveryPolicy"] = string(effective)
	}
	return out, nil
}

// subscriptionOfOwned turns OWNER/REGION/ACCOUNT/TOPIC/ID into the key of
// subscriptionBucket.
func subscriptionOfOwned(key, region string) (string, bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 5 || parts[1] != region {
		return "", false
	}
	return subscriptionKey(hearth.ARN{Account: hearth.AccountID(parts[2]), Region: hearth.Region(region), Resource: parts[3]}, parts[4]), true
}
