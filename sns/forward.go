package sns

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A Forward sends what is published to topics here on to a topic of Amazon SNS,
// beside their subscribers here.
type Forward struct {
	Topics string // a pattern of ARNs: * stands for any text
	Target string // the ARN there; ${name} stands for the topic's name
	Client Publishing
}

// Publishing publishes a message at Amazon SNS; *awssns.Client does. It makes one
// attempt.
type Publishing interface {
	Publish(ctx context.Context, in *awssns.PublishInput, opts ...func(*awssns.Options)) (*awssns.PublishOutput, error)
}

// NameIn stands for a topic's name in a target.
const NameIn = "${name}"

// Check returns an error of kind Invalid about a pattern or a target that cannot
// be.
func (f Forward) Check() error {
	if _, err := path.Match(f.Topics, ""); err != nil || !strings.HasPrefix(f.Topics, "arn:") {
		return &hearth.Error{Kind: hearth.Invalid, Msg: fmt.Sprintf("%q is not a pattern of topics' ARNs, such as arn:aws:sns:*:000000000000:*", f.Topics)}
	}
	arn, err := hearth.ParseARN(strings.ReplaceAll(f.Target, NameIn, "name"))
	if err != nil || arn.Service != "sns" || arn.Region == "" || !topicName.MatchString(arn.Resource) {
		return &hearth.Error{Kind: hearth.Invalid, Msg: fmt.Sprintf("%q is not the ARN of a topic, such as arn:aws:sns:eu-west-1:111122223333:%s", f.Target, NameIn)}
	}
	return nil
}

// matches tells whether a topic's messages are sent on.
func (f Forward) matches(topic hearth.ARN) bool {
	ok, err := path.Match(f.Topics, topic.String())
	return ok && err == nil
}

// target is the topic there.
func (f Forward) target(topic hearth.ARN) string {
	return strings.ReplaceAll(f.Target, NameIn, topic.Resource)
}

// protocolAWS is that of deliveries to Amazon SNS. Nobody can subscribe by it: the
// operator's configuration does.
const protocolAWS = "aws-sns"

// forwardRetries keep at it for about three hours.
var forwardRetries = retryPolicy{Min: 1, Max: 900, Retries: 20, NoDelay: 1, MaxDelay: 10, Function: "exponential"}

// forwardOf is the first forward that takes the topic's messages; nil if none does.
func (r *Room) forwardOf(topic hearth.ARN) *Forward {
	i := slices.IndexFunc(r.opts.Forwards, func(f Forward) bool { return f.matches(topic) })
	if i < 0 {
		return nil
	}
	return &r.opts.Forwards[i]
}

// addForward stores the delivery of m to Amazon SNS.
func (r *Room) addForward(tx store.Tx, m *message, f *Forward) (job, error) {
	d := &delivery{
		Message: m.ID, Subscription: protocolAWS, Topic: m.Topic, Protocol: protocolAWS, Endpoint: f.target(m.Topic),
		Due: r.opts.Now().UTC(), Retry: forwardRetries,
	}
	return d.job(), put(tx, deliveryBucket, d.key(), d)
}

// sendForward makes one attempt.
func (r *Room) sendForward(ctx context.Context, d *delivery, m *message, o *outcome) {
	f := r.forwardOf(d.Topic)
	if f == nil { // checked before
		o.err, o.final = errors.New("the topic is no longer forwarded"), true
		return
	}
	in, err := published(d, m)
	if err != nil {
		o.err, o.final = err, true
		return
	}
	o.sent = m.Body
	out, err := f.Client.Publish(ctx, in)
	if err == nil {
		o.status, o.answer = "200 OK", "MessageId "+aws.ToString(out.MessageId)
		return
	}
	o.err = fmt.Errorf("amazon SNS: %w", err)
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		o.err, o.status = fmt.Errorf("amazon SNS: %s: %s", e.ErrorCode(), e.ErrorMessage()), e.ErrorCode()
		o.final = slices.Contains(finalCodes, e.ErrorCode())
	}
}

// finalCodes are answers that another attempt cannot change. Missing rights are
// none: whoever sees the reason can grant them.
var finalCodes = []string{"InvalidParameter", "InvalidParameterException", "ParameterValueInvalid", "NotFound", "NotFoundException", "InvalidSecurity"}

// published is m as AWS takes it.
func published(d *delivery, m *message) (*awssns.PublishInput, error) {
	in := &awssns.PublishInput{TopicArn: &d.Endpoint, Message: &m.Body}
	if m.Subject != "" {
		in.Subject = &m.Subject
	}
	if len(m.Bodies) > 0 {
		bodies := map[string]string{"default": m.Body}
		for protocol, body := range m.Bodies {
			bodies[protocol] = body
		}
		text, err := json.Marshal(bodies)
		if err != nil {
			return nil, err
		}
		in.Message, in.MessageStructure = aws.String(string(text)), aws.String("json")
	}
	for name, a := range m.Attributes {
		if in.MessageAttributes == nil {
			in.MessageAttributes = map[string]types.MessageAttributeValue{}
		}
		v := types.MessageAttributeValue{DataType: aws.String(a.Type)}
		if kind, _, _ := strings.Cut(a.Type, "."); kind == "Binary" {
			data, err := base64.StdEncoding.DecodeString(a.Value)
			if err != nil {
				return nil, err
			}
			v.BinaryValue = data
		} else {
			v.StringValue = aws.String(a.Value)
		}
		in.MessageAttributes[name] = v
	}
	return in, nil
}
