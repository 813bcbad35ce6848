package embedded

import "runtime"

// huge is from how many series on a workspace takes long enough to open for the
// small ones not to wait behind it.
const huge = 100_000

// An entrance lets in few openings at once: after a restart all senders come at
// the same moment, and replaying all their workspaces together would take as
// much memory and finish none sooner. What waits there holds nothing that a
// closing needs.
type entrance struct {
	all  chan struct{}
	huge chan struct{} // one place less, which is for those that are not
}

func newEntrance() entrance {
	n := max(2, runtime.GOMAXPROCS(0))
	return entrance{all: make(chan struct{}, n), huge: make(chan struct{}, n-1)}
}

// enter waits for a turn; false if stop is closed before.
func (n *entrance) enter(series int64, stop <-chan struct{}) (leave func(), ok bool) {
	if series < huge {
		return take(n.all, stop)
	}
	leaveHuge, ok := take(n.huge, stop)
	if !ok {
		return nil, false
	}
	leaveAll, ok := take(n.all, stop)
	if !ok {
		leaveHuge()
		return nil, false
	}
	return func() { leaveAll(); leaveHuge() }, true
}

func take(places chan struct{}, stop <-chan struct{}) (giveBack func(), ok bool) {
	select {
	case <-stop:
		return nil, false
	default:
	}
	select {
	case places <- struct{}{}:
		return func() { <-places }, true
	case <-stop:
		return nil, false
	}
}
