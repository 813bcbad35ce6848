package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Pages of the web do not sign with the keys of whoever looks at them.
func TestProxyRefusesPages(t *testing.T) {
	h := notPages(true, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for _, c := range []struct {
		method, host string
		header       map[string]string
		want         int
	}{
		{"GET", "127.0.0.1:4751", nil, 204}, {"POST", "localhost:4751", nil, 204}, {"POST", "[::1]:4751", nil, 204}, {"GET", "localhost", nil, 204},
		{"GET", "rebound.example:4751", nil, 403}, {"GET", "127.0.0.1.example", nil, 403}, {"GET", "", nil, 403},
		{"POST", "127.0.0.1:4751", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"POST", "127.0.0.1:4751", map[string]string{"Origin": "https://page.example"}, 403},
	} {
		r := httptest.NewRequest(c.method, "/workspaces/ws-1/api/v1/query", nil)
		r.Host = c.host
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != c.want {
			t.Errorf("%s to %q with %v: %d, want %d", c.method, c.host, c.header, w.Code, c.want)
		}
	}
}
