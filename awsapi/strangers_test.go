package awsapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Forms are read before anybody has proven anything. However many strangers send
// how much, those with a key are served.
func TestStrangersFormsLeaveRoom(t *testing.T) {
	d := openDoor(t, nil)
	nobody := person{key: "AKIANOBODY", secret: "x"}
	long := strings.Repeat("a", unsignedBody+1)
	for _, by := range []*person{nil, &nobody} {
		a := ask{by: by, method: "POST", url: "/", service: "sts", header: map[string]string{"Content-Type": form}, body: long}
		if status, body := d.say(a); status != http.StatusRequestEntityTooLarge {
			t.Errorf("a long form of %v: %d %s", by, status, body)
		}
	}

	slow := make(chan struct{})
	defer close(slow)
	begun := make(chan struct{}, 1)
	a := ask{by: &nobody, method: "POST", url: "/", service: "sts", header: map[string]string{"Content-Type": form}}
	r := a.request(t)
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(long[:unsignedBody-1]), &stalled{begun, slow})), -1
	go d.ServeHTTP(httptest.NewRecorder(), r)
	<-begun
	if n := d.bodies.taken.Load(); n != 0 {
		t.Errorf("a stranger's form holds %d bytes of what callers share", n)
	}
	if n := d.strangers.taken.Load(); n == 0 {
		t.Error("a stranger's form is not counted")
	}
	d.strangers.taken.Add(d.strangers.budget)
	defer d.strangers.taken.Add(-d.strangers.budget)
	who := ask{by: &alice, method: "POST", url: "/", service: "sts", header: map[string]string{"Content-Type": form}, body: "Action=GetCallerIdentity&Version=2011-06-15"}
	if status, body := d.say(who); status != http.StatusOK {
		t.Errorf("a caller with a key, beside strangers: %d %s", status, body)
	}
	who.by = &nobody
	if status, body := d.say(who); status != http.StatusServiceUnavailable {
		t.Errorf("one stranger too many: %d %s", status, body)
	}
}

// A stalled reader says that it is being read, and then says nothing more.
type stalled struct {
	begun chan<- struct{}
	until <-chan struct{}
}

func (s *stalled) Read([]byte) (int, error) {
	s.begun <- struct{}{}
	<-s.until
	return 0, io.ErrUnexpectedEOF
}
