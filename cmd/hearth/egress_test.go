package main

import (
	"net"
	"strings"
	"testing"
)

func TestWhereConnectionsMayGo(t *testing.T) {
	for _, c := range []struct {
		address, want string
		loopback      bool
	}{
		{"10.0.0.1:443", "", false},
		{"192.0.2.1:443", "", false},
		{"[2001:db8::1]:443", "", false},
		{"127.0.0.1:443", "--egress.allow-loopback", false},
		{"127.0.0.1:443", "", true},
		{"[::1]:443", "--egress.allow-loopback", false},
		{"[::ffff:127.0.0.1]:443", "--egress.allow-loopback", false},
		{"169.254.169.254:80", "never", true},
		{"[::ffff:169.254.169.254]:80", "never", true},
		{"[fe80::1%eth0]:80", "never", true},
		{"[fd00:ec2::254]:80", "never", true},
		{"168.63.129.16:80", "never", true},
		{"[64:ff9b::a9fe:a9fe]:80", "never", true},
		{"[64:ff9b::7f00:1]:80", "--egress.allow-loopback", false},
		{"[64:ff9b::c000:201]:80", "", false},
		{"0.0.0.0:80", "never", true},
		{"224.0.0.1:80", "never", true},
		{"10.66.0.1:443", "--egress.deny=10.66.0.0/16", true},
		{"nowhere", "egress", true},
	} {
		conf := defaultConfig()
		conf.Egress.AllowLoopback, conf.Egress.Deny = c.loopback, []string{"10.66.0.0/16"}
		err := conf.mayReach(c.address)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s (loopback allowed: %v): %v, want %q", c.address, c.loopback, err, c.want)
		}
	}
}

func TestTheDialerAsksForEveryAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conf := defaultConfig()
	if _, err := conf.dialer().DialContext(t.Context(), "tcp", l.Addr().String()); err == nil || !strings.Contains(err.Error(), "this machine") {
		t.Errorf("dialled loopback: %v", err)
	}
	conf.Egress.AllowLoopback = true
	conn, err := conf.dialer().DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
