package main

import (
	"context"

	"github.com/hearth-metrics/hearth"
)

// attributed is a Recorder that says whose an event is, where a room that knows
// only the workspace did not: the workspace's account, else the root keys'.
// Without an account nobody could read the event.
type attributed struct {
	to     hearth.Recorder
	lookup func(context.Context, hearth.WorkspaceID) (hearth.Workspace, error)
	root   hearth.AccountID
}

// Record implements hearth.Recorder.
func (a attributed) Record(e hearth.Event) {
	if e.Account == "" {
		e.Account = a.root
		if w, err := a.lookup(context.Background(), e.Workspace); err == nil {
			e.Account = w.Account
		}
	}
	a.to.Record(e)
}

// lookup finds a workspace once the room is open; before that there is none.
func (p *program) lookup(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	if p.rooms.workspace == nil {
		return hearth.Workspace{}, &hearth.Error{Kind: hearth.NotFound, Resource: string(id), Msg: "Workspace not found"}
	}
	return p.rooms.workspace.Lookup(ctx, id)
}
