package awsapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A key's id is no secret. Who knows one, and not its secret, may have bodies read
// up to a quarter of what there is; the key's owner and all others go on.
func TestKnownKeyIDsStarveNobody(t *testing.T) {
	d := openDoor(t, func(o *Options) { o.BodyMemory = 1 << 20 })
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	write := ask{by: &alice, method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write", body: "samples"}
	thief := alice
	thief.secret = "guessed"
	slow, ended := make(chan struct{}), make(chan struct{})
	attack := func(from string) (begun chan struct{}) {
		begun = make(chan struct{}, 1)
		a := write
		a.by = &thief
		r := a.request(t)
		r.RemoteAddr = from
		r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 100<<10)), &stalled{begun, slow})), -1
		go func() {
			rec := httptest.NewRecorder()
			d.ServeHTTP(rec, r)
			if rec.Code != http.StatusServiceUnavailable && rec.Code != http.StatusBadRequest {
				t.Errorf("the attacker is told %d %s", rec.Code, rec.Body)
			}
			ended <- struct{}{}
		}()
		return begun
	}
	held, refused := 0, 0
	for range 8 {
		select {
		case <-attack("203.0.113.7:1234"):
			held++
		case <-ended:
			refused++
		}
	}
	if taken := d.bodies.taken.Load(); held == 0 || refused == 0 || taken > d.bodies.budget/sourcePart {
		t.Errorf("one source holds %d bodies and %d bytes, %d were refused; it may hold %d bytes", held, taken, refused, d.bodies.budget/sourcePart)
	}
	if status, body := d.say(write); status != http.StatusOK {
		t.Errorf("the key's owner, beside one attacker: %d %s", status, body)
	}
	for _, from := range []string{"203.0.113.8:1", "203.0.113.9:1", "203.0.113.10:1", "203.0.113.11:1", "[2001:db8::1]:1", "[2001:db8::2]:1"} {
		for range 2 {
			select {
			case <-attack(from):
				held++
			case <-ended:
			}
		}
	}
	if taken := d.bodies.taken.Load(); taken > d.bodies.budget/keyPart {
		t.Errorf("many sources hold %d bytes by one key, want at most %d", taken, d.bodies.budget/keyPart)
	}
	other := ask{by: &bob, method: "GET", url: "/workspaces", body: strings.Repeat(" ", 64<<10)}
	if status, body := d.say(other); status != http.StatusOK {
		t.Errorf("another key, beside many attackers: %d %s", status, body)
	}
	close(slow)
	for range held {
		<-ended
	}
	if n := d.bodies.taken.Load(); n != 0 || len(d.bodies.shares.sources) != 0 || len(d.bodies.shares.keys) != 0 {
		t.Errorf("afterwards %d bytes are held, by %v and %v", n, d.bodies.shares.sources, d.bodies.shares.keys)
	}
}

func TestSourcesAreNetworks(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "@": "@",
	} {
		if got := network(ip); got != want {
			t.Errorf("network(%s) = %s, want %s", ip, got, want)
		}
	}
}
