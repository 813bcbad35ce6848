package scraper

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
)

// A gateway is how the scrape loops of one scraper reach its cluster's API
// server. They speak plain HTTP to it, in memory; it asks the API server with the
// cluster's own credentials, which so never are in a scrape configuration and
// cannot reach any other target.
type gateway struct {
	address string // a host name that nobody can guess, with a port
	conns   chan net.Conn
	to      atomic.Pointer[apiServer]
}

// An apiServer is a base URL and what authenticates there.
type apiServer struct {
	base *url.URL
	rt   http.RoundTripper
	of   way
}

// A way is the host of a configuration, and the key of who goes there.
type way struct{ host, who string }

func newGateway() *gateway {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return &gateway{address: hex.EncodeToString(b[:]) + ".invalid:80", conns: make(chan net.Conn)}
}

// aim says where requests go from now on, and as whom.
func (g *gateway) aim(c *rest.Config, who string) error {
	base, _, err := rest.DefaultServerUrlFor(c)
	if err != nil {
		return fmt.Errorf("address of the API server: %w", err)
	}
	rt, err := rest.TransportFor(c)
	if err != nil {
		return fmt.Errorf("way to the API server: %w", err)
	}
	g.to.Store(&apiServer{base, rt, way{c.Host, who}})
	return nil
}

// run serves until ctx ends.
func (g *gateway) run(ctx context.Context) {
	s := &http.Server{Handler: g, ReadHeaderTimeout: time.Minute, BaseContext: func(net.Listener) context.Context { return ctx }}
	l := &memoryListener{gateway: g, done: make(chan struct{})}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	_ = s.Serve(l)
}

// dial is a connection to the gateway.
func (g *gateway) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case g.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// memoryListener accepts what dial makes.
type memoryListener struct {
	*gateway
	done   chan struct{}
	closed atomic.Bool
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	if l.closed.CompareAndSwap(false, true) {
		close(l.done)
	}
	return nil
}

func (l *memoryListener) Addr() net.Addr { return &net.IPAddr{} }

// forwarded are the headers of a scrape that the API server is told.
var forwarded = []string{"Accept", "Accept-Encoding", "User-Agent", "X-Prometheus-Scrape-Timeout-Seconds"}

// ServeHTTP asks the API server, and hands its answer on as it comes.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := g.to.Load()
	if to == nil {
		refuseScrape(w, "the cluster's API server is not known yet")
		return
	}
	u := *to.base
	u.Path, u.RawQuery = strings.TrimSuffix(u.Path, "/")+r.URL.Path, r.URL.RawQuery
	out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		refuseScrape(w, err.Error())
		return
	}
	for _, name := range forwarded {
		out.Header[name] = r.Header[name]
	}
	res, err := to.rt.RoundTrip(out)
	if err != nil {
		refuseScrape(w, err.Error())
		return
	}
	defer res.Body.Close()
	for _, name := range []string{"Content-Type", "Content-Encoding"} {
		if v := res.Header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, io.LimitReader(res.Body, maxBody+1))
}

// refuseScrape answers with the reason in the status line, for of an answer that
// is no success the scrape loop keeps nothing else.
func refuseScrape(w http.ResponseWriter, why string) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer conn.Close()
	why = strings.Join(strings.Fields(strings.Map(printable, why)), " ")
	fmt.Fprintf(buf, "HTTP/1.1 502 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", clip(why))
	_ = buf.Flush()
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return ' '
	}
	return r
}
