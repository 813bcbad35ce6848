package workspace

import (
	"github.com/hearth-metrics/hearth"
)

// resourceType is what AWS calls a workspace in its errors.
const resourceType = "AWS::APS::Workspace"

func notFound(id hearth.WorkspaceID) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: string(id), Type: resourceType, Msg: "Workspace not found"}
}

func conflict(rec *record) error {
	doing := map[hearth.Status]string{hearth.Creating: "created", hearth.Deleting: "deleted"}[rec.Status]
	if doing == "" {
		doing = "updated"
	}
	return &hearth.Error{Kind: hearth.Conflict, Resource: string(rec.ID), Type: resourceType,
		Msg: "The workspace is being " + doing + ". Try again when that is done."}
}

// problems gathers everything that is wrong with a request, so that the caller
// learns of it in one go.
type problems struct{ hearth.Problems }
