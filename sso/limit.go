package sso

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

// Failed sign-ins are counted by where they come from, and for the password also
// by whom they name; nobody can lock another one out.
const (
	failuresAllowed = 10
	failuresWindow  = time.Minute
	maxCounted      = 10_000 // origins that are remembered
)

// A limiter counts failures in windows.
type limiter struct {
	now func() time.Time

	mu     sync.Mutex
	counts map[string]*failures
}

type failures struct {
	n     int
	since time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, counts: map[string]*failures{}}
}

// check refuses who has failed too often; wait is how long.
func (l *limiter) check(who string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.counts[who]
	if f == nil {
		return nil
	}
	wait := f.since.Add(failuresWindow).Sub(l.now())
	if wait <= 0 {
		delete(l.counts, who)
		return nil
	}
	if f.n < failuresAllowed {
		return nil
	}
	return &hearth.Error{Kind: hearth.Throttled, RetryAfter: wait, Msg: "Too many sign-ins from your address failed. Wait a minute, then try again."}
}

// failed counts a failure.
func (l *limiter) failed(who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	f := l.counts[who]
	if f == nil || now.Sub(f.since) >= failuresWindow {
		l.room(now)
		f = &failures{since: now}
		l.counts[who] = f
	}
	f.n++
}

// room makes room for one more: what is over goes, and if nothing is, the oldest.
// It needs l.mu.
func (l *limiter) room(now time.Time) {
	if len(l.counts) < maxCounted {
		return
	}
	oldest := ""
	for k, f := range l.counts {
		if now.Sub(f.since) >= failuresWindow {
			delete(l.counts, k)
		} else if oldest == "" || f.since.Before(l.counts[oldest].since) {
			oldest = k
		}
	}
	if len(l.counts) >= maxCounted {
		delete(l.counts, oldest)
	}
}

// origin is what failures are counted by: an IPv4 address, or the network of an
// IPv6 one, for who has one address there has them all.
func origin(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return network.String()
}
