package awsapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// A desk asks a Grafana workspace's HTTP API in the name of its roles.
type desk struct {
	*door
	t    *testing.T
	w    hearth.GrafanaWorkspace
	cast grafanaCast
}

func openDesk(t *testing.T, name string) *desk {
	d := openDoor(t, nil)
	c := castOf(d, name)
	return &desk{door: d, t: t, w: c.w, cast: c}
}

// say asks as one of viewer, editor, admin and stranger, wants the status, and
// returns the answer decoded.
func (d *desk) say(who, method, path, body string, want int) map[string]any {
	d.t.Helper()
	d.failures.sources = nil // nobody is slowed down here
	i := 0
	for i < len(d.cast.names)-1 && d.cast.names[i] != who {
		i++
	}
	status, text := d.door.say(grafanaAsk(d.w, d.cast.tokens[i], method, "/api"+path, body))
	if status != want {
		d.t.Fatalf("%s %s as %s: %d %s, want %d", method, path, who, status, text, want)
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil && text != "" {
		d.t.Fatalf("%s %s: %v: %s", method, path, err, text)
	}
	if list, ok := v.([]any); ok {
		return map[string]any{"list": list}
	}
	m, _ := v.(map[string]any)
	return m
}

// at is the value at a path of names in v; numbers choose of lists.
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (d *desk) want(v any, path string, want any) {
	d.t.Helper()
	if got := at(v, path); fmt.Sprint(got) != fmt.Sprint(want) {
		d.t.Errorf("%s is %v, want %v", path, got, want)
	}
}

// A library panel is shared by dashboards, changed by who has seen its newest
// version, and kept while a dashboard shows it.
func TestGrafanaLibraryPanels(t *testing.T) {
	d := openDesk(t, "library")
	d.say("editor", "POST", "/folders", `{"uid":"ops","title":"Ops"}`, 200)
	made := d.say("editor", "POST", "/library-elements", `{"uid":"cpu","name":"CPU","kind":1,"folderUid":"ops","model":{"type":"stat","title":"<b>","description":"of nodes"}}`, 200)
	d.want(made, "result.version", 1)
	d.want(made, "result.meta.folderName", "Ops")
	d.say("editor", "POST", "/library-elements", `{"name":"cpu","kind":1,"folderUid":"ops","model":{"type":"stat"}}`, 400)
	d.say("editor", "POST", "/library-elements", `{"uid":"cpu","name":"Other","kind":1,"model":{}}`, 400)
	for _, body := range []string{`{"name":"x","kind":2,"model":{}}`, `{"name":"x","kind":1,"model":[]}`, `{"name":" ","kind":1,"model":{}}`,
		`{"name":"x","kind":1}`, `{"name":"x","kind":1,"model":{"type":3}}`, `{"name":"x","kind":1,"folderUid":"none","model":{}}`, `{`, ``} {
		d.say("editor", "POST", "/library-elements", body, 400)
	}
	d.say("viewer", "POST", "/library-elements", `{"name":"x","kind":1,"model":{}}`, 403)
	d.say("stranger", "GET", "/library-elements/cpu", "", 401)

	d.say("editor", "PATCH", "/library-elements/cpu", `{"kind":1,"version":7,"name":"CPU 2"}`, 412)
	d.want(d.say("editor", "PATCH", "/library-elements/cpu", `{"kind":1,"version":1,"name":"CPU 2"}`, 200), "result.version", 2)
	board := `{"dashboard":{"uid":"b","title":"Board","panels":[{"type":"row","panels":[{"id":3,"libraryPanel":{"uid":"cpu","name":"CPU"}}]}]},"overwrite":true}`
	d.say("editor", "POST", "/dashboards/db", board, 200)
	one := d.say("viewer", "GET", "/library-elements/cpu", "", 200)
	d.want(one, "result.meta.connectedDashboards", 1)
	d.want(one, "result.model.title", "<b>")
	d.want(d.say("viewer", "GET", "/library-elements/cpu/connections/", "", 200), "result.0.connectionUid", "b")
	d.say("editor", "DELETE", "/library-elements/cpu", "", 403)
	d.say("editor", "DELETE", "/folders/ops", "", 403)

	for query, n := range map[string]int{
		"": 1, "?searchString=nodes": 1, "?searchString=ram": 0, "?kind=2": 0, "?typeFilter=stat,gauge": 1, "?typeFilter=table": 0,
		"?folderFilterUIDs=ops": 1, "?folderFilterUIDs=general": 0, "?folderFilter=0": 0, "?excludeUid=cpu": 0, "?perPage=1&page=2": 0,
	} {
		got := d.say("viewer", "GET", "/library-elements"+query, "", 200)
		if list, _ := at(got, "result.elements").([]any); len(list) != n {
			t.Errorf("%s: %d elements, want %d", query, len(list), n)
		}
	}
	d.want(d.say("viewer", "GET", "/library-elements/name/CPU%202", "", 200), "result.0.uid", "cpu")
	d.say("viewer", "GET", "/library-elements/name/none", "", 404)

	// Whoever may not see the folder does not see what is in it.
	d.say("admin", "POST", "/folders/ops/permissions", `{"items":[{"role":"Editor","permission":2}]}`, 200)
	d.say("viewer", "GET", "/library-elements/cpu", "", 404)
	d.want(d.say("viewer", "GET", "/library-elements", "", 200), "result.totalCount", 0)

	d.say("editor", "DELETE", "/dashboards/uid/b", "", 200)
	d.say("editor", "DELETE", "/folders/ops", "", 200)
	d.say("admin", "GET", "/library-elements/cpu", "", 404)

	d.say("editor", "POST", "/dashboards/import", `{"dashboard":{"title":"I","uid":"i","__elements":{"e1":{"name":"Lib","uid":"e1","kind":1,"model":{"type":"text"}}},
		"panels":[{"libraryPanel":{"uid":"e1","name":"Lib"}}]}}`, 200)
	d.want(d.say("viewer", "GET", "/library-elements/e1", "", 200), "result.meta.connectedDashboards", 1)
}

// A snapshot is for who has its link; only its maker, administrators, and who has
// the key for it delete it.
func TestGrafanaSnapshots(t *testing.T) {
	d := openDesk(t, "snapshots")
	made := d.say("editor", "POST", "/snapshots", `{"dashboard":{"title":"Now","panels":[]},"name":"Now","expires":3600}`, 200)
	k, _ := made["key"].(string)
	secret, _ := made["deleteKey"].(string)
	if k == "" || secret == "" || made["url"] != d.w.URL+"/dashboard/snapshot/"+k {
		t.Fatalf("%v", made)
	}
	got := d.say("viewer", "GET", "/snapshots/"+k, "", 200)
	d.want(got, "dashboard.title", "Now")
	d.want(got, "meta.isSnapshot", true)
	d.say("stranger", "GET", "/snapshots/"+k, "", 401)
	d.want(d.say("editor", "GET", "/dashboard/snapshots", "", 200), "list.0.key", k)
	d.want(d.say("admin", "GET", "/dashboard/snapshots?query=NO", "", 200), "list.0.name", "Now")
	d.say("viewer", "DELETE", "/snapshots/"+k, "", 403)
	d.say("viewer", "GET", "/snapshots-delete/wrong", "", 404)
	d.say("viewer", "GET", "/snapshots-delete/"+secret, "", 200)
	d.say("viewer", "GET", "/snapshots/"+k, "", 404)

	k, _ = d.say("admin", "POST", "/snapshots", `{"dashboard":{}}`, 200)["key"].(string)
	d.say("editor", "DELETE", "/snapshots/"+k, "", 403)
	d.want(d.say("editor", "GET", "/dashboard/snapshots", "", 200), "list.0", nil)
	d.say("admin", "DELETE", "/snapshots/"+k, "", 200)
	refused := d.say("editor", "POST", "/snapshots", `{"dashboard":{},"external":true}`, 400)
	if text, _ := refused["message"].(string); !strings.Contains(text, "stay in this Grafana workspace") {
		t.Errorf("%v", refused)
	}
	for _, body := range []string{`{}`, `{"dashboard":[]}`, `{"dashboard":{},"expires":-1}`} {
		d.say("editor", "POST", "/snapshots", body, 400)
	}
}

// Playlists, short addresses and API keys are made, read and ended.
func TestGrafanaPlaylistsLinksKeys(t *testing.T) {
	d := openDesk(t, "lists")
	uid, _ := d.say("editor", "POST", "/playlists", `{"name":"Wall","interval":"5m","items":[{"type":"dashboard_by_tag","value":"ops","title":"ops"}]}`, 200)["uid"].(string)
	d.want(d.say("viewer", "GET", "/playlists/"+uid, "", 200), "items.0.value", "ops")
	d.want(d.say("viewer", "GET", "/playlists/"+uid+"/items", "", 200), "list.0.order", 1)
	d.want(d.say("editor", "PUT", "/playlists/"+uid, `{"name":"Wall 2","interval":"1m","items":[]}`, 200), "name", "Wall 2")
	d.want(d.say("viewer", "GET", "/playlists?query=wall", "", 200), "list.0.interval", "1m")
	for _, body := range []string{`{"name":"","interval":"1m"}`, `{"name":"x","interval":"soon"}`, `{"name":"x","interval":"1m","items":[{"type":"song","value":"x"}]}`} {
		d.say("editor", "POST", "/playlists", body, 400)
	}
	d.say("viewer", "DELETE", "/playlists/"+uid, "", 403)
	d.say("editor", "DELETE", "/playlists/"+uid, "", 200)
	d.say("viewer", "GET", "/playlists/"+uid, "", 404)

	link := d.say("viewer", "POST", "/short-urls", `{"path":"d/abc/name?from=now-1h"}`, 200)
	if again := d.say("editor", "POST", "/short-urls", `{"path":"d/abc/name?from=now-1h"}`, 200); again["uid"] != link["uid"] {
		t.Errorf("%v, and again %v", link, again)
	}
	for _, path := range []string{"", "/d/x", "https://evil.example", "//evil.example", `\\evil`, "d/../../x", "javascript:alert(1)", "d/\\nx", "d/%2e%2e/x"} {
		d.say("viewer", "POST", "/short-urls", `{"path":`+asJSON(path)+`}`, 400)
	}
	where := func(token string, uid any) string {
		a := grafanaAsk(d.w, token, "GET", fmt.Sprint("/goto/", uid), "")
		if token == "" {
			a.header = nil
		}
		res := d.do(a)
		if res.StatusCode != http.StatusFound {
			t.Errorf("goto: %s", res.Status)
		}
		return res.Header.Get("Location")
	}
	site := "/grafana/" + string(d.w.ID)
	for token, want := range map[string]string{d.cast.tokens[0]: site + "/d/abc/name?from=now-1h", "": d.w.URL + "/login?return_to=%2Fgoto%2F" + fmt.Sprint(link["uid"])} {
		if got := where(token, link["uid"]); got != want {
			t.Errorf("leads to %q, want %q", got, want)
		}
	}
	if got := where(d.cast.tokens[0], "none"); got != site+"/" {
		t.Errorf("a short address of nobody leads to %q", got)
	}

	d.say("admin", "POST", "/auth/keys", `{"name":"k","role":"Root"}`, 400)
	made := d.say("admin", "POST", "/auth/keys", `{"name":"k","role":"Viewer","secondsToLive":60}`, 200)
	secret, _ := made["key"].(string)
	if status, text := d.door.say(grafanaAsk(d.w, secret, "GET", "/api/org", "")); status != 200 {
		t.Errorf("with the key: %d %s", status, text)
	}
	d.say("admin", "POST", "/auth/keys", `{"name":"k","role":"Viewer"}`, 409)
	d.want(d.say("admin", "GET", "/auth/keys", "", 200), "list.0.role", "Viewer")
	d.say("admin", "DELETE", fmt.Sprint("/auth/keys/", made["id"]), "", 200)
	if status, _ := d.door.say(grafanaAsk(d.w, secret, "GET", "/api/org", "")); status != 401 {
		t.Errorf("with the key that was ended: %d", status)
	}
	d.say("admin", "DELETE", "/auth/keys/77", "", 404)
	d.say("editor", "GET", "/auth/keys", "", 403)
}

func asJSON(s string) string {
	b, _ := json.Marshal(s) // a text
	return string(b)
}

// The alert manager's configuration is read and replaced as a whole; secrets stay
// where they are, and what cannot be carried out changes nothing.
func TestGrafanaAlertmanagerConfiguration(t *testing.T) {
	const path = "/alertmanager/grafana/config/api/v1/alerts"
	d := openDesk(t, "amconfig")
	d.want(d.say("editor", "GET", path, "", 200), "alertmanager_config.route.receiver", "grafana-default-email")
	whole := `{"template_files":{"t":"{{ define \"t\" }}x{{ end }}"},"alertmanager_config":{"route":{"receiver":"hook","routes":[{"receiver":"hook","object_matchers":[["a","=","b"]],"mute_time_intervals":["night"]}]},
		"time_intervals":[{"name":"night","time_intervals":[{"times":[{"start_time":"22:00","end_time":"23:00"}]}]}],
		"receivers":[{"name":"hook","grafana_managed_receiver_configs":[{"uid":"h","name":"hook","type":"webhook","settings":{"url":"https://hooks.example/x","username":"u"},"secureSettings":{"password":"geheim"}}]}]}}`
	d.say("editor", "POST", path, whole, 202)
	got := d.say("editor", "GET", path, "", 200)
	d.want(got, "alertmanager_config.receivers.1.name", "grafana-default-email")
	d.want(got, "alertmanager_config.time_intervals.0.name", "night")
	d.want(got, "alertmanager_config.route.routes.0.object_matchers.0.2", "b")
	hook := at(got, "alertmanager_config.receivers.0.grafana_managed_receiver_configs.0")
	d.want(hook, "secureFields.password", true)
	if text := fmt.Sprint(got); strings.Contains(text, "geheim") {
		t.Errorf("the password is told: %s", text)
	}
	d.want(d.say("viewer", "GET", "/v1/provisioning/contact-points", "", 200), "list.0.settings.password", "[REDACTED]")
	for _, bad := range []string{
		`{"alertmanager_config":{"route":{"receiver":"none"},"receivers":[]}}`, `{"alertmanager_config":{}}`, `{"alertmanager_config":{"route":{"receiver":"hook"},"receivers":[null]}}`,
		strings.Replace(whole, `"webhook"`, `"pigeon"`, 1),
	} {
		d.say("editor", "POST", path, bad, 400)
	}
	d.want(d.say("editor", "GET", path, "", 200), "alertmanager_config.route.receiver", "hook")
	d.say("viewer", "POST", path, whole, 403)
	d.say("editor", "DELETE", path, "", 202)
	d.want(d.say("editor", "GET", path, "", 200), "alertmanager_config.receivers.1", nil)
}

// Rights of folders and dashboards are given one by one or together, by who
// administers them, and say which are inherited.
func TestGrafanaGrants(t *testing.T) {
	d := openDesk(t, "grants")
	d.say("editor", "POST", "/folders", `{"uid":"f","title":"F"}`, 200)
	d.say("editor", "POST", "/dashboards/db", `{"dashboard":{"uid":"b","title":"B"},"folderUid":"f"}`, 200)
	team := fmt.Sprint(d.say("admin", "POST", "/teams", `{"name":"ops"}`, 200)["teamId"])
	d.want(d.say("admin", "GET", "/access-control/folders/f", "", 200), "list.1.builtInRole", "Viewer")
	d.say("editor", "GET", "/access-control/folders/f", "", 403)
	d.say("viewer", "POST", "/access-control/folders/f/builtInRoles/Viewer", `{"permission":"Admin"}`, 403)
	d.say("admin", "POST", "/access-control/folders/f", `{"permissions":[{"builtInRole":"Viewer","permission":""},{"teamId":`+team+`,"permission":"Edit"}]}`, 200)
	d.say("viewer", "GET", "/folders/f", "", 404)
	list := d.say("admin", "GET", "/access-control/dashboards/b", "", 200)
	d.want(list, "list.0.isInherited", true)
	d.want(list, "list.1.team", "ops")
	d.say("admin", "POST", "/access-control/dashboards/b/builtInRoles/Viewer", `{"permission":"View"}`, 200)
	d.say("viewer", "GET", "/dashboards/uid/b", "", 200)
	d.want(d.say("admin", "GET", "/access-control/dashboards/b", "", 200), "list.0.isInherited", false)
	d.say("admin", "POST", "/access-control/dashboards/b/builtInRoles/Viewer", `{"permission":""}`, 200)
	d.say("viewer", "GET", "/dashboards/uid/b", "", 404)
	for path, body := range map[string]string{
		"":                     `{"permissions":[{"builtInRole":"Viewer","userId":3,"permission":"View"}]}`,
		"/builtInRoles/Viewer": `{"permission":"Own"}`, "/builtInRoles/King": `{"permission":"View"}`, "/users/x": `{"permission":"View"}`,
	} {
		d.say("admin", "POST", "/access-control/folders/f"+path, body, 400)
	}
	d.say("admin", "POST", "/access-control/folders/f/teams/999", `{"permission":"View"}`, 404)
}
