package main

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// serveTLS runs a server with the TLS file until the test ends. The function
// returned asks it for something on a new connection.
func serveTLS(t *testing.T, file string) (ask func() (*http.Response, error)) {
	t.Helper()
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s, err := listen(t.Context(), "test", "127.0.0.1:0", ok, file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.run() }()
	t.Cleanup(func() {
		s.shutdown()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return func() (*http.Response, error) {
		tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
		defer tr.CloseIdleConnections()
		resp, err := (&http.Client{Transport: tr}).Get("https://" + s.addr())
		if err == nil {
			err = resp.Body.Close()
		}
		return resp, err
	}
}

func sameCertificate(a, b *http.Response) bool {
	return a.TLS.PeerCertificates[0].Equal(b.TLS.PeerCertificates[0])
}

// Somebody who writes the TLS file or a certificate anew does it in steps, and
// between them everything goes on with what was whole last.
func TestTLSIsReloadedWhenWhole(t *testing.T) {
	file, other := tlsFile(t, ""), tlsFile(t, "")
	ask := serveTLS(t, file)
	first, err := ask()
	if err != nil || first.StatusCode != http.StatusNoContent || first.ProtoMajor != 2 {
		t.Fatalf("%v, %v; want 204 by HTTP/2", first, err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cert := filepath.Join(filepath.Dir(file), "cert.pem")
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string]struct {
		path string
		text []byte
	}{
		"half a TLS file":     {file, whole[:len(whole)/2]},
		"an empty TLS file":   {file, nil},
		"half a certificate":  {cert, pem[:len(pem)/2]},
		"passwords appear":    {file, append(whole[:len(whole):len(whole)], "basic_auth_users: {me: x}\n"...)},
		"the TLS file is odd": {file, []byte("colour: red\n")},
	} {
		was, err := os.ReadFile(broken.path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(broken.path, broken.text, 0o600); err != nil {
			t.Fatal(err)
		}
		switch r, err := ask(); {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case r.StatusCode != http.StatusNoContent || !sameCertificate(r, first):
			t.Errorf("%s: status %d, the same certificate: %v", name, r.StatusCode, sameCertificate(r, first))
		}
		if err := os.WriteFile(broken.path, was, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"key.pem", "cert.pem"} {
		from := filepath.Join(filepath.Dir(other), name)
		if err := os.Rename(from, filepath.Join(filepath.Dir(file), name)); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := ask(); err != nil || sameCertificate(r, first) {
		t.Errorf("after a renewal: %v, the certificate is still the first", err)
	}
}

// What else the TLS file may say holds, too.
func TestWebFileSaysHow(t *testing.T) {
	r, err := serveTLS(t, tlsFile(t, "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n"))()
	if err != nil || r.ProtoMajor != 1 || r.Header.Get("X-Frame-Options") != "deny" {
		t.Errorf("%v, %v; want HTTP/1 and the header", r, err)
	}
	old := "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]\n  curve_preferences: [CurveP256]\n"
	if r, err = serveTLS(t, tlsFile(t, old))(); err != nil || r.TLS.Version != tls.VersionTLS12 ||
		r.TLS.CipherSuite != tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 || r.TLS.CurveID != tls.CurveP256 {
		t.Errorf("%v, %v; want TLS 1.2 with the suite and the curve", r, err)
	}
	if _, err := serveTLS(t, tlsFile(t, "  client_auth_type: RequireAnyClientCert\n"))(); err == nil {
		t.Error("a client without a certificate was let in")
	}
	limited := checkWebFile(tlsFile(t, "rate_limit: {interval: 1s, burst: 1}\n"))
	if limited == nil || !errors.As(limited, new(misuse)) {
		t.Errorf("a rate limit, which would be without effect: %v, want a misuse", limited)
	}
}
