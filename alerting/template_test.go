package alerting

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
	amtemplate "github.com/prometheus/alertmanager/template"
	"github.com/prometheus/common/model"

	"github.com/hearth-metrics/hearth"
)

// templatesOf are the templates of a definition with one template file.
func templatesOf(t *testing.T, file string) *templates {
	t.Helper()
	text := "template_files:\n  f: |\n    " + strings.ReplaceAll(file, "\n", "\n    ") + "\n" + string(wrap("templates: [f]\nroute: {receiver: a}\nreceivers: [{name: a}]"))
	d, faults := Parse([]byte(text), hearth.Local)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	out, err := newTemplates(d, &url.URL{Scheme: "http", Host: "hearth.test"}, hearth.Local)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func exampleData(t *testing.T, tm *templates) *amtemplate.Data {
	t.Helper()
	a := &alert.Alert{Alert: model.Alert{
		Labels:      model.LabelSet{"alertname": "Down", "instance": "a<b>"},
		Annotations: model.LabelSet{"summary": "it is {{ down }}"},
		StartsAt:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), GeneratorURL: "http://hearth.test/g",
	}}
	return tm.base.Data("ops", model.LabelSet{"alertname": "Down"}, model.LabelSet{"team": "x"}, "first notification", a)
}

// Whatever upstream renders within the bounds, we render alike.
func TestRenderingIsUpstreams(t *testing.T) {
	tm := templatesOf(t, `{{ define "mine" }}{{ range .Alerts }}{{ .Labels.instance }}{{ else }}none{{ end }}{{ end }}`)
	data := exampleData(t, tm)
	for _, text := range []string{
		"plain", `{{ template "mine" . }}`, `{{ template "sns.default.message" . }}`, `{{ template "sns.default.subject" . }}`,
		`{{ template "slack.default.text" . }}`, `{{ .CommonLabels.SortedPairs.Values | join ", " }}`, `{{ .CommonLabels.nope }}`,
		`{{ reReplaceAll "D(.*)" "x$1" .GroupLabels.alertname }}`, `{{ reReplaceAll "" "-" "abc" }}`, `{{ match "^D" .GroupLabels.alertname }}`,
		`{{ toUpper "x" }}{{ title "a b" }}{{ "a" | toLower }}`, `{{ printf "%-5s|%q" "a" "b" }}`, `{{ print 1 2 "x" }}{{ println "y" }}`,
		`{{ list 1 2 | toJson }}{{ dict "a" 1 | toJson }}{{ append (list 1) 2 3 }}`, `{{ html "<a>" }}{{ urlquery "a b" }}{{ js "'" }}`,
		`{{ routeLabels "team" }}`, `{{ range $i, $a := .Alerts }}{{ $i }}{{ if true }}{{ break }}{{ end }}{{ end }}`, `{{ base64encode "a" }}`,
		`{{ (index .Alerts 0).StartsAt | date "2006" }}`, `{{ with .CommonAnnotations.summary }}{{ . }}{{ end }}`, `{{ stringSlice "a" "b" | join "+" }}`,
	} {
		for _, html := range []bool{false, true} {
			execute := tm.base.ExecuteTextString
			if html {
				execute = tm.base.ExecuteHTMLString
			}
			want, err := execute(text, data)
			if err != nil {
				t.Fatalf("upstream: %s: %v", text, err)
			}
			got, err := tm.rendering(data).field(text, html)
			if err != nil || got != want {
				t.Errorf("%s (html %v): got %q, %v; want %q", text, html, got, err, want)
			}
			again, err := execute(literal(got), data)
			if err != nil || (!html && again != got) {
				t.Errorf("%s (html %v): upstream made %q, %v of %q", text, html, again, err, got)
			}
		}
	}
}

func TestHostileTemplatesEndSoon(t *testing.T) {
	tm := templatesOf(t, `{{ define "loop" }}{{ template "loop" . }}{{ end }}
{{ define "tree" }}{{ if . }}{{ template "tree" (slice . 1) }}{{ template "tree" (slice . 1) }}{{ end }}{{ end }}
{{ define "fill" }}{{ range 1000000000 }}0123456789{{ end }}{{ end }}`)
	data := exampleData(t, tm)
	double := strings.Repeat(`{{ $x = printf "%s%s" $x $x }}`, 60)
	for name, text := range map[string]string{
		"itself":        `{{ template "loop" . }}`,
		"a tree":        `{{ template "tree" "` + strings.Repeat("x", 60) + `" }}`,
		"counting":      `{{ range 1000000000000 }}{{ end }}`,
		"counting slow": `{{ range 1000000000000 }}{{ if $.Alerts.Firing }}{{ end }}{{ end }}`,
		"nested":        `{{ range 1000000 }}{{ range 1000000 }}{{ end }}{{ end }}`,
		"filling":       `{{ template "fill" . }}`,
		"doubling":      `{{ $x := "0123456789" }}` + double,
		"wide":          `{{ printf "%999999d%999999d" 1 1 }}`,
		"star":          `{{ printf "%*d" 999999 1 }}`,
		"lists":         `{{ $x := list 1 }}` + strings.Repeat(`{{ $x = list $x $x }}`, 60) + `{{ $x }}`,
		"appended":      `{{ $x := list 1 }}` + strings.Repeat(`{{ $x = append $x $x $x }}`, 60) + `{{ toJson $x }}`,
		"dicts":         `{{ $x := dict "a" 1 }}` + strings.Repeat(`{{ $x = dict "a" $x "b" $x }}`, 60) + `{{ $x }}`,
		"regexp":        `{{ $x := "a" }}` + strings.Repeat(`{{ $x = reReplaceAll "a" "aaaaaaaa" $x }}`, 20),
		"repeats":       `{{ match "((x{30}){30}x?){1,1}" "` + strings.Repeat("x", 900) + `" }}{{ range 1000000 }}{{ match "(x+x+)+y" "` + strings.Repeat("x", 900) + `" }}{{ end }}`,
		"joined":        `{{ $x := "0123456789" }}` + strings.Repeat(`{{ $x = stringSlice $x $x $x $x | join "" }}`, 40),
		"bad regexp":    `{{ reReplaceAll "(" "" "x" }}`,
		"panics":        `{{ index .Alerts 7 }}`,
	} {
		for _, html := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				began := time.Now()
				out, err := tm.rendering(data).field(text, html)
				if err == nil {
					t.Errorf("rendered %d bytes", len(out))
				}
				if took := time.Since(began); took > time.Minute {
					t.Errorf("took %s: %v", took, err)
				}
				if len(out) > renderBytes {
					t.Errorf("%d bytes", len(out))
				}
			})
		}
	}
}
