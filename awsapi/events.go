package awsapi

import (
	"context"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/ledger"
)

const (
	maxEvents     = 1000
	defaultEvents = 100
)

// hearthRows are Hearth's own operations, signed for the service hearth.
func (s *Server) hearthRows() []row {
	return []row{
		op("GET", "/hearth/v1/events", 200, "hearth:ListEvents", ownEvents, s.listEvents),
	}
}

type eventBody struct {
	Time      time.Time          `json:"time"`
	RequestID hearth.RequestID   `json:"requestId,omitempty"`
	Workspace hearth.WorkspaceID `json:"workspaceId,omitempty"`
	Principal string             `json:"principal,omitempty"`
	Kind      hearth.EventKind   `json:"kind"`
	Summary   string             `json:"summary"`
	Details   []hearth.Detail    `json:"details"`
}

// listEvents reads the ledger of the caller's account.
func (s *Server) listEvents(ctx context.Context, r *request) (any, error) {
	q := r.query()
	want := ledger.Query{
		Account: r.caller.Account, RequestID: hearth.RequestID(deref(q.text("request_id"))), Workspace: hearth.WorkspaceID(deref(q.text("workspace"))),
		Kind: hearth.EventKind(deref(q.text("kind"))), Alert: deref(q.text("alert")), Scraper: deref(q.text("scraper")), Since: q.time("since"), Until: q.time("until"),
	}
	limit := q.number("limit")
	if q.err != nil {
		return nil, q.err
	}
	var err error
	if want.Limit, err = eventLimit(limit); err != nil {
		return nil, err
	}
	if s.opts.Events == nil {
		return nil, &hearth.Error{Kind: hearth.NotServed, Msg: "This Hearth keeps no ledger."}
	}
	events, err := s.opts.Events.Find(ctx, want)
	if err != nil {
		return nil, err
	}
	return struct {
		Events []eventBody `json:"events"`
	}{eventBodies(events)}, nil
}

func eventLimit(n *int) (int, error) {
	switch {
	case n == nil:
		return defaultEvents, nil
	case *n < 1 || *n > maxEvents:
		return 0, invalidField("limit", "must be between 1 and 1000")
	}
	return *n, nil
}

func eventBodies(events []hearth.Event) []eventBody {
	out := make([]eventBody, 0, len(events))
	for _, e := range events {
		b := eventBody{
			Time: e.Time.UTC(), RequestID: e.RequestID, Workspace: e.Workspace,
			Principal: e.Principal, Kind: e.Kind, Summary: e.Summary, Details: e.Details,
		}
		if b.Details == nil {
			b.Details = []hearth.Detail{}
		}
		out = append(out, b)
	}
	return out
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
