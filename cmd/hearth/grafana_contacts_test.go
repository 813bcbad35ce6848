package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A sink takes notifications and keeps the last one of each path.
type sink struct {
	mu  sync.Mutex
	got map[string]*notice
}

type notice struct {
	header http.Header
	query  string
	body   string
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.got[r.URL.Path] = &notice{r.Header, r.URL.RawQuery, string(body)}
	s.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/broken") {
		w.WriteHeader(http.StatusBadRequest)
	}
}

func (s *sink) at(t *testing.T, path string) *notice {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.got[path]
	if n == nil {
		t.Fatalf("nothing came to %s", path)
	}
	delete(s.got, path)
	return n
}

// outcome is what a test of contact points answers.
type outcome struct {
	Alert     struct{ Labels map[string]string }
	Receivers []struct {
		Name    string
		Configs []struct{ Name, UID, Status, Error string } `json:"grafana_managed_receiver_configs"`
	}
}

// Contact points are tested before they are saved, and afterwards with the secrets they
// have; each integration says what became of it.
func TestContactPointsAreTried(t *testing.T) {
	t.Parallel()
	s := &sink{got: map[string]*notice{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	b := boardOf(t, startHearth(t, "--egress.allow-loopback"))
	const tests = "/alertmanager/grafana/config/api/v1/receivers/test"
	try := func(want int, configs string) outcome {
		t.Helper()
		code, body := b.api("POST", tests, `{"receivers":[{"name":"ops","grafana_managed_receiver_configs":[`+strings.ReplaceAll(configs, "SINK", server.URL)+`]}],"alert":{"labels":{"team":"kitchen"}}}`)
		var out outcome
		if err := json.Unmarshal([]byte(body), &out); code != want || err != nil || strings.Contains(body, hidden) {
			t.Fatalf("%s: %d %s, want %d", configs, code, body, want)
		}
		return out
	}

	out := try(http.StatusOK, `{"name":"hook","type":"webhook","settings":{"url":"SINK/hook","headers":{"X-Team":"ops"}},"secureSettings":{"authorization_credentials":"`+hidden+`"}},
		{"type":"victorops","settings":{"url":"SINK/integrations/generic/20131114/alert/`+hidden+`/route","title":"{{ .CommonLabels.team }}"}},
		{"type":"googlechat","settings":{"url":"SINK/v1/spaces/a?key=k&token=`+hidden+`","title":"{{ .CommonLabels.team }}:","message":"key: {{ .CommonLabels.team }} {{ \"{{\" }}"}}`)
	if c := out.Receivers[0].Configs; len(c) != 3 || c[0].Status != "ok" || c[0].Name != "hook" || c[2].Name != "ops" || out.Alert.Labels["alertname"] != "TestAlert" {
		t.Errorf("%+v", out)
	}
	hook := s.at(t, "/hook")
	if hook.header.Get("X-Team") != "ops" || hook.header.Get("Authorization") != "Bearer "+hidden || !strings.Contains(hook.body, `"team":"kitchen"`) {
		t.Errorf("webhook: %+v", hook)
	}
	if n := s.at(t, "/integrations/generic/20131114/alert/"+hidden+"/route"); !strings.Contains(n.body, `"message_type":"CRITICAL"`) || !strings.Contains(n.body, `"entity_display_name":"kitchen"`) {
		t.Errorf("victorops: %+v", n)
	}
	chat := s.at(t, "/v1/spaces/a")
	var message map[string]any
	if err := json.Unmarshal([]byte(chat.body), &message); err != nil || len(message) != 1 || message["text"] != "kitchen:\nkey: kitchen {{" || chat.query != "key=k&token="+hidden {
		t.Errorf("googlechat: %+v", chat)
	}

	// Some fail, each for itself; what cannot be made at all is 400.
	out = try(http.StatusMultiStatus, `{"type":"webhook","settings":{"url":"SINK/hook"}},{"type":"webhook","settings":{"url":"SINK/broken"}},{"type":"webhook","settings":{"url":"SINK/","hmacConfig":{"secret":"`+hidden+`"}}}`)
	if c := out.Receivers[0].Configs; c[0].Status != "ok" || c[1].Status != "failed" || !strings.Contains(c[1].Error, "400") || !strings.Contains(c[2].Error, "settings.hmacConfig") {
		t.Errorf("%+v", c)
	}
	for configs, want := range map[string]string{
		`{"type":"kafka","settings":{}}`:                                   `type: "kafka" is not served`,
		`{"type":"victorops","settings":{"url":"https://x.example/only"}}`: "must end in /KEY/ROUTING_KEY",
		`{"type":"victorops","settings":{"url":"x"}}`:                      "must be an address such as",
		`{"type":"googlechat","settings":{}}`:                              "settings.url",
		`{"type":"webhook","settings":{"url":"{{ nonsense"}}`:              "nonsense",
		`{"uid":"none","type":"slack","settings":{"url":"[REDACTED]"}}`:    "settings.url",
		`{"type":"email","settings":{"addresses":"a@example.org"}}`:        "no mail server",
	} {
		if c := try(http.StatusBadRequest, configs).Receivers[0].Configs; !strings.Contains(c[0].Error, want) {
			t.Errorf("%s: %+v, want %s", configs, c, want)
		}
	}
	for body, want := range map[string]string{
		`{"receivers":[]}`:     "one integration at least",
		`{"receivers":[null]}`: "must not be null",
		`{"receivers":[{"name":"x","grafana_managed_receiver_configs":[` + strings.Repeat(`{"type":"webhook"},`, 20) + `{"type":"webhook"}]}]}`:             "at most 20 integrations",
		`{"receivers":[{"name":"x","grafana_managed_receiver_configs":[{"type":"webhook","settings":{"url":"http://x"}}]}],"alert":{"labels":{"a b":"c"}}}`: "alert.labels",
	} {
		if code, answer := b.api("POST", tests, body); code != http.StatusBadRequest || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s, want %s", body, code, answer, want)
		}
	}

	// A saved one keeps its secrets to itself, and is tested with them.
	saved := map[string]string{"a": "webhook", "b": "victorops", "c": "googlechat"}
	for uid, settings := range map[string]string{
		"a": `{"url":"` + server.URL + `/saved","username":"me","password":"` + hidden + `"}`,
		"b": `{"url":"` + server.URL + `/x/` + hidden + `/route"}`, "c": `{"url":"` + server.URL + `/c?token=` + hidden + `"}`,
	} {
		code, body := b.api("POST", "/v1/provisioning/contact-points", `{"uid":"`+uid+`","name":"saved-`+uid+`","type":"`+saved[uid]+`","settings":`+settings+`}`)
		if code != http.StatusAccepted || strings.Contains(body, hidden) {
			t.Fatalf("%s: %d %s", uid, code, body)
		}
	}
	for _, path := range []string{"/v1/provisioning/contact-points", "/alert-notifications", "/v1/provisioning/contact-points/export", "/alertmanager/grafana/config/api/v1/alerts", "/alertmanager/grafana/api/v2/status"} {
		if _, body := b.api("GET", path, ""); strings.Contains(body, hidden) {
			t.Errorf("%s tells a secret: %s", path, body)
		}
	}
	try(http.StatusOK, `{"uid":"a","type":"webhook","settings":{"url":"SINK/saved","username":"me","password":"[REDACTED]"}},{"uid":"c","type":"googlechat","settings":{}}`)
	req := http.Request{Header: s.at(t, "/saved").header}
	if user, password, _ := req.BasicAuth(); user != "me" || password != hidden {
		t.Errorf("the saved secret was not used: %s %s", user, password)
	}
	s.at(t, "/c")
	legacyTests(t, b, s, server.URL)
}

// legacyTests tests notification channels as old Grafanas do.
func legacyTests(t *testing.T, b *board, s *sink, at string) {
	t.Helper()
	code, body := b.api("POST", "/alert-notifications/test", `{"type":"webhook","name":"x","settings":{"url":"`+at+`/legacy"}}`)
	if code != http.StatusOK || !strings.Contains(body, "Test notification sent") {
		t.Errorf("channel: %d %s", code, body)
	}
	s.at(t, "/legacy")
	code, body = b.api("POST", "/alert-notifications/test", `{"type":"webhook","name":"x","settings":{"url":"`+at+`/broken"}}`)
	if code != http.StatusInternalServerError || !strings.Contains(body, "Failed to send alert notifications: ") {
		t.Errorf("a channel that fails: %d %s", code, body)
	}
	if code, body = b.api("POST", "/alert-notifications/test", `{"type":"kafka"}`); code != http.StatusBadRequest {
		t.Errorf("a channel of no type: %d %s", code, body)
	}
}
