package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A gate bounds what all requests together hold in memory and how many are
// decoded at once. No workspace may have more than half of either, so that a
// noisy one leaves room for the others.
type gate struct {
	limit   int64
	slots   chan struct{}
	metrics *metrics

	mu   sync.Mutex
	held int64
}

func newGate(limit int64, slots int, m *metrics) *gate {
	return &gate{limit: limit, slots: make(chan struct{}, slots), metrics: m}
}

// A pass is a request's leave to hold bytes and, between start and stop, to
// compute.
type pass struct {
	gate      *gate
	workspace *workspace
	bytes     int64
	running   bool
}

// enter admits a request whose body has n bytes, or refuses it for now.
func (g *gate) enter(w *workspace, n int64) (*pass, error) {
	p := &pass{gate: g, workspace: w}
	return p, p.hold(n)
}

// hold asks for leave to hold n bytes more.
func (p *pass) hold(n int64) error {
	g, w := p.gate, p.workspace
	g.mu.Lock()
	defer g.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if g.held+n > g.limit || w.held+n > g.limit/2 {
		return &hearth.Error{Kind: hearth.Unavailable, RetryAfter: time.Second, Msg: "too many bytes of requests are being worked on; send again in a moment"}
	}
	g.held, w.held, p.bytes = g.held+n, w.held+n, p.bytes+n
	g.metrics.inFlight.Set(float64(g.held))
	return nil
}

// start waits for the workspace's turn and then asks for the n bytes that the
// work will take: requests that wait hold no more than their bodies.
func (p *pass) start(ctx context.Context, n int64) error {
	select {
	case p.workspace.slots <- struct{}{}:
	case <-ctx.Done():
		return gaveUp(ctx)
	}
	select {
	case p.gate.slots <- struct{}{}:
	case <-ctx.Done():
		<-p.workspace.slots
		return gaveUp(ctx)
	}
	p.running = true
	return p.hold(n)
}

func gaveUp(ctx context.Context) error {
	return &hearth.Error{Kind: hearth.Unavailable, RetryAfter: time.Second, Msg: "the request was given up before its turn came", Err: ctx.Err()}
}

// stop gives the turn to another request. The bytes are still held.
func (p *pass) stop() {
	if p.running {
		p.running = false
		<-p.gate.slots
		<-p.workspace.slots
	}
}

// leave ends the request's stay.
func (p *pass) leave() {
	p.stop()
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	p.workspace.mu.Lock()
	defer p.workspace.mu.Unlock()
	g.held -= p.bytes
	p.workspace.held -= p.bytes
	g.metrics.inFlight.Set(float64(g.held))
}
