package port

import (
	"net"
	"testing"
)

// A port is its caller's alone, with and without a listener, until it is released.
func TestReserve(t *testing.T) {
	have := map[string]bool{}
	for range 50 {
		port, release, err := Reserve()
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if have[port] {
			t.Fatalf("port %s was given twice", port)
		}
		have[port] = true
		for range 2 {
			l, err := net.Listen("tcp", "127.0.0.1:"+port)
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
		}
	}
}

func TestTakenPortIsNotGiven(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if port, _, err := claim(l.Addr().(*net.TCPAddr).Port); err == nil {
		t.Errorf("port %s has a listener, and was given", port)
	}
	port, release, err := Reserve()
	if err != nil {
		t.Fatal(err)
	}
	n, err := net.LookupPort("tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := claim(n); err == nil {
		t.Errorf("port %s is reserved, and was given again", port)
	}
	release()
	if _, release, err = claim(n); err != nil {
		t.Errorf("port %s was released: %v", port, err)
	} else {
		release()
	}
}
