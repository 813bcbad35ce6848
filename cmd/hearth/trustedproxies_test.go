package main

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTrustedProxies(t *testing.T) {
	c := defaultConfig()
	c.Web.TrustedProxies = []string{"10.0.0.0/8", "2001:db8::/32"}
	var got string
	h := c.behindProxies(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.RemoteAddr
		if r.TLS != nil {
			got += " tls"
		}
	}))
	for _, tc := range []struct {
		name, from string
		header     http.Header
		want       string
	}{
		{"a stranger invents", "192.0.2.1:5", http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"https"}}, "192.0.2.1:5"},
		{"one proxy", "10.0.0.1:5", http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"https"}}, "203.0.113.9:0 tls"},
		{"in clear", "10.0.0.1:5", http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"http"}}, "203.0.113.9:0"},
		{"the client invents the first", "10.0.0.1:5", http.Header{"X-Forwarded-For": {"198.51.100.1, 203.0.113.9, 10.0.0.2"}}, "203.0.113.9:0"},
		{"several headers", "10.0.0.1:5", http.Header{"X-Forwarded-For": {"198.51.100.1", "203.0.113.9"}}, "203.0.113.9:0"},
		{"all are trusted", "10.0.0.1:5", http.Header{"X-Forwarded-For": {"10.0.0.3, 10.0.0.2"}}, "10.0.0.3:0"},
		{"rubbish before the client", "10.0.0.1:5", http.Header{"X-Forwarded-For": {"x, 203.0.113.9"}}, "203.0.113.9:0"},
		{"rubbish alone", "10.0.0.1:5", http.Header{"X-Forwarded-For": {"unknown"}}, "10.0.0.1:5"},
		{"nothing", "10.0.0.1:5", nil, "10.0.0.1:5"},
		{"with a port", "10.0.0.1:5", http.Header{"X-Forwarded-For": {"203.0.113.9:4711"}}, "203.0.113.9:0"},
		{"IPv6", "[2001:db8::1]:5", http.Header{"X-Forwarded-For": {"[2001:db9::7]:1"}}, "[2001:db9::7]:0"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:5", http.Header{"X-Forwarded-For": {"203.0.113.9"}}, "203.0.113.9:0"},
		{"two answers about TLS", "10.0.0.1:5", http.Header{"X-Forwarded-Proto": {"https", "http"}}, "10.0.0.1:5"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr, r.Header = tc.from, tc.header
		h.ServeHTTP(nil, r)
		if got != tc.want || r.RemoteAddr != tc.from {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.RemoteAddr, r.TLS = "10.0.0.1:5", &tls.ConnectionState{}
	r.Header.Set("X-Forwarded-Proto", "http")
	if h.ServeHTTP(nil, r); got != "10.0.0.1:5 tls" {
		t.Errorf("TLS up to here: %s", got)
	}
}
