package alerting

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"

	"github.com/hearth-metrics/hearth"
)

// The default texts lead to the values, the evaluations and the form of a
// silence; those of aws-strict are upstream's.
func TestLinksInDefaultTexts(t *testing.T) {
	w := hearth.Watched{Workspace: "ws-1", Namespace: "web", Group: "api", Rule: "Down", Expr: "up == 0", Value: "0", At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	a := &alert.Alert{Alert: model.Alert{Labels: model.LabelSet{"alertname": "Down", "pod": `a"b`}, StartsAt: w.At, GeneratorURL: w.ExploreURL("http://hearth.test")}}
	posted := &alert.Alert{Alert: model.Alert{Labels: model.LabelSet{"alertname": "Other"}, StartsAt: w.At, GeneratorURL: "http://elsewhere/graph"}}
	for _, c := range []struct {
		profile  hearth.Profile
		want, no []string
	}{
		{hearth.Local, []string{"\nValue: 0\n", "Values: " + a.GeneratorURL, "Evaluations: http://hearth.test/ui/alerts/rule?group=api&namespace=web&rule=Down&workspace=ws-1",
			`Silence: http://hearth.test/ui/alerts/silences/new?matchers=` + url.QueryEscape(`{alertname="Down", pod="a\"b"}`) + "&workspace=ws-1", "Values: http://elsewhere/graph"}, []string{"#/alerts"}},
		{hearth.AWSStrict, []string{"Source: " + a.GeneratorURL, "Source: http://elsewhere/graph"}, []string{"Silence:", "Evaluations:", "Value: 0"}},
	} {
		d, faults := Parse(wrap("route: {receiver: a}\nreceivers: [{name: a}]"), c.profile)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		tm, err := newTemplates(d, &url.URL{Scheme: "http", Host: "hearth.test"}, c.profile)
		if err != nil {
			t.Fatal(err)
		}
		data := tm.base.Data("ops", model.LabelSet{}, nil, "first notification", a, posted)
		text, err := tm.rendering(data).field(`{{ template "sns.default.message" . }}`, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", c.profile, want, text)
			}
		}
		for _, no := range c.no {
			if strings.Contains(text, no) {
				t.Errorf("%s: %q in\n%s", c.profile, no, text)
			}
		}
		if strings.Count(text, "Silence:") > 1 {
			t.Errorf("an alert of no rule here has a link: %s", text)
		}
		page, err := tm.rendering(data).field(`{{ template "email.default.html" . }}`, true)
		if err != nil || c.profile == hearth.Local && !strings.Contains(page, "http://hearth.test/ui/alerts") {
			t.Errorf("%s: mail: %v\n%s", c.profile, err, page)
		}
	}
}
