package awsapi

import (
	"net/http"
	"strings"
	"testing"
)

// Below a path, requests come with it, or without it where a proxy took it off; the
// signature is over the path that the client sent.
func TestBelowAPath(t *testing.T) {
	d := openDoor(t, func(o *Options) { o.ExternalURL = "http://hearth.test:4750/metrics/eu" })
	took := func(r *http.Request) {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/metrics/eu")
		r.RequestURI = strings.TrimPrefix(r.RequestURI, "/metrics/eu")
	}
	for _, c := range []struct {
		name, url string
		spoil     func(*http.Request)
		status    int
	}{
		{"whole", "/metrics/eu/workspaces", nil, 200},
		{"a proxy took the path off", "/metrics/eu/workspaces", took, 200},
		{"straight", "/workspaces", nil, 200},
		{"another path", "/metrics/us/workspaces", nil, 404},
		{"a name that begins alike", "/metrics/europe/workspaces", nil, 404},
		{"signed for another path", "/metrics/us/workspaces", func(r *http.Request) { r.URL.Path, r.RequestURI = "/workspaces", "/workspaces" }, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, body := d.say(ask{by: &alice, method: "GET", url: c.url, spoil: c.spoil}); status != c.status {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	_, made := d.say(ask{by: &alice, method: "POST", url: "/metrics/eu/workspaces", body: `{"alias":"a"}`, header: map[string]string{"Content-Type": "application/json"}})
	id := made[strings.Index(made, "ws-"):][:39]
	if _, body := d.say(ask{by: &alice, method: "GET", url: "/metrics/eu/workspaces/" + id}); !strings.Contains(body, `"prometheusEndpoint":"http://hearth.test:4750/metrics/eu/workspaces/`+id+`/"`) {
		t.Errorf("the endpoint: %s", body)
	}
}
