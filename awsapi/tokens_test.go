package awsapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

func withBearer(token string, a ask) ask {
	a.header = map[string]string{"Authorization": "Bearer " + token}
	return a
}

func TestBearerTokens(t *testing.T) {
	d, people := storytellers(t)
	root, reader := people[0], people[2]
	w := d.workspaceOf(alice, "eu-west-1", "kitchen")
	var made tokenBody
	body := `{"principal":"user/reader","actions":["aps:QueryMetrics","aps:RemoteWrite"],"note":"promtool"}`
	d.json(ask{by: &root, method: "POST", url: "/hearth/v1/tokens", service: "hearth", body: body}, &made)
	query := ask{method: "GET", url: "/workspaces/" + string(w.ID) + "/api/v1/query?query=up"}
	if status, text := d.say(withBearer(made.Token, query)); status != http.StatusOK {
		t.Fatalf("with the token: %d %s", status, text)
	}
	for name, c := range map[string]struct {
		ask  ask
		want int
	}{
		"what the token leaves out": {ask{method: "GET", url: "/workspaces/" + string(w.ID) + "/api/v1/labels"}, 403},
		"what the user may not":     {ask{method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write"}, 403},
		"another service":           {ask{method: "GET", url: "/hearth/v1/tokens"}, 403},
		"the control plane":         {ask{method: "GET", url: "/workspaces"}, 403},
	} {
		if status, text := d.say(withBearer(made.Token, c.ask)); status != c.want {
			t.Errorf("%s: %d %s, want %d", name, status, text, c.want)
		}
	}
	for _, wrong := range []string{made.Token + "x", "hearth_", made.Token[:20], "other", ""} {
		if status, _ := d.say(withBearer(wrong, query)); status != http.StatusForbidden {
			t.Errorf("token %q: %d", wrong, status)
		}
	}
	if status, _ := d.say(ask{by: &reader, method: "POST", url: "/hearth/v1/tokens", service: "hearth", body: body}); status != http.StatusForbidden {
		t.Errorf("the reader makes a token: %d", status)
	}
	var all struct{ Tokens []tokenBody }
	d.json(ask{by: &root, method: "GET", url: "/hearth/v1/tokens", service: "hearth"}, &all)
	if len(all.Tokens) != 1 || all.Tokens[0].Token != "" || all.Tokens[0].Note != "promtool" {
		t.Errorf("listed: %+v", all.Tokens)
	}
	if status, text := d.say(ask{by: &bob, method: "DELETE", url: "/hearth/v1/tokens/" + made.ID, service: "hearth"}); status != http.StatusNotFound {
		t.Errorf("another account revokes it: %d %s", status, text)
	}
	if status, text := d.say(ask{by: &root, method: "DELETE", url: "/hearth/v1/tokens/" + made.ID, service: "hearth"}); status != http.StatusOK {
		t.Errorf("revoke: %d %s", status, text)
	}
	if status, _ := d.say(withBearer(made.Token, query)); status != http.StatusForbidden {
		t.Errorf("a revoked token: %d", status)
	}
	d.opts.Profile = hearth.AWSStrict
	if status, text := d.say(withBearer(made.Token, query)); status != http.StatusForbidden || !strings.Contains(text, "Missing Authentication Token") {
		t.Errorf("in aws-strict: %d %s", status, text)
	}
}

// Guessing is slowed down; whoever proves who they are is not, even from the
// same address.
func TestGuessesAreSlowedDown(t *testing.T) {
	d := openDoor(t, nil)
	wrong := alice
	wrong.secret = "guess"
	var full, throttled int
	for range failuresBurst + 50 {
		switch status, _ := d.say(ask{by: &wrong, method: "GET", url: "/workspaces"}); status {
		case http.StatusForbidden:
			full++
		case http.StatusTooManyRequests:
			throttled++
		}
	}
	if full != failuresBurst || throttled != 50 {
		t.Errorf("%d told in full and %d throttled, want %d and 50", full, throttled, failuresBurst)
	}
	if status, body := d.say(ask{by: &alice, method: "GET", url: "/workspaces"}); status != http.StatusOK {
		t.Errorf("alice, from the same address: %d %s", status, body)
	}
	d.opts.Now = func() time.Time { return noon.Add(time.Second) }
	if status, _ := d.say(ask{by: &wrong, method: "GET", url: "/workspaces"}); status != http.StatusForbidden {
		t.Errorf("a second later: %d", status)
	}
}
