package awsapi

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

// Who may do what, told as stories: each caller's whole answer.
func TestGoldenAccess(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	base := "/workspaces/" + string(w.ID)
	write := base + "/api/v1/remote_write"
	nowhere := "/workspaces/" + string(hearth.NewWorkspaceID()) + "/api/v1/remote_write"
	wrong, unknown := alice, person{key: "AKIANOBODY", secret: "x"}
	wrong.secret = "not-alice's"

	cases := []struct {
		name string
		ask  ask
	}{
		{"root writes", ask{by: &alice, method: "POST", url: write, body: "samples"}},
		{"root describes", ask{by: &alice, method: "GET", url: base}},
		{"unsigned write", ask{method: "POST", url: write, body: "samples"}},
		{"unsigned write to no workspace", ask{method: "POST", url: nowhere}},
		{"unsigned describe", ask{method: "GET", url: base}},
		{"unsigned, no such path", ask{method: "GET", url: "/cupboards"}},
		{"another scheme", ask{method: "POST", url: write, header: map[string]string{"Authorization": "Bearer abc"}}},
		{"half a signature", ask{method: "POST", url: write, header: map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAALICE/20261121/us-west-2/aps/aws4_request"}}},
		{"wrong secret, data plane", ask{by: &wrong, method: "POST", url: write, body: "samples"}},
		{"wrong secret, control plane", ask{by: &wrong, method: "GET", url: base}},
		{"unknown key, data plane", ask{by: &unknown, method: "POST", url: write, body: "samples"}},
		{"unknown key, control plane", ask{by: &unknown, method: "GET", url: base}},
		{"clock behind", ask{by: &alice, method: "POST", url: write, at: noon.Add(-time.Hour)}},
		{"clock ahead", ask{by: &alice, method: "POST", url: write, at: noon.Add(time.Hour)}},
		{"body changed on the way", ask{by: &alice, method: "POST", url: write, body: "samples", spoil: func(r *http.Request) {
			r.Body = http.NoBody
			r.ContentLength = 0
		}}},
		{"wrong service", ask{by: &alice, method: "POST", url: write, service: "execute-api"}},
		{"other region, data plane", ask{by: &alice, method: "POST", url: write, region: "eu-west-1"}},
		{"other region, control plane", ask{by: &alice, method: "GET", url: base, region: "eu-west-1"}},
		{"empty region", ask{by: &alice, method: "POST", url: write, body: "samples", region: "-"}},
		{"no such workspace", ask{by: &alice, method: "POST", url: nowhere}},
		{"an id that is none", ask{by: &alice, method: "POST", url: "/workspaces/None/api/v1/remote_write"}},
		{"another account writes", ask{by: &bob, method: "POST", url: write}},
		{"another account describes", ask{by: &bob, method: "GET", url: base}},
		{"another account reads tags", ask{by: &bob, method: "GET", url: "/tags/" + strings.NewReplacer(":", "%3A", "/", "%2F").Replace(w.ARN().String())}},
		{"not root, data plane", ask{by: &carol, method: "POST", url: write}},
		{"not root, control plane", ask{by: &carol, method: "POST", url: "/workspaces"}},
		{"rules are not served yet", ask{by: &alice, method: "GET", url: base + "/api/v1/rules"}},
		{"silences are not served yet", ask{by: &alice, method: "GET", url: base + "/alertmanager/api/v2/silences"}},
	}
	var b strings.Builder
	for _, c := range cases {
		text := d.transcript(c.ask)
		b.WriteString("# " + c.name + "\n" + text)
	}
	golden(t, "access", b.String())
	if n := len(d.seen); n != 2 {
		t.Errorf("%d requests reached the data plane, want the 2 that were allowed", n)
	}
}

// A workspace of another account cannot be told from one that does not exist,
// neither by the answer nor by the caller's part of the ledger.
func TestForeignWorkspaceLooksLikeNone(t *testing.T) {
	d := openDoor(t, nil)
	theirs := string(d.workspaceOf(alice, "us-west-2", "kitchen").ID)
	none := string(hearth.NewWorkspaceID())
	dave := person{key: "AKIADAVE", secret: "dave-secret", account: bob.account}
	d.opts.Credentials = people{alice, bob, dave}
	// told is all the caller's account learns of a request.
	told := func(a ask) string {
		d.events, d.warned = nil, &warned{}
		text := d.transcript(a)
		for _, e := range d.events {
			if e.Account == bob.account {
				text += steady(fmt.Sprintf("%s %s %s %s %q\n", e.Kind, e.Workspace, e.Principal, e.Summary, e.Details))
			}
		}
		return text
	}
	for _, by := range []person{bob, dave} {
		for _, path := range []string{"", "/api/v1/remote_write", "/api/v1/query?query=up", "/configuration", "/logging", "/api/v1/rules"} {
			for _, region := range []string{"us-west-2", "eu-west-1", "-"} {
				a := ask{by: &by, method: "GET", region: region, url: "/workspaces/" + theirs + path}
				if strings.HasSuffix(path, "remote_write") {
					a.method = "POST"
				}
				b := a
				b.url = "/workspaces/" + none + path
				if diff := cmp.Diff(told(b), told(a)); diff != "" {
					t.Errorf("%s asks for %q in %s: a missing workspace and a foreign one differ (-missing +foreign):\n%s", by.key, path, region, diff)
				}
			}
		}
	}
}

// The reason of a denial is in the ledger under the request id; the owner of a
// workspace learns who was turned away.
func TestDenialsAreExplained(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	write := "/workspaces/" + string(w.ID) + "/api/v1/remote_write"
	wrong := alice
	wrong.secret = "other"
	cases := []struct {
		name    string
		ask     ask
		account hearth.AccountID
		details []string
	}{
		{"mismatch", ask{by: &wrong, method: "POST", url: write}, alice.account,
			[]string{hearth.DetailCanonical, hearth.DetailStringToSign, hearth.DetailScope, hearth.DetailSignedHeaders, hearth.DetailAccessKey}},
		{"skew", ask{by: &alice, method: "POST", url: write, at: noon.Add(-time.Hour)}, alice.account,
			[]string{hearth.DetailClientTime, hearth.DetailServerTime, hearth.DetailSkew}},
		{"unsigned", ask{method: "POST", url: write}, alice.account, []string{hearth.DetailPath, hearth.DetailRemote}},
		{"region", ask{by: &alice, method: "POST", url: write, region: "eu-west-1"}, alice.account,
			[]string{hearth.DetailClaimedRegion, hearth.DetailExpectedRegion}},
		{"service", ask{by: &alice, method: "POST", url: write, service: "es"}, alice.account,
			[]string{hearth.DetailClaimedService, hearth.DetailExpectedService}},
		{"rights", ask{by: &carol, method: "POST", url: write}, carol.account, []string{hearth.DetailAction, hearth.DetailResource}},
		{"foreign", ask{by: &bob, method: "POST", url: write}, bob.account, []string{hearth.DetailResource}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			id := d.do(c.ask).Header.Get("X-Amzn-Requestid")
			var mine *hearth.Event
			for _, e := range d.eventsOf(id) {
				if e.Account == c.account {
					mine = &e
				}
			}
			if mine == nil {
				t.Fatalf("no event of account %s under %s: %+v", c.account, id, d.eventsOf(id))
			}
			if mine.Kind != hearth.EventDenied || mine.Summary == "" || mine.Workspace != w.ID {
				t.Errorf("event %+v", mine)
			}
			for _, name := range c.details {
				if mine.Detail(name) == "" {
					t.Errorf("event lacks %s: %+v", name, mine.Details)
				}
			}
		})
	}
	id := d.do(ask{by: &bob, method: "POST", url: write}).Header.Get("X-Amzn-Requestid")
	var owners int
	for _, e := range d.eventsOf(id) {
		if e.Account == alice.account {
			owners++
		}
	}
	if owners != 1 {
		t.Errorf("the owner was told %d times, want 1", owners)
	}
}

// hearth why reads the caller's own account only.
func TestEventsOperation(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	id := d.do(ask{method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write"}).Header.Get("X-Amzn-Requestid")
	var out struct {
		Events []struct {
			RequestID string
			Kind      string
			Details   []hearth.Detail
		}
	}
	d.json(ask{by: &alice, method: "GET", url: "/hearth/v1/events?request_id=" + id, service: "hearth"}, &out)
	if len(out.Events) != 1 || out.Events[0].RequestID != id || out.Events[0].Kind != "denied" || len(out.Events[0].Details) == 0 {
		t.Errorf("alice reads %+v", out.Events)
	}
	d.json(ask{by: &bob, method: "GET", url: "/hearth/v1/events?request_id=" + id, service: "hearth"}, &out)
	if len(out.Events) != 0 {
		t.Errorf("bob reads %+v", out.Events)
	}
	for _, by := range []*person{&carol, nil} {
		if status, body := d.say(ask{by: by, method: "GET", url: "/hearth/v1/events", service: "hearth"}); status != 403 {
			t.Errorf("%v reads the ledger: %d %s", by, status, body)
		}
	}
}

// A region is any name, but nothing that would change what an ARN says.
func TestRegionNames(t *testing.T) {
	d := openDoor(t, nil)
	for region, want := range map[string]int{
		"eu-central-1": 200, "garage": 200, "Zone_1.b": 200,
		"us-east-1:111111111111": 403, "*": 403, "a?b": 403,
	} {
		status, body := d.say(ask{by: &alice, method: "GET", url: "/workspaces", region: region})
		if status != want || want == 403 && !strings.Contains(body, "valid region") {
			t.Errorf("region %q: %d %s, want %d", region, status, body, want)
		}
	}
}

// In profile aws-strict an empty region is refused; otherwise the sender is
// warned once an hour.
func TestEmptyRegion(t *testing.T) {
	count := func(d *door, kind hearth.EventKind) (n int) {
		for _, e := range d.events {
			if e.Kind == kind {
				n++
			}
		}
		return n
	}
	d := openDoor(t, nil)
	write := ask{by: &alice, method: "POST", region: "-", url: "/workspaces/" + string(d.workspaceOf(alice, "us-west-2", "a").ID) + "/api/v1/remote_write"}
	for range 3 {
		if status, body := d.say(write); status != 200 {
			t.Errorf("%d %s", status, body)
		}
	}
	if n := count(d, hearth.EventWarning); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
	strict := openDoor(t, func(o *Options) { o.Profile = hearth.AWSStrict })
	write.url = "/workspaces/" + string(strict.workspaceOf(alice, "us-west-2", "a").ID) + "/api/v1/remote_write"
	if status, body := strict.say(write); status != 403 || !strings.Contains(body, "valid region") {
		t.Errorf("%d %s", status, body)
	}
}

// A session token never reaches the ledger.
func TestLedgerHoldsNoToken(t *testing.T) {
	d := openDoor(t, nil)
	wrong := alice
	wrong.secret = "other"
	a := ask{by: &wrong, method: "GET", url: "/workspaces", header: map[string]string{"X-Amz-Security-Token": "top-secret-token"}}
	d.do(a)
	for _, e := range d.events {
		for _, detail := range e.Details {
			if bytes.Contains([]byte(detail.Value), []byte("top-secret-token")) {
				t.Errorf("%s: %s", detail.Name, detail.Value)
			}
		}
	}
}

// asked records every question, and answers no.
type asked struct{ questions []hearth.Access }

func (a *asked) Authorize(_ context.Context, _ hearth.Principal, q hearth.Access) error {
	a.questions = append(a.questions, q)
	return &hearth.Error{Kind: hearth.Denied}
}

// No row can be reached by someone who has not signed or may not: neither those
// that are served nor those that are refused.
func TestEveryRowAsks(t *testing.T) {
	no := &asked{}
	d := openDoor(t, func(o *Options) { o.Authorizer, o.SNS = no, openSNS(t) })
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	fill := strings.NewReplacer("{workspaceId}", string(w.ID), "{resourceArn}", strings.NewReplacer(":", "%3A", "/", "%2F").Replace(w.ARN().String()),
		"{name}", "n", "{anomalyDetectorId}", "ad-1", "{scraperId}", "s-1", "{silenceId}", "1", "{tokenId}", "ABIA", "{sessionId}", "0123", "{grafanaId}", "g-0123456789")
	for name, rows := range d.tables() {
		if name == grafanaHTTP {
			continue // its tokens are another test's
		}
		for _, r := range rows {
			if r.on == anyPrincipal || r.on == unsigned || r.on == snsLink || r.on == snsPage || r.on == signIn {
				continue
			}
			no.questions = nil
			a := ask{by: &alice, method: r.method, url: unnamed.ReplaceAllString(fill.Replace(r.path), "x"), service: name, body: "{}"}
			if name == "grafana" {
				a.url = unnamed.ReplaceAllString(fill.Replace(strings.Replace(r.path, "{workspaceId}", "g-0123456789", 1)), "x")
			}
			if d.services[name].protocol == queryXML || name == "monitoring" {
				a = formOf(&alice, name, r.path, nil)
			}
			if status, body := d.say(a); status != http.StatusForbidden || !strings.Contains(body, "not authorized to perform: "+spelt(r.action)+" on resource: arn:aws:") {
				t.Errorf("%s %s, denied: %d %s", r.method, a.url, status, body)
			}
			if len(no.questions) == 0 || no.questions[0].Action != r.action {
				t.Errorf("%s %s asked %+v, want %s", r.method, a.url, no.questions, r.action)
			}
			a.by = nil
			if status, body := d.say(a); status != http.StatusForbidden || !strings.Contains(body, "Missing Authentication Token") {
				t.Errorf("%s %s, unsigned: %d %s", r.method, a.url, status, body)
			}
		}
	}
	if len(d.seen) != 0 {
		t.Errorf("the data plane was reached: %+v", d.seen)
	}
}

// formOf asks for an operation of a query-protocol service.
func formOf(by *person, service, action string, members map[string]string) ask {
	versions := map[string]string{"iam": "2010-05-08", "sts": "2011-06-15", "sns": "2010-03-31", "monitoring": "2010-08-01"}
	form := url.Values{"Action": {action}, "Version": {versions[service]}}
	for k, v := range members {
		form.Set(k, v)
	}
	return ask{by: by, method: "POST", url: "/", service: service, region: "us-east-1", body: form.Encode(),
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}
}

// yes records every question, and answers yes.
type yes struct{ asked }

func (y *yes) Authorize(_ context.Context, _ hearth.Principal, q hearth.Access) error {
	y.questions = append(y.questions, q)
	return nil
}

// The questions carry what policies may ask about.
func TestQuestions(t *testing.T) {
	auth := &yes{}
	d := openDoor(t, func(o *Options) { o.Authorizer = auth })
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	arn := strings.NewReplacer(":", "%3A", "/", "%2F").Replace(w.ARN().String())
	d.say(ask{by: &alice, method: "POST", url: "/tags/" + arn, body: `{"tags":{"team":"a"}}`})
	auth.questions = nil

	all := hearth.ARN{Partition: "aws", Service: "aps", Region: "us-west-2", Account: alice.account, Resource: "/workspaces"}
	cases := []struct {
		name string
		ask  ask
		want []hearth.Access
	}{
		{"create", ask{method: "POST", url: "/workspaces", body: `{"alias":"x"}`}, []hearth.Access{{Action: "aps:CreateWorkspace", Resource: all}}},
		{"create with tags", ask{method: "POST", url: "/workspaces", body: `{"tags":{"a":"b"}}`}, []hearth.Access{
			{Action: "aps:CreateWorkspace", Resource: all, RequestTags: map[string]string{"a": "b"}},
			{Action: "aps:TagResource", Resource: all, RequestTags: map[string]string{"a": "b"}}}},
		{"describe", ask{method: "GET", url: "/workspaces/" + string(w.ID)}, []hearth.Access{
			{Action: "aps:DescribeWorkspace", Resource: w.ARN(), ResourceTags: map[string]string{"team": "a"}}}},
		{"tag", ask{method: "POST", url: "/tags/" + arn, body: `{"tags":{"a":"b"}}`}, []hearth.Access{
			{Action: "aps:TagResource", Resource: w.ARN(), ResourceTags: map[string]string{"team": "a"}, RequestTags: map[string]string{"a": "b"}}}},
		{"untag", ask{method: "DELETE", url: "/tags/" + arn + "?tagKeys=a&tagKeys=c"}, []hearth.Access{
			{Action: "aps:UntagResource", Resource: w.ARN(), ResourceTags: map[string]string{"team": "a", "a": "b"}, TagKeys: []string{"a", "c"}}}},
		{"write", ask{method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write"}, []hearth.Access{
			{Action: "aps:RemoteWrite", Resource: w.ARN(), ResourceTags: map[string]string{"team": "a"}}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			auth.questions = nil
			c.ask.by = &alice
			if status, body := d.say(c.ask); status/100 != 2 {
				t.Fatalf("%d %s", status, body)
			}
			for i := range c.want {
				c.want[i].SourceIP, c.want[i].Region, c.want[i].Time = "192.0.2.1", "us-west-2", noon
			}
			if diff := cmp.Diff(c.want, auth.questions); diff != "" {
				t.Errorf("questions (-want +got):\n%s", diff)
			}
		})
	}
}
