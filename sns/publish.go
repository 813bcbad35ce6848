package sns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// alertService is the principal in whose name workspaces publish.
const alertService = "aps.amazonaws.com"

// Publish tells a topic about an alert of a workspace, if the topic's policy lets
// aps.amazonaws.com. What breaks SNS's rules is Invalid: whoever made the message
// repairs it. The id it returns names the message in the ledger. A topic that
// does not exist is NotFound; one that is shut is Denied.
func (r *Room) Publish(ctx context.Context, from hearth.Workspace, topicARN, subject, body string, attributes map[string]string) (messageID string, err error) {
	topic, err := ParseTopicARN("TopicArn", topicARN)
	if err != nil {
		return "", err
	}
	if err := r.mayAlert(ctx, from, topic); err != nil {
		return "", err
	}
	in := Message{Topic: topic, Subject: subject, Body: body, Attributes: make(map[string]Attribute, len(attributes))}
	for name, value := range attributes {
		in.Attributes[name] = Attribute{Type: "String", Value: value}
	}
	if err := in.check(); err != nil {
		return "", err
	}
	return r.publish(ctx, in, from.ID)
}

// mayAlert asks the topic's policy. In profile local the workspace's account is
// also its aws:SourceOwner, and so the default policy lets it in; AWS leaves
// that key away. docs/decisions/0044-topic-policies.md
func (r *Room) mayAlert(ctx context.Context, from hearth.Workspace, topic hearth.ARN) error {
	a := hearth.Access{
		Action: "SNS:Publish", Resource: topic, TLS: true, Region: topic.Region, Time: r.opts.Now(),
		Context: map[string]string{"aws:SourceArn": from.ARN().String(), "aws:SourceAccount": string(from.Account)},
	}
	if r.opts.Profile == hearth.Local {
		a.Context["aws:SourceOwner"] = string(from.Account)
	}
	err := r.opts.Policies.AuthorizeService(ctx, alertService, a)
	if hearth.KindOf(err) != hearth.Denied {
		return err
	}
	if _, missing := r.Topic(ctx, topic); hearth.KindOf(missing) == hearth.NotFound {
		err = &absentTopic{topic}
	}
	return &hearth.Error{Kind: hearth.Denied, Resource: topic.String(), Err: err,
		Msg: "AMP is not authorized to perform: SNS:Publish on resource: " + topic.String() + " because no resource-based policy allows the SNS:Publish action"}
}

// An absentTopic is why a topic that does not exist is shut. Only its account may know.
type absentTopic struct{ arn hearth.ARN }

func (e *absentTopic) Error() string { return "there is no such topic" }

// Details are for the ledger of account a.
func (e *absentTopic) Details(a hearth.AccountID) []hearth.Detail {
	if a != e.arn.Account {
		return nil
	}
	return []hearth.Detail{{Name: hearth.DetailRemedy, Value: fmt.Sprintf(
		"There is no topic %s: aws sns create-topic --name %s --region %s makes it.", e.arn, e.arn.Resource, e.arn.Region)}}
}

// PublishMessage takes a message of a caller who may publish it.
func (r *Room) PublishMessage(ctx context.Context, in Message) (messageID string, err error) {
	if err := in.check(); err != nil {
		return "", err
	}
	return r.publish(ctx, in, "")
}

func (r *Room) publish(ctx context.Context, in Message, from hearth.WorkspaceID) (string, error) {
	m := r.newMessage(in.Topic, notification)
	m.Subject, m.Body, m.Attributes, m.Workspace = in.Subject, in.Body, in.Attributes, from
	m.RequestID = hearth.CallerFrom(ctx).RequestID
	if in.Structured {
		var err error
		if m.Body, m.Bodies, err = byProtocol(in.Body); err != nil {
			return "", err
		}
	}
	if err := r.queue.room(in.Topic.Account); err != nil {
		return "", err
	}
	var out fanOut
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		out, err = r.fan(tx, m)
		return err
	})
	if err != nil {
		return "", err
	}
	r.metrics.published.Inc()
	r.recordPublished(m, &out)
	r.enqueue(out.jobs)
	return m.ID, nil
}

