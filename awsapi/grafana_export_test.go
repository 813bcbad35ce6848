package awsapi

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// read asks for a text as the viewer; more are headers by name and value.
func (d *desk) read(path string, accept string, want int) (http.Header, string) {
	d.t.Helper()
	a := grafanaAsk(d.w, d.cast.tokens[0], "GET", "/api"+path, "")
	a.header["Accept"] = accept
	res := d.do(a)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	text := string(body)
	if res.StatusCode != want {
		d.t.Fatalf("GET %s: %d %s, want %d", path, res.StatusCode, text, want)
	}
	return res.Header, text
}

const exportedRule = `{"interval":30,"rules":[{"uid":"r","title":"R","condition":"A","for":"1m","keep_firing_for":"2m","missingSeriesEvalsToResolve":3,"labels":{"n":"1"},"annotations":{"a":"one\ntwo"},
	"notification_settings":{"receiver":"ops","group_by":["alertname","grafana_folder"],"group_wait":"10s","mute_time_intervals":["night"]},
	"data":[{"refId":"A","datasourceUid":"__expr__","relativeTimeRange":{"from":600,"to":0},"model":{"type":"math","expression":"1 > 0"}}]}]}`

// What alerting is made of is exported as a provisioning file, secrets left out; and
// a rule's own notification settings come back as they were given.
func TestGrafanaAlertingIsExported(t *testing.T) {
	d := openDesk(t, "export")
	d.say("editor", "POST", "/folders", `{"uid":"f","title":"F"}`, 200)
	d.say("editor", "POST", "/v1/provisioning/contact-points", `{"uid":"c","name":"ops","type":"webhook","settings":{"url":"https://h.example","username":"u","password":"geheim"}}`, 202)
	d.say("editor", "POST", "/v1/provisioning/mute-timings", `{"name":"night","time_intervals":[{"times":[{"start_time":"22:00","end_time":"23:00"}]}]}`, 201)
	got := d.say("editor", "PUT", "/v1/provisioning/folder/f/rule-groups/g", exportedRule, 200)
	d.want(got, "rules.0.notification_settings.group_by.1", "grafana_folder")
	d.want(got, "rules.0.notification_settings.mute_time_intervals.0", "night")
	d.want(got, "rules.0.missingSeriesEvalsToResolve", 3)
	d.want(d.say("viewer", "GET", "/ruler/grafana/api/v1/rules/f/g", "", 202), "rules.0.grafana_alert.missing_series_evals_to_resolve", 3)

	head, text := d.read("/v1/provisioning/folder/f/rule-groups/g/export?download=true", "*/*", 200)
	const want = `apiVersion: 1
groups:
  - orgId: 1
    name: g
    folder: F
    interval: 30s
    rules:
      - uid: r
        title: R
        condition: A
        data:
          - refId: A
            queryType: ""
            relativeTimeRange:
              from: 600
              to: 0
            datasourceUid: __expr__
            model:
              type: math
              expression: 1 > 0
        noDataState: NoData
        execErrState: Error
        for: 1m
        keepFiringFor: 2m
        missing_series_evals_to_resolve: 3
        annotations:
          a: |-
            one
            two
        labels:
          n: "1"
        isPaused: false
        notification_settings:
          receiver: ops
          group_by:
            - alertname
            - grafana_folder
          group_wait: 10s
          mute_time_intervals:
            - night
`
	if text != want || !strings.Contains(head.Get("Content-Disposition"), "alert-rules.yaml") {
		t.Errorf("%s\n%s\nwant\n%s", head, text, want)
	}
	for path, part := range map[string]string{
		"/alert-rules/export": `"uid": "r"`, "/alert-rules/r/export": `"uid": "r"`, "/alert-rules/export?folderUid=f&group=g": `"name": "g"`,
		"/policies/export": `"receiver": "grafana-default-email"`, "/mute-timings/export": `"name": "night"`, "/mute-timings/night/export": `"22:00"`,
		"/contact-points/export?name=ops": `"password": "[REDACTED]"`,
	} {
		_, text := d.read("/v1/provisioning"+path, "application/json", 200)
		if !json.Valid([]byte(text)) || !strings.Contains(text, part) || strings.Contains(text, "geheim") {
			t.Errorf("%s: %s, want %s in it", path, text, part)
		}
	}
	d.read("/v1/provisioning/contact-points/export?decrypt=true", "application/json", 403)
	d.read("/v1/provisioning/alert-rules/none/export", "application/json", 404)
	d.read("/v1/provisioning/mute-timings/none/export", "application/json", 404)
	d.read("/v1/provisioning/policies/export?format=hcl", "", 400)
	d.say("admin", "POST", "/folders/f/permissions", `{"items":[]}`, 200)
	if _, text := d.read("/v1/provisioning/alert-rules/export", "application/json", 200); strings.Contains(text, `"R"`) {
		t.Errorf("a viewer is told of rules of a folder that is not theirs to see: %s", text)
	}
}

