package awsapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// evil is the name of everything in a furnished Grafana workspace.
const evil = `<script>alert(\"mark\")</script>`

// A furnished Grafana workspace has one of everything, called evil, and by uid mark.
type furnished struct {
	grafanaCast
	d   *door
	ids map[string]string // of what has a number, by the name of the path's parameter
}

// furnish makes one of everything. Numbers begin so high that no other Grafana
// workspace of the test has them.
func furnish(t *testing.T, d *door, name string) *furnished {
	f := &furnished{grafanaCast: castOf(d, name), d: d, ids: map[string]string{}}
	for i := range 5 {
		f.made("POST", "/serviceaccounts", fmt.Sprintf(`{"name":"filler-%d","role":"Viewer"}`, i))
		f.made("POST", "/teams", fmt.Sprintf(`{"name":"filler-%d"}`, i))
	}
	f.made("POST", "/folders", `{"uid":"mark","title":"`+evil+`"}`)
	f.made("POST", "/dashboards/db", `{"dashboard":{"uid":"mark","title":"`+evil+`","tags":["`+evil+`"],"panels":[{"type":"text","title":"`+evil+`"}]},"folderUid":"mark","message":"`+evil+`"}`)
	f.made("POST", "/dashboards/db", `{"dashboard":{"uid":"mark","title":"`+evil+`"},"folderUid":"mark","overwrite":true}`)
	f.ids["id of a data source"] = f.made("POST", "/datasources", `{"uid":"mark","name":"`+evil+`","type":"prometheus","url":"http://mark.example.org","secureJsonData":{"basicAuthPassword":"mark"}}`)["id"]
	f.ids["teamId"] = f.made("POST", "/teams", `{"name":"`+evil+`"}`)["teamId"]
	f.ids["id of a service account"] = f.made("POST", "/serviceaccounts", `{"name":"`+evil+`","role":"Viewer"}`)["id"]
	f.ids["tokenId"] = f.made("POST", "/serviceaccounts/"+f.ids["id of a service account"]+"/tokens", `{"name":"`+evil+`"}`)["id"]
	f.ids["annotationId"] = f.made("POST", "/annotations", `{"dashboardUID":"mark","time":1,"text":"`+evil+`","tags":["`+evil+`"]}`)["id"]
	f.made("POST", "/v1/provisioning/contact-points", `{"uid":"mark","name":"`+evil+`","type":"webhook","settings":{"url":"http://mark.example.org"}}`)
	f.made("POST", "/v1/provisioning/mute-timings", `{"name":"mark","time_intervals":[{"times":[{"start_time":"01:00","end_time":"02:00"}]}]}`)
	f.made("PUT", "/v1/provisioning/templates/mark", `{"template":"{{ define \"mark\" }}`+evil+`{{ end }}"}`)
	f.made("POST", "/v1/provisioning/alert-rules", `{"uid":"mark","title":"`+evil+`","ruleGroup":"mark","folderUID":"mark","condition":"A","for":"1m","noDataState":"OK","execErrState":"OK",`+
		`"annotations":{"summary":"`+evil+`"},"data":[{"refId":"A","datasourceUid":"mark","relativeTimeRange":{"from":60,"to":0},"model":{"refId":"A","expr":"up"}}]}`)
	for i := range f.tokens[:3] { // used once, so that it makes no difference later
		d.do(grafanaAsk(f.w, f.tokens[i], "GET", "/api/user", ""))
	}
	return f
}

