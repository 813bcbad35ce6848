package rules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A Namespace is what its owner is told about a rule groups namespace.
type Namespace struct {
	ARN        hearth.ARN
	Name       string
	Status     hearth.Status
	Reason     string // of a status that tells of a failure
	CreatedAt  time.Time
	ModifiedAt time.Time
	Tags       map[string]string
	Data       []byte // the rules file; only Describe tells it
}

// CreateInput is what CreateRuleGroupsNamespace takes.
type CreateInput struct {
	Name  string
	Data  []byte // the rules file, perhaps base64-encoded; see Unwrap
	Tags  map[string]string
	Token *string // the clientToken; nil: not idempotent
}

// Create makes a namespace in a workspace of the caller. Its status is CREATING;
// Run makes it ACTIVE once its rules are loaded.
func (r *Room) Create(ctx context.Context, id hearth.WorkspaceID, in CreateInput) (Namespace, error) {
	var p problems
	p.checkName(in.Name)
	p.checkData(in.Data)
	p.CheckTags(in.Tags)
	p.CheckToken(in.Token)
	if err := p.Err(); err != nil {
		return Namespace{}, err
	}
	ws, err := r.own(ctx, id)
	if err != nil {
		return Namespace{}, err
	}
	data := Unwrap(in.Data)
	groups, err := checkFile(in.Name, data, r.opts.Profile, ws.Limits)
	if err != nil {
		return Namespace{}, err
	}
	req := request{op: "CreateRuleGroupsNamespace", ws: ws, name: in.Name, token: in.Token, content: []any{data, in.Tags}, summary: "Rule groups namespace created."}
	return r.perform(ctx, req, func(tx store.Tx, old *record) (*record, error) {
		if old != nil {
			return nil, conflict(old, "A rule groups namespace with this name exists. PutRuleGroupsNamespace replaces its rules.")
		}
		now := r.opts.Now().UTC()
		rec := &record{
			Workspace: ws.ID, Account: ws.Account, Region: ws.Region, Name: in.Name,
			Status: hearth.Creating, CreatedAt: now, ModifiedAt: now, Version: uint64(now.UnixNano()), Tags: maps.Clone(in.Tags),
		}
		return rec, r.keepFile(tx, rec, data, groups)
	})
}

// PutInput is what PutRuleGroupsNamespace takes.
type PutInput struct {
	Name  string
	Data  []byte
	Token *string
}

// Put replaces the rules of a namespace. Its status is UPDATING; Run makes it
// ACTIVE again. Alerts of rules that stay keep their state.
func (r *Room) Put(ctx context.Context, id hearth.WorkspaceID, in PutInput) (Namespace, error) {
	var p problems
	p.checkName(in.Name)
	p.checkData(in.Data)
	p.CheckToken(in.Token)
	if err := p.Err(); err != nil {
		return Namespace{}, err
	}
	ws, err := r.own(ctx, id)
	if err != nil {
		return Namespace{}, err
	}
	data := Unwrap(in.Data)
	groups, err := checkFile(in.Name, data, r.opts.Profile, ws.Limits)
	if err != nil {
		return Namespace{}, err
	}
	req := request{op: "PutRuleGroupsNamespace", ws: ws, name: in.Name, token: in.Token, content: data, summary: "Rules of a namespace replaced."}
	return r.perform(ctx, req, func(tx store.Tx, old *record) (*record, error) {
		if err := idle(ws.ID, in.Name, old); err != nil {
			return nil, err
		}
		old.Status, old.Reason, old.ModifiedAt = hearth.Updating, "", r.opts.Now().UTC()
		old.Version++
		return old, r.keepFile(tx, old, data, groups)
	})
}

// idle refuses a change of a namespace that is not there or busy.
func idle(ws hearth.WorkspaceID, name string, rec *record) error {
	if rec == nil {
		return notFound(ws, name)
	}
	if rec.moving() {
		return conflict(rec, "The rule groups namespace is "+string(rec.Status)+". Try again when it is ACTIVE.")
	}
	return nil
}

// keepFile writes the file beside its record, unless the workspace would have
// too many rules.
func (r *Room) keepFile(tx store.Tx, rec *record, data []byte, groups *rulefmt.RuleGroups) error {
	rec.Rules = countRules(groups)
	others, err := scan(tx, prefixOf(rec.Workspace), "", 0)
	if err != nil {
		return err
	}
	most, total := maxRules, rec.Rules
	if r.opts.Profile == hearth.AWSStrict {
		most = maxRulesAWS
	}
	for _, o := range others {
		if o.Name != rec.Name {
			total += o.Rules
		}
	}
	if total > most {
		return &hearth.Error{Kind: hearth.Quota, Resource: string(rec.Workspace), Type: resourceType, Quota: "L-3D15CDB4",
			Msg: fmt.Sprintf("Limit exceeded. The workspace would have %d rules; at most %d are allowed.", total, most)}
	}
	if err := tx.Put(fileBucket, rec.key(), data); err != nil {
		return fmt.Errorf("save a rules file: %w", err)
	}
	return nil
}

// Delete removes a namespace. Its rules end, and the series they wrote are
// marked stale soon after.
func (r *Room) Delete(ctx context.Context, id hearth.WorkspaceID, name string, token *string) error {
	var p problems
	p.checkName(name)
	p.CheckToken(token)
	if err := p.Err(); err != nil {
		return err
	}
	ws, err := r.own(ctx, id)
	if err != nil {
		return err
	}
	req := request{op: "DeleteRuleGroupsNamespace", ws: ws, name: name, token: token, summary: "Rule groups namespace deleted."}
	_, err = r.perform(ctx, req, func(tx store.Tx, old *record) (*record, error) {
		if err := idle(ws.ID, name, old); err != nil {
			return nil, err
		}
		return nil, forget(tx, old.key())
	})
	return err
}

// Describe tells about one namespace of the caller, with its file.
func (r *Room) Describe(ctx context.Context, id hearth.WorkspaceID, name string) (Namespace, error) {
	var p problems
	p.checkName(name)
	if err := p.Err(); err != nil {
		return Namespace{}, err
	}
	ws, err := r.own(ctx, id)
	if err != nil {
		return Namespace{}, err
	}
	var out Namespace
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := load(tx, keyOf(ws.ID, name))
		if err != nil {
			return err
		}
		if rec == nil {
			return notFound(ws.ID, name)
		}
		out = rec.describe()
		out.Data, err = tx.Get(fileBucket, rec.key())
		return err
	})
	return out, err
}

// own returns the caller's workspace. Another account's or region's is NotFound,
// as if it did not exist.
func (r *Room) own(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	c := hearth.CallerFrom(ctx)
	if c.Account == "" {
		return hearth.Workspace{}, errors.New("rules: a request needs a caller in the context")
	}
	ws, err := r.opts.Workspaces.Lookup(ctx, id)
	if err != nil {
		return hearth.Workspace{}, err
	}
	if ws.Account != c.Account || ws.Region != c.Region {
		return hearth.Workspace{}, noWorkspace(id)
	}
	return ws, nil
}
