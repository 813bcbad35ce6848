package awsapi

import (
	"slices"
	"strings"
	"testing"
)

// The whole life of a workspace, request by request.
func TestGoldenWorkspaceLife(t *testing.T) {
	d := openDoor(t, nil)
	var b strings.Builder
	step := func(what string, a ask) {
		if a.by == nil {
			a.by = &alice
		}
		b.WriteString("# " + what + "\n" + d.transcript(a))
	}
	step("create", ask{method: "POST", url: "/workspaces", body: `{"alias":" kitchen ","clientToken":"t-1","tags":{"team":"a"},"newer":{"than":"us"}}`})
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	id := string(w.ID)
	step("the same again is the same workspace", ask{method: "POST", url: "/workspaces", body: `{"alias":" kitchen ","clientToken":"t-1","tags":{"team":"a"}}`})
	step("the token for something else", ask{method: "POST", url: "/workspaces", body: `{"alias":"other","clientToken":"t-1"}`})
	step("describe", ask{method: "GET", url: "/workspaces/" + id})
	step("a GET may have a body, which says nothing", ask{method: "GET", url: "/workspaces/" + id, body: `{"what`})
	step("list by prefix", ask{method: "GET", url: "/workspaces?alias=kit"})
	step("list in another region", ask{method: "GET", url: "/workspaces", region: "eu-west-1"})
	step("rename", ask{method: "POST", url: "/workspaces/" + id + "/alias", body: `{"alias":"kitchen-2"}`})
	step("configuration", ask{method: "GET", url: "/workspaces/" + id + "/configuration"})
	step("configure", ask{method: "PATCH", url: "/workspaces/" + id + "/configuration",
		body: `{"clientToken":"t-2","retentionPeriodInDays":30,"outOfOrderTimeWindowInSeconds":120,"limitsPerLabelSet":[{"labelSet":{"team":"a"},"limits":{"maxSeries":10}},{"labelSet":{},"limits":{}}]}`})
	d.workspaceOf(alice, "us-west-2", "kitchen-2")
	step("configured", ask{method: "GET", url: "/workspaces/" + id + "/configuration"})
	arn := strings.NewReplacer(":", "%3A", "/", "%2F").Replace(w.ARN().String())
	step("tag", ask{method: "POST", url: "/tags/" + arn, body: `{"tags":{"a":"1","b":"2"}}`})
	step("untag", ask{method: "DELETE", url: "/tags/" + arn + "?tagKeys=a&tagKeys=team"})
	step("tags", ask{method: "GET", url: "/tags/" + arn})
	step("logging, as Terraform asks", ask{method: "GET", url: "/workspaces/" + id + "/logging"})
	step("query logging", ask{method: "GET", url: "/workspaces/" + id + "/logging/query"})
	step("resource policy", ask{method: "GET", url: "/workspaces/" + id + "/policy"})
	step("delete", ask{method: "DELETE", url: "/workspaces/" + id + "?clientToken=t-3"})
	golden(t, "workspace_life", b.String())
}

// What is wrong with a request is said as AWS says it.
func TestGoldenRefusals(t *testing.T) {
	d := openDoor(t, nil)
	id := string(d.workspaceOf(alice, "us-west-2", "kitchen").ID)
	cases := []struct {
		name string
		ask  ask
	}{
		{"the text None, which scripts send", ask{method: "DELETE", url: "/workspaces/None"}},
		{"an id without a letter or digit", ask{method: "GET", url: "/workspaces/---"}},
		{"an id that climbs", ask{method: "GET", url: "/workspaces/..%2F..%2Fetc"}},
		{"no such path", ask{method: "GET", url: "/cupboards"}},
		{"no such method", ask{method: "PUT", url: "/workspaces"}},
		{"a trailing slash", ask{method: "GET", url: "/workspaces/" + id + "/"}},
		{"not JSON", ask{method: "POST", url: "/workspaces", body: `{"alias":`}},
		{"a list", ask{method: "POST", url: "/workspaces", body: `["alias"]`}},
		{"a number for a string", ask{method: "POST", url: "/workspaces", body: `{"alias":3}`}},
		{"a string for a number", ask{method: "PATCH", url: "/workspaces/" + id + "/configuration", body: `{"retentionPeriodInDays":"30"}`}},
		{"a fraction for a whole number", ask{method: "PATCH", url: "/workspaces/" + id + "/configuration", body: `{"retentionPeriodInDays":1.5}`}},
		{"nothing to configure", ask{method: "PATCH", url: "/workspaces/" + id + "/configuration", body: `{}`}},
		{"a limit without its label set", ask{method: "PATCH", url: "/workspaces/" + id + "/configuration", body: `{"limitsPerLabelSet":[{"limits":{"maxSeries":1}}]}`}},
		{"a parameter twice", ask{method: "GET", url: "/workspaces?maxResults=1&maxResults=2"}},
		{"a parameter that is no number", ask{method: "GET", url: "/workspaces?maxResults=many"}},
		{"a broken query", ask{method: "GET", url: "/workspaces?alias=%25zz&maxResults=%zz"}},
		{"not an ARN", ask{method: "GET", url: "/tags/kitchen"}},
		{"no tags", ask{method: "POST", url: "/tags/arn%3Aaws%3Aaps%3Aus-west-2%3A111111111111%3Aworkspace%2F" + id, body: `{}`}},
		{"no tag keys", ask{method: "DELETE", url: "/tags/arn%3Aaws%3Aaps%3Aus-west-2%3A111111111111%3Aworkspace%2F" + id}},
		{"an operation that is not served yet", ask{method: "POST", url: "/workspaces/" + id + "/anomalydetectors", body: `{}`}},
		{"a body that is too large", ask{method: "POST", url: "/workspaces", body: `{"alias":"` + strings.Repeat("a", controlBody) + `"}`}},
	}
	var b strings.Builder
	for _, c := range cases {
		c.ask.by = &alice
		text := d.transcript(c.ask)
		if len(c.ask.body) > 1000 {
			text = strings.Replace(text, c.ask.body, "(a large body)", 1)
		}
		b.WriteString("# " + c.name + "\n" + text)
	}
	golden(t, "control_plane_refusals", b.String())
}

// Pages are followed to the end, and a page token belongs to its own list.
func TestPagination(t *testing.T) {
	d := openDoor(t, nil)
	for _, alias := range []string{"a", "b", "c"} {
		d.workspaceOf(alice, "us-west-2", alias)
	}
	var got []string
	url := "/workspaces?maxResults=2"
	for range 3 {
		var page struct {
			NextToken  *string
			Workspaces []struct{ Alias string }
		}
		d.json(ask{by: &alice, method: "GET", url: url}, &page)
		for _, w := range page.Workspaces {
			got = append(got, w.Alias)
		}
		if page.NextToken == nil {
			break
		}
		url = "/workspaces?maxResults=2&nextToken=" + *page.NextToken
	}
	slices.Sort(got) // made in the same instant, they may come in any order
	if s := strings.Join(got, " "); s != "a b c" {
		t.Errorf("paged through %q, want \"a b c\"", s)
	}
}
