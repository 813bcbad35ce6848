package sns

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// An envelope is SNS's JSON around a message.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type envelope struct {
	Type              messageType
	MessageId         string
	Token             string `json:",omitempty"`
	TopicArn          string
	Subject           string `json:",omitempty"`
	Message           string
	SubscribeURL      string `json:",omitempty"`
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	UnsubscribeURL    string               `json:",omitempty"`
	MessageAttributes map[string]Attribute `json:",omitempty"`
}

func (r *Room) envelope(ctx context.Context, d *delivery, m *message) (*envelope, error) {
	e := &envelope{
		Type: m.Kind, MessageId: m.ID, TopicArn: d.Topic.String(), Subject: m.Subject, Message: m.body(d.Protocol),
		Timestamp: m.Time.Format("2006-01-02T15:04:05.000Z"), MessageAttributes: m.Attributes, SignatureVersion: "1",
	}
	if d.Signature != "" {
		e.SignatureVersion = d.Signature
	}
	if m.Kind == notification {
		e.UnsubscribeURL = r.unsubscribeURL(d)
	} else {
		e.Token, e.SubscribeURL = m.Token, r.subscribeURL(d, m)
	}
	s, err := r.signer(ctx)
	if err != nil {
		return nil, err
	}
	e.SigningCertURL = r.opts.ExternalURL + certificatePath(s.ID)
	e.Signature, err = s.sign(e.signed(), e.SignatureVersion)
	return e, err
}

// signed is the text that the signature is of: names and values in order, a
// line each.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
func (e *envelope) signed() string {
	var b strings.Builder
	for _, f := range [][2]string{
		{"Message", e.Message}, {"MessageId", e.MessageId}, {"Subject", e.Subject}, {"SubscribeURL", e.SubscribeURL},
		{"Timestamp", e.Timestamp}, {"Token", e.Token}, {"TopicArn", e.TopicArn}, {"Type", string(e.Type)},
	} {
		if f[1] != "" {
			b.WriteString(f[0] + "\n" + f[1] + "\n")
		}
	}
	return b.String()
}

func (e *envelope) text() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(e)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// apiVersion goes with every Action of SNS's query protocol.
const apiVersion = "2010-03-31"

func (r *Room) subscribeURL(d *delivery, m *message) string {
	return r.opts.ExternalURL + "/?Action=ConfirmSubscription&TopicArn=" + url.QueryEscape(d.Topic.String()) + "&Token=" + m.Token + "&Version=" + apiVersion
}

func (r *Room) unsubscribeURL(d *delivery) string {
	return r.opts.ExternalURL + "/?Action=Unsubscribe&SubscriptionArn=" + url.QueryEscape(d.arn()) + "&Version=" + apiVersion
}

// unsubscribePage asks before it ends a subscription: programs that look into
// mails follow links, too.
func (r *Room) unsubscribePage(d *delivery) string {
	return r.opts.ExternalURL + "/sns/unsubscribe?SubscriptionArn=" + url.QueryEscape(d.arn())
}

func certificatePath(id string) string { return "/sns/SimpleNotificationService-" + id + ".pem" }

// when is a time as people read it.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }
