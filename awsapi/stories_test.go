package awsapi

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cloudwatch"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/store"
	"github.com/hearth-metrics/hearth/workspace"
)

// The people of the stories are proven and judged by the real room: the
// account's root, a session that may write, a user who may query, and the root of
// another account.
func storytellers(t testing.TB) (*door, []person) {
	t.Helper()
	return storytellersWith(t, noEngine{})
}

func storytellersWith(t testing.TB, e workspace.Engine) (*door, []person) {
	t.Helper()
	st, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "iam"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	var room *iam.Room
	d := openDoorOn(t, e, func(o *Options) {
		room = openIAM(t, st, o.Now)
		o.IAM, o.Credentials, o.Authorizer = room, room, room
		o.Usage = sizes{}
		o.CloudWatch = cloudwatch.New(cloudwatch.Options{Store: st, Workspaces: o.Workspaces, Samples: noSamples{}, Now: o.Now})
	})
	return d, []person{alice, sessionOf(t, room), readerOf(t, room), bob}
}

// noSamples is an engine without samples.
type noSamples struct{}

func (noSamples) Head(context.Context, hearth.Workspace) (engine.Head, error) {
	return emptyHead{}, nil
}

type emptyHead struct{ engine.Head }

func (emptyHead) Querier(int64, int64) (storage.Querier, error) { return storage.NoopQuerier(), nil }

func (emptyHead) Release() {}

func sessionOf(t testing.TB, room *iam.Room) person {
	t.Helper()
	ctx, a := t.Context(), room.Account(alice.account)
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + string(alice.account) + `"},"Action":"sts:AssumeRole"}}`
	e, err := a.Create(ctx, iam.RoleKind, iam.EntityInput{Name: "writer", Trust: trust})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Attach(ctx, iam.RoleKind, "writer", "arn:aws:iam::aws:policy/AmazonPrometheusRemoteWriteAccess"); err != nil {
		t.Fatal(err)
	}
	c, err := room.AssumeRole(ctx, alice.principal(), iam.AssumeInput{RoleARN: e.ARN().String(), SessionName: "pod"}, hearth.Access{})
	if err != nil {
		t.Fatal(err)
	}
	return person{key: c.AccessKeyID, secret: c.Secret, token: c.Token, account: alice.account}
}

func readerOf(t testing.TB, room *iam.Room) person {
	t.Helper()
	ctx, a := t.Context(), room.Account(alice.account)
	if _, err := a.Create(ctx, iam.UserKind, iam.EntityInput{Name: "reader"}); err != nil {
		t.Fatal(err)
	}
	if err := a.Attach(ctx, iam.UserKind, "reader", "arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess"); err != nil {
		t.Fatal(err)
	}
	k, secret, err := a.CreateAccessKey(ctx, "reader")
	if err != nil {
		t.Fatal(err)
	}
	return person{key: k.ID, secret: secret, account: alice.account}
}

