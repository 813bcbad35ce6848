package awsapi

import (
	"net/netip"
	"sync"
)

// Parts of a pool of bodies that one source, and one key, may hold while nothing
// is proven. A key's id is no secret: whoever knows it may have a body read before
// its signature fails, but from one address that takes a quarter, and however many
// addresses they have, half is left to other keys.
const (
	sourcePart = 4
	keyPart    = 2
)

// A claimant is who a body is read for, as they say. The zero claimant has proven
// who they are.
type claimant struct{ source, key string }

// claimant is who claims to have sent the request.
func (r *request) claimant() claimant {
	c := claimant{source: network(r.sourceIP())}
	if r.sig != nil {
		c.key = r.sig.AccessKeyID
	}
	return c
}

// network is what one sender has of addresses: of IPv6 a /64.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Unmap().Is4() {
		return ip
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return p.String()
}

// shares count what claimants hold. Who holds nothing is forgotten.
type shares struct {
	mu      sync.Mutex
	sources map[string]int64
	keys    map[string]int64
}

// take notes n more bytes of c, whose body holds some already, or tells that they
// are too many. A body is never too large beside nothing.
func (s *shares) take(c claimant, holds, n, budget int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sources == nil {
		s.sources, s.keys = map[string]int64{}, map[string]int64{}
	}
	if source := s.sources[c.source]; source > holds && source+n > budget/sourcePart {
		return false
	}
	if key := s.keys[c.key]; key > holds && key+n > budget/keyPart {
		return false
	}
	add(s.sources, c.source, n)
	add(s.keys, c.key, n)
	return true
}

func (s *shares) give(c claimant, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add(s.sources, c.source, -n)
	add(s.keys, c.key, -n)
}

func add(held map[string]int64, name string, n int64) {
	if name == "" {
		return
	}
	if held[name] += n; held[name] == 0 {
		delete(held, name)
	}
}

// proven says that the body's sender is who they claimed to be: what it holds is
// no longer counted as a stranger's.
func (b *body) proven() {
	if b.from != nil && b.claim != (claimant{}) {
		b.from.shares.give(b.claim, b.held)
		b.claim = claimant{}
	}
}
