package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// Bounds of the connections to one API server.
const (
	tlsPatience    = 10 * time.Second
	headerPatience = 30 * time.Second
	idlePatience   = 90 * time.Second
	maxIdle        = 8
	maxConnections = 128
	maxHeaderBytes = 256 << 10
)

// A link is how one cluster is reached now: connections that are kept open, and
// whose credentials requests carry. Another kubeconfig makes another link.
type link struct {
	of        [sha256.Size]byte // the sealed access it was made from
	server    *url.URL
	access    *access
	transport *http.Transport
	mappings  mappings
	patience  time.Duration // of questions
}

// An Identity is who a request is from. The zero one is the kubeconfig's own;
// any other is impersonated.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
type Identity struct {
	User   string
	Groups []string
}

func (r *Room) newLink(a *access) (*link, error) {
	server, err := url.Parse(strings.TrimRight(a.Server, "/"))
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	conf, err := a.tls()
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		DialContext:            r.opts.Dial,
		TLSClientConfig:        conf,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    tlsPatience,
		ResponseHeaderTimeout:  headerPatience,
		IdleConnTimeout:        idlePatience,
		MaxIdleConnsPerHost:    maxIdle,
		MaxConnsPerHost:        maxConnections,
		MaxResponseHeaderBytes: maxHeaderBytes,
		// A watch on a connection that died silently must end.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
	return &link{server: server, access: a, transport: t, patience: r.opts.Patience}, nil
}

// link returns the way to a cluster, and makes a new one if its kubeconfig
// changed. Requests under way on the old one end by themselves.
func (r *Room) link(ctx context.Context, arn hearth.ARN) (*link, error) {
	c, err := r.Cluster(ctx, arn)
	if err != nil {
		r.dropLink(arn)
		return nil, err
	}
	of := sha256.Sum256(c.Sealed)
	r.mu.Lock()
	have := r.links[arn]
	r.mu.Unlock()
	if have != nil && have.of == of {
		return have, nil
	}
	a, err := r.unseal(c)
	if err != nil {
		return nil, err
	}
	fresh, err := r.newLink(a)
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	fresh.of = of
	return r.keepLink(arn, fresh), nil
}

// keepLink remembers l unless another has come first.
func (r *Room) keepLink(arn hearth.ARN, l *link) *link {
	r.mu.Lock()
	defer r.mu.Unlock()
	have := r.links[arn]
	if have != nil && have.of == l.of {
		return have
	}
	if have != nil {
		have.transport.CloseIdleConnections()
	}
	r.links[arn] = l
	return l
}

func (r *Room) dropLink(arn hearth.ARN) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.links[arn]; l != nil {
		l.transport.CloseIdleConnections()
		delete(r.links, arn)
	}
	delete(r.seen, arn)
}

// send makes one request with the link's credentials, and nobody else's.
func (l *link) send(req *http.Request, as Identity) (*http.Response, error) {
	h := req.Header
	h.Del("Authorization")
	for k := range h {
		if strings.HasPrefix(k, "Impersonate-") {
			h.Del(k)
		}
	}
	switch {
	case l.access.Token != "":
		h.Set("Authorization", "Bearer "+l.access.Token)
	case l.access.Username != "":
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(l.access.Username+":"+l.access.Password)))
	}
	if as.User != "" {
		h.Set("Impersonate-User", as.User)
		for _, g := range as.Groups {
			h.Add("Impersonate-Group", g)
		}
	}
	return l.transport.RoundTrip(req)
}

// A way carries requests to a cluster's API server as somebody. It looks the
// cluster up for each of them, so that a new kubeconfig counts at once and a
// cluster that is gone is not reached any more. Requests to any other address,
// as a redirect might ask for, are refused: they would carry the credentials.
type way struct {
	room *Room
	arn  hearth.ARN
	from *url.URL // what its users take for the server's URL
	as   Identity
}

// RoundTrip implements http.RoundTripper.
func (w *way) RoundTrip(req *http.Request) (*http.Response, error) {
	out, l, err := w.prepare(req)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	return l.send(out, w.as)
}

func (w *way) prepare(req *http.Request) (*http.Request, *link, error) {
	path, ok := strings.CutPrefix(req.URL.Path, w.from.Path)
	if !ok || req.URL.Host != w.from.Host || req.URL.Scheme != w.from.Scheme {
		return nil, nil, fmt.Errorf("%s is not the API server of cluster %s", clip(req.URL.Redacted()), nameOf(w.arn))
	}
	l, err := w.room.link(req.Context(), w.arn)
	if err != nil {
		return nil, nil, err
	}
	out := req.Clone(req.Context())
	out.Host = ""
	out.URL.Scheme, out.URL.Host = l.server.Scheme, l.server.Host
	if l.server.Path != w.from.Path {
		out.URL.Path, out.URL.RawPath = l.server.Path+path, ""
	}
	return out, l, nil
}
