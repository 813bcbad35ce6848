package awsapi

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// A workspace of the caller in another region is not found, as on AWS, and the
// ledger says where it is. Nobody else learns of it.
func TestNotFoundInThisRegion(t *testing.T) {
	d := openDoor(t, nil)
	w, g := d.workspaceOf(alice, "us-west-2", "kitchen"), d.grafanaOf(alice, "us-west-2", "kitchen")
	arn := strings.NewReplacer(":", "%3A", "/", "%2F").Replace(g.ARN().String())
	for _, c := range []struct{ service, method, url string }{
		{"aps", "GET", "/workspaces/" + string(w.ID)}, {"aps", "DELETE", "/workspaces/" + string(w.ID)}, {"aps", "GET", "/workspaces/" + string(w.ID) + "/alertmanager/definition"},
		{"grafana", "GET", "/workspaces/" + string(g.ID)}, {"grafana", "GET", "/workspaces/" + string(g.ID) + "/authentication"}, {"grafana", "GET", "/tags/" + arn},
	} {
		for _, by := range []person{alice, bob} {
			d.events = nil
			res := d.do(ask{by: &by, method: c.method, url: c.url, service: c.service, region: "eu-west-1"})
			if res.StatusCode != http.StatusNotFound && !(by == bob && res.StatusCode == http.StatusForbidden) {
				t.Errorf("%s %s: %s, want 404", c.method, c.url, res.Status)
			}
			told := slices.ContainsFunc(d.eventsOf(res.Header.Get("X-Amzn-Requestid")), func(e hearth.Event) bool {
				return strings.Contains(e.Summary, "is in us-west-2") && e.Detail(hearth.DetailExpectedRegion) == "us-west-2" && e.Account == alice.account
			})
			if told != (by == alice) {
				t.Errorf("%s %s by %s: told in the ledger: %t\n%v", c.method, c.url, by.key, told, d.events)
			}
		}
	}
	d.events = nil
	if d.do(ask{by: &alice, method: "GET", url: "/workspaces/ws-00000000-0000-4000-8000-000000000000", region: "eu-west-1"}); len(d.events) > 0 {
		t.Errorf("about a workspace of nobody: %v", d.events)
	}
}
