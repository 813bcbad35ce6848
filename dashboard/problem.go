package dashboard

import (
	"errors"

	"github.com/hearth-metrics/hearth"
)

// What AWS calls things in its errors.
const (
	workspaceType      = "AWS::Grafana::Workspace"
	serviceAccountType = "SERVICE_ACCOUNT"
	tokenType          = "SERVICE_ACCOUNT_TOKEN"
	apiKeyType         = "API_KEY"
)

func noWorkspace(id hearth.GrafanaID) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: string(id), Type: workspaceType, Msg: "Grafana workspace not found"}
}

// errBusy is in the chain of what busy returns.
var errBusy = errors.New("something is under way")

func busy(rec *record) error {
	return &hearth.Error{Kind: hearth.Conflict, Resource: string(rec.ID), Type: workspaceType, Err: errBusy,
		Msg: "The Grafana workspace is " + string(rec.Status) + ". Try again when it is ACTIVE."}
}

// problems gathers everything that is wrong with a request, so that the caller
// learns of it in one go.
type problems struct{ hearth.Problems }
