package awsapi

import (
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth/iam"
)

// What an operation is done to is what it reads, whatever else the form names: else the
// right to one role would be the right to every user and policy.
func TestIAMAsksAboutWhatItChanges(t *testing.T) {
	d, _ := storytellers(t)
	a := d.opts.IAM.Account(alice.account)
	mine := "arn:aws:iam::" + string(alice.account) + ":"
	dev := personWith(t, d, a, "dev", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"`+mine+`role/dev-*"}}`)
	for _, kind := range []iam.EntityKind{iam.UserKind, iam.GroupKind} {
		if _, err := a.Create(t.Context(), kind, iam.EntityInput{Name: "victim"}); err != nil {
			t.Fatal(err)
		}
	}
	document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	p, err := a.CreatePolicy(t.Context(), iam.PolicyInput{Name: "victim", Document: `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`})
	if err != nil {
		t.Fatal(err)
	}
	arn := p.ARN().String()
	for _, c := range []struct {
		action string
		form   []string
	}{
		{"DeleteUser", []string{"UserName", "victim"}},
		{"CreateAccessKey", []string{"UserName", "victim"}},
		{"PutUserPolicy", []string{"UserName", "victim", "PolicyName", "p", "PolicyDocument", document}},
		{"AttachUserPolicy", []string{"UserName", "victim", "PolicyArn", "arn:aws:iam::aws:policy/AmazonPrometheusFullAccess"}},
		{"PutGroupPolicy", []string{"GroupName", "victim", "PolicyName", "p", "PolicyDocument", document}},
		{"AddUserToGroup", []string{"GroupName", "victim", "UserName", "dev"}},
		{"CreatePolicyVersion", []string{"PolicyArn", arn, "PolicyDocument", document, "SetAsDefault", "true"}},
		{"DeletePolicy", []string{"PolicyArn", arn}},
		{"CreatePolicy", []string{"PolicyName", "new", "PolicyDocument", document}},
		{"CreateUser", []string{"UserName", "new"}},
		{"ListUsers", nil},
	} {
		form := pairs(append(c.form, "RoleName", "dev-1")...)
		if status, body := d.say(formOf(&dev, "iam", c.action, form)); status != 403 {
			t.Errorf("%s with a role beside: %d %s", c.action, status, body)
		}
	}
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + mine + `root"},"Action":"sts:AssumeRole"}}`
	if status, body := d.say(formOf(&dev, "iam", "CreateRole", pairs("RoleName", "dev-1", "UserName", "victim", "AssumeRolePolicyDocument", trust))); status != 200 {
		t.Errorf("its own: %d %s", status, body)
	}
}

// Who may only change users within a boundary may not say that one is: what is asked
// is the boundary they have.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func TestBoundaryIsTheUsers(t *testing.T) {
	d, _ := storytellers(t)
	a := d.opts.IAM.Account(alice.account)
	fence := "arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess"
	boss := personWith(t, d, a, "boss", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"`+fence+`"}}}}`)
	for name, boundary := range map[string]string{"free": "", "fenced": fence} {
		if _, err := a.Create(t.Context(), iam.UserKind, iam.EntityInput{Name: name, Boundary: boundary}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		action, user string
		want         int
		form         []string
	}{
		{"AttachUserPolicy", "free", 403, []string{"PolicyArn", "arn:aws:iam::aws:policy/AmazonPrometheusFullAccess", "PermissionsBoundary", fence}},
		{"AttachUserPolicy", "fenced", 200, []string{"PolicyArn", "arn:aws:iam::aws:policy/AmazonPrometheusFullAccess"}},
		{"PutUserPermissionsBoundary", "fenced", 403, []string{"PermissionsBoundary", "arn:aws:iam::aws:policy/AmazonPrometheusFullAccess"}},
		{"PutUserPermissionsBoundary", "free", 200, []string{"PermissionsBoundary", fence}},
		{"CreateUser", "new", 403, nil},
		{"CreateUser", "new", 200, []string{"PermissionsBoundary", fence}},
	} {
		if status, body := d.say(formOf(&boss, "iam", c.action, pairs(append(c.form, "UserName", c.user)...))); status != c.want {
			t.Errorf("%s of %s, %v: %d, want %d: %s", c.action, c.user, c.form, status, c.want, body)
		}
	}
}

// A new name needs the right on both.
func TestRenamingNeedsTheRightOnBoth(t *testing.T) {
	d, _ := storytellers(t)
	a := d.opts.IAM.Account(alice.account)
	by := personWith(t, d, a, "by", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:UpdateUser","Resource":"arn:aws:iam::*:user/dev/*"}}`)
	if _, err := a.Create(t.Context(), iam.UserKind, iam.EntityInput{Name: "one", Path: "/dev/"}); err != nil {
		t.Fatal(err)
	}
	say := func(members ...string) (int, string) {
		return d.say(formOf(&by, "iam", "UpdateUser", pairs(members...)))
	}
	if status, body := say("UserName", "one", "NewPath", "/ops/"); status != 403 || !strings.Contains(body, "user/ops/one") {
		t.Errorf("to another path: %d %s", status, body)
	}
	if status, body := say("UserName", "one", "NewUserName", "two"); status != 200 {
		t.Errorf("within the path: %d %s", status, body)
	}
	if status, body := say("UserName", "two", "NewUserName", "three", "NewPath", "/dev/more/"); status != 200 {
		t.Errorf("below the path: %d %s", status, body)
	}
}

// Tags of a topic are those of ResourceArn, whatever topic stands beside it.
func TestTopicTagsAreNotForOtherAccounts(t *testing.T) {
	d := openTopicDoor(t)
	if status, body := d.say(formOf(&alice, "sns", "CreateTopic", pairs("Name", "alerts"))); status != 200 {
		t.Fatal(body)
	}
	own := "arn:aws:sns:us-east-1:" + string(bob.account) + ":own"
	for action, more := range map[string][]string{
		"TagResource":         {"Tags.member.1.Key", "team", "Tags.member.1.Value", "bob"},
		"UntagResource":       {"TagKeys.member.1", "team"},
		"ListTagsForResource": nil,
	} {
		for _, member := range []string{"TopicArn", "TargetArn"} {
			form := pairs(append(more, "ResourceArn", alerts, member, own)...)
			if status, body := d.say(formOf(&bob, "sns", action, form)); status != 403 {
				t.Errorf("%s with %s: %d %s", action, member, status, body)
			}
		}
	}
	if status, body := d.say(formOf(&bob, "sns", "Publish", pairs("TopicArn", alerts, "TargetArn", own, "Message", "m"))); status != 403 {
		t.Errorf("Publish: %d %s", status, body)
	}
}
