package ingest

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

func TestReplicas(t *testing.T) {
	b := newWorkbench(t)
	n := 0
	from := func(replica string, code int) {
		t.Helper()
		n++
		w := b.v1(ts([]string{"__name__", "up", "__replica__", replica, "cluster", "prod"}, at(time.Duration(n)*time.Second, float64(n))))
		if w.Code != code {
			t.Errorf("replica %s: %d %s, want %d", replica, w.Code, w.Body, code)
		}
	}
	from("a", http.StatusOK)       // elected
	from("b", http.StatusAccepted) // dropped
	b.pass(30 * time.Second)
	from("b", http.StatusAccepted) // not silent for long enough
	from("a", http.StatusOK)
	b.pass(31 * time.Second)
	from("b", http.StatusOK) // takes over
	from("a", http.StatusAccepted)
	b.wantStored(
		`{__name__="up", cluster="prod"} 2026-11-20T12:00:01Z 1`,
		`{__name__="up", cluster="prod"} 2026-11-20T12:00:04Z 4`,
		`{__name__="up", cluster="prod"} 2026-11-20T12:00:05Z 5`,
	)
	if c := cacheOf(b.engine.heads[b.ws.ID]); c.live.Load() != 1 {
		t.Errorf("%d series known, want 1 for both replicas", c.live.Load())
	}
}

func TestReplicaLabelAloneIsKept(t *testing.T) {
	b := newWorkbench(t)
	want(t, b.v1(ts(named("up", "__replica__", "a"), at(0, 1))), 200, "")
	want(t, b.v1(ts(named("up", "cluster", "c"), at(0, 1))), 200, "")
	b.wantStored(`{__name__="up", __replica__="a"} 2026-11-20T12:00:00Z 1`, `{__name__="up", cluster="c"} 2026-11-20T12:00:00Z 1`)
}

func TestTooManyClusters(t *testing.T) {
	b := newWorkbench(t, func(l *hearth.Limits) { l.HAClusters = 2 })
	for i := range 2 {
		want(t, b.v1(ts(named("up", "__replica__", "a", "cluster", strconv.Itoa(i)), at(0, 1))), 200, "")
	}
	want(t, b.v1(ts(named("up", "__replica__", "a", "cluster", "one too many"), at(0, 1))), 400, "too many HA clusters (limit: 2)")
}
