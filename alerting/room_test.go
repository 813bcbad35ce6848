package alerting

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

func toHook(url string) string {
	return fmt.Sprintf(`
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 10ms
  group_interval: 100ms
receivers:
- name: hook
  webhook_configs:
  - url: %s
`, url)
}

func TestAlertReachesWebhook(t *testing.T) {
	b, h := newBed(t, Options{}), newHook(t)
	w := b.spaces.add("1")
	b.define(w, toHook(h.URL))
	b.fire(w, "alertname", "Down", "instance", "a")
	eventually(t, "a notification", func() bool { return len(h.all()) == 1 })
	if n := h.all()[0]; n.Status != "firing" || len(n.Alerts) != 1 || n.Alerts[0].Labels["instance"] != "a" {
		t.Errorf("got %+v", n)
	}
	eventually(t, "the ledger's line", func() bool { return len(b.events.with("delivered")) == 1 })
	e := b.events.with("delivered")[0]
	if e.Detail(hearth.DetailReceiver) != "hook" || e.Detail(hearth.DetailIntegration) != "webhook[0]" ||
		e.Detail(hearth.DetailCause) != "first notification" || !strings.Contains(e.Detail(hearth.DetailPayload), `"instance":"a"`) {
		t.Errorf("event %+v", e)
	}
	if g := b.events.with("grouped"); len(g) != 1 || g[0].Detail(hearth.DetailWait) != "10ms" {
		t.Errorf("grouped %+v", g)
	}
	b.send(w, time.Now().Add(-time.Millisecond), "alertname", "Down", "instance", "a")
	eventually(t, "the end of it", func() bool { n := h.all(); return n[len(n)-1].Status == "resolved" })
}

func TestRestartNotifiesNobodyTwice(t *testing.T) {
	b, h := newBed(t, Options{}), newHook(t)
	w := b.spaces.add("1")
	b.define(w, toHook(h.URL))
	b.fire(w, "alertname", "Down")
	eventually(t, "a notification", func() bool { return len(b.events.with("delivered")) == 1 })
	eventually(t, "its memory", func() bool { return b.remembers(w, notified) == 1 })
	b.stop()
	b.start()
	b.fire(w, "alertname", "Down")
	b.fire(w, "alertname", "Other")
	eventually(t, "the other alert", func() bool { return len(h.all()) >= 2 })
	if n := h.all(); len(n) != 2 || n[1].Alerts[0].Labels["alertname"] != "Other" {
		t.Errorf("notified again: %+v", n)
	}
}

func (b *bed) remembers(w hearth.Workspace, bucket string) (n int) {
	b.t.Helper()
	return len(b.entries(w, bucket))
}

func TestSilenceIsDurableAndHolds(t *testing.T) {
	b, h := newBed(t, Options{}), newHook(t)
	w := b.spaces.add("1")
	b.define(w, toHook(h.URL))
	answer := b.mustAsk(w, "POST", "/api/v2/silences", `{"matchers":[{"name":"alertname","value":"Down","isRegex":false,"isEqual":true}],
		"startsAt":"2020-01-01T00:00:00Z","endsAt":"2120-01-01T00:00:00Z","createdBy":"me","comment":"night"}`)
	if !strings.Contains(answer, `"silenceID":"`) {
		t.Fatalf("answer %s", answer)
	}
	if n := b.remembers(w, silences); n != 1 {
		t.Fatalf("%d silences in the store when the answer came, want 1", n)
	}
	b.stop()
	b.start()
	if list := b.mustAsk(w, "GET", "/api/v2/silences", ""); !strings.Contains(list, `"comment":"night"`) {
		t.Fatalf("after a restart: %s", list)
	}
	b.fire(w, "alertname", "Down")
	b.fire(w, "alertname", "Up")
	eventually(t, "the silenced alert's line", func() bool { return len(b.events.with("silenced")) == 1 })
	eventually(t, "the other alert", func() bool { return len(h.all()) == 1 })
	if h.all()[0].Alerts[0].Labels["alertname"] != "Up" {
		t.Errorf("got %+v", h.all())
	}
	if e := b.events.with("silenced")[0]; !strings.Contains(answer, e.Detail(hearth.DetailSilence)) || e.Detail(hearth.DetailSilence) == "" {
		t.Errorf("silenced by %+v, answer %s", e, answer)
	}
}

func TestPostedAlertsSurvive(t *testing.T) {
	b, h := newBed(t, Options{}), newHook(t)
	w := b.spaces.add("1")
	config := strings.Replace(toHook(h.URL), "10ms", "1h", 1)
	b.define(w, config)
	b.mustAsk(w, "POST", "/api/v2/alerts", `[{"labels":{"alertname":"Posted"},"endsAt":"2120-01-01T00:00:00Z"}]`)
	b.stop()
	b.start()
	if list := b.mustAsk(w, "GET", "/api/v2/alerts", ""); !strings.Contains(list, "Posted") {
		t.Errorf("after a restart: %s", list)
	}
}

