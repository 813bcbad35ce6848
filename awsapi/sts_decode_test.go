package awsapi

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth/iam"
)

// Who has only the aws CLI asks STS why a request was denied, by its id. Another
// account learns nothing, and who may not ask, neither.
func TestDecodeAuthorizationMessage(t *testing.T) {
	d, people := storytellers(t)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	reader := people[2]
	id := d.do(ask{by: &reader, method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write"}).Header.Get("X-Amzn-Requestid")
	decode := func(by person, message string) (int, string) {
		return d.say(formOf(&by, "sts", "DecodeAuthorizationMessage", map[string]string{"EncodedMessage": message}))
	}
	status, body := decode(alice, id)
	var answer struct {
		Text string `xml:"DecodeAuthorizationMessageResult>DecodedMessage"`
	}
	var got decodedDenial
	if err := xml.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	if err := json.Unmarshal([]byte(answer.Text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Allowed || got.ExplicitDeny || got.Context.Action != "aps:RemoteWrite" || got.Context.Resource != w.ARN().String() || !strings.HasSuffix(got.Context.Principal.ARN, ":user/reader") {
		t.Errorf("decoded %+v", got)
	}
	if !strings.Contains(answer.Text, "no identity-based policy allows the aps:RemoteWrite action") {
		t.Errorf("it does not say why: %s", answer.Text)
	}
	for name, c := range map[string]struct {
		by      person
		message string
		want    string
	}{
		"another account":     {bob, id, "InvalidAuthorizationMessageException"},
		"one who may not":     {reader, id, "not authorized to perform: sts:DecodeAuthorizationMessage"},
		"no request":          {alice, "x", "InvalidAuthorizationMessageException"},
		"much too long":       {alice, strings.Repeat("x", maxMessage+1), "encodedMessage"},
		"of what was allowed": {alice, d.do(ask{by: &alice, method: "GET", url: "/workspaces"}).Header.Get("X-Amzn-Requestid"), "InvalidAuthorizationMessageException"},
	} {
		if status, body := decode(c.by, c.message); status == http.StatusOK || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s, want %s", name, status, body, c.want)
		}
	}

	if err := d.opts.IAM.Account(alice.account).PutInline(t.Context(), iam.UserKind, "reader", "no",
		`{"Version":"2012-10-17","Statement":{"Sid":"Never","Effect":"Deny","Action":"*","Resource":"*"}}`); err != nil {
		t.Fatal(err)
	}
	id = d.do(ask{by: &reader, method: "GET", url: "/workspaces/" + string(w.ID) + "/api/v1/query?query=up"}).Header.Get("X-Amzn-Requestid")
	if _, body := decode(alice, id); !strings.Contains(body, `&#34;explicitDeny&#34;:true`) || !strings.Contains(body, "Never") {
		t.Errorf("an explicit denial: %s", body)
	}
}
