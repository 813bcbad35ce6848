package sns

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
)

var (
	topicName  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	regionName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	account    = regexp.MustCompile(`^[0-9]{12}$`)
)

// invalid is a parameter that breaks a rule, in AWS's sentence.
func invalid(parameter, reason string) error {
	msg := "Invalid parameter: " + parameter
	if reason != "" {
		msg += " Reason: " + reason
	}
	return &hearth.Error{Kind: hearth.Invalid, Msg: msg, Fields: []hearth.Field{{Name: parameter, Msg: reason}}}
}

func notServed(parameter, what string) error {
	return invalid(parameter, what+" is not served by this version of Hearth")
}

// Types of errors that have codes of their own.
const (
	TopicLimit        = "topic limit"
	SubscriptionLimit = "subscription limit"
	TagLimit          = "tag limit"
	TaggedResource    = "tagged resource"
)

func noTopic(arn hearth.ARN) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: arn.String(), Msg: "Topic does not exist"}
}

func noSubscription(arn string) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: arn, Msg: "Subscription does not exist"}
}

// ParseTopicARN accepts ARNs of topics only.
func ParseTopicARN(parameter, s string) (hearth.ARN, error) {
	a, err := hearth.ParseARN(s)
	switch {
	case err != nil || a.Service != "sns" || a.Partition != "aws" || !account.MatchString(string(a.Account)) || !regionName.MatchString(string(a.Region)):
		return hearth.ARN{}, invalid(parameter, "An ARN must have at least 6 elements: arn:aws:sns:REGION:ACCOUNT:TOPIC")
	case strings.HasSuffix(a.Resource, ".fifo"):
		return hearth.ARN{}, notServed(parameter, "a FIFO topic")
	case !topicName.MatchString(a.Resource):
		return hearth.ARN{}, invalid(parameter, "")
	}
	return a, nil
}

// ParseSubscriptionARN splits the ARN of a subscription into that of its topic
// and its own id.
func ParseSubscriptionARN(s string) (topic hearth.ARN, id string, err error) {
	at := strings.LastIndexByte(s, ':')
	if at < 0 {
		return hearth.ARN{}, "", invalid("SubscriptionArn", "An ARN must have at least 6 elements")
	}
	id = s[at+1:]
	if topic, err = ParseTopicARN("SubscriptionArn", s[:at]); err != nil {
		return hearth.ARN{}, "", err
	}
	if u, err := uuid.Parse(id); err != nil || u.String() != id {
		return hearth.ARN{}, "", invalid("SubscriptionArn", "it names no subscription")
	}
	return topic, id, nil
}

// The buckets. docs/sns.md describes them.
const (
	topicBucket        = "sns-topics"        // ACCOUNT/REGION/TOPIC
	subscriptionBucket = "sns-subscriptions" // ACCOUNT/REGION/TOPIC/ID
	ownerBucket        = "sns-owners"        // OWNER/REGION/ACCOUNT/TOPIC/ID
	messageBucket      = "sns-messages"      // MESSAGE
	deliveryBucket     = "sns-deliveries"    // MESSAGE/ID
	signerBucket       = "sns-signers"       // CERTIFICATE
	deadLog            = "sns-dead-letters"
)

func topicKey(a hearth.ARN) string {
	return string(a.Account) + "/" + string(a.Region) + "/" + a.Resource
}

func subscriptionKey(topic hearth.ARN, id string) string { return topicKey(topic) + "/" + id }

func ownerKey(s *Subscription) string {
	return fmt.Sprintf("%s/%s/%s/%s/%s", s.Owner, s.Topic.Region, s.Topic.Account, s.Topic.Resource, s.ID)
}

// pageSize is how many things a listing answers at once.
const pageSize = 100

// nextToken and afterToken hide and show the key at which a page ended. A key
// outside prefix is nobody's token.
func nextToken(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

func afterToken(token, prefix string) (string, error) {
	key, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || token != "" && !strings.HasPrefix(string(key), prefix) {
		return "", invalid("NextToken", "it is not one of this listing")
	}
	return string(key), nil
}
