package awsapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/sns"
	"github.com/hearth-metrics/hearth/store"
)

// topics lets iam ask for the policies of a room that opens after it.
type topics struct{ room *sns.Room }

func (t *topics) ResourcePolicy(ctx context.Context, arn hearth.ARN) (string, bool, error) {
	return t.room.ResourcePolicy(ctx, arn)
}

// openTopics opens IAM, with the accounts of alice and bob, and SNS.
func openTopics(t testing.TB) (*iam.Room, *sns.Room) {
	t.Helper()
	return openTopicsOf(t, hearth.Local)
}

func openTopicsOf(t testing.TB, profile hearth.Profile) (*iam.Room, *sns.Room) {
	t.Helper()
	st, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "store"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	keys, err := iam.ParseKeyring(iam.NewKeyringText())
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := keys.Sealer("test")
	if err != nil {
		t.Fatal(err)
	}
	mails, err := sns.NewMaildir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return noon }
	kept := &topics{}
	people, err := iam.Open(t.Context(), iam.Options{Store: st, Keys: keys, Now: now, Elsewhere: map[string]iam.Elsewhere{"sns": kept}, Roots: []iam.RootKey{
		{Account: alice.account, ID: alice.key, Secret: alice.secret}, {Account: bob.account, ID: bob.key, Secret: bob.secret},
	}})
	if err != nil {
		t.Fatal(err)
	}
	kept.room = sns.New(sns.Options{Store: st, Policies: people, Client: http.DefaultClient, Sealer: sealer, Mail: mails, From: "hearth@test", Profile: profile, Now: now, ExternalURL: "http://hearth.test:4750"})
	return people, kept.room
}

func openSNS(t testing.TB) *sns.Room {
	_, room := openTopics(t)
	return room
}

// openTopicDoor is a door whose rights are IAM's.
func openTopicDoor(t testing.TB) *door {
	t.Helper()
	return openDoor(t, func(o *Options) {
		o.IAM, o.SNS = openTopics(t)
		o.Authorizer = o.IAM
	})
}

// pairs spells a form: name, value, name, value.
func pairs(all ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(all); i += 2 {
		m[all[i]] = all[i+1]
	}
	return m
}

const alerts = "arn:aws:sns:us-east-1:111111111111:alerts"

var (
	messageIDs = regexp.MustCompile(`<MessageId>[0-9a-f-]{36}</MessageId>`)
	subIDs     = regexp.MustCompile(`(arn:aws:sns:[a-z0-9-]+:[0-9]+:[A-Za-z0-9_-]+):[0-9a-f-]{36}`)
)

