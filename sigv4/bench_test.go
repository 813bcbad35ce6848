package sigv4

import (
	"net/http"
	"testing"
)

// The budget for authentication and authorisation together is 15 µs beyond
// hashing the body.
func BenchmarkRemoteWrite(b *testing.B) {
	r, body := arrived(b, signedText(b))
	bench(b, r, body, exampleSecret, true)
}

func BenchmarkQuery(b *testing.B) {
	r := newRequest(b, http.MethodGet, "http://h/workspaces/ws-1/api/v1/query_range?query=sum%20by%20%28job%29%20%28rate%28x%7Ba%3D%22b%22%7D%5B5m%5D%29%29&start=1700000000&end=1700003600&step=15", nil)
	sign(b, r, nil, exampleTime)
	bench(b, r, BodyOf(nil), exampleSecret, true)
}

func BenchmarkWrongSecret(b *testing.B) {
	r, body := arrived(b, signedText(b))
	bench(b, r, body, "wrong", false)
}

func bench(b *testing.B, r *http.Request, body Body, secret string, ok bool) {
	b.Helper()
	var v Verifier
	b.ReportAllocs()
	for b.Loop() {
		s, err := Parse(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Verify(s, r, Known{Secret: secret, Body: body, Now: exampleTime}); (err == nil) != ok {
			b.Fatal(err)
		}
	}
}
