package workspace

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// maxWorkspaces is AWS's quota for a region of an account.
const maxWorkspaces = 25

// A Description is a workspace and what only its owner is told about it.
type Description struct {
	hearth.Workspace
	CreatedAt time.Time
}

// CreateInput is what CreateWorkspace takes.
type CreateInput struct {
	Alias     *string // nil: none
	Tags      map[string]string
	KMSKeyARN *string
	Token     *string // the clientToken; nil: not idempotent
}

// Create makes a workspace for the caller. Its status is CREATING; Run makes it
// ACTIVE within milliseconds.
func (r *Room) Create(ctx context.Context, in CreateInput) (Description, error) {
	var p problems
	alias := p.checkAlias(in.Alias)
	p.CheckTags(in.Tags)
	p.checkKMS(in.KMSKeyARN)
	p.CheckToken(in.Token)
	if err := p.Err(); err != nil {
		return Description{}, err
	}
	c := hearth.CallerFrom(ctx)
	if c.Account == "" || c.Region == "" {
		return Description{}, errors.New("workspace: Create needs a caller in the context")
	}
	rec := &record{
		ID: hearth.NewWorkspaceID(), Account: c.Account, Region: c.Region, Alias: alias,
		CreatedAt: r.opts.Now().UTC(), Status: hearth.Creating, Tags: maps.Clone(in.Tags),
	}
	req := request{op: "CreateWorkspace", token: in.Token, summary: "Workspace created.", content: []any{alias, in.Tags}}
	made := new(record)
	err := r.perform(ctx, req, made, func(tx store.Tx) (outcome, error) {
		return outcome{rec: rec.clone(), result: rec, detail: []hearth.Detail{after(alias)}}, r.checkQuota(tx, c)
	})
	if err != nil {
		return Description{}, err
	}
	return describe(r.entry(made)), nil
}

func (r *Room) checkQuota(tx store.Tx, c hearth.Caller) error {
	if r.opts.Profile != hearth.AWSStrict {
		return nil
	}
	has, err := scan(tx, regionPrefix(c.Account, c.Region), "", maxWorkspaces)
	if err != nil {
		return err
	}
	if len(has) < maxWorkspaces {
		return nil
	}
	return &hearth.Error{Kind: hearth.Quota, Resource: string(c.Account), Type: resourceType, Quota: "L-8873DB23",
		Msg: "Limit exceeded. Maximum workspaces per account."}
}

// Describe tells about one workspace of the caller. id is what the caller sent:
// it is checked here.
func (r *Room) Describe(ctx context.Context, id hearth.WorkspaceID) (Description, error) {
	e, err := r.checked(ctx, id)
	if err != nil {
		return Description{}, err
	}
	return describe(e), nil
}

// checked is own, for an id as a caller sent it.
func (r *Room) checked(ctx context.Context, id hearth.WorkspaceID) (entry, error) {
	var p problems
	p.checkID(id)
	if err := p.Err(); err != nil {
		return entry{}, err
	}
	return r.own(ctx, id)
}

func describe(e entry) Description {
	return Description{Workspace: e.ws, CreatedAt: e.rec.CreatedAt}
}

// Ensure returns the caller's oldest workspace with exactly this alias, or
// makes one.
func (r *Room) Ensure(ctx context.Context, caller hearth.Caller, alias string) (Description, error) {
	r.ensuring.Lock()
	defer r.ensuring.Unlock()
	if err := r.ready(ctx); err != nil {
		return Description{}, err
	}
	alias = strings.TrimSpace(alias)
	have := r.index.list(func(rec *record) bool {
		return rec.Account == caller.Account && rec.Region == caller.Region && rec.Alias == alias && usable(rec)
	})
	if len(have) > 0 {
		return describe(have[0]), nil
	}
	return r.Create(hearth.WithCaller(ctx, caller), CreateInput{Alias: &alias})
}
