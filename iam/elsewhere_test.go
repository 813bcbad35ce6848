package iam

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// shelf keeps policies by ARN.
type shelf map[string]string

func (s shelf) ResourcePolicy(_ context.Context, arn hearth.ARN) (string, bool, error) {
	text, ok := s[arn.String()]
	if text == "broken" {
		return "", false, errors.New("the disk is gone")
	}
	return text, ok, nil
}

const (
	topicName  = "arn:aws:sns:us-east-1:111111111111:alerts"
	ownerOnly  = `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"SNS:Publish","Resource":"` + topicName + `","Condition":{"StringEquals":{"AWS:SourceOwner":"111111111111"}}}]}`
	oneSource  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"aps.amazonaws.com"},"Action":["sns:Publish"],"Resource":"` + topicName + `","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:aps:us-east-1:111111111111:workspace/ws-1"},"StringEquals":{"AWS:SourceAccount":"111111111111"}}}]}`
	otherComes = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sns:Publish","Resource":"` + topicName + `"}]}`
)

// Services and other accounts come in by the policies that other rooms keep.
func TestPoliciesOfElsewhere(t *testing.T) {
	kept := shelf{}
	h := newHouse(t, func(o *Options) { o.Elsewhere = map[string]Elsewhere{"sns": kept} })
	topic, err := hearth.ParseARN(topicName)
	if err != nil {
		t.Fatal(err)
	}
	from := func(ws, owner string) hearth.Access {
		return hearth.Access{Action: "SNS:Publish", Resource: topic, Context: map[string]string{
			"aws:SourceArn": "arn:aws:aps:us-east-1:111111111111:workspace/" + ws, "aws:SourceAccount": "111111111111", "aws:SourceOwner": owner,
		}}
	}
	for _, c := range []struct {
		name, policy string
		access       hearth.Access
		want         hearth.Kind
	}{
		{"no policy", "", from("ws-1", "111111111111"), hearth.Denied},
		{"its owner", ownerOnly, from("ws-1", "111111111111"), -1},
		{"no owner said", ownerOnly, from("ws-1", ""), hearth.Denied},
		{"another owner", ownerOnly, from("ws-1", "222222222222"), hearth.Denied},
		{"the workspace", oneSource, from("ws-1", ""), -1},
		{"another workspace", oneSource, from("ws-2", ""), hearth.Denied},
		{"an account is no service", otherComes, from("ws-1", ""), hearth.Denied},
		{"unreadable policy", "{", from("ws-1", ""), hearth.Internal},
		{"no disk", "broken", from("ws-1", ""), hearth.Internal},
	} {
		clear(kept)
		if c.policy != "" {
			kept[topicName] = c.policy
		}
		err := h.AuthorizeService(t.Context(), "aps.amazonaws.com", c.access)
		if (c.want == -1) != (err == nil) || err != nil && hearth.KindOf(err) != c.want {
			t.Errorf("%s: %v, want kind %d", c.name, err, c.want)
		}
	}

	kept[topicName] = otherComes
	root := func(a hearth.AccountID) hearth.Principal {
		return hearth.Principal{ARN: hearth.ARN{Partition: "aws", Service: "iam", Account: a, Resource: "root"}, Account: a, Root: true}
	}
	if err := h.Authorize(t.Context(), root(other), hearth.Access{Action: "SNS:Publish", Resource: topic}); err != nil {
		t.Errorf("the account that the policy names: %v", err)
	}
	if err := h.Authorize(t.Context(), root(other), hearth.Access{Action: "SNS:DeleteTopic", Resource: topic}); hearth.KindOf(err) != hearth.Denied {
		t.Errorf("what the policy does not name: %v", err)
	}
}

func TestCheckPolicyOfATopic(t *testing.T) {
	h := newHouse(t)
	topic, _ := hearth.ParseARN(topicName)
	for text, want := range map[string]string{
		ownerOnly: "", oneSource: "", otherComes: "",
		"{": "Syntax errors",
		strings.Replace(otherComes, "sns:Publish", "s3:GetObject", 1): "out of service scope",
		strings.Replace(otherComes, ":alerts", ":others", 1):          "does not include",
	} {
		err := h.CheckPolicy(topic, text)
		if (want == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), want) || hearth.KindOf(err) != hearth.Malformed) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// What is sealed for one purpose stays shut for others.
func TestSealer(t *testing.T) {
	k, err := ParseKeyring(NewKeyringText())
	if err != nil {
		t.Fatal(err)
	}
	a, err := k.Sealer("a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.Sealer("b")
	if err != nil {
		t.Fatal(err)
	}
	box := a.Seal([]byte("secret"), "x")
	if plain, err := a.Open(box, "x"); err != nil || string(plain) != "secret" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if _, err := a.Open(box, "y"); err == nil {
		t.Error("opened as another thing's")
	}
	if _, err := b.Open(box, "x"); err == nil {
		t.Error("opened for another purpose")
	}
}
