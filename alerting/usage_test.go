package alerting

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// counts is a hearth.Tally that remembers.
type counts struct {
	mu  sync.Mutex
	all map[string]float64
}

func (c *counts) Count(_ hearth.WorkspaceID, what hearth.Tallied, of string, n float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[fmt.Sprintf("%s %s", what, of)] += n
}

func (c *counts) Measure(hearth.WorkspaceID, hearth.Tallied, float64) {}

func (c *counts) of(name string) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[name]
}

// A receiver that is told too much is counted once for each notification, and
// alerts by how they stand.
func TestUsageAndTally(t *testing.T) {
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }))
	t.Cleanup(busy.Close)
	c := &counts{all: map[string]float64{}}
	b := newBed(t, Options{Tally: c})
	w := b.spaces.add("1")
	if _, ok, err := b.room.Usage(t.Context(), w.ID); ok || err != nil {
		t.Fatalf("usage without a definition: %v %v", ok, err)
	}
	b.define(w, `
route: {receiver: busy, group_wait: 1ms, group_interval: 1s, group_by: [alertname]}
inhibit_rules:
- {source_matchers: ['a="b"'], target_matchers: ['c="d"']}
receivers:
- name: busy
  webhook_configs: [{url: '`+busy.URL+`', max_alerts: 0}]`)
	b.fire(w, "alertname", "Loud")
	b.fire(w, "alertname", "Quiet")
	b.mustAsk(w, http.MethodPost, "/api/v2/silences", strings.ReplaceAll(`{"matchers":[{"name":"alertname","value":"Quiet","isRegex":false}],
		"startsAt":"2026-01-01T00:00:00Z","endsAt":"2099-01-01T00:00:00Z","createdBy":"dan","comment":"x"}`, "\n", ""))
	eventually(t, "a throttled notification", func() bool { return c.of("AlertManagerNotificationsThrottled webhook") >= 1 })
	if got := c.of("AlertManagerAlertsReceived "); got != 2 {
		t.Errorf("%v alerts received, want 2", got)
	}
	eventually(t, "as many by integration as in all", func() bool { // one is counted after the other
		return c.of("AlertManagerNotificationsThrottled webhook") == c.of("AlertManagerNotificationsThrottled ")
	})
	eventually(t, "one active and one suppressed alert", func() bool {
		u, ok, err := b.room.Usage(t.Context(), w.ID)
		return err == nil && ok && u.Active == 1 && u.Suppressed == 1 && u.Unprocessed == 0 &&
			u.Groups == 2 && u.Silences == 1 && u.InhibitRules == 1 && u.AlertBytes > 200 && u.DefinitionBytes > 100
	})
}
