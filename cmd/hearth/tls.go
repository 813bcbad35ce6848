package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/prometheus/exporter-toolkit/web"
)

// A tlsReloader reads the TLS file and its certificates for each new connection,
// as the toolkit does, so that a renewed certificate counts at once. While what it
// finds does not work, because somebody is in the middle of writing it, what
// worked last stays.
type tlsReloader struct {
	path   string
	http   *http.Server
	log    *slog.Logger
	config *web.Config // as of the start: what is no matter of TLS stays so

	mu      sync.Mutex
	last    *tls.Config
	trouble string // logged already
}

func newTLSReloader(path string, s *http.Server, log *slog.Logger) (*tlsReloader, error) {
	c, err := readWebFile(path)
	if err != nil {
		return nil, err
	}
	r := &tlsReloader{path: path, http: s, log: log, config: c}
	r.last, err = r.read()
	return r, err
}

// read returns a configuration that holds its certificate: the toolkit's would
// read it again when it is asked for.
func (r *tlsReloader) read() (*tls.Config, error) {
	c, err := readWebFile(r.path)
	if err != nil {
		return nil, err
	}
	t, err := web.ConfigToTLSConfig(&c.TLSConfig)
	if err != nil {
		return nil, err
	}
	cert, err := t.GetCertificate(nil)
	if err != nil {
		return nil, err
	}
	t.GetCertificate, t.Certificates = nil, []tls.Certificate{*cert}
	t.NextProtos = r.protocols()
	return t, nil
}

// protocols are those that the server speaks. It knows by the time it accepts
// connections; the environment may have said no to HTTP/2.
func (r *tlsReloader) protocols() []string {
	if r.http.TLSNextProto["h2"] != nil {
		return []string{"h2", "http/1.1"}
	}
	return []string{"http/1.1"}
}

// current is a tls.Config's GetConfigForClient.
func (r *tlsReloader) current(*tls.ClientHelloInfo) (*tls.Config, error) {
	t, err := r.read()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.last, r.trouble = t, ""
	} else if r.trouble != err.Error() {
		r.trouble = err.Error()
		r.log.Warn("the TLS file does not work, so what it said before stays", "file", r.path, "err", err)
	}
	return r.last, nil
}

// apply makes the server speak TLS as the file says.
func (r *tlsReloader) apply() {
	if !r.config.HTTPConfig.HTTP2 {
		r.http.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	r.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: r.current}
	if headers := r.config.HTTPConfig.Header; len(headers) > 0 {
		r.http.Handler = withHeaders(headers, r.http.Handler)
	}
}

func withHeaders(headers map[string]string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		h.ServeHTTP(w, req)
	})
}

// serveTLS serves with the certificate of the file.
func (s *server) serveTLS() error {
	r, err := newTLSReloader(s.tls, s.http, s.log)
	if err != nil {
		return fmt.Errorf("web.config.file: %w", err)
	}
	r.apply()
	return s.http.ServeTLS(s.listener, "", "")
}
