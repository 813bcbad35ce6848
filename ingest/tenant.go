package ingest

import (
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/hearth-metrics/hearth"
)

// A tenant is what the room remembers of a workspace whether or not it is open:
// its rate, its elected replicas, and what it has under way.
type tenant struct {
	ha    elections
	slots chan struct{} // requests of the workspace being decoded

	mu      sync.Mutex
	bucket  *rate.Limiter // nil while there is no limit
	held    int64         // bytes under way
	pending int           // requests under way, waiting ones included
	used    time.Time
}

// forgetTenant is how long a workspace that writes nothing is remembered: long
// enough for its token bucket to be full and its replicas to have failed over.
const forgetTenant = 10 * time.Minute

// tenants are the workspaces that wrote lately.
type tenants struct {
	slots int

	mu    sync.Mutex
	byID  map[hearth.WorkspaceID]*tenant
	swept time.Time
}

func newTenants(slots int) *tenants {
	return &tenants{slots: slots, byID: map[hearth.WorkspaceID]*tenant{}}
}

// enter returns the workspace's tenant and keeps it until leave.
func (ts *tenants) enter(id hearth.WorkspaceID, now time.Time) *tenant {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if now.Sub(ts.swept) > forgetTenant {
		ts.swept = now
		ts.sweep(now)
	}
	t := ts.byID[id]
	if t == nil {
		t = &tenant{slots: make(chan struct{}, ts.slots)}
		ts.byID[id] = t
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending++
	t.used = now
	return t
}

// sweep forgets idle tenants. The caller holds ts.mu.
func (ts *tenants) sweep(now time.Time) {
	for id, t := range ts.byID {
		t.mu.Lock()
		idle := t.pending == 0 && now.Sub(t.used) > forgetTenant
		t.mu.Unlock()
		if idle {
			delete(ts.byID, id)
		}
	}
}

func (t *tenant) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending--
}

// take takes n samples out of the workspace's token bucket: all or none.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html
func (t *tenant) take(l hearth.Limits, now time.Time, samples, metadata int) error {
	if l.IngestRate <= 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	burst := max(l.IngestBurst, int(math.Ceil(l.IngestRate)))
	if t.bucket == nil {
		t.bucket = rate.NewLimiter(rate.Limit(l.IngestRate), burst)
	}
	if t.bucket.Limit() != rate.Limit(l.IngestRate) || t.bucket.Burst() != burst {
		t.bucket.SetLimitAt(now, rate.Limit(l.IngestRate))
		t.bucket.SetBurstAt(now, burst)
	}
	n := samples + metadata
	if t.bucket.AllowN(now, n) {
		return nil
	}
	lack := float64(min(n, burst)) - t.bucket.TokensAt(now)
	wait := time.Duration(math.Ceil(max(lack/l.IngestRate, 1))) * time.Second
	return &hearth.Error{
		Kind: hearth.Throttled, Quota: "L-F4BCE0BA", RetryAfter: wait,
		Msg: fmt.Sprintf("ingestion rate limit (%v) exceeded while adding %d samples and %d metadata", l.IngestRate, samples, metadata),
	}
}
