package awsapi

import (
	"context"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sns"
)

func (s *Server) subscribe(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("TopicArn")
	if err != nil {
		return nil, err
	}
	if err := r.required("Protocol"); err != nil {
		return nil, err
	}
	attributes, err := r.entries("Attributes")
	if err != nil {
		return nil, err
	}
	sub, err := s.opts.SNS.Subscribe(ctx, arn, r.field("Protocol"), r.field("Endpoint"), attributes)
	if err != nil {
		return nil, err
	}
	shown := sub.ListedARN()
	switch {
	case r.yes("ReturnSubscriptionArn"):
		shown = sub.ARN()
	case shown != sub.ARN():
		shown = "pending confirmation"
	}
	return struct{ SubscriptionArn string }{shown}, nil
}

type subscriptionShape struct{ SubscriptionArn, Owner, Protocol, Endpoint, TopicArn string }

func listedSubscription(s *sns.Subscription) subscriptionShape {
	return subscriptionShape{s.ListedARN(), string(s.Owner), s.Protocol, s.Endpoint, s.Topic.String()}
}

type subscriptionPage struct {
	Subscriptions memberList[subscriptionShape]
	NextToken     string `xml:",omitempty"`
}

func (s *Server) listSubscriptions(ctx context.Context, r *request) (any, error) {
	if s.opts.SNS == nil {
		return nil, notServed(r.row.action)
	}
	all, next, err := s.opts.SNS.Subscriptions(ctx, r.field("NextToken"))
	if err != nil {
		return nil, err
	}
	return subscriptionPage{memberListOf(all, listedSubscription), next}, nil
}

func (s *Server) listSubscriptionsByTopic(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("TopicArn")
	if err != nil {
		return nil, err
	}
	all, next, err := s.opts.SNS.SubscriptionsByTopic(ctx, arn, r.field("NextToken"))
	if err != nil {
		return nil, err
	}
	return subscriptionPage{memberListOf(all, listedSubscription), next}, nil
}

func (r *request) subscriptionOf() (topic hearth.ARN, id string, err error) {
	if err := r.required("SubscriptionArn"); err != nil {
		return hearth.ARN{}, "", err
	}
	return sns.ParseSubscriptionARN(r.field("SubscriptionArn"))
}

func (s *Server) getSubscriptionAttributes(ctx context.Context, r *request) (any, error) {
	topic, id, err := r.subscriptionOf()
	if err != nil {
		return nil, err
	}
	all, err := s.opts.SNS.SubscriptionAttributes(ctx, topic, id)
	if err != nil {
		return nil, err
	}
	return struct{ Attributes entryList }{entriesOf(all)}, nil
}

func (s *Server) setSubscriptionAttributes(ctx context.Context, r *request) (any, error) {
	topic, id, err := r.subscriptionOf()
	if err != nil {
		return nil, err
	}
	if err := r.required("AttributeName"); err != nil {
		return nil, err
	}
	return nil, s.opts.SNS.SetSubscriptionAttribute(ctx, topic, id, r.field("AttributeName"), r.field("AttributeValue"))
}

// confirmSubscription is mostly asked for by a link, in a browser.
func (s *Server) confirmSubscription(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("TopicArn")
	if err != nil {
		return nil, err
	}
	if err := r.required("Token"); err != nil {
		return nil, err
	}
	sub, err := s.opts.SNS.Confirm(ctx, arn, r.field("Token"), r.yes("AuthenticateOnUnsubscribe"), signed(r))
	if err != nil {
		return nil, err
	}
	if byBrowser(r) {
		return htmlPage{Title: "Subscription confirmed", Text: "You have subscribed " + sub.Endpoint + " to the topic " + arn.Resource + ".",
			Detail: sub.ARN()}, nil
	}
	return struct{ SubscriptionArn string }{sub.ARN()}, nil
}

func (s *Server) unsubscribe(ctx context.Context, r *request) (any, error) {
	topic, id, err := r.subscriptionOf()
	if err != nil {
		return nil, err
	}
	if err := s.opts.SNS.Unsubscribe(ctx, topic, id, signed(r)); err != nil {
		return nil, err
	}
	if byBrowser(r) {
		return unsubscribedPage(topic), nil
	}
	return nil, nil
}

func unsubscribedPage(topic hearth.ARN) htmlPage {
	return htmlPage{Title: "Unsubscribed", Text: "You will get no more messages of the topic " + topic.Resource + ". A last message tells how to come back."}
}

// byBrowser tells people who opened a link from programs that called it.
func byBrowser(r *request) bool {
	return r.http.Method == "GET" && r.sig == nil && strings.Contains(r.http.Header.Get("Accept"), "text/html")
}
