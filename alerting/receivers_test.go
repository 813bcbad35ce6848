package alerting

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// mailServer takes one message and tells it.
func mailServer(t *testing.T) (addr string, got <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	out := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		out <- converse(c)
	}()
	return l.Addr().String(), out
}

func converse(c net.Conn) string {
	var all strings.Builder
	say := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
	say("220 here")
	in := bufio.NewScanner(c)
	data := false
	for in.Scan() {
		all.WriteString(in.Text() + "\n")
		switch {
		case data && in.Text() == ".":
			data = false
			say("250 taken")
		case data:
		case strings.HasPrefix(in.Text(), "EHLO"):
			say("250-here\r\n250 AUTH PLAIN LOGIN")
		case strings.HasPrefix(in.Text(), "AUTH"):
			say("235 come in")
		case in.Text() == "DATA":
			data = true
			say("354 go on")
		case in.Text() == "QUIT":
			say("221 bye")
			return all.String()
		default:
			say("250 fine")
		}
	}
	return all.String()
}

func TestAlertReachesMailbox(t *testing.T) {
	addr, got := mailServer(t)
	b := newBed(t, Options{})
	w := b.spaces.add("1")
	b.define(w, fmt.Sprintf(`
global: {smtp_smarthost: '%s', smtp_from: 'Hearth <hearth@example.org>', smtp_require_tls: false, smtp_auth_username: me, smtp_auth_password: pw}
route: {receiver: ops, group_wait: 10ms}
receivers:
- name: ops
  email_configs: [{to: 'a@example.org, b@example.org', text: 'look: {{ .CommonAnnotations.x }}{{ .CommonLabels.alertname }}', headers: {X-Team: "{{ .CommonLabels.team }}"}}]
`, addr))
	b.fire(w, "alertname", "Down", "team", "x\r\nBcc: evil@example.org")
	select {
	case text := <-got:
		for _, want := range []string{"AUTH PLAIN", "MAIL FROM:<hearth@example.org>", "RCPT TO:<a@example.org>", "RCPT TO:<b@example.org>",
			"Subject: [FIRING:1]", "look: Down", "multipart/alternative", "text/html"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		_, message, _ := strings.Cut(text, "DATA\n")
		header, _, _ := strings.Cut(message, "\n\n")
		if strings.Contains(header, "\nBcc:") {
			t.Errorf("a label added a header:\n%s", header)
		}
	case <-time.After(time.Minute):
		t.Fatalf("no mail; failures: %+v", b.events.with("failing"))
	}
	eventually(t, "the ledger's line", func() bool { return len(b.events.with("delivered")) == 1 })
}

// A guard that refuses stands before every integration.
func TestEveryConnectionIsGuarded(t *testing.T) {
	dialled := make(chan string, 100)
	guard := func(_ context.Context, _, address string) (net.Conn, error) {
		dialled <- address
		return nil, errors.New("egress: never")
	}
	b := newBed(t, Options{Dial: guard})
	w := b.spaces.add("1")
	b.define(w, `
global: {smtp_smarthost: '169.254.169.254:25', smtp_from: a@example.org, resolve_timeout: 1m}
route: {receiver: all, group_wait: 1ms}
receivers:
- name: all
  webhook_configs: [{url: 'http://169.254.169.254/latest/meta-data/'}, {url: 'http://a.test/', http_config: {proxy_url: 'http://169.254.169.254:81/'}}, {url: 'http://a.test/', http_config: {oauth2: {client_id: a, client_secret: b, token_url: 'http://169.254.169.254:82/'}}}]
  email_configs: [{to: b@example.org}]
  slack_configs: [{api_url: 'http://169.254.169.254:83/'}]
  telegram_configs: [{api_url: 'http://169.254.169.254:84', bot_token: x, chat_id: 1}]
  opsgenie_configs: [{api_url: 'http://169.254.169.254:85/', api_key: x}]
  victorops_configs: [{api_url: 'http://169.254.169.254:86/', api_key: x, routing_key: y}]
  pagerduty_configs: [{url: 'http://169.254.169.254:87/', routing_key: x}]
  discord_configs: [{webhook_url: 'http://169.254.169.254:88/'}]
  msteams_configs: [{webhook_url: 'http://169.254.169.254:89/'}]
  webex_configs: [{api_url: 'http://169.254.169.254:90/', room_id: x, http_config: {authorization: {credentials: x}}}]
  wechat_configs: [{api_url: 'http://169.254.169.254:91/', api_secret: x, corp_id: y}]
  jira_configs: [{api_url: 'http://169.254.169.254:92/', project: x, issue_type: y, http_config: {basic_auth: {username: x, password: y}}}]
  rocketchat_configs: [{api_url: 'http://169.254.169.254:93/', token: x, token_id: y, channel: z}]
  mattermost_configs: [{webhook_url: 'http://169.254.169.254:94/'}]
  msteamsv2_configs: [{webhook_url: 'http://169.254.169.254:95/'}]
  incidentio_configs: [{url: 'http://169.254.169.254:96/', alert_source_token: x}]
`)
	b.fire(w, "alertname", "Down")
	want := map[string]bool{"169.254.169.254:25": true, "169.254.169.254:80": true}
	for port := 81; port <= 96; port++ {
		want[fmt.Sprintf("169.254.169.254:%d", port)] = true
	}
	deadline := time.After(time.Minute)
	for len(want) > 0 {
		select {
		case a := <-dialled:
			delete(want, a)
		case <-deadline:
			t.Fatalf("not dialled through the guard: %v", want)
		}
	}
}

// A receiver that hangs, or answers without end, keeps neither the others nor
// the next group waiting.
func TestReceiversThatMisbehave(t *testing.T) {
	hang := make(chan struct{})
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		for range 64 { // far more than is read
			if _, err := io.WriteString(w, strings.Repeat("x", answerBytes)); err != nil {
				return
			}
		}
	}))
	defer bad.Close()
	defer close(hang)
	b, h := newBed(t, Options{}), newHook(t)
	w := b.spaces.add("1")
	b.define(w, fmt.Sprintf(`
route: {receiver: all, group_wait: 1ms, group_by: [alertname]}
receivers:
- name: all
  webhook_configs: [{url: '%[1]s/hang'}, {url: '%[1]s/flood'}, {url: '%[2]s'}]
`, bad.URL, h.URL))
	for i := range 5 {
		b.fire(w, "alertname", fmt.Sprint("Down", i))
	}
	eventually(t, "all five", func() bool { return len(h.all()) == 5 })
	eventually(t, "the flood's reasons", func() bool { return len(b.events.with("failed")) == 5 })
	for _, e := range b.events.with("failed") {
		if len(e.Detail(hearth.DetailError)) > 2<<10 {
			t.Errorf("an error of %d bytes", len(e.Detail(hearth.DetailError)))
		}
	}
}