func TestInhibition(t *testing.T) {
	b, h := newBed(t, Options{}), newHook(t)
	w := b.spaces.add("1")
	b.define(w, strings.Replace(toHook(h.URL), "receivers:", "  routes: [{receiver: hook, matchers: [alertname=Canary], group_wait: 1h}]\nreceivers:", 1)+`
inhibit_rules:
- source_matchers: [alertname=Cluster]
  target_matchers: [alertname=~"Pod|Canary"]
  equal: [cluster]
`)
	b.fire(w, "alertname", "Cluster", "cluster", "x")
	eventually(t, "the source", func() bool { return len(h.all()) == 1 })
	b.fire(w, "alertname", "Canary", "cluster", "x")
	eventually(t, "what inhibits knows the source", func() bool { // it learns of alerts apart from who notifies
		return strings.Contains(b.mustAsk(w, "GET", "/api/v2/alerts?filter=alertname=Canary", ""), `"state":"suppressed"`)
	})
	b.fire(w, "alertname", "Pod", "cluster", "x")
	eventually(t, "the inhibited alert's line", func() bool { return len(b.events.with("inhibited")) == 1 })
	b.fire(w, "alertname", "Pod", "cluster", "y")
	eventually(t, "the other cluster's", func() bool { return len(h.all()) == 2 })
	if n := h.all()[1]; len(n.Alerts) != 1 || n.Alerts[0].Labels["cluster"] != "y" {
		t.Errorf("got %+v", n)
	}
}

func TestWorkspacesDoNotSeeEachOther(t *testing.T) {
	b, one, two := newBed(t, Options{}), newHook(t), newHook(t)
	w1, w2 := b.spaces.add("1"), b.spaces.add("2")
	b.define(w1, toHook(one.URL))
	b.define(w2, toHook(two.URL))
	b.fire(w1, "alertname", "Mine")
	b.mustAsk(w1, "POST", "/api/v2/silences", `{"matchers":[{"name":"alertname","value":"Yours","isRegex":false,"isEqual":true}],
		"startsAt":"2020-01-01T00:00:00Z","endsAt":"2120-01-01T00:00:00Z","createdBy":"me","comment":"x"}`)
	b.fire(w2, "alertname", "Yours")
	eventually(t, "both", func() bool { return len(one.all()) == 1 && len(two.all()) == 1 })
	if one.all()[0].Alerts[0].Labels["alertname"] != "Mine" || two.all()[0].Alerts[0].Labels["alertname"] != "Yours" {
		t.Errorf("one %+v, two %+v", one.all(), two.all())
	}
	if list := b.mustAsk(w2, "GET", "/api/v2/silences", ""); strings.TrimSpace(list) != "[]" {
		t.Errorf("the other workspace's silences: %s", list)
	}
}

func TestDefinitionLife(t *testing.T) {
	b := newBed(t, Options{})
	w := b.spaces.add("1")
	ctx := t.Context()
	data := wrap(toHook("http://127.0.0.1:1"))
	if _, err := b.room.Put(ctx, w, data, nil); hearth.KindOf(err) != hearth.NotFound {
		t.Fatalf("put without one: %v", err)
	}
	token := "once"
	for range 2 {
		status, err := b.room.Create(ctx, w, data, &token)
		if err != nil || status != hearth.Creating {
			t.Fatalf("create: %v %v", status, err)
		}
	}
	if _, err := b.room.Create(ctx, w, data, nil); hearth.KindOf(err) != hearth.Conflict {
		t.Fatalf("second create: %v", err)
	}
	active := func() bool { d, err := b.room.Describe(ctx, w); return err == nil && d.Status == hearth.Active }
	eventually(t, "ACTIVE", active)
	again := []byte(string(data) + "# note\n")
	status, err := b.room.Put(ctx, w, []byte(base64.StdEncoding.EncodeToString(again)), nil)
	if err != nil || status != hearth.Updating {
		t.Fatalf("put: %v %v", status, err)
	}
	eventually(t, "ACTIVE again", active)
	if d, err := b.room.Describe(ctx, w); err != nil || string(d.Data) != string(again) {
		t.Fatalf("described %q, %v", d.Data, err)
	}
	if err := b.room.Delete(ctx, w, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.room.Describe(ctx, w); hearth.KindOf(err) != hearth.NotFound {
		t.Fatalf("described after delete: %v", err)
	}
	if _, _, err := b.ask(w, "GET", "/api/v2/alerts", ""); hearth.KindOf(err) != hearth.NotFound {
		t.Fatalf("asked after delete: %v", err)
	}
	b.fire(w, "alertname", "Nobody")
}

func TestDeletedWorkspaceIsForgotten(t *testing.T) {
	b, h := newBed(t, Options{}), newHook(t)
	w := b.spaces.add("1")
	b.define(w, toHook(h.URL))
	b.mustAsk(w, "POST", "/api/v2/alerts", `[{"labels":{"alertname":"Posted"},"endsAt":"2120-01-01T00:00:00Z"}]`)
	b.spaces.remove(w.ID)
	eventually(t, "all of it gone", func() bool {
		return b.remembers(w, posted) == 0 && len(b.entries(w, definitions)) == 0 && b.room.opened.Load() == 0
	})
}

func TestIdleAlertmanagerIsClosed(t *testing.T) {
	b, h := newBed(t, Options{}), newHook(t)
	w := b.spaces.add("1")
	b.define(w, toHook(h.URL))
	b.settled(w) // or Run, under way with it, might open it anew
	if b.room.opened.Load() != 0 {
		t.Fatal("a definition alone opened an Alertmanager")
	}
	b.mustAsk(w, "GET", "/api/v2/alerts", "")
	b.room.idleAfter = 0
	b.room.shut(w.ID, true)
	if b.room.opened.Load() != 0 {
		t.Fatal("an idle Alertmanager stays open")
	}
	b.fire(w, "alertname", "Busy")
	b.room.shut(w.ID, true)
	if b.room.opened.Load() != 1 {
		t.Fatal("one with an alert was closed")
	}
}
