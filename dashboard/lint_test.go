package dashboard

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const lintText = `{"title":"L","schemaVersion":16,"templating":{"list":[
  {"name":"job","type":"query","query":"label_values(up{env=\"$env\"}, job)"},{"name":"env","type":"custom","current":{"value":"prod"}},
  {"name":"win","type":"interval","current":{"value":"5m"}},{"name":"unused","type":"query","query":"label_values($nowhere)"},{"name":"top","type":"custom","current":{"value":"3"}},
  {"name":"filters","type":"adhoc"},{"name":"metric","type":"query","query":"metrics(.*)"},{"name":"text","type":"query","query":"x"}]},
 "panels":[
  {"type":"graph","title":"Good [[text]]","targets":[
    {"refId":"A","expr":"topk($top, sum by (job) (rate(http_requests_total{job=~\"$job\"}[$win]))) / 2"},
    {"refId":"B","expr":"{__name__=\"up\"} > ${top:raw} and increase(a_total[$__rate_interval]) unless rate($metric[$__range] offset 1h)"},
    {"refId":"C","expr":"label_replace(up, \"x\", \"$1\", \"y\", \"(.*)\")"}]},
  {"type":"row","title":"R","panels":[
    {"type":"nodeGraph","title":"Odd","targets":[]},
    {"type":"stat","title":"Broken","targets":[{"refId":"A","expr":"sum(rate(x[5m])"},{"refId":"B","expr":"up{a=\"$gone\"}"}]},
    {"type":"stat","title":"Logs","datasource":{"type":"loki","uid":"l"},"targets":[{"refId":"A","expr":"{a=\"b\"} |= \"x\""}]}]},
  {"type":"timeseries","title":"Shared","libraryPanel":{"uid":"u","name":"N"}}]}`

// What is wrong with a dashboard is told with the panel that has it, and nothing that
// is right.
func TestLint(t *testing.T) {
	r, err := Lint([]byte(lintText))
	if err != nil {
		t.Fatal(err)
	}
	var faults, notes []string
	for _, f := range r.Findings {
		if f.Fault {
			faults = append(faults, f.String())
		} else {
			notes = append(notes, f.String())
		}
	}
	want := []string{
		`panel "Odd": the kind "nodeGraph" is not drawn`, `panel "Broken": query A does not parse: 1:16: parse error: unclosed left parenthesis`,
		`panel "Broken": query B names the variable gone, which`, `panel "Logs": query A asks a data source of the type loki`,
		`the query of the variable unused names the variable nowhere, which`,
	}
	if len(faults) != len(want) {
		t.Errorf("faults %q", faults)
	}
	for _, w := range want {
		if !slices.ContainsFunc(faults, func(f string) bool { return strings.HasPrefix(f, w) }) {
			t.Errorf("%q is not told: %q", w, faults)
		}
	}
	for _, w := range []string{"schemaVersion 16 is drawn as 42", `panel "Good [[text]]": the kind graph is drawn as timeseries`, "nothing uses the variable unused"} {
		if !slices.Contains(notes, w) {
			t.Errorf("%q is not told: %q", w, notes)
		}
	}
	if slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, "nothing uses") && !strings.HasSuffix(n, "unused") }) {
		t.Errorf("notes %q", notes)
	}
	missing := fmt.Sprint(r.Without([]string{"up", "a_total"}))
	if missing != `[panel "Good [[text]]": asks for http_requests_total, which the workspace does not have]` {
		t.Errorf("%s", missing)
	}
	for _, bad := range []string{`{}`, `[]`, `{"title":"x","elements":{},"layout":{}}`} {
		if r, err := Lint([]byte(bad)); err == nil {
			t.Errorf("%s: %+v, want an error", bad, r)
		}
	}
}

// The kinds that are drawn are those of the browser app.
func TestLintKnowsThePanels(t *testing.T) {
	text, err := os.ReadFile("../web/src/panels/load.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range drawnKinds {
		if !strings.Contains(string(text), "\n  "+kind+": {") && !strings.Contains(string(text), "\n  '"+kind+"': {") {
			t.Errorf("the app does not draw %s", kind)
		}
	}
}

func FuzzLint(f *testing.F) {
	f.Add([]byte(lintText))
	f.Fuzz(func(_ *testing.T, raw []byte) { _, _ = Lint(raw) })
}
