package query

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

// places are where requests read: so many at once in the whole process. Each
// workspace has a line of its own, and a place that becomes free goes to the
// workspace that holds the fewest. A quarter of the places is out of reach of
// any single workspace, so there is always room for another.
type places struct {
	total int // at once
	one   int // of one workspace
	queue int // waiting, of one workspace
	wait  time.Duration

	mu      sync.Mutex
	taken   int
	waiting int
	turn    uint64
	lines   map[hearth.WorkspaceID]*line
}

type line struct {
	taken   int
	limit   int
	waiting []*ticket // first come first served
}

type ticket struct {
	turn  uint64
	ready chan struct{} // closed when the place is given
	given bool
}

func newPlaces(total, queue int, wait time.Duration) *places {
	return &places{
		total: total, one: max(1, total-max(1, total/4)), queue: queue, wait: wait,
		lines: make(map[hearth.WorkspaceID]*line),
	}
}

// take waits for a place for ws. Kinds: Throttled when the workspace has too
// many running or waiting, Unavailable when the process has, Timeout when ctx
// ends. leave must be called exactly once.
func (p *places) take(ctx context.Context, ws hearth.Workspace) (leave func(), err error) {
	p.mu.Lock()
	l := p.line(ws)
	if len(l.waiting) == 0 && p.free(l) {
		p.give(l)
		p.mu.Unlock()
		return func() { p.leave(ws.ID) }, nil
	}
	if len(l.waiting) >= p.queue {
		defer p.mu.Unlock()
		return nil, p.full(l)
	}
	p.turn++
	t := &ticket{turn: p.turn, ready: make(chan struct{})}
	l.waiting = append(l.waiting, t)
	p.waiting++
	p.mu.Unlock()
	return p.await(ctx, ws.ID, l, t)
}

func (p *places) await(ctx context.Context, ws hearth.WorkspaceID, l *line, t *ticket) (func(), error) {
	patience := time.NewTimer(p.wait)
	defer patience.Stop()
	var ended error
	select {
	case <-t.ready:
	case <-patience.C:
	case <-ctx.Done():
		ended = ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.given { // perhaps at the same moment
		return func() { p.leave(ws) }, nil
	}
	p.drop(ws, l, t)
	if ended != nil {
		return nil, ended
	}
	return nil, p.full(l)
}

// line returns the workspace's line; its limit follows the workspace's.
func (p *places) line(ws hearth.Workspace) *line {
	l, ok := p.lines[ws.ID]
	if !ok {
		l = &line{}
		p.lines[ws.ID] = l
	}
	l.limit = p.one
	if own := ws.Limits.QueryConcurrency; own > 0 {
		l.limit = min(own, p.one)
	}
	return l
}

func (p *places) free(l *line) bool { return p.taken < p.total && l.taken < l.limit }

func (p *places) give(l *line) {
	p.taken++
	l.taken++
}

func (p *places) leave(ws hearth.WorkspaceID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lines[ws]
	p.taken--
	l.taken--
	for next := p.next(); next != nil; next = p.next() {
		t := next.waiting[0]
		next.waiting = next.waiting[1:]
		p.waiting--
		p.give(next)
		t.given = true
		close(t.ready)
	}
	p.forget(ws, l)
}

// next returns the line that gets a place now: of those that may, the one with
// the fewest, and of these the one that has waited longest.
func (p *places) next() *line {
	var best *line
	for _, l := range p.lines {
		if len(l.waiting) == 0 || !p.free(l) {
			continue
		}
		if best == nil || l.taken < best.taken || l.taken == best.taken && l.waiting[0].turn < best.waiting[0].turn {
			best = l
		}
	}
	return best
}

// drop takes a ticket that was not served out of its line.
func (p *places) drop(ws hearth.WorkspaceID, l *line, t *ticket) {
	for i, other := range l.waiting {
		if other == t {
			l.waiting = append(l.waiting[:i:i], l.waiting[i+1:]...)
			p.waiting--
			break
		}
	}
	p.forget(ws, l)
}

func (p *places) forget(ws hearth.WorkspaceID, l *line) {
	if l.taken == 0 && len(l.waiting) == 0 {
		delete(p.lines, ws)
	}
}

// full says why there is no place: the workspace's own queries, or everyone's.
func (p *places) full(l *line) *hearth.Error {
	const retry = time.Second
	if l.taken >= l.limit || p.taken < p.total {
		return &hearth.Error{Kind: hearth.Throttled, RetryAfter: retry,
			Msg: fmt.Sprintf("too many queries of this workspace are running or waiting (%d running, limit: %d)", l.taken, l.limit),
			Err: &refusal{reason: "concurrency", actual: fmt.Sprint(l.taken), limit: fmt.Sprint(l.limit)}}
	}
	return &hearth.Error{Kind: hearth.Unavailable, RetryAfter: retry,
		Msg: "the server is busy with queries of other workspaces; try again",
		Err: &refusal{reason: "places", actual: fmt.Sprint(p.taken), limit: fmt.Sprint(p.total)}}
}

// counts returns how many requests read and how many wait.
func (p *places) counts() (taken, waiting int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken, p.waiting
}
