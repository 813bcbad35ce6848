package alerting

import (
	"fmt"
	"strings"

	amtemplate "github.com/prometheus/alertmanager/template"

	"github.com/hearth-metrics/hearth"
)

// The functions by which the default texts tell an alert's value and link to the
// browser app. Of an alert that no rule here made they give nothing.
const (
	valueName   = "hearth_value"
	silenceName = "hearth_silence"
	ruleName    = "hearth_rule"
)

// linkFunctions are those functions.
func linkFunctions() map[string]any {
	return map[string]any{valueName: alertValue, silenceName: silenceLink, ruleName: ruleLink}
}

// alertValue is what the rule's expression gave for the alert, while it fires.
func alertValue(a amtemplate.Alert) string {
	w, _, _ := hearth.ReadExploreURL(a.GeneratorURL)
	return w.Value
}

// silenceLink leads to the form of a silence for the alert.
func silenceLink(a amtemplate.Alert) string {
	w, base, ok := hearth.ReadExploreURL(a.GeneratorURL)
	if !ok {
		return ""
	}
	var parts []string
	for _, l := range a.Labels.SortedPairs() {
		parts = append(parts, fmt.Sprintf("%s=%q", l.Name, l.Value))
	}
	return w.SilenceURL(base, "{"+strings.Join(parts, ", ")+"}")
}

// ruleLink leads to the evaluations of the alert's rule.
func ruleLink(a amtemplate.Alert) string {
	w, base, ok := hearth.ReadExploreURL(a.GeneratorURL)
	if !ok {
		return ""
	}
	return w.RuleURL(base)
}

// ownTexts take the place of some of upstream's default texts in profile local;
// aws-strict has upstream's, as AWS. The page that upstream's link to is none here.
const ownTexts = `{{ define "__alertmanagerURL" }}{{ .ExternalURL }}/ui/alerts{{ end }}
{{ define "__text_alert_list" }}{{ range . }}Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}{{ with hearth_value . }}Value: {{ . }}
{{ end }}{{ with .GeneratorURL }}Values: {{ . }}
{{ end }}{{ with hearth_rule . }}Evaluations: {{ . }}
{{ end }}{{ with hearth_silence . }}Silence: {{ . }}
{{ end }}{{ end }}{{ end }}`
