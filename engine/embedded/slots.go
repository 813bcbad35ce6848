package embedded

import (
	"fmt"
	"time"
)

// takeSlot makes room for one more open workspace, closing the one used least
// recently if need be.
func (e *Engine) takeSlot(for_ *space) error {
	for {
		e.mu.Lock()
		if len(e.open) < e.opts.MaxOpen {
			e.open[for_] = struct{}{}
			e.metrics.open.Set(float64(len(e.open)))
			e.mu.Unlock()
			return nil
		}
		e.mu.Unlock()
		c := e.closeOldest()
		if c == nil {
			return unavailable(for_.id, fmt.Sprintf("all %d workspaces that may be open at once are in use", e.opts.MaxOpen), nil)
		}
		<-c.done
	}
}

func (e *Engine) freeSlot(of *space) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, of)
	e.metrics.open.Set(float64(len(e.open)))
}

// closeOldest starts closing the unpinned workspace used least recently; nil if
// all are pinned or the engine is closed.
func (e *Engine) closeOldest() *change {
	all := e.opened()
	for !e.is(closed) {
		var oldest *space
		for _, s := range all {
			if s.closable() && (oldest == nil || s.lastUse.Load() < oldest.lastUse.Load()) {
				oldest = s
			}
		}
		if oldest == nil {
			return nil
		}
		if c := oldest.closeIfIdle(time.Unix(0, oldest.lastUse.Load()+1)); c != nil {
			return c
		}
	}
	return nil
}

func (s *space) closable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live != nil && s.change == nil && s.live.pins.Load() == 0
}