func TestGoldenSNS(t *testing.T) {
	d := openTopicDoor(t)
	cases := []struct {
		name, action string
		by           *person
		members      map[string]string
	}{
		{"create", "CreateTopic", &alice, pairs("Name", "alerts", "Attributes.entry.1.key", "DisplayName", "Attributes.entry.1.value", "Alerts", "Tags.member.1.Key", "team", "Tags.member.1.Value", "a")},
		{"create again", "CreateTopic", &alice, pairs("Name", "alerts")},
		{"create again, otherwise", "CreateTopic", &alice, pairs("Name", "alerts", "Attributes.entry.1.key", "DisplayName", "Attributes.entry.1.value", "Else")},
		{"create with other tags", "CreateTopic", &alice, pairs("Name", "alerts", "Tags.member.1.Key", "team", "Tags.member.1.Value", "b")},
		{"a bad name", "CreateTopic", &alice, pairs("Name", "a b")},
		{"no name", "CreateTopic", &alice, nil},
		{"FIFO", "CreateTopic", &alice, pairs("Name", "alerts.fifo", "Attributes.entry.1.key", "FifoTopic", "Attributes.entry.1.value", "true")},
		{"list", "ListTopics", &alice, nil},
		{"list with a strange token", "ListTopics", &alice, pairs("NextToken", "eA")},
		{"attributes", "GetTopicAttributes", &alice, pairs("TopicArn", alerts)},
		{"attributes of none", "GetTopicAttributes", &alice, pairs("TopicArn", alerts+"2")},
		{"attributes of no ARN", "GetTopicAttributes", &alice, pairs("TopicArn", "alerts")},
		{"another region", "GetTopicAttributes", &alice, pairs("TopicArn", strings.Replace(alerts, "us-east-1", "eu-west-1", 1))},
		{"set a name", "SetTopicAttributes", &alice, pairs("TopicArn", alerts, "AttributeName", "DisplayName", "AttributeValue", "On call")},
		{"set what there is not", "SetTopicAttributes", &alice, pairs("TopicArn", alerts, "AttributeName", "Colour", "AttributeValue", "red")},
		{"set a bad policy", "SetTopicAttributes", &alice, pairs("TopicArn", alerts, "AttributeName", "Policy", "AttributeValue", "{")},
		{"set a key", "SetTopicAttributes", &alice, pairs("TopicArn", alerts, "AttributeName", "KmsMasterKeyId", "AttributeValue", "alias/aws/sns")},
		{"set a bad delivery policy", "SetTopicAttributes", &alice, pairs("TopicArn", alerts, "AttributeName", "DeliveryPolicy", "AttributeValue", `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":0}}}`)},
		{"let in", "AddPermission", &alice, pairs("TopicArn", alerts, "Label", "guests", "AWSAccountId.member.1", "222222222222", "ActionName.member.1", "Publish")},
		{"let in again", "AddPermission", &alice, pairs("TopicArn", alerts, "Label", "guests", "AWSAccountId.member.1", "222222222222", "ActionName.member.1", "Publish")},
		{"let in nobody", "AddPermission", &alice, pairs("TopicArn", alerts, "Label", "none", "ActionName.member.1", "Publish")},
		{"let in for what there is not", "AddPermission", &alice, pairs("TopicArn", alerts, "Label", "none", "AWSAccountId.member.1", "222222222222", "ActionName.member.1", "Fly")},
		{"the policy", "GetTopicAttributes", &alice, pairs("TopicArn", alerts)},
		{"a guest publishes", "Publish", &bob, pairs("TopicArn", alerts, "Message", "hello")},
		{"shut out", "RemovePermission", &alice, pairs("TopicArn", alerts, "Label", "guests")},
		{"shut out again", "RemovePermission", &alice, pairs("TopicArn", alerts, "Label", "guests")},
		{"a guest no longer publishes", "Publish", &bob, pairs("TopicArn", alerts, "Message", "hello")},
		{"shut everybody out", "RemovePermission", &alice, pairs("TopicArn", alerts, "Label", "__default_statement_ID")},
		{"a policy without statements", "GetTopicAttributes", &alice, pairs("TopicArn", alerts)},
		{"a guest still does not publish", "Publish", &bob, pairs("TopicArn", alerts, "Message", "hello")},
		{"let in to a policy without statements", "AddPermission", &alice, pairs("TopicArn", alerts, "Label", "guests", "AWSAccountId.member.1", "222222222222", "ActionName.member.1", "Publish")},
		{"a guest publishes again", "Publish", &bob, pairs("TopicArn", alerts, "Message", "hello")},
		{"and out", "RemovePermission", &alice, pairs("TopicArn", alerts, "Label", "guests")},
		{"subscribe by mail", "Subscribe", &alice, pairs("TopicArn", alerts, "Protocol", "email", "Endpoint", "me@example.org")},
		{"subscribe and show the ARN", "Subscribe", &alice, pairs("TopicArn", alerts, "Protocol", "email-json", "Endpoint", "me@example.org", "ReturnSubscriptionArn", "true")},
		{"subscribe a bad address", "Subscribe", &alice, pairs("TopicArn", alerts, "Protocol", "email", "Endpoint", "me@example.org\r\nBcc: all@example.org")},
		{"subscribe a queue", "Subscribe", &alice, pairs("TopicArn", alerts, "Protocol", "sqs", "Endpoint", "arn:aws:sqs:us-east-1:111111111111:q")},
		{"subscribe by pigeon", "Subscribe", &alice, pairs("TopicArn", alerts, "Protocol", "pigeon", "Endpoint", "roof")},
		{"subscribe https by http", "Subscribe", &alice, pairs("TopicArn", alerts, "Protocol", "https", "Endpoint", "http://example.org/")},
		{"subscribe with a bad filter", "Subscribe", &alice, pairs("TopicArn", alerts, "Protocol", "http", "Endpoint", "http://example.org/", "Attributes.entry.1.key", "FilterPolicy", "Attributes.entry.1.value", `{"a":[]}`)},
		{"subscribe with a queue of dead letters", "Subscribe", &alice, pairs("TopicArn", alerts, "Protocol", "http", "Endpoint", "http://example.org/", "Attributes.entry.1.key", "RedrivePolicy", "Attributes.entry.1.value", `{}`)},
		{"subscriptions", "ListSubscriptionsByTopic", &alice, pairs("TopicArn", alerts)},
		{"own subscriptions", "ListSubscriptions", &alice, nil},
		{"confirm with a bad token", "ConfirmSubscription", &alice, pairs("TopicArn", alerts, "Token", "x")},
		{"confirm, unsigned, with a bad token", "ConfirmSubscription", nil, pairs("TopicArn", alerts, "Token", strings.Repeat("ab", 64))},
		{"publish", "Publish", &alice, pairs("TopicArn", alerts, "Message", "hello", "Subject", "Hi")},
		{"publish nothing", "Publish", &alice, pairs("TopicArn", alerts)},
		{"publish to nothing", "Publish", &alice, pairs("Message", "hello")},
		{"publish to none", "Publish", &alice, pairs("TopicArn", alerts+"2", "Message", "hello")},
		{"publish to a telephone", "Publish", &alice, pairs("PhoneNumber", "+491", "Message", "hello")},
		{"publish too much", "Publish", &alice, pairs("TopicArn", alerts, "Message", strings.Repeat("x", 256<<10+1))},
		{"publish with a bad subject", "Publish", &alice, pairs("TopicArn", alerts, "Message", "hello", "Subject", "a\nBcc: b")},
		{"publish with a bad attribute", "Publish", &alice, pairs("TopicArn", alerts, "Message", "hello", "MessageAttributes.entry.1.Name", "n", "MessageAttributes.entry.1.Value.DataType", "Number", "MessageAttributes.entry.1.Value.StringValue", "many")},
		{"publish in parts without a default", "Publish", &alice, pairs("TopicArn", alerts, "Message", `{"email":"x"}`, "MessageStructure", "json")},
		{"publish a batch", "PublishBatch", &alice, pairs("TopicArn", alerts, "PublishBatchRequestEntries.member.1.Id", "a", "PublishBatchRequestEntries.member.1.Message", "x", "PublishBatchRequestEntries.member.2.Id", "b")},
		{"publish an empty batch", "PublishBatch", &alice, pairs("TopicArn", alerts)},
		{"publish a batch of twins", "PublishBatch", &alice, pairs("TopicArn", alerts, "PublishBatchRequestEntries.member.1.Id", "a", "PublishBatchRequestEntries.member.2.Id", "a")},
		{"tags", "ListTagsForResource", &alice, pairs("ResourceArn", alerts)},
		{"tag", "TagResource", &alice, pairs("ResourceArn", alerts, "Tags.member.1.Key", "stage", "Tags.member.1.Value", "test")},
		{"tag none", "TagResource", &alice, pairs("ResourceArn", alerts+"2", "Tags.member.1.Key", "stage", "Tags.member.1.Value", "test")},
		{"untag", "UntagResource", &alice, pairs("ResourceArn", alerts, "TagKeys.member.1", "team")},
		{"what is not served", "CreatePlatformApplication", &alice, pairs("Name", "x")},
		{"another account", "GetTopicAttributes", &bob, pairs("TopicArn", alerts)},
		{"another account, none", "GetTopicAttributes", &bob, pairs("TopicArn", alerts+"2")},
		{"another account publishes", "Publish", &bob, pairs("TopicArn", alerts, "Message", "spam")},
		{"another account lists", "ListTopics", &bob, nil},
		{"another account's subscriptions", "ListSubscriptions", &bob, nil},
		{"not root", "Publish", &carol, pairs("TopicArn", alerts, "Message", "hello")},
		{"unsigned", "Publish", nil, pairs("TopicArn", alerts, "Message", "hello")},
		{"delete", "DeleteTopic", &alice, pairs("TopicArn", alerts)},
		{"delete again", "DeleteTopic", &alice, pairs("TopicArn", alerts)},
		{"no subscriptions are left", "ListSubscriptions", &alice, nil},
	}
	var b strings.Builder
	for _, c := range cases {
		a := formOf(c.by, "sns", c.action, c.members)
		text := d.transcript(a)
		text = messageIDs.ReplaceAllString(text, "<MessageId>MESSAGE</MessageId>")
		text = subIDs.ReplaceAllString(text, "$1:SUBSCRIPTION")
		text = strings.ReplaceAll(text, strings.Repeat("x", 256<<10+1), "x…")
		b.WriteString("# " + c.name + "\n" + text)
	}
	golden(t, "sns", b.String())
}

