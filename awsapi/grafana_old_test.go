package awsapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Dashboards are found by their number, as Amazon's guide to the API names them, with
// the same rights as by their uid.
func TestDashboardsByNumber(t *testing.T) {
	d := openDesk(t, "numbers")
	made := d.say("editor", "POST", "/dashboards/db", `{"dashboard":{"title":"A","uid":"a"}}`, http.StatusOK)
	d.say("editor", "POST", "/dashboards/db", `{"dashboard":{"title":"B","uid":"a","version":1}}`, http.StatusOK)
	at1 := fmt.Sprintf("/dashboards/id/%v", made["id"])
	if v := d.say("editor", "GET", at1+"/versions?limit=1", "", http.StatusOK); at(v, "list.0.version") != float64(2) || at(v, "list.1") != nil {
		t.Errorf("versions: %v", v)
	}
	if v := d.say("editor", "GET", at1+"/versions/1", "", http.StatusOK); at(v, "data.title") != "A" {
		t.Errorf("a version: %v", v)
	}
	if v := d.say("editor", "POST", at1+"/restore", `{"version":1}`, http.StatusOK); at(v, "version") != float64(3) || at(v, "uid") != "a" {
		t.Errorf("restored: %v", v)
	}
	d.say("admin", "GET", at1+"/permissions", "", http.StatusOK)
	d.say("viewer", "POST", at1+"/permissions", `{"items":[]}`, http.StatusForbidden)
	d.say("viewer", "POST", at1+"/restore", `{"version":1}`, http.StatusForbidden)
	d.say("viewer", "POST", strings.Replace(at1, "/dashboards/id/", "/user/stars/dashboard/", 1), "", http.StatusOK)
	if v := d.say("viewer", "GET", "/user/stars", "", http.StatusOK); at(v, "list.0") != "a" {
		t.Errorf("stars: %v", v)
	}
	d.say("viewer", "DELETE", strings.Replace(at1, "/dashboards/id/", "/user/stars/dashboard/", 1), "", http.StatusOK)
	if v := d.say("viewer", "GET", "/user/stars", "", http.StatusOK); at(v, "list.0") != nil {
		t.Errorf("stars: %v", v)
	}
	d.say("editor", "GET", "/dashboards/id/9999/versions", "", http.StatusNotFound)
	d.say("editor", "GET", "/dashboards/id/x/versions", "", http.StatusBadRequest)
	d.say("stranger", "GET", at1+"/versions", "", http.StatusUnauthorized)
}

// What Grafana has and Hearth does not says so, and is not taken for something that is
// gone.
func TestNotServedIsNotGone(t *testing.T) {
	d := openDesk(t, "refused")
	for path, method := range map[string]string{"/org": "PUT", "/teams/1/members": "PUT", "/nothing": "GET"} {
		d.say("admin", method, path, "{}", http.StatusNotImplemented)
	}
	status, body := d.door.say(ask{method: "GET", url: "/grafana/" + string(d.w.ID) + "/apis", header: map[string]string{"Authorization": "Bearer " + d.cast.tokens[2]}})
	if status != http.StatusNotImplemented {
		t.Errorf("/apis: %d %s", status, body)
	}

	d.say("editor", "POST", "/folders", `{"uid":"al","title":"Alerts"}`, http.StatusOK)
	data := `[{"refId":"A","datasourceUid":"__expr__","model":{"type":"math","expression":"1 > 0"}}]`
	refused := d.say("editor", "POST", "/ruler/grafana/api/v1/rules/al", `{"name":"g","rules":[{"grafana_alert":{"title":"r","data":`+data+`,"record":{"metric":"m","from":"A"}}}]}`, http.StatusNotImplemented)
	if text := fmt.Sprint(refused["message"]); !strings.Contains(text, "recording rules are not served") {
		t.Errorf("a recording rule: %s", text)
	}
	made := d.say("editor", "POST", "/ruler/grafana/api/v1/rules/al", `{"name":"g","rules":[{"grafana_alert":{"title":"r","condition":"A","data":`+data+`}}]}`, http.StatusAccepted)
	if at(made, "created.0") == nil || at(made, "updated.0") != nil {
		t.Errorf("a new rule: %v", made)
	}
}
