package ingest

import (
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/hearth-metrics/hearth"
)

// A workspace is what the room remembers of one, whether or not it is open:
// its rate, its elected replicas, and what it has under way.
type workspace struct {
	ha    elections
	slots chan struct{} // requests of the workspace being decoded

	mu      sync.Mutex
	bucket  *rate.Limiter // nil while there is no limit
	held    int64         // bytes under way
	pending int           // requests under way, waiting ones included
	used    time.Time
}

// forgetWorkspace is how long a workspace that writes nothing is remembered: long
// enough for its token bucket to be full and its replicas to have failed over.
const forgetWorkspace = 10 * time.Minute

// workspaces are those that wrote lately.
type workspaces struct {
	slots int

	mu    sync.Mutex
	byID  map[hearth.WorkspaceID]*workspace
	swept time.Time
}

func newWorkspaces(slots int) *workspaces {
	return &workspaces{slots: slots, byID: map[hearth.WorkspaceID]*workspace{}}
}

// enter returns the workspace's state and keeps it until leave.
func (ws *workspaces) enter(id hearth.WorkspaceID, now time.Time) *workspace {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if now.Sub(ws.swept) > forgetWorkspace {
		ws.swept = now
		ws.sweep(now)
	}
	w := ws.byID[id]
	if w == nil {
		w = &workspace{slots: make(chan struct{}, ws.slots)}
		ws.byID[id] = w
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending++
	w.used = now
	return w
}

// sweep forgets idle workspaces. The caller holds ws.mu.
func (ws *workspaces) sweep(now time.Time) {
	for id, w := range ws.byID {
		w.mu.Lock()
		idle := w.pending == 0 && now.Sub(w.used) > forgetWorkspace
		w.mu.Unlock()
		if idle {
			delete(ws.byID, id)
		}
	}
}

func (w *workspace) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending--
}

// take takes n samples out of the workspace's token bucket: all or none.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html
func (w *workspace) take(l hearth.Limits, now time.Time, samples, metadata int) error {
	if l.IngestRate <= 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	burst := max(l.IngestBurst, int(math.Ceil(l.IngestRate)))
	if w.bucket == nil {
		w.bucket = rate.NewLimiter(rate.Limit(l.IngestRate), burst)
	}
	if w.bucket.Limit() != rate.Limit(l.IngestRate) || w.bucket.Burst() != burst {
		w.bucket.SetLimitAt(now, rate.Limit(l.IngestRate))
		w.bucket.SetBurstAt(now, burst)
	}
	n := samples + metadata
	if w.bucket.AllowN(now, n) {
		return nil
	}
	lack := float64(min(n, burst)) - w.bucket.TokensAt(now)
	wait := time.Duration(math.Ceil(max(lack/l.IngestRate, 1))) * time.Second
	return &hearth.Error{
		Kind: hearth.Throttled, Quota: "L-F4BCE0BA", RetryAfter: wait,
		Msg: fmt.Sprintf("ingestion rate limit (%v) exceeded while adding %d samples and %d metadata", l.IngestRate, samples, metadata),
	}
}
