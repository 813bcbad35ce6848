package embedded

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth/engine"
)

// A head pins a live workspace. What is made from it has pins of its own, so
// that a querier stays good until it is closed.
type head struct {
	live     *live
	released atomic.Bool
}

var (
	_ engine.Head       = (*head)(nil)
	_ engine.WriteClock = (*head)(nil)
)

// Release implements engine.Head.
func (h *head) Release() {
	if h.released.CompareAndSwap(false, true) {
		h.live.used()
	}
}

// AppenderV2 implements storage.AppendableV2.
func (h *head) AppenderV2(ctx context.Context) storage.AppenderV2 { return h.live.appender(ctx) }

// Querier implements storage.Queryable.
func (h *head) Querier(mint, maxt int64) (storage.Querier, error) {
	q, err := h.live.db.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	h.live.pins.Add(1)
	return &querier{Querier: q, pin: pin{live: h.live}}, nil
}

// ChunkQuerier implements storage.ChunkQueryable.
func (h *head) ChunkQuerier(mint, maxt int64) (storage.ChunkQuerier, error) {
	q, err := h.live.db.ChunkQuerier(mint, maxt)
	if err != nil {
		return nil, err
	}
	h.live.pins.Add(1)
	return &chunkQuerier{ChunkQuerier: q, pin: pin{live: h.live}}, nil
}

// ExemplarQuerier implements storage.ExemplarQueryable. It holds no resources
// and is good until the Head is released.
func (h *head) ExemplarQuerier(ctx context.Context) (storage.ExemplarQuerier, error) {
	return h.live.db.ExemplarQuerier(ctx)
}

// Local implements engine.Head.
func (h *head) Local(make func() any) any {
	l := h.live
	l.localMu.Lock()
	defer l.localMu.Unlock()
	if l.local == nil {
		l.local = make()
	}
	return l.local
}

// Written implements engine.WriteClock.
func (h *head) Written() uint64 { return h.live.clock.now() }

// OldestSince implements engine.WriteClock.
func (h *head) OldestSince(moment uint64) int64 { return h.live.clock.since(moment) }

// A pin keeps a workspace open until it is pulled.
type pin struct {
	live   *live
	pulled atomic.Bool
}

func (p *pin) pull() {
	if p.pulled.CompareAndSwap(false, true) {
		p.live.used()
	}
}

type querier struct {
	storage.Querier
	pin pin
}

// Close implements storage.Querier.
func (q *querier) Close() error {
	defer q.pin.pull()
	return q.Querier.Close()
}

type chunkQuerier struct {
	storage.ChunkQuerier
	pin pin
}

// Close implements storage.ChunkQuerier.
func (q *chunkQuerier) Close() error {
	defer q.pin.pull()
	return q.ChunkQuerier.Close()
}