func TestLimitsOfAWS(t *testing.T) {
	b := newBed(t, Options{Profile: hearth.AWSStrict, Publisher: &topics{}})
	w := b.spaces.add("1")
	b.define(w, strings.Replace(toTopic, ", '': x", "", 1))
	for i := range 1_005 {
		b.fire(w, "alertname", fmt.Sprint("A", i))
	}
	refusals := b.events.with("alert_limit")
	if len(refusals) != 5 || refusals[0].Summary != "too many alerts, limit: 1000" {
		t.Errorf("%d refusals: %+v", len(refusals), refusals)
	}
}

func TestGroupLimitOfAWS(t *testing.T) {
	b := newBed(t, Options{Profile: hearth.AWSStrict, Publisher: &topics{}})
	b.room.limits.groups = 3
	w := b.spaces.add("1")
	b.define(w, strings.Replace(strings.Replace(toTopic, ", '': x", "", 1), "group_wait: 10ms", "group_wait: 1h, group_by: [alertname]", 1))
	for i := range 30 {
		b.fire(w, "alertname", fmt.Sprint("A", i))
	}
	eventually(t, "refusals", func() bool { return len(b.events.with("group_limit")) >= 20 })
	// Alertmanager takes alerts in by several workers, which may pass the limit together:
	// the number of groups is at the limit or a little above.
	said := regexp.MustCompile(`^Too many aggregation groups, cannot create new group for alert, groups=([3-9]|1[0-1]), limit=3, alert=A`)
	for _, e := range b.events.with("group_limit") {
		if !said.MatchString(e.Summary) {
			t.Errorf("summary %q", e.Summary)
		}
	}
}

func TestRepeatIntervalIsCapped(t *testing.T) {
	config := "route: {receiver: a, repeat_interval: 30d, routes: [{receiver: a, repeat_interval: 1d}]}\nreceivers: [{name: a}]"
	for p, want := range map[hearth.Profile]time.Duration{hearth.Local: 30 * 24 * time.Hour, hearth.AWSStrict: 5 * 24 * time.Hour} {
		d, faults := Parse(wrap(config), p)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		if got := d.Ways(map[string]string{"a": "b"})[0].RepeatInterval; got != 24*time.Hour {
			t.Errorf("%s: child %s", p, got)
		}
		if got := time.Duration(*d.Config.Route.RepeatInterval); got != want {
			t.Errorf("%s: root %s, want %s", p, got, want)
		}
	}
}

func TestThousandRoutes(t *testing.T) {
	var routes strings.Builder
	for i := range 1_000 {
		fmt.Fprintf(&routes, "  - {receiver: hook, matchers: ['n=\"%d\"'], continue: true}\n", i)
	}
	b, h := newBed(t, Options{}), newHook(t)
	w := b.spaces.add("1")
	began := time.Now()
	b.define(w, fmt.Sprintf("route:\n  receiver: hook\n  group_wait: 1ms\n  routes:\n%sreceivers:\n- name: hook\n  webhook_configs: [{url: '%s'}]\n", routes.String(), h.URL))
	b.fire(w, "alertname", "Down", "n", "999")
	eventually(t, "a notification", func() bool { return len(h.all()) == 1 })
	if took := time.Since(began); took > time.Minute/2 {
		t.Errorf("took %s", took)
	}
}
