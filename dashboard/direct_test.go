package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/prometheus/prometheus/notifier"

	"github.com/hearth-metrics/hearth"
)

// Rules that name a contact point have routes: one for each way of telling it, and
// each alert's labels lead to its own.
func TestDirectRoutes(t *testing.T) {
	plain := &notifySettings{Receiver: "ops"}
	slow := &notifySettings{Receiver: "ops", GroupBy: []string{"alertname", "grafana_folder", "pod"}, Wait: "1m", Repeat: "1d", Mute: []string{"night"}}
	rules := []*alertRule{{Settings: plain}, {}, {Settings: slow}, {Settings: &notifySettings{Receiver: "ops"}}, {Settings: &notifySettings{Receiver: "a\"b", Active: []string{"day"}}}}
	out, err := directRoutes(rules, []string{"ops", `a"b`}, yamlMap{"group_by": []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, r := range out {
		for _, n := range []string{plain.hash(), slow.hash(), rules[4].Settings.hash()} {
			if n != "" {
				r["matchers"] = strings.ReplaceAll(fmt.Sprint(r["matchers"]), n, "HASH")
			}
		}
		fmt.Fprintln(&got, r)
	}
	const want = `map[group_by:[x] matchers:[__grafana_receiver__="ops" __grafana_route_settings_hash__=""] receiver:ops]
map[group_by:[alertname grafana_folder pod] group_wait:1m matchers:[__grafana_receiver__="ops" __grafana_route_settings_hash__="HASH"] mute_time_intervals:[night] receiver:ops repeat_interval:1d]
map[active_time_intervals:[day] group_by:[x] matchers:[__grafana_receiver__="a\"b" __grafana_route_settings_hash__="HASH"] receiver:a"b]
`
	if got.String() != want {
		t.Errorf("%s\nwant\n%s", got.String(), want)
	}
	labels := map[string]string{}
	if slow.mark(labels); labels[receiverLabel] != "ops" || labels[settingsLabel] != slow.hash() {
		t.Errorf("labels %v", labels)
	}
	for _, bad := range []*notifySettings{{Receiver: "none"}, {Receiver: "ops", Wait: "soon"}, {Receiver: "ops", Repeat: "0s"}} {
		if _, err := directRoutes([]*alertRule{{Settings: bad}}, []string{"ops"}, nil); hearth.KindOf(err) != hearth.Invalid {
			t.Errorf("%v: %v, want Invalid", bad, err)
		}
	}
}

// A missing series ends its alert after as many evaluations as the rule says.
func TestMissingSeries(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for missing, want := range map[int64]int{0: 2, 1: 1, 5: 5} {
		s := &ruleState{rule: &alertRule{Title: "x", Missing: missing}, every: time.Minute, instances: map[string]*instance{}}
		one := func(pod string) verdict { return verdict{labels: map[string]string{"pod": pod}, firing: true} }
		s.advance([]verdict{one("a"), one("b")}, nil, at)
		n := 0
		for s.summary() == "Alerting 2" && n < 10 {
			n++
			s.advance([]verdict{one("b")}, nil, at.Add(time.Duration(n)*time.Minute))
		}
		if n != want {
			t.Errorf("missingSeriesEvalsToResolve %d: it ended after %d evaluations, want %d", missing, n, want)
		}
	}
}

// What contact points of Grafana say comes over into Alertmanager's words.
func TestContactSettings(t *testing.T) {
	for name, c := range map[string]struct{ kind, settings, want string }{
		"sns as the Terraform provider has it": {"sns", `{topic: 'arn:aws:sns:us-east-1:000000000000:grafana-t', body: b, subject: s}`,
			`{message: b, subject: s, topic_arn: 'arn:aws:sns:us-east-1:000000000000:grafana-t'}`},
		"slack that calls people": {"slack", `{url: 'https://h', mentionChannel: here, mentionUsers: 'U1, U2', text: x}`, `{api_url: 'https://h', text: '<!here> <@U1> <@U2> x'}`},
		"slack of a group":        {"slack", `{url: 'https://h', mentionGroups: S1}`, `{api_url: 'https://h', text: '<!subteam^S1> {{ template "slack.default.text" . }}'}`},
		"pagerduty with details":  {"pagerduty", `{integrationKey: k, details: {a: b, n: 1}}`, `{routing_key: k, details: {a: b, n: '1'}}`},
		"webhook with a limit":    {"webhook", `{url: 'https://h', maxAlerts: '10'}`, `{url: 'https://h', max_alerts: 10}`},
		"opsgenie":                {"opsgenie", `{apiKey: k, apiUrl: 'https://api.eu.opsgenie.com/v2/alerts', responders: [{type: team, name: ops}]}`, `{api_key: k, api_url: 'https://api.eu.opsgenie.com/', responders: [{type: team, name: ops}]}`},
		"telegram":                {"telegram", `{bottoken: b, chatid: '-1', parse_mode: MARKDOWN, message_thread_id: '7', disable_notifications: true}`, `{bot_token: b, chat_id: -1, parse_mode: Markdown, message_thread_id: 7, disable_notifications: true}`},
		"pushover":                {"pushover", `{apiToken: t, userKey: u, priority: '2', retry: '30', expire: '600', sound: siren}`, `{token: t, user_key: u, priority: '2', retry: 30s, expire: 600s, sound: siren}`},
	} {
		var settings map[string]any
		if err := yaml.Unmarshal([]byte(c.settings), &settings); err != nil {
			t.Fatal(err)
		}
		_, got, err := integrations[c.kind](settings)
		text, _ := yaml.Marshal(got)
		var want yamlMap
		if err := yaml.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if wanted, _ := yaml.Marshal(want); err != nil || string(text) != string(wanted) {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, text, wanted)
		}
	}
	for settings, want := range map[string]int{`{addresses: 'a@x; b@x, '}`: 2, `{addresses: "a@x\nb@x", singleEmail: true}`: 1} {
		var s map[string]any
		if err := yaml.Unmarshal([]byte(settings), &s); err != nil {
			t.Fatal(err)
		}
		_, config, err := integrations["email"](s)
		if got := apart(config, s); err != nil || len(got) != want {
			t.Errorf("%s: %v, %v; want %d mails", settings, got, err, want)
		}
	}
	for _, settings := range []map[string]any{{"authProvider": "keys"}, {"accessKey": "AKIA"}, {"assumeRoleARN": "arn:aws:iam::1:role/r"}} {
		if err := (&contact{Type: "sns", Settings: settings}).unserved(); hearth.KindOf(err) != hearth.Invalid {
			t.Errorf("%v: %v, want Invalid", settings, err)
		}
	}
}

// slowAlerts takes its time over a definition.
type slowAlerts struct {
	t    *testing.T
	mu   sync.Mutex
	busy bool
	last string
}

func (*slowAlerts) Check([]byte) error { return nil }

func (a *slowAlerts) Define(_ context.Context, _ hearth.GrafanaWorkspace, text []byte) error {
	a.mu.Lock()
	if a.busy {
		a.t.Error("two definitions are made at once")
	}
	a.busy = true
	a.mu.Unlock()
	for range 1000 {
		_ = strings.Count(string(text), "a")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy, a.last = false, string(text)
	return nil
}

func (*slowAlerts) Notify(context.Context, hearth.GrafanaWorkspace, ...*notifier.Alert) error {
	return nil
}

func (*slowAlerts) Try(context.Context, hearth.GrafanaWorkspace, []byte, map[string]string, map[string]string) error {
	return nil
}

func (*slowAlerts) ServeAPI(http.ResponseWriter, *http.Request, hearth.GrafanaWorkspace) error {
	return nil
}

// Changes at the same time, as Terraform makes them, are all in the definition that
// holds in the end.
func TestDefinitionsOneAfterAnother(t *testing.T) {
	s := openShelf(t)
	alerts := &slowAlerts{t: t}
	s.opts.Alerts = alerts
	w, err := s.Lookup(t.Context(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			c := &Call{Workspace: w, HTTP: &http.Request{Header: http.Header{}}, Body: fmt.Appendf(nil, `{"name":"hook-%02d","type":"webhook","settings":{"url":"https://h.example/%d"}}`, i, i)}
			if _, err := s.CreateContactPoint(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(alerts.last, "name: hook-"); n != 20 {
		t.Errorf("the definition in the end has %d of 20 contact points:\n%s", n, alerts.last)
	}
}
