package main

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth/test/port"
)

// TestBesideTheRealPair lets a real Prometheus with a real Alertmanager and Hearth
// live through the same history in real time, with the same rules and the same
// configuration of the alert manager: they must notify the same, in the same
// order. Each step waits for both, so a slow machine only takes longer. The
// scenarios of the room alerting do the same for a day in virtual time, against
// upstream's packages.
func TestBesideTheRealPair(t *testing.T) {
	p := newPair(t)
	for _, step := range []struct {
		what    string
		metrics string
		want    string // what both must have notified then, at last
	}{
		{"one is slow", "ready 1\nlatency{pod=\"a\"} 7\nlatency{pod=\"b\"} 1\nbeat 1\n", "people firing: Slow a firing"},
		{"another is, too", "ready 1\nlatency{pod=\"a\"} 7\nlatency{pod=\"b\"} 8\nbeat 1\n", "people firing: Slow a firing, Slow b firing"},
		{"the first one is well", "ready 1\nlatency{pod=\"a\"} 1\nlatency{pod=\"b\"} 8\nbeat 1\n", "people firing: Slow a resolved, Slow b firing"},
		{"the second is gone", "ready 1\nlatency{pod=\"a\"} 1\nbeat 1\n", "people resolved: Slow b resolved"},
		{"the heart stops", "ready 1\nlatency{pod=\"a\"} 1\n", "pager firing: Stopped firing"},
		{"what the pager has", "ready 1\nlatency{pod=\"a\"} 50\n", "pager firing: Awful a firing"},
		{"inhibits the rest, also after a while", "ready 1\nhold 1\nlatency{pod=\"a\"} 50\n", "people firing: Held firing"},
		{"and is over", "ready 1\nhold 1\nlatency{pod=\"a\"} 1\n", "pager resolved: Awful a resolved"},
		{"the heart goes on", "ready 1\nhold 1\nlatency{pod=\"a\"} 1\nbeat 1\n", "pager resolved: Stopped resolved"},
	} {
		p.serve(step.metrics)
		p.await(step.what, step.want)
	}
	p.compare()
}

const pairRules = `
groups:
- name: pair
  interval: 1s
  query_offset: 0s
  rules:
  - {alert: Slow, expr: latency > 5 and latency < 40, for: 2s, labels: {severity: ticket}}
  - {alert: Awful, expr: latency > 40, labels: {severity: page}}
  - {alert: Inhibited, expr: latency > 30, for: 3s, labels: {severity: ticket}}
  - {alert: Stopped, expr: absent(beat) and on () count(ready) > 0, keep_firing_for: 2s, labels: {severity: page}}
  - {alert: Held, expr: hold == 1, for: 5s, labels: {severity: ticket}}
  - {record: latency:max, expr: max(latency)}
`

// pairConfig is the alert manager's, for hooks below an address.
const pairConfig = `
route:
  receiver: people
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  routes:
  - {receiver: pager, matchers: [severity="page"]}
inhibit_rules:
- source_matchers: [alertname="Awful"]
  target_matchers: [alertname="Inhibited"]
  equal: [pod]
receivers:
- name: people
  webhook_configs: [{url: '%[1]s/people'}]
- name: pager
  webhook_configs: [{url: '%[1]s/pager'}]
`

// A pair is both, with what they watch and whom they tell.
type pair struct {
	t      *testing.T
	folder string
	world  *httptest.Server

	mu      sync.Mutex
	metrics string
	told    map[string][]string // by who tells: hearth, real
	before  map[string]int      // how much of it before this step
}

func newPair(t *testing.T) *pair {
	t.Helper()
	prometheus, alertmanager := pairPeer(t, "current-prometheus"), pairPeer(t, "alertmanager")
	p := &pair{t: t, folder: t.TempDir(), told: map[string][]string{}}
	p.world = httptest.NewServer(p)
	t.Cleanup(p.world.Close)
	h := startHearth(t, "--egress.allow-loopback")
	ws := h.create(t, "pair")
	p.define(h, ws)
	am := "127.0.0.1:" + port.For(t)
	p.write("am.yml", fmt.Sprintf(pairConfig, p.world.URL+"/real"))
	p.write("rules.yml", pairRules)
	p.write("prometheus.yml", fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['%s']}]}]}
