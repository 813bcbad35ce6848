package sns

import (
	"container/heap"
	"fmt"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

// Bounds of what waits and what is under way.
const (
	maxQueued        = 200_000
	maxQueuedAccount = 100_000
	maxWorkers       = 32
	maxLaneWorkers   = 4 // to one host
)

// A job stands for a stored delivery.
type job struct {
	key     string // of deliveryBucket
	lane    string
	account hearth.AccountID
	due     time.Time
}

// A lane is a destination: its jobs that are due, and how many are under way.
type lane struct {
	name    string
	waiting []job
	busy    int
	listed  bool // in queue.ring
}

// A queue hands out jobs that are due, each lane in its turn.
type queue struct {
	mu      sync.Mutex
	known   map[string]bool // keys of jobs held or under way
	account map[hearth.AccountID]int
	later   jobs
	lanes   map[string]*lane
	ring    []*lane
	wake    chan struct{}
}

func newQueue() *queue {
	return &queue{known: map[string]bool{}, account: map[hearth.AccountID]int{}, lanes: map[string]*lane{}, wake: make(chan struct{}, 1)}
}

// room refuses when too much is waiting already.
func (q *queue) room(a hearth.AccountID) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.known) < maxQueued && q.account[a] < maxQueuedAccount {
		return nil
	}
	return &hearth.Error{Kind: hearth.Throttled, RetryAfter: 10 * time.Second,
		Msg: fmt.Sprintf("Rate exceeded: %d deliveries are waiting", q.account[a])}
}

func (q *queue) size() float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return float64(len(q.known))
}

// add takes new jobs. One that is there already stays as it is.
func (q *queue) add(all []job) {
	q.mu.Lock()
	for _, j := range all {
		if !q.known[j.key] {
			q.known[j.key] = true
			q.account[j.account]++
			heap.Push(&q.later, j)
		}
	}
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next returns a job that is due and whose lane has a worker free. Else wait is
// how long until another becomes due; negative if none will.
func (q *queue) next(now time.Time) (j job, ok bool, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.later) > 0 && !q.later[0].due.After(now) {
		q.line(heap.Pop(&q.later).(job))
	}
	for range len(q.ring) {
		l := q.ring[0]
		q.ring = q.ring[1:]
		if l.busy >= maxLaneWorkers {
			l.listed = false // done lists it again
			continue
		}
		j, l.waiting = l.waiting[0], l.waiting[1:]
		l.busy++
		l.listed = len(l.waiting) > 0
		if l.listed {
			q.ring = append(q.ring, l)
		}
		return j, true, 0
	}
	if len(q.later) == 0 {
		return job{}, false, -1
	}
	return job{}, false, q.later[0].due.Sub(now)
}

// line lets a due job wait in its lane.
func (q *queue) line(j job) {
	l := q.lanes[j.lane]
	if l == nil {
		l = &lane{name: j.lane}
		q.lanes[j.lane] = l
	}
	l.waiting = append(l.waiting, j)
	q.list(l)
}

func (q *queue) list(l *lane) {
	if !l.listed && len(l.waiting) > 0 {
		l.listed = true
		q.ring = append(q.ring, l)
	}
}

// done ends a job that next handed out; again is set if it must be tried later.
func (q *queue) done(j job, again bool) {
	q.mu.Lock()
	l := q.lanes[j.lane]
	l.busy--
	q.list(l)
	if l.busy == 0 && len(l.waiting) == 0 {
		delete(q.lanes, j.lane)
	}
	if again {
		heap.Push(&q.later, j)
	} else {
		delete(q.known, j.key)
		if q.account[j.account]--; q.account[j.account] == 0 {
			delete(q.account, j.account)
		}
	}
	q.mu.Unlock()
	q.signal()
}

// jobs is a heap, the earliest first.
type jobs []job

func (h jobs) Len() int           { return len(h) }
func (h jobs) Less(i, k int) bool { return h[i].due.Before(h[k].due) }
func (h jobs) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *jobs) Push(v any)        { *h = append(*h, v.(job)) }

// Pop takes the last one away.
func (h *jobs) Pop() any {
	last := len(*h) - 1
	j := (*h)[last]
	*h = (*h)[:last]
	return j
}
