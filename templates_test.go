package hearth_test

import (
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

const templateHead = "{{$labels := .Labels}}{{$value := .Value}}"

// What people write passes; what would run without end, or write without measure,
// does not.
func TestCheckTemplate(t *testing.T) {
	for _, text := range []string{
		"plain", "{{ $labels.instance }} is {{ $value | humanize }}", `{{ printf "%.2f%% of %-20s" $value $labels.job }}`, "{{ range 3 }}!{{ end }}",
		`{{ range query "up == 0" }}{{ .Labels.instance }} {{ . | value }}{{ end }}`, `{{ range query "up" | sortByLabel "job" }}{{ .Value }}{{ end }}`,
		`{{ with query "up" }}{{ if gt (len .) 2000 }}many{{ end }}{{ range . }}{{ .Labels.job }}{{ end }}{{ end }}`, "{{ range $k, $v := $labels }}{{ $k }}={{ $v }} {{ end }}",
		`{{ with printf "up{job='%s'}" $labels.job | query }}{{ . | first | value }}{{ end }}`, `{{ define "a" }}x{{ end }}{{ template "a" . }}`,
		`{{ $at := toTime $value }}{{ $at.Year }}`, `{{ range (query "up") }}{{ range .Labels }}{{ . }}{{ end }}{{ end }}`, `{{ len $labels.job }}`,
	} {
		if err := hearth.CheckTemplate(templateHead, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	calls := ""
	for i := range 10 {
		next := string(rune('b' + i))
		calls += `{{ define "` + string(rune('a'+i)) + `" }}` + strings.Repeat(`{{ template "`+next+`" . }}`, 10) + "{{ end }}"
	}
	for text, want := range map[string]string{
		"{{ range 10000000000 }}{{ end }}": "loops over 10000000000", "{{ range len $labels.job }}{{ end }}": "loops over",
		"{{ $n := 10000000000 }}{{ range $n }}{{ end }}": "a number", "{{ with 10000000000 }}{{ range . }}{{ end }}{{ end }}": "a number",
		`{{ define "a" }}{{ range . }}{{ end }}{{ end }}{{ template "a" 10000000000 }}`: "a number",
		"{{ with toTime $value }}{{ range .UnixNano }}{{ end }}{{ end }}":               "a number", "{{ range (toTime $value).Unix }}{{ end }}": "loops over",
		"{{ $d := toDuration 1e9 }}{{ range $d }}{{ end }}": "a number", "{{ $n := or 0 10000000000 }}{{ range $n }}{{ end }}": "a number",
		"{{ $n := (len $labels.job) }}{{ range $i := $n }}{{ end }}":                                                      "a number",
		"{{ range $labels }}{{ range $labels }}{{ range $labels }}{{ end }}{{ end }}{{ end }}":                            "2 loops",
		`{{ define "a" }}{{ range . }}{{ end }}{{ end }}{{ range . }}{{ range . }}{{ template "a" . }}{{ end }}{{ end }}`: "2 loops",
		`{{ printf "%100000d" 1 }}`: "printf", `{{ printf "%*d" 1000000 1 }}`: "printf", "{{ printf $labels.format 1 }}": "printf", `{{ if true }}{{ "%9999d" | printf }}{{ end }}`: "printf",
		`{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`: "without end", calls + `{{ template "a" . }}`: "more than 1000 times", "{{ if }}": "missing value",
	} {
		if err := hearth.CheckTemplate(templateHead, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzCheckTemplate(f *testing.F) {
	f.Add("{{ range query `up` }}{{ .Labels.job }}{{ end }}")
	f.Fuzz(func(_ *testing.T, text string) { _ = hearth.CheckTemplate(templateHead, text) })
}
