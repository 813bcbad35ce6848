package awsapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzServe sends requests that are signed by a caller with every right and
// otherwise arbitrary. None may be answered as an internal failure, and every
// answer has a request id and a body that can be read.
func FuzzServe(f *testing.F) {
	const id = "ws-11111111-2222-3333-4444-555555555555"
	arn := "/tags/arn%3Aaws%3Aaps%3Aus-west-2%3A111111111111%3Aworkspace%2F" + id
	for _, s := range [][4]string{
		{"POST", "/workspaces", `{"alias":"a","tags":{"a":"b"}}`, "aps"},
		{"GET", "/workspaces?maxResults=1&nextToken=x&alias=y", "", "aps"},
		{"PATCH", "/workspaces/" + id + "/configuration", `{"limitsPerLabelSet":[{"labelSet":{"a":"b"},"limits":{"maxSeries":1}},null]}`, "aps"},
		{"POST", "/workspaces/" + id + "/alias", `{"alias":null}`, "aps"},
		{"POST", arn, `{"tags":{"a":null}}`, "aps"},
		{"DELETE", arn + "?tagKeys=a&tagKeys=a", "", "aps"},
		{"DELETE", "/workspaces/None?clientToken=%20", "", "aps"},
		{"POST", "//workspaces//" + id + "/api/v1//remote_write/", "x", "aps"},
		{"GET", "/workspaces/%2e%2e%2f/api/v1/label/%ff/values", "", "aps"},
		{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", "sts"},
		{"GET", "/?Action=AssumeRoleWithWebIdentity&Version=2011-06-15", "", ""},
		{"GET", "/hearth/v1/events?request_id=%00&limit=1", "", "hearth"},
		{"GET", "/workspaces", "", "grafana"},
	} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	d := openDoor(f, nil)
	f.Fuzz(func(t *testing.T, method, target, body, service string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") || method == "" {
			return
		}
		r := &http.Request{Method: method, URL: u, RequestURI: target, Host: "hearth.test:4750", Header: http.Header{},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), RemoteAddr: "192.0.2.1:1"}
		r = r.WithContext(t.Context())
		if service == "sts" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if service != "" {
			ask{by: &alice, body: body, service: service}.sign(t, r)
		}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		res := w.Result()
		text, _ := io.ReadAll(res.Body)
		if res.StatusCode == http.StatusInternalServerError || res.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s %s: %d %s", method, target, res.StatusCode, text)
		}
		if strings.Contains(res.Header.Get("Content-Type"), "json") && len(text) > 0 && !json.Valid(text) {
			t.Errorf("%s %s: not JSON: %q", method, target, text)
		}
		if n := d.bodies.taken.Load(); n != 0 {
			t.Errorf("%s %s: %d bytes are still held", method, target, n)
		}
		d.events, d.seen = nil, nil
	})
}