scrape_configs: [{job_name: world, static_configs: [{targets: ['%s']}]}]
remote_write:
- url: %s/workspaces/%s/api/v1/remote_write
  queue_config: {batch_send_deadline: 100ms}
  sigv4: {region: us-east-1, access_key: test, secret_key: test}
`, am, strings.TrimPrefix(p.world.URL, "http://"), h.URL, ws))
	p.run(alertmanager, "--config.file=am.yml", "--storage.path=am", "--web.listen-address="+am, "--cluster.listen-address=")
	p.run(prometheus, "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", "--web.listen-address=127.0.0.1:"+port.For(t))
	return p
}

// pairPeer is a real peer. Without it the test fails in CI, and is left out
// elsewhere.
func pairPeer(t *testing.T, name string) string {
	t.Helper()
	program, err := peer(name)
	switch {
	case err == nil:
		return program
	case os.Getenv("CI") != "":
		t.Fatal(err)
	}
	t.Skip(err)
	return ""
}

// define gives Hearth the same rules and the same alert manager.
func (p *pair) define(h *running, ws string) {
	p.t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	config := strings.ReplaceAll(strings.TrimSpace(fmt.Sprintf(pairConfig, p.world.URL+"/hearth")), "\n", "\n  ")
	for path, data := range map[string]string{"alertmanager/definition": "alertmanager_config: |\n  " + config + "\n", "rulegroupsnamespaces": pairRules} {
		body := fmt.Sprintf(`{"name":"pair","data":%q}`, base64.StdEncoding.EncodeToString([]byte(data)))
		if code, _, answer := h.call(p.t.Context(), "POST", "/workspaces/"+ws+"/"+path, "aps", header, []byte(body)); code != http.StatusAccepted {
			p.t.Fatalf("%s: %d %s", path, code, answer)
		}
	}
}

func (p *pair) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.folder, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// run runs a program until the test ends.
func (p *pair) run(program string, args ...string) {
	p.t.Helper()
	out := &safeBuffer{}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.folder, out, out
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if p.t.Failed() {
			p.t.Logf("%s:\n%s", filepath.Base(program), out)
		}
	})
}

// ServeHTTP is the world: what Prometheus scrapes, and the hooks of both.
func (p *pair) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, p.metrics)
		return
	}
	var n struct {
		Status string
		Alerts []struct {
			Status string
			Labels map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		p.t.Errorf("a hook got no JSON: %v", err)
		return
	}
	var alerts []string
	for _, a := range n.Alerts {
		alerts = append(alerts, strings.Join(strings.Fields(a.Labels["alertname"]+" "+a.Labels["pod"]+" "+a.Status), " "))
	}
	slices.Sort(alerts)
	who, receiver, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	p.told[who] = append(p.told[who], receiver+" "+n.Status+": "+strings.Join(alerts, ", "))
}

func (p *pair) serve(metrics string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metrics = metrics
	p.before = map[string]int{"hearth": len(p.told["hearth"]), "real": len(p.told["real"])}
}

// await waits until both have notified what is wanted.
func (p *pair) await(what, want string) {
	p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for {
		p.mu.Lock()
		hearth, real := slices.Contains(p.told["hearth"][p.before["hearth"]:], want), slices.Contains(p.told["real"][p.before["real"]:], want)
		told := fmt.Sprintf("hearth:\n  %s\nthe real pair:\n  %s", strings.Join(p.told["hearth"], "\n  "), strings.Join(p.told["real"], "\n  "))
		p.mu.Unlock()
		if hearth && real {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			p.t.Fatalf("%s: not both notified %q within two minutes\n%s", what, want, told)
		}
	}
}

// compare compares what both notified, in order.
func (p *pair) compare() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range max(len(p.told["hearth"]), len(p.told["real"])) {
		if a, b := at(p.told["hearth"], i), at(p.told["real"], i); a != b {
			p.t.Errorf("notification %d: %s\nthe real pair: %s", i+1, cmp.Or(a, "(none)"), cmp.Or(b, "(none)"))
		}
	}
}

func at(all []string, i int) string {
	if i < len(all) {
		return all[i]
	}
	return ""
}
