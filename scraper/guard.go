package scraper

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"

	promconfig "github.com/prometheus/common/config"
)

// errTooMuch ends a connection that answers without end.
var errTooMuch = errors.New("the answer is longer than a scraper reads")

// dialer dials for the scrape loops and discoveries of one scraper: its gateway by
// the gateway's name, everything else through the guard. A Unix socket is never
// dialled, whatever a target's labels say.
func (c *collector) dialer() promconfig.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == c.gateway.address {
			return c.gateway.dial(ctx)
		}
		conn, err := c.room.opts.Dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return c.conns.keep(&boundedConn{Conn: conn, from: &c.conns})
	}
}

// httpOptions are those of every HTTP client of a scraper. HTTP/2 is off, so that
// one answer is what comes between two writes.
func (c *collector) httpOptions() []promconfig.HTTPClientOption {
	return []promconfig.HTTPClientOption{promconfig.WithDialContextFunc(c.dialer()), promconfig.WithHTTP2Disabled()}
}

// boundedConn ends when an answer is too long. Prometheus stops reading at
// body_size_limit, but then drains what still comes.
type boundedConn struct {
	net.Conn
	from *connections
	read atomic.Int64 // since the last write
}

// connections are those of one scraper, so that they end with it.
type connections struct {
	mu     sync.Mutex
	open   map[*boundedConn]bool
	closed bool
}

func (s *connections) keep(b *boundedConn) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(net.ErrClosed, b.Conn.Close())
	}
	if s.open == nil {
		s.open = map[*boundedConn]bool{}
	}
	s.open[b] = true
	return b, nil
}

func (s *connections) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for b := range s.open {
		_ = b.Conn.Close()
	}
}

// Close ends the connection.
func (b *boundedConn) Close() error {
	b.from.mu.Lock()
	delete(b.from.open, b)
	b.from.mu.Unlock()
	return b.Conn.Close()
}

func (b *boundedConn) Read(p []byte) (int, error) {
	if b.read.Load() > maxBody+1<<20 {
		return 0, errTooMuch
	}
	n, err := b.Conn.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *boundedConn) Write(p []byte) (int, error) {
	b.read.Store(0)
	return b.Conn.Write(p)
}