// Every row has its stories: what root, a writer, a reader and a stranger are
// told. A new row must be added to the golden file on purpose.
func TestGoldenStories(t *testing.T) {
	d, people := storytellers(t)
	names := []string{"root", "writer", "reader", "stranger"}
	var b strings.Builder
	tables := d.tables()
	for _, name := range slices.Sorted(keys(tables)) {
		if name == grafanaHTTP {
			grafanaStories(d, &b, tables[name])
			continue
		}
		for i, r := range tables[name] {
			w := d.workspaceOf(alice, "us-west-2", fmt.Sprintf("%s-%d", name, i))
			fmt.Fprintf(&b, "%s %s %s:", r.action, r.method, r.path)
			for _, k := range []int{1, 2, 3, 0} { // root last, for what it may end
				fmt.Fprintf(&b, " %s %s", names[k], told(d, story(d, name, r, w.ID, &people[k])))
			}
			b.WriteString("\n")
		}
	}
	golden(t, "stories", b.String())
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// story asks for a row in the way its service is asked. Names in forms are of
// nobody, so that what is allowed ends in "not found" and changes nothing.
func story(d *door, service string, r *row, ws hearth.WorkspaceID, by *person) ask {
	if d.services[service].protocol == queryXML || service == "monitoring" {
		a := formOf(by, service, r.path, formOfNobody())
		if r.on == unsigned {
			a.by = nil
		}
		return a
	}
	arn := hearth.ARN{Partition: "aws", Service: "aps", Region: "us-west-2", Account: alice.account, Resource: "workspace/" + string(ws)}
	if service == "grafana" {
		w := d.grafanaOf(alice, "us-west-2", "story-"+r.operation())
		ws, arn = hearth.WorkspaceID(w.ID), w.ARN()
	}
	fill := strings.NewReplacer("{workspaceId}", string(ws), "{resourceArn}", strings.NewReplacer(":", "%3A", "/", "%2F").Replace(arn.String()),
		"{name}", "n", "{anomalyDetectorId}", "ad-1", "{scraperId}", "s-1", "{silenceId}", "1", "{tokenId}", "ABIA", "{cloudwatchScraperId}", "cws-1", "{sessionId}", "0123", "{grafanaId}", "g-0123456789",
		"{principalArn}", "arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fr", "{policyArn}", "arn%3Aaws%3Aeks%3A%3Aaws%3Acluster-access-policy%2Fnone",
		"{licenseType}", "ENTERPRISE", "{serviceAccountId}", "99")
	return ask{by: by, method: r.method, url: unnamed.ReplaceAllString(fill.Replace(r.path), "x"), service: service, body: "{}"}
}

// unnamed are the {names} of a path that no story has a value for.
var unnamed = regexp.MustCompile(`\{[A-Za-z]+\}`)

func formOfNobody() map[string]string {
	const nobodys = "arn:aws:iam::111111111111:"
	return map[string]string{
		"UserName": "nobody", "GroupName": "nobody", "RoleName": "nobody", "PolicyName": "nobody", "AccessKeyId": "AKIANOBODY",
		"PolicyArn": nobodys + "policy/nobody", "OpenIDConnectProviderArn": nobodys + "oidc-provider/nobody", "PolicySourceArn": nobodys + "role/nobody",
		"RoleArn": nobodys + "role/nobody", "RoleSessionName": "nobody", "Status": "Active", "VersionId": "v1", "ClientID": "nobody", "WebIdentityToken": "none",
		"PolicyDocument": "{}", "AssumeRolePolicyDocument": "{}", "ActionNames.member.1": "a:b", "PolicyInputList.member.1": "{}", "EncodedMessage": "x",
		"PermissionsBoundary": nobodys + "policy/nobody", "Url": "none", "AccountAlias": "-",
	}
}

func told(d *door, a ask) string {
	d.failures.sources = nil // nobody is slowed down here
	switch status, body := d.say(a); {
	case status == http.StatusForbidden:
		return "denied"
	case status == http.StatusNotFound:
		return "not-found"
	case status == http.StatusUnauthorized:
		return "unproven"
	case status == http.StatusNotImplemented:
		return "not-served"
	case status >= 500:
		return body
	case strings.Contains(body, "is not served"):
		return "not-served"
	case status >= 400:
		return "invalid"
	}
	return "served"
}

// What was allowed and what is done are the same thing, however the path is
// spelt: an encoded id is decoded once, for the question and for the handler.
func TestWhatIsAllowedIsWhatIsDone(t *testing.T) {
	auth := &yes{}
	d := openDoor(t, func(o *Options) { o.Authorizer = auth })
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	other := d.workspaceOf(alice, "us-west-2", "other")
	encoded := strings.Replace(string(w.ID), "-", "%2D", 1)
	for _, path := range []string{
		"/workspaces/" + encoded, "/workspaces/" + string(w.ID) + "%2F..%2F" + string(other.ID), "/workspaces/" + strings.ToUpper(string(w.ID)),
		"/workspaces/" + encoded + "/api/v1/query", "//workspaces/" + string(w.ID) + "/api/v1/query", "/workspaces/x/../" + string(w.ID) + "/api/v1/query",
	} {
		auth.questions, d.seen = nil, nil
		status, body := d.say(ask{by: &alice, method: "GET", url: path})
		if status/100 == 2 && (len(auth.questions) != 1 || auth.questions[0].Resource != w.ARN()) {
			t.Errorf("%s: %d %s, though asked about %v", path, status, body, auth.questions)
		}
		for _, s := range d.seen {
			if s.workspace != w.ID {
				t.Errorf("%s reached workspace %s", path, s.workspace)
			}
		}
	}
}

// A refusal's reasons stay on their side: the caller's account does not read
// another account's policies, and the caller none at all.
func TestReasonsStayWhereTheyBelong(t *testing.T) {
	d, people := storytellers(t)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	policy := `{"Version":"2012-10-17","Statement":[{"Sid":"OwnersSecret","Effect":"Deny","Principal":"*","Action":"aps:QueryMetrics","Resource":"*"}]}`
	if _, err := d.opts.IAM.PutResourcePolicy(context.Background(), w.ARN(), policy, ""); err != nil {
		t.Fatal(err)
	}
	for i, by := range people {
		d.events = nil
		res := d.do(ask{by: &by, method: "GET", url: "/workspaces/" + string(w.ID) + "/api/v1/query?query=up"})
		if res.StatusCode == http.StatusOK {
			t.Errorf("%d may query", i)
		}
		for _, e := range d.events {
			if e.Account != alice.account && strings.Contains(fmt.Sprint(e), "OwnersSecret") {
				t.Errorf("account %s reads: %v", e.Account, e)
			}
		}
	}
}