// Old clients name folders by number.
func TestGrafanaFoldersByNumber(t *testing.T) {
	d := openDesk(t, "numbers")
	id, _ := json.Marshal(d.say("editor", "POST", "/folders", `{"uid":"f","title":"F"}`, 200)["id"])
	n := string(id)
	d.say("editor", "POST", "/dashboards/db", `{"dashboard":{"uid":"in","title":"In"},"folderId":`+n+`}`, 200)
	d.say("editor", "POST", "/dashboards/db", `{"dashboard":{"uid":"out","title":"Out"}}`, 200)
	d.want(d.say("editor", "POST", "/library-elements", `{"uid":"l","name":"L","kind":1,"folderId":`+n+`,"model":{"type":"text"}}`, 200), "result.folderId", n)
	found := d.say("viewer", "GET", "/search?type=dash-db&folderIds="+n, "", 200)
	d.want(found, "list.0.uid", "in")
	d.want(found, "list.1", nil)
	d.want(d.say("viewer", "GET", "/search?type=dash-db&folderIds=0&query=out", "", 200), "list.0.uid", "out")
	d.want(d.say("viewer", "GET", "/search?type=dash-db&folderIds="+n+",0&query=in", "", 200), "list.0.uid", "in")
	d.want(d.say("viewer", "GET", "/search?folderIds=99", "", 200), "list.0", nil)
}

// Annotations by Graphite's form, the tags of all, and notification channels by name.
func TestGrafanaTagsAndNames(t *testing.T) {
	d := openDesk(t, "tags")
	d.say("editor", "POST", "/annotations", `{"text":"a","tags":["deploy","x"]}`, 200)
	d.say("editor", "POST", "/annotations/graphite", `{"what":"b","when":1700000000,"data":"more","tags":"deploy y"}`, 200)
	d.say("editor", "POST", "/annotations/graphite", `{"what":"c","tags":["z"]}`, 200)
	d.say("editor", "POST", "/annotations/graphite", `{"tags":["z"]}`, 400)
	d.say("editor", "POST", "/annotations/graphite", `{"what":"c","tags":7}`, 400)
	d.say("viewer", "POST", "/annotations/graphite", `{"what":"c"}`, 403)
	d.want(d.say("viewer", "GET", "/annotations?tags=y", "", 200), "list.0.text", "b\nmore")
	d.want(d.say("viewer", "GET", "/annotations?tags=y", "", 200), "list.0.time", 1.7e12)
	tags := d.say("viewer", "GET", "/annotations/tags", "", 200)
	d.want(tags, "result.tags.0.tag", "deploy")
	d.want(tags, "result.tags.0.count", 2)
	d.want(tags, "result.tags.3.tag", "z")
	d.want(d.say("viewer", "GET", "/annotations/tags?tag=PLOY&limit=5", "", 200), "result.tags.1", nil)
	d.say("editor", "POST", "/folders", `{"uid":"f","title":"F"}`, 200)
	d.say("editor", "POST", "/dashboards/db", `{"dashboard":{"uid":"b","title":"B"},"folderUid":"f"}`, 200)
	d.say("editor", "POST", "/annotations", `{"text":"a","dashboardUID":"b","tags":["hidden"]}`, 200)
	d.want(d.say("viewer", "GET", "/annotations/tags?tag=hidden", "", 200), "result.tags.0.count", 1)
	d.say("admin", "POST", "/folders/f/permissions", `{"items":[]}`, 200)
	d.want(d.say("viewer", "GET", "/annotations/tags?tag=hidden", "", 200), "result.tags.0", nil)

	d.say("editor", "POST", "/alert-notifications", `{"uid":"c","name":"ops","type":"webhook","settings":{"url":"https://h.example/geheim"}}`, 200)
	names := d.say("viewer", "GET", "/alert-notifications/lookup", "", 200)
	d.want(names, "list.0.uid", "c")
	d.want(names, "list.0.settings", nil)
}
