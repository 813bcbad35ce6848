package sns

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/hearth-metrics/hearth"
)

// beyond is Amazon SNS. The journey sns_forward.txt has a real server.
type beyond struct {
	mu   sync.Mutex
	got  []*awssns.PublishInput
	errs []error // of the next calls
}

func (b *beyond) Publish(_ context.Context, in *awssns.PublishInput, _ ...func(*awssns.Options)) (*awssns.PublishOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, in)
	if len(b.errs) > 0 {
		err := b.errs[0]
		b.errs = b.errs[1:]
		return nil, err
	}
	return &awssns.PublishOutput{MessageId: aws.String("there")}, nil
}

func forwarding(t *testing.T, b *beyond) *house {
	h := newHouse(t)
	h.opts.Forwards = []Forward{{Topics: "arn:aws:sns:*:" + string(own) + ":prod-*", Target: "arn:aws:sns:eu-west-1:999988887777:${name}", Client: b}}
	h.Room = New(h.opts)
	h.run()
	return h
}

func TestForward(t *testing.T) {
	b := &beyond{}
	h := forwarding(t, b)
	topic := h.topic("prod-alerts", nil)
	in := Message{Topic: topic, Subject: "S", Body: `{"default":"long","email":"short"}`, Structured: true, Attributes: map[string]Attribute{
		"n": {Type: "Number", Value: "7"}, "b": {Type: "Binary", Value: "AAE="}}}
	id, err := h.PublishMessage(h.as(own), in)
	if err != nil {
		t.Fatal(err)
	}
	h.eventually("the delivery", 0, func() bool { return h.outcomes(id) == "published delivered" })
	got := b.got[0]
	if *got.TopicArn != "arn:aws:sns:eu-west-1:999988887777:prod-alerts" || *got.Subject != "S" || *got.MessageStructure != "json" || *got.Message != `{"default":"long","email":"short"}` {
		t.Errorf("there came %q %q %q %q", *got.TopicArn, *got.Subject, *got.MessageStructure, *got.Message)
	}
	if a := got.MessageAttributes; *a["n"].StringValue != "7" || *a["n"].DataType != "Number" || string(a["b"].BinaryValue) != "\x00\x01" {
		t.Errorf("attributes: %+v", a)
	}
	other := h.say(h.topic("dev-alerts", nil), "not sent on")
	if h.outcomes(other) != "published" || len(b.got) != 1 {
		t.Errorf("a topic that is not forwarded: %s, %d calls", h.outcomes(other), len(b.got))
	}
}

// What may pass is tried again, within bounds; what will not is a dead letter.
func TestForwardRetries(t *testing.T) {
	denied := &smithy.GenericAPIError{Code: "AuthorizationError", Message: "no"}
	gone := &smithy.GenericAPIError{Code: "NotFound", Message: "no topic"}
	many := make([]error, forwardRetries.Retries+1)
	for i := range many {
		many[i] = errors.New("connection refused")
	}
	for _, c := range []struct {
		name  string
		errs  []error
		calls int
		dead  int
	}{
		{"rights come later", []error{denied, denied}, 3, 0},
		{"no such topic", []error{gone}, 1, 1},
		{"never there", many, len(many), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &beyond{errs: c.errs}
			h := forwarding(t, b)
			h.say(h.topic("prod-alerts", nil), "hello")
			h.eventually("an end", 15*time.Minute, func() bool { d, m := h.left(); return d == 0 && m == 0 })
			b.mu.Lock()
			defer b.mu.Unlock()
			if len(b.got) != c.calls || h.dead() != c.dead {
				t.Errorf("%d calls and %d dead letters, want %d and %d", len(b.got), h.dead(), c.calls, c.dead)
			}
		})
	}
}

func TestForwardCheck(t *testing.T) {
	for _, c := range []struct {
		f    Forward
		good bool
	}{
		{Forward{Topics: "arn:aws:sns:*:1:*", Target: "arn:aws:sns:eu-west-1:111122223333:${name}"}, true},
		{Forward{Topics: "*", Target: "arn:aws:sns:eu-west-1:111122223333:a"}, false},
		{Forward{Topics: "arn:[", Target: "arn:aws:sns:eu-west-1:111122223333:a"}, false},
		{Forward{Topics: "arn:*", Target: "prod"}, false},
		{Forward{Topics: "arn:*", Target: "arn:aws:sqs:eu-west-1:111122223333:a"}, false},
		{Forward{Topics: "arn:*", Target: "arn:aws:sns::111122223333:a"}, false},
		{Forward{Topics: "arn:*", Target: "arn:aws:sns:eu-west-1:111122223333:a.fifo"}, false},
	} {
		if err := c.f.Check(); (err == nil) != c.good || err != nil && hearth.KindOf(err) != hearth.Invalid {
			t.Errorf("%+v: %v", c.f, err)
		}
	}
}
