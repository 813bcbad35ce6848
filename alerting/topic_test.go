package alerting

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

// The table of AMP's page "SNS message validation rules".
func TestMessageRules(t *testing.T) {
	long := strings.Repeat("é", 133<<10) // 266 KB
	bad := map[string]string{"good": "v", "AWS.x": "v", "a..b": "v", "empty": "", "bytes": "\xff"}
	large := map[string]string{"a": strings.Repeat("x", 200<<10), "b": strings.Repeat("x", 100<<10)}
	for _, c := range []struct {
		name, subject, body     string
		attributes              map[string]string
		wantSubject, wantBody   string
		wantAttributes, warning map[string]string
	}{
		{name: "fine", subject: "s\n", body: "b", attributes: map[string]string{"severity": "SEV2"},
			wantSubject: "s", wantBody: "b", wantAttributes: map[string]string{"severity": "SEV2"}},
		{name: "not UTF-8", body: "a\xff", wantBody: "Error - not a valid UTF-8 encoded string",
			wantAttributes: map[string]string{"truncated": "true", "modified": "Message: Error - not a valid UTF-8 encoded string"}},
		{name: "empty", body: "", wantBody: "Error - Message should not be empty",
			wantAttributes: map[string]string{"modified": "Message: Error - Message should not be empty"}},
		{name: "long", body: long, wantBody: long[:messageBytes],
			wantAttributes: map[string]string{"truncated": "true", "modified": "Message: Error - Message has been truncated from 266 KB, because it exceeds the 256 KB size limit"}},
		{name: "subject with tab", subject: "a\tb", body: "b", wantSubject: "Error - contains control- or non-ASCII characters", wantBody: "b",
			wantAttributes: map[string]string{"modified": "Subject: Error - contains non-printable ASCII characters"}},
		{name: "subject not ASCII", subject: "é", body: "b", wantSubject: "Error - contains control- or non-ASCII characters", wantBody: "b",
			wantAttributes: map[string]string{"modified": "Subject: Error - contains non-printable ASCII characters"}},
		{name: "long subject", subject: strings.Repeat("s", 101), body: "b", wantSubject: strings.Repeat("s", 100), wantBody: "b",
			wantAttributes: map[string]string{"modified": "Subject: Error - Subject has been truncated from 101 characters, because it exceeds the 100 character size limit"}},
		{name: "bad attributes", body: "b", attributes: bad, wantBody: "b",
			wantAttributes: map[string]string{"good": "v", "modified": "MessageAttribute: Error - 4 of the message attributes have been removed because of invalid MessageAttributeKey or MessageAttributeValue"}},
		{name: "large attributes", body: "b", attributes: large, wantBody: "b",
			wantAttributes: map[string]string{"a": large["a"], "modified": "MessageAttribute: Error - 1 of the message attributes have been removed because of the message size exceeds the 256KB size limit"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := validated(c.subject, c.body, c.attributes)
			if m.subject != c.wantSubject || m.body != c.wantBody {
				t.Errorf("subject %q, body %.100q", m.subject, m.body)
			}
			if diff := cmp.Diff(c.wantAttributes, m.attributes); diff != "" {
				t.Errorf("attributes (-want +got):\n%.500s", diff)
			}
			if _, changed := c.wantAttributes["modified"]; changed != (len(m.warnings) == 1) {
				t.Errorf("warnings %q", m.warnings)
			}
		})
	}
}

// topics is a Publisher that remembers.
type topics struct {
	mu  sync.Mutex
	got []map[string]string
	err error
}

func (p *topics) Publish(_ context.Context, from hearth.Workspace, topic, subject, body string, attributes map[string]string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := map[string]string{"from": string(from.ID), "topic": topic, "subject": subject, "body": body}
	for k, v := range attributes {
		m["@"+k] = v
	}
	p.got = append(p.got, m)
	return "id", p.err
}

func (p *topics) all() []map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]map[string]string(nil), p.got...)
}

const toTopic = `
route: {receiver: ops, group_wait: 10ms, group_interval: 100ms}
receivers:
- name: ops
  sns_configs:
  - topic_arn: arn:aws:sns:eu-west-1:111122223333:ops
    sigv4: {region: eu-west-1}
    attributes: {severity: '{{ .CommonLabels.severity }}', '': x}
`

func TestAlertReachesTopic(t *testing.T) {
	p := &topics{}
	b := newBed(t, Options{Publisher: p})
	w := b.spaces.add("1")
	b.define(w, toTopic)
	b.fire(w, "alertname", "Down", "severity", "SEV2")
	eventually(t, "a message", func() bool { return len(p.all()) == 1 })
	m := p.all()[0]
	if m["from"] != string(w.ID) || m["topic"] != "arn:aws:sns:eu-west-1:111122223333:ops" || m["@severity"] != "SEV2" {
		t.Errorf("got %v", m)
	}
	if m["subject"] != "[FIRING:1]  (Down SEV2)" || !strings.Contains(m["body"], "Alerts Firing:\nLabels:\n - alertname = Down") {
		t.Errorf("subject %q, body %q", m["subject"], m["body"])
	}
	eventually(t, "the warning", func() bool { return len(b.events.with("message_modified")) > 0 })
	if s := b.events.with("message_modified")[0].Summary; s != "MessageAttributes has been removed because of invalid key/value, numberOfRemovedAttributes=1" {
		t.Errorf("warning %q", s)
	}
}

func TestTopicThatRefuses(t *testing.T) {
	p := &topics{err: &hearth.Error{Kind: hearth.Denied, Resource: "x", Err: shut{},
		Msg: "AMP is not authorized to perform: SNS:Publish on resource: x because no resource-based policy allows the SNS:Publish action"}}
	b := newBed(t, Options{Publisher: p})
	w := b.spaces.add("1")
	b.define(w, toTopic)
	b.fire(w, "alertname", "Down")
	eventually(t, "the reason", func() bool { return len(b.events.with("failed")) > 0 })
	if e := b.events.with("failed")[0]; e.Detail(hearth.DetailAttempts) != "1" ||
		!strings.Contains(e.Detail(hearth.DetailError), "Notify for alerts failed, AMP is not authorized to perform: SNS:Publish") {
		t.Errorf("event %+v", e)
	} else if e.Detail(hearth.DetailRemedy) != "open it to "+string(w.Account) || strings.Count(e.Detail(hearth.DetailError)+e.Summary, "because no resource-based policy") != 2 {
		t.Errorf("what helps, and the reason once in each: %+v", e)
	}
}

// shut is why a topic is shut, with what helps.
type shut struct{}

func (shut) Error() string {
	return "aps.amazonaws.com may not, because no resource-based policy allows it"
}

func (shut) Details(a hearth.AccountID) []hearth.Detail {
	return []hearth.Detail{{Name: hearth.DetailRemedy, Value: "open it to " + string(a)}}
}

func TestTopicThatIsSlowIsAskedAgain(t *testing.T) {
	p := &topics{err: errors.New("busy")}
	b := newBed(t, Options{Publisher: p})
	w := b.spaces.add("1")
	b.define(w, toTopic)
	b.fire(w, "alertname", "Down")
	eventually(t, "a second attempt", func() bool { return len(p.all()) >= 2 })
	p.mu.Lock()
	p.err = nil
	p.mu.Unlock()
	eventually(t, "success", func() bool { return len(b.events.with("delivered")) == 1 })
	if n := len(b.events.with("failing")); n != 1 {
		t.Errorf("%d events of failing attempts, want one for the same error", n)
	}
}
