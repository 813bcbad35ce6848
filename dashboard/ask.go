package dashboard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/hearth-metrics/hearth"
)

// A Source answers data sources that are metrics workspaces of this Hearth, as the
// role of the Grafana workspace, with the same questions about rights that
// anybody's request is asked.
type Source interface {
	// Workspaces lists the metrics workspaces of a region that the Grafana
	// workspace's role may list. An error of kind Denied says why it may not.
	Workspaces(ctx context.Context, w hearth.GrafanaWorkspace, region hearth.Region) ([]hearth.Workspace, error)
	// Find tells whether a URL is of a metrics workspace of this Hearth.
	Find(u *url.URL) (hearth.WorkspaceID, bool)
	// Serve answers a request for /workspaces/{id}/api/v1/….
	Serve(w http.ResponseWriter, r *http.Request, as hearth.GrafanaWorkspace)
}

// A question is one request to a data source.
type question struct {
	method string
	path   string // below the data source's URL, escaped: /api/v1/query
	query  string // encoded
	body   []byte
	header http.Header // Content-Type, Accept
}

// local is the metrics workspace of this Hearth that the data source means, if
// its requests are signed as the Grafana workspace's role.
func (r *Room) local(s *source) (hearth.WorkspaceID, bool) {
	set := s.settings()
	if r.opts.Source == nil || !s.prometheus() || !(set.SigV4 || s.Type == typeAMP) || set.AuthType == "keys" {
		return "", false
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return "", false
	}
	return r.opts.Source.Find(u)
}

// forward sends the question to the data source and its answer to w. An error
// means that nothing was answered.
func (r *Room) forward(ctx context.Context, w http.ResponseWriter, as hearth.GrafanaWorkspace, s *source, q question) error {
	if id, ok := r.local(s); ok {
		q.path = "/workspaces/" + string(id) + q.path
		req, err := q.request(ctx, &url.URL{Scheme: "http", Host: "workspace.hearth"})
		if err != nil {
			return err
		}
		req.RequestURI = req.URL.RequestURI()
		counted := &countedWriter{ResponseWriter: w}
		r.opts.Source.Serve(counted, req, as)
		r.metrics.proxied.WithLabelValues("workspace", class(counted.status)).Inc()
		return nil
	}
	res, err := r.dial(ctx, as.ID, s, q)
	if err != nil {
		r.metrics.proxied.WithLabelValues("network", "failed").Inc()
		return err
	}
	defer res.Body.Close()
	r.metrics.proxied.WithLabelValues("network", class(res.StatusCode)).Inc()
	passHeader(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body) // the answer has begun: a cut one shows by its length
	return nil
}

func class(status int) string { return fmt.Sprintf("%dxx", max(status, 200)/100) }

type countedWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader is http.ResponseWriter's.
func (c *countedWriter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// passHeader hands on what an answer may say. What a data source sends must not
// run in the browser, nor leave anything in it.
func passHeader(to, from http.Header) {
	for _, name := range []string{"Content-Type", "Content-Encoding", "Cache-Control", "Retry-After", "Last-Modified", "Etag"} {
		if v := from.Get(name); v != "" {
			to.Set(name, v)
		}
	}
	to.Set("Content-Security-Policy", "sandbox")
	to.Set("X-Content-Type-Options", "nosniff")
}

func (q question) request(ctx context.Context, base *url.URL) (*http.Request, error) {
	u := *base
	path := strings.TrimRight(u.EscapedPath(), "/") + q.path
	plain, err := url.PathUnescape(path)
	if err != nil {
		return nil, bad("the path is not well-formed")
	}
	u.Path, u.RawPath, u.RawQuery = plain, path, joinQuery(base.RawQuery, q.query)
	req, err := http.NewRequestWithContext(ctx, q.method, u.String(), bytes.NewReader(q.body))
	if err != nil {
		return nil, bad("the path is not well-formed")
	}
	for name, v := range q.header {
		req.Header[name] = v
	}
	req.Header.Set("User-Agent", "Hearth")
	return req, nil
}

func joinQuery(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "&" + b
}

// dial asks a data source over the network.
func (r *Room) dial(ctx context.Context, id hearth.GrafanaID, s *source, q question) (*http.Response, error) {
	if r.client == nil {
		return nil, &hearth.Error{Kind: hearth.Unavailable, Msg: "This Hearth makes no connections to data sources."}
	}
	base, err := url.Parse(s.URL)
	if err != nil || base.Host == "" {
		return nil, bad("The data source has no URL.")
	}
	req, err := q.request(ctx, base)
	if err != nil {
		return nil, err
	}
	if err := r.prove(ctx, id, s, req, q.body); err != nil {
		return nil, err
	}
	client, err := r.clientFor(id, s)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, &hearth.Error{Kind: hearth.Unavailable, Msg: "The data source cannot be reached: " + reason(err), Err: err}
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		res.Body.Close()
		return nil, &hearth.Error{Kind: hearth.Unavailable, Msg: "The data source answers with a redirect, which is not followed: give the address it leads to."}
	}
	return res, nil
}

