// Package port finds ports of this machine for programs that tests start.
//
// A port that was free a moment ago may be somebody's when the program takes it: the
// kernel gives every connection and every listener on port 0 one of its ephemeral range.
// The ports of this package are below that range, and no two tests have the same one.
package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

const (
	first     = 10_000 // below are the ports of well-known programs
	ephemeral = 32_768 // where the kernel's range begins, unless it says otherwise
	attempts  = 200
)

// Reserve finds a TCP port of the loopback address that nobody else takes until
// release is called. The port stays the caller's while nothing
// listens at it, as between the end of a program and its next start.
func Reserve() (port string, release func(), err error) {
	last := ephemeral
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		_, _ = fmt.Sscan(string(text), &last)
	}
	if last <= first {
		last = ephemeral // all ports are ephemeral: these are as good as any
	}
	for range attempts {
		if port, release, err = claim(first + rand.N(last-first)); err == nil {
			return port, release, nil
		}
	}
	return "", nil, fmt.Errorf("no port is free: %w", err)
}

// A T is a test, or a script that is like one.
type T interface {
	Helper()
	Cleanup(f func())
	Fatalf(format string, args ...any)
}

// For reserves a port until the test ends.
func For(t T) string {
	t.Helper()
	port, release, err := Reserve()
	if err != nil {
		t.Fatalf("port: %v", err)
	}
	t.Cleanup(release)
	return port
}

// claim takes port n among tests by its number in UDP, which no program here needs.
func claim(n int) (port string, release func(), err error) {
	port = strconv.Itoa(n)
	address := net.JoinHostPort("127.0.0.1", port)
	mark, err := net.ListenPacket("udp4", address)
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp4", address)
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		return "", nil, errors.Join(err, mark.Close())
	}
	return port, func() { _ = mark.Close() }, nil
}