// made asks as the Admin and returns what of the answer is a text or a number.
func (f *furnished) made(method, path, body string) map[string]string {
	f.d.t.Helper()
	status, text := f.d.say(grafanaAsk(f.w, f.tokens[2], method, "/api"+path, body))
	if status/100 != 2 {
		f.d.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	out, all := map[string]string{}, map[string]any{}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	_ = d.Decode(&all) // lists have nothing to return
	for k, v := range all {
		out[k] = fmt.Sprint(v)
	}
	return out
}

// path fills in the names of what the furnished workspace has.
func (f *furnished) path(in *row, grafana string) string {
	numbers := f.ids["id of a data source"]
	if strings.Contains(in.path, "serviceaccounts") {
		numbers = f.ids["id of a service account"]
	}
	return strings.NewReplacer("{grafanaId}", grafana, "{uid}", "mark", "{folderUid}", "mark", "{group}", "mark", "{id}", numbers, "{version}", "1",
		"{teamId}", f.ids["teamId"], "{annotationId}", f.ids["annotationId"], "{tokenId}", f.ids["tokenId"], "{userId}", f.ids["id of a service account"],
		"{orgId}", "1", "{folderId}", "1", "{gnetId}", "3119", "{rest...}", "api/v1/labels",
		"{name}", map[bool]string{true: "mark", false: "%3Cscript%3Ealert(%22mark%22)%3C%2Fscript%3E"}[strings.Contains(in.path, "provisioning")]).Replace(in.path)
}

// asking is a request for a row about what the furnished workspace has, to that one
// or another.
func (f *furnished) asking(in *row, to grafanaCast, token string) ask {
	body := ""
	if in.method != http.MethodGet {
		body = theirs
	}
	return ask{method: in.method, url: f.path(in, string(to.w.ID)), body: body, header: map[string]string{"Authorization": "Bearer " + token}}
}

// theirs has the members of every request, so that all that is let through changes
// something.
const theirs = `{"uid":"mark","name":"theirs","title":"theirs","type":"prometheus","url":"http://theirs.example.org","text":"theirs","time":2,"role":"Admin","isDisabled":true,
"version":1,"overwrite":true,"items":[{"role":"Viewer","permission":4}],"dashboard":{"uid":"mark","title":"theirs"},"folderUid":"mark","userId":1,"theme":"light","homeDashboardUID":"mark",
"ruleGroup":"mark","folderUID":"mark","condition":"A","for":"1m","data":[{"refId":"A","datasourceUid":"mark","relativeTimeRange":{"from":60,"to":0},"model":{"refId":"A","expr":"theirs"}}],
"interval":60,"rules":[],"receiver":"grafana-default-email","template":"{{ define \"mark\" }}theirs{{ end }}","time_intervals":[],"settings":{"url":"http://theirs.example.org"}}`

// everything is what the Admin of the furnished workspace sees, by row.
func (f *furnished) everything() map[string]string {
	f.d.t.Helper()
	out := map[string]string{}
	for _, r := range f.d.tables()[grafanaHTTP] {
		if r.method == http.MethodGet && r.serve != nil && r.operation() != "DataSourceHealth" {
			status, body := f.d.say(f.asking(r, f.grafanaCast, f.tokens[2]))
			out[r.operation()] = fmt.Sprint(status, " ", body)
		}
	}
	return out
}

func (f *furnished) unchanged(before map[string]string, by string) {
	f.d.t.Helper()
	for name, now := range f.everything() {
		if now != before[name] {
			f.d.t.Errorf("%s changed what %s answers:\n%s\nwas\n%s", by, name, now, before[name])
		}
	}
}

// Grafana workspaces of one account are as far from each other as those of two: the
// Admin of one, who knows every id of the other, sees nothing of it and changes
// nothing in it, by any row.
func TestGrafanaWorkspacesAreApart(t *testing.T) {
	d := openDoor(t, nil)
	f := furnish(t, d, "furnished")
	before := f.everything()
	if n := strings.Count(fmt.Sprint(before), "mark"); n < 40 {
		t.Fatalf("the Admin sees what there is %d times only: %v", n, before)
	}
	other := castOf(d, "bare")
	for _, r := range slices.Backward(d.tables()[grafanaHTTP]) {
		if r.on == grafanaOpen {
			continue
		}
		d.failures.sources = nil // nobody is slowed down here
		a := f.asking(r, other, other.tokens[2])
		status, body := d.say(a)
		if r.method == http.MethodGet && strings.Contains(body, "alert(") && !strings.Contains(a.url, "script") {
			t.Errorf("%s %s tells of another Grafana workspace: %d %s", r.method, a.url, status, body)
		}
		if status >= 500 && status != http.StatusNotImplemented && status != http.StatusServiceUnavailable {
			t.Errorf("%s %s: %d %s", r.method, a.url, status, body)
		}
		if status, body = d.say(f.asking(r, f.grafanaCast, other.tokens[2])); status != http.StatusUnauthorized {
			t.Errorf("%s %s with the other's token: %d %s, want 401", r.method, r.path, status, body)
		}
	}
	f.unchanged(before, "the Admin of another Grafana workspace")
}

// A Viewer changes nothing, and an Editor nothing that needs an Admin, by any row:
// what comes out after they have tried everything is what came out before.
func TestGrafanaRolesAreNotLeft(t *testing.T) {
	d := openDoor(t, nil)
	f := furnish(t, d, "furnished")
	before := f.everything()
	for i, by := range []string{"a Viewer", "an Editor"} {
		for _, r := range slices.Backward(d.tables()[grafanaHTTP]) {
			own := strings.HasPrefix(r.path, grafanaAPI+"/user/") || r.on == grafanaOpen
			if own || r.method == http.MethodGet || i == 1 && r.role == editor {
				continue
			}
			d.failures.sources = nil // nobody is slowed down here
			status, body := d.say(f.asking(r, f.grafanaCast, f.tokens[i]))
			if status/100 == 2 && r.operation() != "Query" {
				t.Errorf("%s %s by %s: %d %s", r.method, r.path, by, status, body)
			}
		}
		f.unchanged(before, by)
	}
}

// No answer about a text that somebody stored is a page, whatever the text is.
func TestGrafanaStoredTextsAreNoPages(t *testing.T) {
	d := openDoor(t, nil)
	f := furnish(t, d, "furnished")
	n := 0
	for _, r := range d.tables()[grafanaHTTP] {
		if r.method != http.MethodGet || r.operation() == "DataSourceHealth" {
			continue
		}
		res := d.do(f.asking(r, f.grafanaCast, f.tokens[2]))
		kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
		if res.StatusCode == http.StatusOK {
			n++
		}
		if res.StatusCode == http.StatusFound && kind == "" && strings.HasSuffix(r.path, "/goto/{uid}") {
			continue // a short address sends on, without a text
		}
		asFile := kind == "application/yaml" && strings.HasSuffix(r.path, "/export")
		if kind != "application/json" && !asFile || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s, %v", r.path, res.Status, res.Header)
		}
	}
	if n < 45 {
		t.Errorf("%d rows answered only", n)
	}
}
