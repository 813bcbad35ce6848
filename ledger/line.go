package ledger

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The logs in the store. Denials have their own because strangers write it.
const (
	logEvents  = "events"
	logDenials = "denials"
)

var logs = []string{logEvents, logDenials}

func logOf(k hearth.EventKind) string {
	if k == hearth.EventDenied {
		return logDenials
	}
	return logEvents
}

// Bounds on one event.
const (
	maxDetails = 64
	maxValue   = 8 << 10
	maxKey     = 256
)

// line is the value of a record; the rest of the event is in its columns.
type line struct {
	Account   hearth.AccountID `json:"account,omitempty"`
	Principal string           `json:"principal,omitempty"`
	Kind      hearth.EventKind `json:"kind"`
	Summary   string           `json:"summary"`
	Details   []hearth.Detail  `json:"details,omitempty"`
}

// fit returns e within bounds and without session tokens, sharing nothing with
// it that could change.
func fit(e hearth.Event) hearth.Event {
	e.RequestID = hearth.RequestID(cut(string(e.RequestID), maxKey))
	e.Workspace = hearth.WorkspaceID(cut(string(e.Workspace), maxKey))
	e.Principal = clip(e.Principal)
	e.Summary = withoutTokens(clip(e.Summary))
	details := make([]hearth.Detail, min(len(e.Details), maxDetails))
	for i := range details {
		d := e.Details[i]
		details[i] = hearth.Detail{Name: d.Name, Value: withoutTokens(clip(d.Value))}
	}
	e.Details = details
	return e
}

func sizeOf(e hearth.Event) int {
	n := len(e.RequestID) + len(e.Workspace) + len(e.Principal) + len(e.Summary)
	for _, d := range e.Details {
		n += len(d.Name) + len(d.Value)
	}
	return n
}

func recordOf(e hearth.Event) store.Record {
	value, err := json.Marshal(line{e.Account, e.Principal, e.Kind, e.Summary, e.Details})
	if err != nil { // strings always marshal
		panic(err)
	}
	return store.Record{Time: e.Time, Key1: string(e.RequestID), Key2: string(e.Workspace), Value: value}
}

func eventOf(r store.Record) (hearth.Event, error) {
	var n line
	if err := json.Unmarshal(r.Value, &n); err != nil {
		return hearth.Event{}, fmt.Errorf("event %d: %w", r.Seq, err)
	}
	return hearth.Event{
		Time: r.Time, RequestID: hearth.RequestID(r.Key1), Workspace: hearth.WorkspaceID(r.Key2),
		Account: n.Account, Principal: n.Principal, Kind: n.Kind, Summary: n.Summary, Details: n.Details,
	}, nil
}

func clip(s string) string {
	if len(s) <= maxValue {
		return s
	}
	return cut(s, maxValue) + fmt.Sprintf("… (%d bytes more)", len(s)-maxValue)
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

const noToken = "(session token)"

// withoutTokens blanks the session token in a canonical request, whether it is
// a header's line or a parameter of the query.
func withoutTokens(s string) string {
	s = blankToken(s, "x-amz-security-token:", "\n")
	return blankToken(s, "X-Amz-Security-Token=", "&\n")
}

// blankToken blanks what stands between each name and the next of the ends.
func blankToken(s, name, ends string) string {
	before, rest, found := strings.Cut(s, name)
	if !found {
		return s
	}
	end := strings.IndexAny(rest, ends)
	if end < 0 {
		end = len(rest)
	}
	return before + name + noToken + blankToken(rest[end:], name, ends)
}
