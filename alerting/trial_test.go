package alerting

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// A trial waits for nobody longer than it is given, and keeps nothing.
func TestTrialIsBounded(t *testing.T) {
	dialled := make(chan struct{})
	b := newBed(t, Options{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		close(dialled)
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	w := b.spaces.add("1")
	definition := []byte("alertmanager_config: |\n  route: {receiver: a}\n  receivers: [{name: a, webhook_configs: [{url: 'http://a.test/'}]}]\n")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-dialled
		cancel(context.DeadlineExceeded)
	}()
	if err := b.room.Try(ctx, w, definition, Example{Labels: map[string]string{"alertname": "x"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := b.room.Try(t.Context(), w, []byte("alertmanager_config: |\n  nonsense: 1\n"), Example{}); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("a bad definition: %v", err)
	}
	if _, err := b.room.Describe(t.Context(), w); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("a trial left something: %v", err)
	}
}
