package awsapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// The whole of EKS that is served, without an API server: what RegisterCluster
// announces waits for its kubeconfig.
func TestGoldenEKS(t *testing.T) {
	d := openDoor(t, nil)
	const role = "arn:aws:iam::111111111111:role/aws-service-role/scraper.aps.amazonaws.com/AWSServiceRoleForAmazonPrometheusScraper_1234abcd-56ef-7"
	entry := "/clusters/kitchen/access-entries/" + url.PathEscape(role)
	arn := url.PathEscape("arn:aws:eks:us-west-2:111111111111:cluster/kitchen")
	register := `{"name":"kitchen","connectorConfig":{"roleArn":"arn:aws:iam::111111111111:role/connector","provider":"EKS_ANYWHERE"},"tags":{"team":"a"},"clientRequestToken":"one"}`
	cases := []ask{
		{method: "POST", url: "/cluster-registrations", body: register},
		{method: "POST", url: "/cluster-registrations", body: register}, // the same token
		{method: "POST", url: "/cluster-registrations", body: strings.Replace(register, "one", "two", 1)},
		{method: "POST", url: "/cluster-registrations", body: `{"name":"-","connectorConfig":{"roleArn":"arn:aws:iam::111111111111:role/r","provider":"OTHER"}}`},
		{method: "POST", url: "/cluster-registrations", body: `{"name":"pantry","connectorConfig":{"roleArn":"arn:aws:iam::111111111111:role/r","provider":"MINE"}}`},
		{method: "POST", url: "/cluster-registrations", body: `{"name":"pantry"}`},
		{method: "POST", url: "/cluster-registrations", body: `{"name":7}`},
		{method: "GET", url: "/clusters/kitchen"},
		{method: "GET", url: "/clusters/none"},
		{by: &bob, method: "GET", url: "/clusters/kitchen"},
		{method: "GET", url: "/clusters/kitchen", region: "eu-west-1"},
		{method: "POST", url: "/cluster-registrations", body: `{"name":"pantry","connectorConfig":{"roleArn":"arn:aws:iam::111111111111:role/r","provider":"OTHER"}}`},
		{method: "GET", url: "/clusters?maxResults=1&include=all"},
		{method: "GET", url: "/clusters?maxResults=1&nextToken=a2l0Y2hlbg"},
		{method: "GET", url: "/clusters?maxResults=101"},
		{method: "GET", url: "/clusters?nextToken=*"},

		{method: "POST", url: "/clusters/kitchen/access-entries", body: `{"principalArn":"` + role + `","username":"aps-collector-user","kubernetesGroups":["collectors"]}`},
		{method: "POST", url: "/clusters/kitchen/access-entries", body: `{"principalArn":"arn:aws:iam::111111111111:role/AWSServiceRoleForAmazonPrometheusScraper_1234abcd-56ef-7"}`},
		{method: "POST", url: "/clusters/kitchen/access-entries", body: `{"principalArn":"arn:aws:iam::111111111111:role/dev"}`},
		{method: "POST", url: "/clusters/kitchen/access-entries", body: `{"principalArn":"arn:aws:iam::111111111111:user/x","kubernetesGroups":["system:masters"]}`},
		{method: "POST", url: "/clusters/kitchen/access-entries", body: `{"principalArn":"arn:aws:iam::111111111111:role/node","type":"EC2_LINUX"}`},
		{method: "POST", url: "/clusters/kitchen/access-entries", body: `{"principalArn":"someone"}`},
		{method: "GET", url: entry},
		{method: "GET", url: "/clusters/kitchen/access-entries/nobody"},
		{method: "POST", url: entry, body: `{"kubernetesGroups":[]}`},
		{method: "GET", url: "/clusters/kitchen/access-entries"},
		{method: "GET", url: "/clusters/kitchen/access-entries?associatedPolicyArn=arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"},
		{method: "GET", url: "/access-policies"},
		{method: "GET", url: "/access-policies?maxResults=2"},
		{method: "GET", url: "/access-policies?maxResults=3&nextToken=YXJuOmF3czpla3M6OmF3czpjbHVzdGVyLWFjY2Vzcy1wb2xpY3kvQW1hem9uRUtTQ2x1c3RlckFkbWluUG9saWN5"},
		{method: "GET", url: "/access-policies?maxResults=0"},
		{method: "POST", url: entry + "/access-policies", body: `{"policyArn":"arn:aws:eks::aws:cluster-access-policy/AmazonEKSNonePolicy","accessScope":{"type":"cluster"}}`},
		{method: "POST", url: entry + "/access-policies", body: `{"policyArn":"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy","accessScope":{"type":"namespace"}}`},
		{method: "POST", url: entry + "/access-policies", body: `{"policyArn":"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy","accessScope":{"type":"cluster"}}`},
		{method: "GET", url: entry + "/access-policies"},
		{method: "GET", url: entry + "/access-policies?nextToken=*"},
		{method: "DELETE", url: entry + "/access-policies/" + url.PathEscape("arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy")},

		{method: "POST", url: "/tags/" + arn, body: `{"tags":{"stage":"test"}}`},
		{method: "POST", url: "/tags/" + arn, body: `{"tags":{"aws:x":"y"}}`},
		{method: "DELETE", url: "/tags/" + arn + "?tagKeys=team"},
		{method: "GET", url: "/tags/" + arn},
		{method: "GET", url: "/tags/" + url.PathEscape("arn:aws:eks:us-west-2:111111111111:cluster/none")},
		{method: "GET", url: "/tags/" + url.PathEscape("arn:aws:eks:us-west-2:111111111111:nodegroup/x/y/z")},

		{method: "POST", url: "/clusters", body: `{"name":"made"}`},
		{method: "DELETE", url: entry},
		{method: "DELETE", url: entry},
		{method: "DELETE", url: "/cluster-registrations/kitchen"},
		{method: "GET", url: "/clusters/kitchen/access-entries"},
	}
	var b strings.Builder
	for _, a := range cases {
		if a.by == nil {
			a.by = &alice
		}
		a.service = "eks"
		b.WriteString(d.transcript(a))
	}
	golden(t, "eks", b.String())
}

