package query

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// stuck is a caller who does not read: writing to it waits.
type stuck struct {
	http.ResponseWriter
	writing chan struct{}
	read    chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	close(s.writing)
	<-s.read
	return s.ResponseWriter.Write(p)
}

// A query's place is free before its answer is read.
func TestSlowReadersHoldNoPlace(t *testing.T) {
	slow := &stuck{ResponseWriter: httptest.NewRecorder(), writing: make(chan struct{}), read: make(chan struct{})}
	left := make(chan struct{})
	a := newAnswer(slow, httptest.NewRequest(http.MethodGet, "/", nil))
	a.rendered = func() { close(left) }
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := a.Write([]byte("data")); err != nil {
			t.Error(err)
		}
		a.close()
	}()
	<-slow.writing
	select {
	case <-left:
	default:
		t.Error("the answer is being written, and the place is still taken")
	}
	close(slow.read)
	<-done
}
