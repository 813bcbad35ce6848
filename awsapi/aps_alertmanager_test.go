package awsapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

const oneReceiver = `alertmanager_config: |
  route:
    receiver: default
  receivers:
  - name: default
    sns_configs:
    - topic_arn: arn:aws:sns:us-west-2:111111111111:ops
      sigv4:
        region: us-west-2
`

func definitionJSON(t *testing.T, data string, token string) string {
	t.Helper()
	members := map[string]any{"data": base64.StdEncoding.EncodeToString([]byte(data))}
	if token != "" {
		members["clientToken"] = token
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// The whole life of an alert manager definition, and what its Alertmanager
// answers.
func TestGoldenAlertManagerDefinition(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	path := "/workspaces/" + string(w.ID) + "/alertmanager/definition"
	am := "/workspaces/" + string(w.ID) + "/alertmanager/api/v2"
	var b strings.Builder
	step := func(what string, a ask) {
		if a.by == nil {
			a.by = &alice
		}
		b.WriteString("# " + what + "\n" + d.transcript(a))
	}
	step("describe before", ask{method: "GET", url: path})
	step("status before", ask{method: "GET", url: am + "/status"})
	step("put before", ask{method: "PUT", url: path, body: definitionJSON(t, oneReceiver, "")})
	find := ask{method: "GET", url: "/hearth/v1" + path}
	step("find before", find)
	step("create", ask{method: "POST", url: path, body: definitionJSON(t, oneReceiver, "t-1")})
	step("the same again", ask{method: "POST", url: path, body: definitionJSON(t, oneReceiver, "t-1")})
	step("a second one", ask{method: "POST", url: path, body: definitionJSON(t, oneReceiver, "")})
	twice := base64.StdEncoding.EncodeToString([]byte(oneReceiver)) + "\n"
	step("put while it is being created", ask{method: "PUT", url: path, body: definitionJSON(t, oneReceiver, "")})
	settled := d.runAlerting(w.Workspace)
	settled()
	step("put, twice encoded", ask{method: "PUT", url: path, body: definitionJSON(t, twice, "")})
	settled()
	step("describe", ask{method: "GET", url: path})
	step("find", find)
	step("status", ask{method: "GET", url: am + "/status"})
	step("receivers", ask{method: "GET", url: am + "/receivers"})
	step("alerts", ask{method: "GET", url: am + "/alerts"})
	step("groups", ask{method: "GET", url: am + "/alerts/groups"})
	step("post alerts", ask{method: "POST", url: am + "/alerts", body: `[]`, header: map[string]string{"Content-Type": "application/json"}})
	step("post what is no alert", ask{method: "POST", url: am + "/alerts", body: `[{"labels":{}}]`, header: map[string]string{"Content-Type": "application/json"}})
	step("silences", ask{method: "GET", url: am + "/silences"})
	step("a silence that is not there", ask{method: "GET", url: am + "/silence/9d5f8a1e-0000-4000-8000-000000000000"})
	step("no data", ask{method: "PUT", url: path, body: `{}`})
	step("faults", ask{method: "PUT", url: path, body: definitionJSON(t, strings.Replace(oneReceiver, "topic_arn", "topic_file", 1), "")})
	step("by another account", ask{by: &bob, method: "GET", url: path})
	find.by = &bob
	step("find by another account", find)
	step("status by another account", ask{by: &bob, method: "GET", url: am + "/status"})
	step("delete", ask{method: "DELETE", url: path + "?clientToken=t-9"})
	step("describe what is gone", ask{method: "GET", url: path})
	golden(t, "alert_manager_definition", b.String())
}

// runAlerting lets the room of alert managers run until the test ends. The function
// it returns waits until the workspace's definition is ACTIVE.
func (d *door) runAlerting(w hearth.Workspace) (settled func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.opts.Alerting.Run(ctx); err != nil {
			d.t.Error(err)
		}
	})
	d.t.Cleanup(func() { cancel(); running.Wait() })
	return func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.After(time.Minute); ; {
			if a, err := d.opts.Alerting.Describe(d.t.Context(), w); err == nil && a.Status == hearth.Active {
				return
			}
			select {
			case <-tick.C:
			case <-deadline:
				d.t.Fatal("the definition does not become ACTIVE")
			}
		}
	}
}
