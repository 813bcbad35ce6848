package awsapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

const form = "application/x-www-form-urlencoded"

// Services that are not served answer in their own protocol, and STS says who
// is asking.
func TestGoldenServices(t *testing.T) {
	d := openDoor(t, nil)
	typed := func(kind string) map[string]string { return map[string]string{"Content-Type": kind} }
	target := map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}
	cases := []struct {
		name string
		ask  ask
	}{
		{"who am I", ask{by: &alice, method: "POST", url: "/", service: "sts", header: typed(form), body: "Action=GetCallerIdentity&Version=2011-06-15"}},
		{"who am I, not root", ask{by: &carol, method: "POST", url: "/", service: "sts", header: typed(form + "; charset=utf-8"), body: "Action=GetCallerIdentity&Version=2011-06-15"}},
		{"who am I, in the query", ask{by: &alice, method: "GET", url: "/?Action=GetCallerIdentity&Version=2011-06-15", service: "sts"}},
		{"who am I, unsigned", ask{method: "POST", url: "/", header: typed(form), body: "Action=GetCallerIdentity&Version=2011-06-15"}},
		{"who am I, key unknown", ask{by: &person{key: "AKIANOBODY", secret: "x"}, method: "POST", url: "/", service: "sts", header: typed(form), body: "Action=GetCallerIdentity&Version=2011-06-15"}},
		{"assume a role", ask{by: &alice, method: "POST", url: "/", service: "sts", header: typed(form), body: "Action=AssumeRole&Version=2011-06-15"}},
		{"assume a role by web identity, unsigned", ask{method: "POST", url: "/", header: typed(form), body: "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=x"}},
		{"no such action", ask{by: &alice, method: "POST", url: "/", service: "sts", header: typed(form), body: "Action=GetTea&Version=2011-06-15"}},
		{"no such version", ask{method: "POST", url: "/", header: typed(form), body: "Action=GetTea&Version=1999-01-01"}},
		{"iam", ask{by: &alice, method: "POST", url: "/", service: "iam", region: "us-east-1", header: typed(form), body: "Action=GetRole&Version=2010-05-08&RoleName=r"}},
		{"sns", ask{by: &alice, method: "POST", url: "/", service: "sns", header: typed(form), body: "Action=CreateTopic&Version=2010-03-31&Name=n"}},
		{"grafana shares paths with aps", ask{by: &alice, method: "GET", url: "/workspaces", service: "grafana"}},
		{"eks", ask{by: &alice, method: "GET", url: "/clusters/c", service: "eks"}},
		{"logs", ask{by: &alice, method: "POST", url: "/", service: "logs", header: target, body: "{}"}},
		{"tagging", ask{by: &alice, method: "POST", url: "/", service: "tagging", header: target, body: "{}"}},
		{"cloudwatch by query", ask{by: &alice, method: "POST", url: "/", service: "monitoring", header: typed(form), body: "Action=ListMetrics&Version=2010-08-01"}},
		{"cloudwatch by CBOR", ask{by: &alice, method: "POST", url: "/service/GraniteServiceVersion20100801/operation/ListMetrics", service: "monitoring",
			header: map[string]string{"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}, body: "\xa0"}},
		{"a service nobody knows", ask{by: &alice, method: "GET", url: "/", service: "s3"}},
	}
	var b strings.Builder
	for _, c := range cases {
		b.WriteString("# " + c.name + "\n" + d.transcript(c.ask))
	}
	golden(t, "services", b.String())
}

// The lengths in a CBOR answer are those of its texts, however long they are.
func TestLongTextInCBOR(t *testing.T) {
	w := httptest.NewRecorder()
	failure{fault: fault{code: "X", status: 400}, msg: strings.Repeat("m", 100_000)}.writeCBOR(w)
	rest := w.Body.Bytes()[1:]
	for range 4 {
		n := int(rest[1])<<8 | int(rest[2])
		if rest[0] != 0x79 || len(rest) < 3+n {
			t.Fatalf("a text of %d bytes where %d are left", n, len(rest)-3)
		}
		rest = rest[3+n:]
	}
	if len(rest) != 0 {
		t.Errorf("%d bytes behind the last text", len(rest))
	}
}

// A host tells the service only if it is made like AWS's: a machine that runs
// Hearth may well be called grafana or monitoring.
func TestVirtualHosts(t *testing.T) {
	s := New(Options{ExternalURL: "https://monitoring.example.org"})
	cases := map[string]string{
		"aps.us-west-2.hearth.test":            "aps",
		"aps-workspaces.eu-central-1.test:443": "aps",
		"grafana.us-gov-west-1.amazonaws.com":  "grafana",
		"iam.amazonaws.com":                    "iam",
		"sts.amazonaws.com":                    "sts",
		"sts.monitoring.example.org":           "sts",
		"monitoring.example.org":               "",
		"grafana.my-app-1.example.org":         "",
		"grafana.example.org":                  "",
		"localhost:4750":                       "",
		"127.0.0.1:4750":                       "",
		"aps":                                  "",
		"":                                     "",
	}
	for host, want := range cases {
		got := ""
		if svc := s.byHost(host); svc != nil {
			got = svc.name
		}
		if got != want {
			t.Errorf("byHost(%q) = %q, want %q", host, got, want)
		}
	}
}

// A host decides against the scope: what was signed for another service is
// refused.
func TestHostDecidesBeforeScope(t *testing.T) {
	d := openDoor(t, nil)
	a := ask{by: &alice, method: "GET", url: "/workspaces", host: "aps.us-west-2.hearth.test"}
	if status, body := d.say(a); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	a.service = "grafana"
	if status, body := d.say(a); status != http.StatusForbidden || !strings.Contains(body, "correct service: 'aps'") {
		t.Errorf("%d %s", status, body)
	}
}

// Every kind has a code and a status for every service.
func TestEveryKindHasAFault(t *testing.T) {
	for _, svc := range known {
		for k := hearth.Internal; k <= hearth.Timeout; k++ {
			f := faultOf(&svc, k)
			if f.code == "" || f.status < 400 || f.status > 599 {
				t.Errorf("%s, kind %d: %+v", svc.name, k, f)
			}
			if k != hearth.Internal && f == faultOf(&svc, hearth.Internal) && svc.served {
				t.Errorf("%s, kind %d is answered as internal", svc.name, k)
			}
		}
	}
}
