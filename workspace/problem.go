package workspace

import (
	"fmt"
	"strings"

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
type problems []hearth.Field

func (p *problems) add(name, format string, args ...any) {
	*p = append(*p, hearth.Field{Name: name, Msg: fmt.Sprintf(format, args...)})
}

// err is nil if nothing is wrong. The texts have AWS's form.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	plural := ""
	if len(p) > 1 {
		plural = "s"
	}
	msgs := make([]string, len(p))
	for i, f := range p {
		msgs[i] = fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", f.Name, f.Msg)
	}
	return &hearth.Error{Kind: hearth.Invalid, Fields: p,
		Msg: fmt.Sprintf("%d validation error%s detected: %s", len(p), plural, strings.Join(msgs, "; "))}
}