// A topic's policy lets another account in, for what it names and no more.
func TestTopicPolicyLetsAnotherAccountIn(t *testing.T) {
	d := openTopicDoor(t)
	say := func(by *person, action string, members ...string) (int, string) {
		return d.say(formOf(by, "sns", action, pairs(members...)))
	}
	if status, body := say(&alice, "CreateTopic", "Name", "alerts"); status != 200 {
		t.Fatal(body)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":["sns:Publish","sns:Subscribe"],"Resource":"` + alerts + `"}]}`
	if status, body := say(&alice, "SetTopicAttributes", "TopicArn", alerts, "AttributeName", "Policy", "AttributeValue", policy); status != 200 {
		t.Fatal(body)
	}
	if status, body := say(&bob, "Publish", "TopicArn", alerts, "Message", "hello"); status != 200 {
		t.Errorf("publish: %d %s", status, body)
	}
	if status, body := say(&bob, "DeleteTopic", "TopicArn", alerts); status != 403 || !strings.Contains(body, "<Code>AuthorizationError</Code>") {
		t.Errorf("delete: %d %s", status, body)
	}
	status, body := say(&bob, "Subscribe", "TopicArn", alerts, "Protocol", "email", "Endpoint", "bob@example.org", "ReturnSubscriptionArn", "true")
	if status != 200 {
		t.Fatalf("subscribe: %d %s", status, body)
	}
	arn := subIDs.FindString(body)
	if status, body := say(&bob, "ListSubscriptions"); status != 200 || !strings.Contains(body, "bob@example.org") {
		t.Errorf("bob's own subscriptions: %d %s", status, body)
	}
	if status, body := say(&bob, "GetSubscriptionAttributes", "SubscriptionArn", arn); status != 200 || !strings.Contains(body, "<value>222222222222</value>") {
		t.Errorf("its attributes: %d %s", status, body)
	}
	if status, body := say(&alice, "ListSubscriptions"); status != 200 || strings.Contains(body, "bob@example.org") {
		t.Errorf("alice's subscriptions: %d %s", status, body)
	}
	if status, body := say(&bob, "Unsubscribe", "SubscriptionArn", arn); status != 200 {
		t.Errorf("unsubscribe: %d %s", status, body)
	}
}

// A workspace's alerts need the topic's policy. The default one lets in the
// account's own workspaces, but not where Hearth is as strict as AWS.
func TestWhoseAlertsATopicTakes(t *testing.T) {
	const service = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"aps.amazonaws.com"},"Action":"sns:Publish","Resource":"` + alerts +
		`","Condition":{"StringEquals":{"aws:SourceAccount":"222222222222"},"ArnLike":{"aws:SourceArn":"arn:aws:aps:us-east-1:222222222222:workspace/*"}}}]}`
	for _, c := range []struct {
		name, policy string
		profile      hearth.Profile
		from         hearth.AccountID
		good         bool
	}{
		{"own, default policy", "", hearth.Local, alice.account, true},
		{"own, default policy, strict", "", hearth.AWSStrict, alice.account, false},
		{"another's, default policy", "", hearth.Local, bob.account, false},
		{"another's, let in", service, hearth.AWSStrict, bob.account, true},
		{"own, shut out", service, hearth.Local, alice.account, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, room := openTopicsOf(t, c.profile)
			ctx := hearth.WithCaller(t.Context(), hearth.Caller{Account: alice.account, Region: "us-east-1"})
			if _, err := room.CreateTopic(ctx, "alerts", map[string]string{"Policy": c.policy}, nil); err != nil {
				t.Fatal(err)
			}
			from := hearth.Workspace{ID: hearth.NewWorkspaceID(), Account: c.from, Region: "us-east-1"}
			_, err := room.Publish(t.Context(), from, alerts, "Fire", "hello", map[string]string{"severity": "critical"})
			if (err == nil) != c.good || err != nil && hearth.KindOf(err) != hearth.Denied {
				t.Errorf("%v", err)
			}
		})
	}
}

