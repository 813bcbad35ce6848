package ledger

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/hearth-metrics/hearth"
)

// testdata/explain holds events, a field or detail a line, and what people are
// told of them. Rewrite with: go test ./ledger -run TestExplain -rewrite
func TestExplain(t *testing.T) {
	datadriven.RunTest(t, "testdata/explain", func(t *testing.T, d *datadriven.TestData) string {
		var events []hearth.Event
		for _, text := range strings.Split(d.Input, "--\n") {
			events = append(events, readEvent(t, text))
		}
		return Explain(events)
	})
}

func readEvent(t *testing.T, text string) hearth.Event {
	t.Helper()
	var e hearth.Event
	for field := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(field), ": ")
		if strings.HasPrefix(value, `"`) {
			v, err := strconv.Unquote(value)
			if err != nil {
				t.Fatalf("%s: %v", field, err)
			}
			value = v
		}
		setField(t, &e, name, value)
	}
	return e
}

func setField(t *testing.T, e *hearth.Event, name, value string) {
	t.Helper()
	switch name {
	case "":
	case "at":
		at, err := time.Parse(time.RFC3339, value)
		if err != nil {
			t.Fatal(err)
		}
		e.Time = at
	case "id":
		e.RequestID = hearth.RequestID(value)
	case "workspace":
		e.Workspace = hearth.WorkspaceID(value)
	case "principal":
		e.Principal = value
	case "kind":
		e.Kind = hearth.EventKind(value)
	case "summary":
		e.Summary = value
	default:
		e.Details = append(e.Details, hearth.Detail{Name: name, Value: value})
	}
}

func FuzzExplain(f *testing.F) {
	f.Add("denied", "summary", "server_canonical_request", "GET\n/\x1b[2J")
	f.Add("rejected", "summary\nof two", "sample_time", "never")
	f.Add("denied", "", "skew", "-5m")
	f.Fuzz(func(t *testing.T, kind, summary, name, value string) {
		e := hearth.Event{Kind: hearth.EventKind(kind), Summary: summary, Details: []hearth.Detail{{Name: name, Value: value}, {Name: value, Value: name}}}
		for i, r := range Explain([]hearth.Event{e, e}) {
			if unsafe(r) && r != '\n' {
				t.Fatalf("%q at %d may control a terminal", r, i)
			}
		}
	})
}
