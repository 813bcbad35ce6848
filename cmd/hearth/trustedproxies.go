package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// behindProxies makes what trusted proxies hand on look as it did when it reached
// them: with the address of the client, which policies (aws:SourceIp), the ledger
// and the limits of sign-ins ask for, and over TLS if it came so, which
// aws:SecureTransport and cookies ask for. What anybody else writes into the same
// headers counts for nothing.
func (c *Config) behindProxies(next http.Handler) http.Handler {
	trusted := proxies{}
	for _, s := range c.Web.TrustedProxies {
		if p, err := netip.ParsePrefix(s); err == nil { // check has refused others
			trusted = append(trusted, p.Masked())
		}
	}
	if len(trusted) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if trusted.sent(r.RemoteAddr) {
			r = trusted.restore(r)
		}
		next.ServeHTTP(w, r)
	})
}

// proxies are the networks of trusted proxies.
type proxies []netip.Prefix

func (p proxies) sent(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	return err == nil && p.has(at.Addr())
}

func (p proxies) has(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// restore returns the request as the first trusted proxy got it.
func (p proxies) restore(r *http.Request) *http.Request {
	was := r.WithContext(r.Context())
	if client := p.client(r.Header.Values("X-Forwarded-For")); client.IsValid() {
		was.RemoteAddr = net.JoinHostPort(client.String(), "0")
	}
	protos := r.Header.Values("X-Forwarded-Proto")
	if r.TLS == nil && len(protos) == 1 && strings.EqualFold(strings.TrimSpace(protos[0]), "https") {
		was.TLS = &tls.ConnectionState{}
	}
	return was
}

// client goes from the last proxy to the first, for each adds whom it got the
// request from, and stops at the first address that is not trusted: what stands
// before it may be anybody's invention. The zero address means that none is told.
func (p proxies) client(forwarded []string) (client netip.Addr) {
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for _, hop := range slices.Backward(hops) {
		a, err := hopAddress(strings.TrimSpace(hop))
		if err != nil {
			return client
		}
		if client = a.Unmap().WithZone(""); !p.has(client) {
			return client
		}
	}
	return client
}

// hopAddress reads an address with or without a port: some proxies add it.
func hopAddress(s string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr(), nil
	}
	return netip.ParseAddr(strings.Trim(s, "[]"))
}