// A policy about one cluster, one tag or one principal is about just that.
func TestClusterAccess(t *testing.T) {
	auth := &yes{}
	d := openDoor(t, func(o *Options) { o.Authorizer = auth })
	register := func(name, tags string) {
		t.Helper()
		if status, body := d.say(ask{by: &alice, method: "POST", url: "/cluster-registrations", service: "eks",
			body: `{"name":"` + name + `","tags":` + tags + `,"connectorConfig":{"roleArn":"arn:aws:iam::111111111111:role/r","provider":"OTHER"}}`}); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	register("kitchen", `{"team":"a"}`)
	auth.questions = nil
	d.say(ask{by: &alice, method: "GET", url: "/clusters/kitchen", service: "eks"})
	if q := auth.questions[0]; q.Resource.String() != "arn:aws:eks:us-west-2:111111111111:cluster/kitchen" || q.ResourceTags["team"] != "a" || q.Context["eks:clusterName"] != "kitchen" {
		t.Errorf("asked %+v", q)
	}
	auth.questions = nil
	d.say(ask{by: &bob, method: "GET", url: "/tags/" + url.PathEscape("arn:aws:eks:us-west-2:111111111111:cluster/kitchen"), service: "eks"})
	if q := auth.questions[0]; q.Resource.Account != alice.account || len(q.ResourceTags) != 0 {
		t.Errorf("another account's question is %+v", q)
	}
	auth.questions = nil
	d.say(ask{by: &alice, method: "POST", url: "/clusters/kitchen/access-entries", service: "eks", body: `{"principalArn":"arn:aws:iam::111111111111:role/dev","tags":{"x":"y"}}`})
	if q := auth.questions; len(q) != 2 || q[0].Context["eks:principalArn"] != "arn:aws:iam::111111111111:role/dev" || q[1].Action != "eks:TagResource" {
		t.Errorf("asked %+v", q)
	}
}

// What registers with an identity provider needs the right to make those, too.
func TestPinningNeedsItsOwnRight(t *testing.T) {
	auth := &onlyActions{"hearth:RegisterCluster": true}
	d := openDoor(t, func(o *Options) { o.Authorizer = auth })
	a := ask{by: &alice, method: "POST", url: "/hearth/v1/clusters", service: "hearth", body: `{"name":"c","kubeconfig":"x","oidcProvider":true}`}
	if status, body := d.say(a); status != http.StatusForbidden || !strings.Contains(body, "iam:CreateOpenIDConnectProvider") {
		t.Errorf("%d %s", status, body)
	}
	a.body = `{"name":"c","kubeconfig":"x"}`
	if status, body := d.say(a); status != http.StatusBadRequest || !strings.Contains(body, "kubeconfig") {
		t.Errorf("%d %s", status, body)
	}
}

// A kubeconfig's secrets are in no answer and no event, whatever is asked.
func TestCredentialsAreNeverTold(t *testing.T) {
	d := openDoor(t, nil)
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(`{"message":"` + r.Header.Get("Authorization") + `"}`)) // an API server that tells all
	}))
	defer api.Close()
	config := `{"apiVersion":"v1","kind":"Config","current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],` +
		`"clusters":[{"name":"c","cluster":{"server":"` + api.URL + `","insecure-skip-tls-verify":true}}],"users":[{"name":"u","user":{"token":"top-secret-token"}}]}`
	body := `{"name":"kitchen","noCheck":true,"kubeconfig":` + quoted(config) + `}`
	var said strings.Builder
	for _, a := range []ask{
		{method: "POST", url: "/hearth/v1/clusters", body: strings.Replace(body, "true", "false", 1)},
		{method: "POST", url: "/hearth/v1/clusters", body: body},
		{method: "POST", url: "/hearth/v1/clusters/kitchen/check"},
		{method: "GET", url: "/hearth/v1/clusters/kitchen"},
		{method: "GET", url: "/hearth/v1/clusters"},
		{method: "PUT", url: "/hearth/v1/clusters/kitchen", body: body},
		{method: "GET", url: "/clusters/kitchen", service: "eks"},
		{method: "GET", url: "/hearth/v1/events"},
	} {
		a.by = &alice
		if a.service == "" {
			a.service = "hearth"
		}
		_, answer := d.say(a)
		said.WriteString(answer)
	}
	if !strings.Contains(said.String(), `"unreachable"`) || !strings.Contains(said.String(), "arn:aws:eks:us-west-2:111111111111:cluster/kitchen") {
		t.Fatalf("the cluster was not asked: %s", said.String())
	}
	if strings.Contains(said.String(), "top-secret-token") {
		t.Errorf("the token was told: %s", said.String())
	}
}

// onlyActions allows some actions.
type onlyActions map[string]bool

func (o onlyActions) Authorize(_ context.Context, _ hearth.Principal, a hearth.Access) error {
	if o[a.Action] {
		return nil
	}
	return &hearth.Error{Kind: hearth.Denied}
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}