// The pages need no keys, show nothing that strangers wrote as markup, and do
// nothing on a GET.
func TestPagesOfTopics(t *testing.T) {
	d := openTopicDoor(t)
	get := func(method, url string) (int, string, http.Header) {
		res := d.do(ask{method: method, url: url})
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text), res.Header
	}
	if status, _, _ := get("GET", "/sns/SimpleNotificationService-00000000000000000000000000000000.pem"); status != 404 {
		t.Errorf("a certificate that is not there: %d", status)
	}
	if status, body, _ := get("GET", "/sns/unsubscribe?SubscriptionArn="+url.QueryEscape(`"><script>`)); status != 400 || strings.Contains(body, "<script>") {
		t.Errorf("no ARN: %d %s", status, body)
	}
	arn := url.QueryEscape(alerts + ":11111111-2222-4333-8444-555555555555")
	status, body, h := get("GET", "/sns/unsubscribe?SubscriptionArn="+arn)
	if status != 200 || !strings.Contains(body, `<form method="post">`) || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("page: %d %s %v", status, body, h)
	}
	if status, body, _ := get("POST", "/sns/unsubscribe?SubscriptionArn="+arn); status != 404 {
		t.Errorf("a subscription that is not there: %d %s", status, body)
	}
	if status, body, _ := get("GET", "/sns/a/b"); status != 404 || !strings.Contains(body, "UnknownOperation") {
		t.Errorf("no page: %d %s", status, body)
	}
}