// reason is what a failed connection says, without the address of each layer.
func reason(err error) string {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok || inner.Unwrap() == nil {
			return err.Error()
		}
		err = inner.Unwrap()
	}
}

// prove adds what the data source wants as a proof. What the caller sent as a
// proof never leaves Hearth.
func (r *Room) prove(ctx context.Context, id hearth.GrafanaID, s *source, req *http.Request, body []byte) error {
	if s.BasicAuth {
		password, err := r.secret(id, s, "basicAuthPassword")
		if err != nil {
			return err
		}
		req.SetBasicAuth(s.BasicAuthUser, password)
	}
	for i := 1; i <= 20; i++ {
		name := s.text(fmt.Sprintf("httpHeaderName%d", i))
		if name == "" {
			break
		}
		value, err := r.secret(id, s, fmt.Sprintf("httpHeaderValue%d", i))
		if err != nil {
			return err
		}
		if value != "" && !strings.ContainsAny(name+value, "\r\n\x00") {
			req.Header.Set(name, value)
		}
	}
	if set := s.settings(); set.SigV4 || s.Type == typeAMP {
		return r.sign(ctx, id, s, set, req, body)
	}
	return nil
}

// sign signs as a Prometheus of AWS is asked, with the keys of the data source.
func (r *Room) sign(ctx context.Context, id hearth.GrafanaID, s *source, set settings, req *http.Request, body []byte) error {
	access, err := r.secret(id, s, "sigV4AccessKey")
	if err != nil {
		return err
	}
	secret, err := r.secret(id, s, "sigV4SecretKey")
	if err != nil {
		return err
	}
	switch {
	case set.Assume != "":
		return bad("The data source asks to assume a role elsewhere (sigV4AssumeRoleArn), which is not served: give it keys.")
	case access == "" || secret == "":
		return bad("The data source signs its requests, and its URL is of no workspace of this Hearth: give it sigV4AuthType keys with sigV4AccessKey and sigV4SecretKey.")
	case set.Region == "":
		return bad("The data source signs its requests and has no sigV4Region.")
	}
	sum := sha256.Sum256(body)
	keys := aws.Credentials{AccessKeyID: access, SecretAccessKey: secret}
	return v4.NewSigner().SignHTTP(ctx, keys, req, hex.EncodeToString(sum[:]), "aps", set.Region, r.opts.Now())
}

// clientFor is the guarded client, with the data source's own ideas of TLS.
func (r *Room) clientFor(id hearth.GrafanaID, s *source) (*http.Client, error) {
	set := s.settings()
	if !set.TLSSkip && !set.TLSCA && !set.TLSClient {
		return r.client, nil
	}
	guarded, ok := r.client.Transport.(*http.Transport)
	if !ok {
		return nil, bad("This Hearth has no TLS settings of its own for data sources.")
	}
	conf := &tls.Config{InsecureSkipVerify: set.TLSSkip, ServerName: set.ServerName, MinVersion: tls.VersionTLS12} //nolint:gosec // the user's own choice
	if set.TLSCA {
		text, err := r.secret(id, s, "tlsCACert")
		if err != nil {
			return nil, err
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(text)) {
			return nil, bad("secureJsonData.tlsCACert of the data source is no certificate in PEM")
		}
	}
	if set.TLSClient {
		pair, err := r.clientPair(id, s)
		if err != nil {
			return nil, err
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	transport := guarded.Clone()
	transport.TLSClientConfig, transport.DisableKeepAlives = conf, true
	own := *r.client
	own.Transport = transport
	return &own, nil
}

func (r *Room) clientPair(id hearth.GrafanaID, s *source) (pair tls.Certificate, err error) {
	certificate, err := r.secret(id, s, "tlsClientCert")
	if err != nil {
		return pair, err
	}
	private, err := r.secret(id, s, "tlsClientKey")
	if err != nil {
		return pair, err
	}
	if pair, err = tls.X509KeyPair([]byte(certificate), []byte(private)); err != nil {
		return pair, bad("secureJsonData.tlsClientCert and tlsClientKey of the data source do not make a pair")
	}
	return pair, nil
}
