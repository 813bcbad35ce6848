package workspace

import (
	"context"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// AliasInput is what UpdateWorkspaceAlias takes.
type AliasInput struct {
	Alias *string // nil removes the alias
	Token *string
}

// SetAlias renames a workspace. An empty alias removes it, as Terraform asks for
// when the attribute is taken out.
func (r *Room) SetAlias(ctx context.Context, id hearth.WorkspaceID, in AliasInput) error {
	var (
		p     problems
		alias string
	)
	p.checkID(id)
	p.CheckToken(in.Token)
	if deref(in.Alias) != "" {
		alias = p.checkAlias(in.Alias)
	}
	if err := p.Err(); err != nil {
		return err
	}
	req := request{op: "UpdateWorkspaceAlias", id: id, token: in.Token, content: alias, summary: "Workspace renamed."}
	return r.perform(ctx, req, nil, func(tx store.Tx) (outcome, error) {
		rec, err := r.idle(ctx, tx, id)
		if err != nil {
			return outcome{}, err
		}
		old := rec.Alias
		rec.Alias = alias
		return outcome{rec: rec, same: old == alias, detail: []hearth.Detail{before(old), after(alias)}}, nil
	})
}