// FuzzSNS sends arbitrary forms, signed by a caller with every right. None may
// be answered as an internal failure.
func FuzzSNS(f *testing.F) {
	for _, s := range []string{
		"Action=CreateTopic&Name=alerts&Attributes.entry.1.key=Policy&Attributes.entry.1.value={}&Tags.member.1.Key=a",
		"Action=Subscribe&TopicArn=" + alerts + "&Protocol=http&Endpoint=http://x/&Attributes.entry.1.key=FilterPolicy&Attributes.entry.1.value={%22a%22:[1]}",
		"Action=Publish&TopicArn=" + alerts + "&Message={}&MessageStructure=json&MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.DataType=Number&MessageAttributes.entry.1.Value.StringValue=1",
		"Action=PublishBatch&TopicArn=" + alerts + "&PublishBatchRequestEntries.member.1.Id=a&PublishBatchRequestEntries.member.1.Message=x",
		"Action=ConfirmSubscription&TopicArn=" + alerts + "&Token=" + strings.Repeat("0", 128),
		"Action=Unsubscribe&SubscriptionArn=" + alerts + ":11111111-2222-4333-8444-555555555555",
		"Action=SetTopicAttributes&TopicArn=" + alerts + "&AttributeName=DeliveryPolicy&AttributeValue={%22http%22:{}}",
		"Action=ListTopics&NextToken=MTExMTExMTExMTExL3VzLWVhc3QtMS8",
		"Action=AddPermission&TopicArn=" + alerts + "&Label=a&AWSAccountId.member.1=222222222222&ActionName.member.1=*",
		"Action=RemovePermission&TopicArn=" + alerts + "&Label=__default_statement_ID",
		"Action=TagResource&ResourceArn=" + alerts + "&Tags.member.1.Key=%ff",
	} {
		f.Add(s)
	}
	d := openTopicDoor(f)
	d.say(formOf(&alice, "sns", "CreateTopic", pairs("Name", "alerts")))
	f.Fuzz(func(t *testing.T, body string) {
		for _, by := range []*person{&alice, nil} {
			a := ask{by: by, method: "POST", url: "/", service: "sns", region: "us-east-1", body: body,
				header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}
			w := httptest.NewRecorder()
			d.ServeHTTP(w, a.request(t))
			if w.Code >= http.StatusInternalServerError {
				t.Errorf("%q: %d %s", body, w.Code, w.Body)
			}
		}
		d.events = nil
	})
}
