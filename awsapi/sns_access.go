package awsapi

import (
	"errors"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/sns"
)

// maySNS asks about the topic or subscription that the form names. A topic of
// another account is asked about whether it exists or not, so that the answer
// does not tell.
func (s *Server) maySNS(r *request) error {
	if s.opts.SNS == nil {
		return notServed(r.row.action)
	}
	arn, tags := s.snsTarget(r)
	a := s.access(r)
	a.Action, a.Resource, a.ResourceTags = r.row.action, arn, tags
	a.RequestTags, _ = r.tagged("Tags") // the handler refuses what cannot be read
	a.TagKeys = r.listed("TagKeys")
	if r.row.operation() == "Subscribe" {
		a.Context = map[string]string{"sns:Protocol": r.field("Protocol"), "sns:Endpoint": r.field("Endpoint")}
	}
	if err := s.ask(r, a); err != nil {
		return asSNS(r, a, err)
	}
	if r.row.operation() == "CreateTopic" && len(a.RequestTags) > 0 {
		a.Action = "sns:TagResource"
		if err := s.ask(r, a); err != nil {
			return asSNS(r, a, err)
		}
	}
	return s.rightTopicRegion(r, arn)
}

// asSNS keeps the reason back if the topic is another account's: it would tell
// what that account's policy says, or that there is none.
func asSNS(r *request, a hearth.Access, err error) error {
	f, ok := errors.AsType[*refusal](err)
	if !ok || a.Resource.Account == r.caller.Account {
		return err
	}
	own := *f
	action := spelt(a.Action)
	own.msg = "User: " + r.caller.Principal.ARN.String() + " is not authorized to perform: " + action + " on resource: " + a.Resource.String() +
		" because no resource-based policy allows the " + action + " action"
	return &own
}

// rightTopicRegion refuses a topic of another region than the request was signed
// for: AWS would not find it there.
func (s *Server) rightTopicRegion(r *request, arn hearth.ARN) error {
	if arn.Region == r.caller.Region || arn.Service != "sns" {
		return nil
	}
	return &hearth.Error{Kind: hearth.Invalid, Resource: arn.String(),
		Msg: "Invalid parameter: TopicArn Reason: the topic is in " + string(arn.Region) + ", and the request was signed for " + string(r.caller.Region)}
}

// snsTarget is what an operation is done to, with the tags it has. What is no
// ARN concerns nobody; the handler says what is wrong with it.
func (s *Server) snsTarget(r *request) (hearth.ARN, map[string]string) {
	if r.row.operation() == "CreateTopic" {
		return s.topicTarget(r, callerARN(r, r.field("Name")))
	}
	if r.row.on == snsSubscription || r.row.operation() == "Unsubscribe" {
		return s.subscriptionTarget(r), nil
	}
	arn, err := sns.ParseTopicARN("TopicArn", topicField(r))
	if err != nil {
		return callerARN(r, "*"), nil
	}
	if r.row.operation() == "ConfirmSubscription" {
		arn.Account = r.caller.Account // the token lets in, whosever topic it is
	}
	return s.topicTarget(r, arn)
}

// topicField is the topic that the form names, in the member that the operation reads:
// what others name, nobody asked for.
func topicField(r *request) string {
	switch r.row.operation() {
	case "TagResource", "UntagResource", "ListTagsForResource":
		return r.field("ResourceArn")
	case "Publish":
		return r.field(publishedTo(r))
	}
	return r.field("TopicArn")
}

func (s *Server) topicTarget(r *request, arn hearth.ARN) (hearth.ARN, map[string]string) {
	t, err := s.opts.SNS.Topic(r.http.Context(), arn)
	if err != nil {
		return arn, nil
	}
	return arn, t.Tags
}

// subscriptionTarget is the subscription; one that the caller made to another
// account's topic is the caller's own.
func (s *Server) subscriptionTarget(r *request) hearth.ARN {
	topic, id, err := sns.ParseSubscriptionARN(r.field("SubscriptionArn"))
	if err != nil {
		return callerARN(r, "*")
	}
	arn := topic
	arn.Resource += ":" + id
	if topic.Account != r.caller.Account {
		if sub, err := s.opts.SNS.Subscription(r.http.Context(), topic, id); err == nil && sub.Owner == r.caller.Account {
			arn.Account = r.caller.Account
		}
	}
	return arn
}

// mayFollow lets whoever holds a link do what it is for. Who signs must have the
// right, as for any operation.
func (s *Server) mayFollow(r *request) error {
	switch {
	case s.opts.SNS == nil:
		return notServed(r.row.action)
	case !signed(r):
		return nil
	}
	return s.maySNS(r)
}

// mayRead lets anyone at a page.
func (s *Server) mayRead(r *request) error {
	if s.opts.SNS == nil {
		return notServed(r.row.action)
	}
	return nil
}

// signed tells whether the caller of an operation that needs no signature has
// given one, and so has proven who they are.
func signed(r *request) bool { return r.caller.Account != "" }

// spelt is an SNS action as SNS's own messages have it.
func spelt(action string) string {
	if name, ok := strings.CutPrefix(action, "sns:"); ok {
		return "SNS:" + name
	}
	return action
}

var _ iam.Elsewhere = (*sns.Room)(nil)