// A fanOut is where one message goes.
type fanOut struct {
	jobs              []job
	filtered, waiting int // subscriptions that do not get it: by their filter, and unconfirmed ones
}

// fan queues m for each confirmed subscription whose filter lets it through.
func (r *Room) fan(tx store.Tx, m *message) (out fanOut, err error) {
	t, err := topicIn(tx, m.Topic)
	if err != nil {
		return out, err
	}
	subs, err := subscriptionsIn(tx, m.Topic)
	if err != nil {
		return out, err
	}
	for _, s := range subs {
		switch {
		case s.State == pending && !s.expired(r.opts.Now()):
			out.waiting++
		case s.State != confirmed:
		case !s.wants(m):
			out.filtered++
		default:
			j, err := r.addDelivery(tx, t, m, s)
			if err != nil {
				return out, err
			}
			out.jobs = append(out.jobs, j)
		}
	}
	if f := r.forwardOf(m.Topic); f != nil {
		j, err := r.addForward(tx, m, f)
		if err != nil {
			return out, err
		}
		out.jobs = append(out.jobs, j)
	}
	if len(out.jobs) == 0 {
		return out, nil
	}
	return out, put(tx, messageBucket, m.ID, m)
}

// wants asks the filter policy, which was checked when it was set.
func (s *Subscription) wants(m *message) bool {
	body := s.Attributes[attrFilterScope] == "MessageBody"
	f, err := parseFilter(s.Attributes[attrFilter], body)
	return err == nil && f.admits(m, body)
}

// A delivery is one message on its way to one endpoint.
type delivery struct {
	Message      string      `json:"message"`
	Subscription string      `json:"subscription"` // id
	Topic        hearth.ARN  `json:"topic"`
	Title        string      `json:"title,omitempty"` // the topic's display name
	Signature    string      `json:"signature,omitempty"`
	Protocol     string      `json:"protocol"`
	Endpoint     string      `json:"endpoint"`
	Raw          bool        `json:"raw,omitempty"`
	ContentType  string      `json:"contentType,omitempty"`
	Retry        retryPolicy `json:"retry"`
	Attempts     int         `json:"attempts"` // made so far
	Due          time.Time   `json:"due"`
	LastError    string      `json:"lastError,omitempty"`
}

func (d *delivery) key() string { return d.Message + "/" + d.Subscription }

func (d *delivery) arn() string { return d.Topic.String() + ":" + d.Subscription }

// addDelivery stores one delivery of m, which is due now.
func (r *Room) addDelivery(tx store.Tx, t *Topic, m *message, s *Subscription) (job, error) {
	d := &delivery{
		Message: m.ID, Subscription: s.ID, Topic: s.Topic, Title: t.Attributes[attrDisplayName], Signature: t.Attributes[attrSignature],
		Protocol: s.Protocol, Endpoint: s.Endpoint, Raw: s.raw() && m.Kind == notification, Due: r.opts.Now().UTC(), Retry: mailRetries,
	}
	if s.Protocol == protocolHTTP || s.Protocol == protocolHTTPS {
		p := effectivePolicy(t.Attributes[attrDeliveryPolicy], s.Attributes[attrDeliveryPolicy])
		d.Retry = *p.Healthy
		if p.Request != nil {
			d.ContentType = p.Request.ContentType
		}
	}
	return d.job(), put(tx, deliveryBucket, d.key(), d)
}

func (d *delivery) job() job {
	return job{key: d.key(), lane: laneOf(d.Endpoint), account: d.Topic.Account, due: d.Due}
}

func messageOf(err error) string {
	if e, ok := errors.AsType[*hearth.Error](err); ok {
		return e.Msg
	}
	return fmt.Sprint(err)
}
