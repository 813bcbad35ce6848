package main

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// never are addresses that nothing a user configures may reach: this network's
// own link, the cloud's metadata, and what is no single machine.
var never = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("fd00:ec2::/32"), netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("168.63.129.16/32"), netip.MustParsePrefix("192.0.0.192/32"),
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("::/128"),
	netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("ff00::/8"), netip.MustParsePrefix("255.255.255.255/32"),
}

// dialer makes the connections that a user's configuration causes. It checks the
// address that is really dialled, after the name was resolved.
func (c *Config) dialer() *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		return c.mayReach(address)
	}}
}

// translated are addresses that gateways turn into IPv4 ones, their last four bytes.
// https://www.rfc-editor.org/rfc/rfc6052
var translated = netip.MustParsePrefix("64:ff9b::/96")

func (c *Config) mayReach(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("egress: %w", err)
	}
	ip := to.Addr().Unmap().WithZone("")
	if all := ip.As16(); translated.Contains(ip) {
		ip = netip.AddrFrom4([4]byte(all[12:]))
	}
	if ip.IsLoopback() && !c.Egress.AllowLoopback {
		return fmt.Errorf("egress: %s is this machine: --egress.allow-loopback allows it", ip)
	}
	for _, p := range never {
		if p.Contains(ip) {
			return fmt.Errorf("egress: connections to %s are never made", ip)
		}
	}
	for _, text := range c.Egress.Deny {
		if p, err := netip.ParsePrefix(text); err != nil || p.Masked().Contains(ip) {
			return fmt.Errorf("egress: %s is denied by --egress.deny=%s", ip, text)
		}
	}
	return nil
}
