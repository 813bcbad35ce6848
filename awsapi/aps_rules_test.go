package awsapi

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

const oneRule = "groups:\n- name: up\n  rules:\n  - alert: Down\n    expr: up == 0\n"

func namespaceJSON(t *testing.T, members map[string]any) string {
	t.Helper()
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// The whole life of a rule groups namespace, request by request.
func TestGoldenRuleGroupsNamespaces(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	base := "/workspaces/" + string(w.ID) + "/rulegroupsnamespaces"
	data := base64.StdEncoding.EncodeToString([]byte(oneRule))
	twice := base64.StdEncoding.EncodeToString([]byte(data + "\n"))
	var b strings.Builder
	step := func(what string, a ask) {
		if a.by == nil {
			a.by = &alice
		}
		b.WriteString("# " + what + "\n" + d.transcript(a))
	}
	step("create", ask{method: "POST", url: base, body: namespaceJSON(t, map[string]any{"name": "web/front", "data": data, "clientToken": "t-1", "tags": map[string]string{"team": "a"}})})
	step("the same again", ask{method: "POST", url: base, body: namespaceJSON(t, map[string]any{"name": "web/front", "data": data, "clientToken": "t-1", "tags": map[string]string{"team": "a"}})})
	step("the same name", ask{method: "POST", url: base, body: namespaceJSON(t, map[string]any{"name": "web/front", "data": data})})
	step("put, twice encoded", ask{method: "PUT", url: base + "/web%2Ffront", body: namespaceJSON(t, map[string]any{"data": twice})})
	arn := strings.NewReplacer(":", "%3A", "/", "%2F").Replace("arn:aws:aps:us-west-2:111111111111:rulegroupsnamespace/" + string(w.ID) + "/web/front")
	step("tag", ask{method: "POST", url: "/tags/" + arn, body: `{"tags":{"b":"2"}}`})
	step("untag", ask{method: "DELETE", url: "/tags/" + arn + "?tagKeys=team"})
	step("tags", ask{method: "GET", url: "/tags/" + arn})
	step("describe", ask{method: "GET", url: base + "/web%2Ffront"})
	step("another", ask{method: "POST", url: base, body: namespaceJSON(t, map[string]any{"name": "z", "data": data})})
	step("list by prefix", ask{method: "GET", url: base + "?name=web"})
	step("list a page", ask{method: "GET", url: base + "?maxResults=1"})
	step("rules", ask{method: "GET", url: "/workspaces/" + string(w.ID) + "/api/v1/alerts"})
	step("no data", ask{method: "PUT", url: base + "/z", body: `{}`})
	step("data that is no base64", ask{method: "PUT", url: base + "/z", body: `{"data":"groups:"}`})
	step("faults", ask{method: "PUT", url: base + "/z", body: namespaceJSON(t, map[string]any{"data": base64.StdEncoding.EncodeToString([]byte("groups:\n- name: g\n  rules:\n  - record: a b{\n    expr: sum(\n"))})})
	step("put what is not there", ask{method: "PUT", url: base + "/none", body: namespaceJSON(t, map[string]any{"data": data})})
	step("of another account", ask{by: &bob, method: "GET", url: base + "/z"})
	step("delete", ask{method: "DELETE", url: base + "/z?clientToken=t-9"})
	step("describe what is gone", ask{method: "GET", url: base + "/z"})
	golden(t, "rule_groups_namespaces", b.String())
}
