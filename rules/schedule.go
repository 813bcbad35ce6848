package rules

import (
	"container/heap"
	"context"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

// schedule says which group is evaluated next. A group waits for its slot, then
// in the line of its workspace for a worker, and while it is evaluated it is in
// neither, so it never overlaps itself. Workers serve the lines in turn, and no
// workspace may have more than its share of them.
type schedule struct {
	workers, share int

	mu      sync.Mutex
	some    *sync.Cond // a line may be served
	later   chan struct{}
	waiting slots
	lines   map[hearth.WorkspaceID]*line
	turn    []*line // those with groups in them; the first is next
}

// line is the groups of one workspace that are due.
type line struct {
	groups  []*group
	running int
	listed  bool
}

func newSchedule(workers int) *schedule {
	s := &schedule{workers: workers, share: max(1, workers/2), later: make(chan struct{}, 1), lines: map[hearth.WorkspaceID]*line{}}
	s.some = sync.NewCond(&s.mu)
	return s
}

// slots is a heap of groups, the one due first on top.
type slots []*group

func (s slots) Len() int           { return len(s) }
func (s slots) Less(i, j int) bool { return s[i].due.Before(s[j].due) }
func (s slots) Swap(i, j int)      { s[i], s[j] = s[j], s[i]; s[i].at, s[j].at = i, j }
func (s *slots) Push(x any)        { g := x.(*group); g.at = len(*s); *s = append(*s, g) }
func (s *slots) Pop() any {
	old := *s
	g := old[len(old)-1]
	old[len(old)-1], g.at = nil, -1
	*s = old[:len(old)-1]
	return g
}

// add lets g wait until due.
func (s *schedule) add(g *group, due time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.due = due
	heap.Push(&s.waiting, g)
	if g.at == 0 {
		s.tell()
	}
}

// tell lets whoever sleeps until the first slot look again.
func (s *schedule) tell() {
	select {
	case s.later <- struct{}{}:
	default:
	}
}

// remove takes g out for good. It may still be under evaluation, for as long as
// a cancelled query takes.
func (s *schedule) remove(g *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.removed = true
	if g.at >= 0 {
		heap.Remove(&s.waiting, g.at)
	} else if l := s.lines[g.ws]; l != nil {
		l.groups = slices.DeleteFunc(l.groups, func(o *group) bool { return o == g })
	}
	if g.cancel != nil {
		g.cancel()
	}
}

// release lines up the groups whose slot has come, and says when the next one
// comes; zero if there is none.
func (s *schedule) release(now time.Time) (next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) > 0 {
		if g := s.waiting[0]; g.due.After(now) {
			return g.due
		}
		s.enqueue(heap.Pop(&s.waiting).(*group))
	}
	return time.Time{}
}

func (s *schedule) enqueue(g *group) {
	l := s.lines[g.ws]
	if l == nil {
		l = &line{}
		s.lines[g.ws] = l
	}
	l.groups = append(l.groups, g)
	if !l.listed {
		l.listed = true
		s.turn = append(s.turn, l)
	}
	s.some.Signal()
}

// take returns the group whose turn it is, nil if no line may be served. It is
// given back to done.
func (s *schedule) take(ctx context.Context) (*group, context.Context) {
	for i, l := range s.turn {
		if l.running >= s.share && len(l.groups) > 0 {
			continue
		}
		s.turn = slices.Delete(s.turn, i, i+1)
		l.listed = false
		if len(l.groups) == 0 {
			return s.take(ctx)
		}
		g := l.groups[0]
		l.groups = slices.Delete(l.groups, 0, 1)
		l.running++
		if len(l.groups) > 0 {
			l.listed = true
			s.turn = append(s.turn, l)
		}
		ctx, g.cancel = context.WithCancel(ctx)
		return g, ctx
	}
	return nil, nil
}

// tryTake is take for a caller that does not wait.
func (s *schedule) tryTake(ctx context.Context) (*group, context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(ctx)
}

// await is take, once there is something to take; nil when ctx is done. Someone
// must call wakeAll when ctx is.
func (s *schedule) await(ctx context.Context) (*group, context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ctx.Err() == nil {
		if g, running := s.take(ctx); g != nil {
			return g, running
		}
		s.some.Wait()
	}
	return nil, nil
}

func (s *schedule) wakeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.some.Broadcast()
}

// done takes back a group that was evaluated. It waits for next, or for nothing
// more if that is zero.
func (s *schedule) done(g *group, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.cancel()
	g.cancel = nil
	l := s.lines[g.ws]
	l.running--
	if l.running == 0 && len(l.groups) == 0 {
		delete(s.lines, g.ws)
		s.turn = slices.DeleteFunc(s.turn, func(o *line) bool { return o == l })
	} else {
		s.some.Signal()
	}
	if g.removed || next.IsZero() {
		return
	}
	g.due = next
	heap.Push(&s.waiting, g)
	if g.at == 0 {
		s.tell()
	}
}

// slotAfter returns the first slot of g after t. Slots of different groups lie
// apart, and do not move when the program restarts.
func (g *group) slotAfter(t time.Time) time.Time {
	h := fnv.New64a()
	for _, s := range []string{string(g.ws), g.namespace, g.name} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	every := int64(g.interval)
	offset := int64(h.Sum64() % uint64(every))
	since := t.UnixNano() - offset
	before := since - since%every
	if since < 0 && since%every != 0 {
		before -= every
	}
	return time.Unix(0, before+every+offset).UTC()
}
