package ledger

import (
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

const (
	window     = time.Minute // how long events alike are counted together
	burst      = 10          // of one class, kept whole in a window
	maxClasses = 256         // told apart at a time
	maxMembers = 4096        // requests remembered as members of a class
)

// classes recognises events that say the same over and over, as when a sender
// has the wrong key, and lets through only the first of each window and a count
// of the others.
type classes struct {
	open    map[class]*crowd
	members map[hearth.RequestID]*crowd // whose requests were only counted
	order   []hearth.RequestID          // of members, oldest first, as a ring
	next    int
}

// A class is what makes events alike. Strangers choose principal and workspace,
// so when there are many classes those two are left out.
type class struct {
	kind      hearth.EventKind
	account   hearth.AccountID
	reason    string
	workspace hearth.WorkspaceID
	principal string
}

// A crowd is the events of one class within one window.
type crowd struct {
	since   time.Time
	kept    int
	counted int
	last    hearth.Event // of those counted; once closed only its request id
	closed  bool
}

func newClasses() classes {
	return classes{open: map[class]*crowd{}, members: map[hearth.RequestID]*crowd{}}
}

// collapse counts e, recorded at now, and returns false if e must be kept itself. Changes and
// trouble with storage are always kept.
func (c *classes) collapse(e hearth.Event, now time.Time) bool {
	switch e.Kind {
	case hearth.EventDenied, hearth.EventRejected, hearth.EventWarning, hearth.EventQueryRefused:
	default:
		return false
	}
	crowd := c.crowdOf(e, now)
	if crowd.kept < burst {
		crowd.kept++
		return false
	}
	crowd.counted += countOf(e)
	crowd.last = e
	c.remember(e.RequestID, crowd)
	return true
}

func (c *classes) crowdOf(e hearth.Event, now time.Time) *crowd {
	key := class{e.Kind, e.Account, reasonOf(e), e.Workspace, e.Principal}
	if _, ok := c.open[key]; !ok && len(c.open) >= maxClasses {
		key.workspace, key.principal = "", ""
	}
	if _, ok := c.open[key]; !ok && len(c.open) >= 2*maxClasses {
		key = class{kind: e.Kind}
	}
	if c.open[key] == nil {
		c.open[key] = &crowd{since: now}
	}
	return c.open[key]
}

// reasonOf is the event's reason, or else its summary without the numbers.
func reasonOf(e hearth.Event) string {
	if r := e.Detail(hearth.DetailReason); r != "" {
		return r
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, e.Summary)
}

func countOf(e hearth.Event) int {
	if n, err := strconv.Atoi(e.Detail(hearth.DetailCount)); err == nil && n > 0 {
		return n
	}
	return 1
}

// remember keeps the newest members only.
func (c *classes) remember(id hearth.RequestID, of *crowd) {
	if _, known := c.members[id]; known || id == "" {
		return
	}
	if len(c.order) < maxMembers {
		c.order = append(c.order, id)
	} else {
		delete(c.members, c.order[c.next])
		c.order[c.next] = id
		c.next = (c.next + 1) % maxMembers
	}
	c.members[id] = of
}

// crowdWith returns the crowd in which the request was only counted.
func (c *classes) crowdWith(id hearth.RequestID) (crowd, bool) {
	if of, ok := c.members[id]; ok {
		return *of, true
	}
	return crowd{}, false
}

// close forgets the crowds that began at or before t and returns an event for
// each that counted any.
func (c *classes) close(t time.Time) []hearth.Event {
	var events []hearth.Event
	for key, crowd := range c.open {
		if crowd.since.After(t) {
			continue
		}
		delete(c.open, key)
		if crowd.counted > 0 {
			events = append(events, crowd.event())
			crowd.last, crowd.closed = hearth.Event{RequestID: crowd.last.RequestID}, true
		}
	}
	return events
}

// event is the last of those counted, and how many they were.
func (c *crowd) event() hearth.Event {
	e := c.last
	e.Details = nil
	for _, d := range c.last.Details {
		if d.Name != hearth.DetailCount {
			e.Details = append(e.Details, d)
		}
	}
	e.Details = append(e.Details,
		hearth.Detail{Name: hearth.DetailCount, Value: strconv.Itoa(c.counted)},
		hearth.Detail{Name: hearth.DetailSince, Value: hearth.DetailTime(c.since)})
	return e
}
