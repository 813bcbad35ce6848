package scraper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// How many scrapers an account may have in a region.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html
const (
	maxScrapers    = 1000
	maxScrapersAWS = 10
)

// A Description is what its owner is told about a scraper.
type Description struct {
	ID            string
	ARN           hearth.ARN
	Alias         string
	Role          string // ARN of its service-linked role
	Status        hearth.Status
	Reason        string // why it does not collect, or not all
	CreatedAt     time.Time
	ModifiedAt    time.Time
	Source        Source
	Destination   string // ARN of a workspace
	Roles         Roles
	Tags          map[string]string
	Configuration []byte // the scrape configuration; only Describe tells it
}

// CreateInput is what CreateScraper takes.
type CreateInput struct {
	Alias         *string
	Configuration []byte  // perhaps base64-encoded once more; see Unwrap
	Source        *Source // nil: none
	Destination   string  // ARN of a workspace
	Roles         *Roles
	Tags          map[string]string
	Token         *string // the clientToken; nil: not idempotent
}

// Create makes a scraper. Its status is CREATING until it collects; until then
// its reason says what it waits for.
func (r *Room) Create(ctx context.Context, in CreateInput) (Description, error) {
	var p problems
	p.checkAlias(in.Alias)
	p.checkSource(in.Source, r.strict())
	p.checkARN("destination.ampConfiguration.workspaceArn", in.Destination, workspacePattern)
	p.checkRoles(in.Roles)
	p.CheckTags(in.Tags)
	p.CheckToken(in.Token)
	if err := p.Err(); err != nil {
		return Description{}, err
	}
	c := hearth.CallerFrom(ctx)
	if c.Account == "" {
		return Description{}, errors.New("scraper: a request needs a caller in the context")
	}
	if err := elsewhere(c.Region, in.Source, &in.Destination); err != nil {
		return Description{}, err
	}
	now := r.opts.Now().UTC()
	rec := &record{
		ID: newID(), Account: c.Account, Region: c.Region, Alias: deref(in.Alias), Status: hearth.Creating,
		CreatedAt: now, ModifiedAt: now, Version: uint64(now.UnixNano()), Destination: in.Destination, Tags: maps.Clone(in.Tags),
	}
	if in.Source != nil {
		rec.Source = *in.Source
	}
	if in.Roles != nil {
		rec.Roles = *in.Roles
	}
	rec.Role = roleOf(c.Account, rec.ID, rec.Roles)
	text := Unwrap(in.Configuration)
	if _, err := r.parse(text, rec.Source); err != nil {
		return Description{}, err
	}
	if err := r.reachable(ctx, rec); err != nil {
		return Description{}, err
	}
	req := request{op: "CreateScraper", id: rec.ID, token: in.Token, summary: "Scraper created.",
		content: []any{in.Alias, text, in.Source, in.Destination, in.Roles, in.Tags}}
	return r.perform(ctx, req, func(tx store.Tx, _ *record) (*record, error) {
		if err := r.room(tx, c); err != nil {
			return nil, err
		}
		return rec, r.keep(tx, rec, text)
	})
}

// keep writes a scraper, and its configuration unless that is nil.
func (r *Room) keep(tx store.Tx, rec *record, text []byte) error {
	if text != nil {
		if r.opts.Sealer != nil {
			text = r.opts.Sealer.Seal(text, rec.key())
		}
		if err := tx.Put(configBucket, rec.key(), text); err != nil {
			return fmt.Errorf("save a scrape configuration: %w", err)
		}
	}
	return save(tx, rec)
}

// configurationOf is the scrape configuration as it was given.
func (r *Room) configurationOf(tx store.Tx, key string) ([]byte, error) {
	text, err := tx.Get(configBucket, key)
	if err == nil && r.opts.Sealer != nil {
		text, err = r.opts.Sealer.Open(text, key)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration of scraper %s: %w", key, err)
	}
	return text, nil
}

// room refuses one scraper too many.
func (r *Room) room(tx store.Tx, c hearth.Caller) error {
	have, err := scan(tx, regionPrefix(c.Account, c.Region))
	if err != nil {
		return err
	}
	most := maxScrapers
	if r.strict() {
		most = maxScrapersAWS
	}
	if len(have) >= most {
		return &hearth.Error{Kind: hearth.Quota, Resource: string(c.Account), Type: resourceType,
			Msg: fmt.Sprintf("Limit exceeded. The account has %d scrapers in this region, and may have no more.", len(have))}
	}
	return nil
}

// reachable refuses a scraper whose workspace or cluster is not there. What
// another account has is not told before a role of that account lets the scraper
// in: such a scraper is made, and its status says what it waits for.
func (r *Room) reachable(ctx context.Context, rec *record) error {
	arn, err := hearth.ParseARN(rec.Destination)
	if err != nil || arn.Account == rec.Account || rec.Roles.Target == "" {
		if _, err := r.workspace(ctx, rec); err != nil {
			return err
		}
	}
	if rec.Roles != (Roles{}) && r.opts.Roles == nil {
		return noRoles(rec)
	}
	cluster, ok := rec.Source.Cluster()
	switch {
	case !ok:
		return nil
	case cluster.Region != rec.Region, cluster.Account != rec.Account && rec.Roles.Source == "", r.opts.Clusters == nil:
		return noCluster(cluster)
	case cluster.Account != rec.Account:
		return nil
	}
	_, err = r.opts.Clusters.Collector(ctx, cluster, Identity{})
	if hearth.KindOf(err) == hearth.NotFound {
		return noCluster(cluster)
	}
	return nil // one that does not answer now may do so later
}

func noRoles(rec *record) error {
	return &hearth.Error{Kind: hearth.Invalid, Resource: rec.Roles.Source, Msg: "roleConfiguration is not served: this Hearth has no roles."}
}

func noCluster(arn hearth.ARN) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: arn.String(), Type: clusterType,
		Msg: "No cluster with this ARN is registered in this account and region. hearth cluster register makes one known."}
}

// workspace finds the scraper's destination. That of another account, or region,
// is NotFound, unless the scraper has a role there.
func (r *Room) workspace(ctx context.Context, rec *record) (hearth.Workspace, error) {
	arn, err := hearth.ParseARN(rec.Destination)
	if err != nil {
		return hearth.Workspace{}, noWorkspace(rec.Destination)
	}
	id, ok := hearth.ParseWorkspaceID(arn.Resource[len("workspace/"):])
	if !ok || arn.Region != rec.Region || arn.Account != rec.Account && rec.Roles.Target == "" {
		return hearth.Workspace{}, noWorkspace(rec.Destination)
	}
	ws, err := r.opts.Workspaces.Lookup(ctx, id)
	if err != nil {
		return hearth.Workspace{}, err
	}
	if ws.ARN() != arn {
		return hearth.Workspace{}, noWorkspace(rec.Destination)
	}
	return ws, nil
}

// mayCollect asks whether a scraper's roles let it in where it goes.
func (r *Room) mayCollect(ctx context.Context, rec *record, ws hearth.Workspace) error {
	if rec.Roles == (Roles{}) {
		return nil
	}
	if r.opts.Roles == nil {
		return noRoles(rec)
	}
	if cluster, ok := rec.Source.Cluster(); ok && cluster.Account != rec.Account {
		if role, err := hearth.ParseARN(rec.Roles.Source); err != nil || role.Account != cluster.Account {
			return noCluster(cluster)
		}
	}
	return r.opts.Roles.MayCollect(ctx, rec.arn(), rec.Roles, ws)
}

// UpdateInput is what UpdateScraper takes. What is nil stays as it is.
type UpdateInput struct {
	ID            string
	Alias         *string
	Configuration []byte // nil: unchanged
	Destination   *string
	Roles         *Roles
	Token         *string
}

// Update changes a scraper. Targets that the new configuration has as the old one
// had them go on being scraped.
func (r *Room) Update(ctx context.Context, in UpdateInput) (Description, error) {
	var p problems
	p.checkID(in.ID)
	p.checkAlias(in.Alias)
	if in.Destination != nil {
		p.checkARN("destination.ampConfiguration.workspaceArn", *in.Destination, workspacePattern)
	}
	p.checkRoles(in.Roles)
	p.CheckToken(in.Token)
	if err := p.Err(); err != nil {
		return Description{}, err
	}
	old, err := r.find(ctx, in.ID)
	if err != nil {
		return Description{}, err
	}
	if err := elsewhere(old.Region, nil, in.Destination); err != nil {
		return Description{}, err
	}
	var text []byte
	if in.Configuration != nil {
		text = Unwrap(in.Configuration)
		if _, err := r.parse(text, old.Source); err != nil {
			return Description{}, err
		}
	}
	given := r.givenBy(ctx, in.ID)
	in.apply(old)
	if err := r.reachable(ctx, old); err != nil {
		return Description{}, err
	}
	req := request{op: "UpdateScraper", id: in.ID, token: in.Token, summary: "Scraper updated.",
		content: []any{in.Alias, text, in.Destination, in.Roles}}
	return r.perform(ctx, req, func(tx store.Tx, rec *record) (*record, error) {
		if err := idle(in.ID, rec); err != nil {
			return nil, err
		}
		was := *rec
		in.apply(rec)
		rec.ModifiedAt = r.opts.Now().UTC()
		rec.Version++
		if was.Destination != rec.Destination {
			if err := r.owe(tx, &debt{Scraper: was, Version: rec.Version, given: given}); err != nil {
				return nil, err
			}
		}
		if rec.Status != hearth.Creating {
			rec.Status, rec.Reason = hearth.Updating, ""
		}
		return rec, r.keep(tx, rec, text)
	})
}

func (in *UpdateInput) apply(rec *record) {
	if in.Alias != nil {
		rec.Alias = *in.Alias
	}
	if in.Destination != nil {
		rec.Destination = *in.Destination
	}
	if in.Roles != nil {
		rec.Roles = *in.Roles
	}
}

// idle refuses a change of a scraper that is not there or busy.
func idle(id string, rec *record) error {
	if rec == nil {
		return notFound(id)
	}
	if rec.moving() {
		return conflict(id, "The scraper is "+string(rec.Status)+". Try again when it is ACTIVE.")
	}
	return nil
}

// Delete removes a scraper. Its targets are no longer scraped, and their series
// are marked stale.
func (r *Room) Delete(ctx context.Context, id string, token *string) (Description, error) {
	var p problems
	p.checkID(id)
	p.CheckToken(token)
	if err := p.Err(); err != nil {
		return Description{}, err
	}
	given := r.givenBy(ctx, id)
	req := request{op: "DeleteScraper", id: id, token: token, summary: "Scraper deleted."}
	return r.perform(ctx, req, func(tx store.Tx, rec *record) (*record, error) {
		if rec == nil {
			return nil, notFound(id)
		}
		rec.Status, rec.Reason = hearth.Deleting, ""
		if err := r.owe(tx, &debt{Scraper: *rec, Version: rec.Version + 1, Gone: true, given: given}); err != nil {
			return nil, err
		}
		return rec, forget(tx, rec.key())
	})
}

// Describe tells about one scraper of the caller, with its configuration.
func (r *Room) Describe(ctx context.Context, id string) (Description, error) {
	var p problems
	p.checkID(id)
	if err := p.Err(); err != nil {
		return Description{}, err
	}
	c := hearth.CallerFrom(ctx)
	var out Description
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := load(tx, keyOf(c.Account, c.Region, id))
		if err != nil {
			return err
		}
		if rec == nil {
			return notFound(id)
		}
		out = rec.describe()
		out.Configuration, err = r.configurationOf(tx, rec.key())
		return err
	})
	return out, err
}

// find reads a scraper of the caller. Another account's or region's is NotFound,
// as if it did not exist.
func (r *Room) find(ctx context.Context, id string) (*record, error) {
	c := hearth.CallerFrom(ctx)
	var rec *record
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		rec, err = load(tx, keyOf(c.Account, c.Region, id))
		return err
	})
	if err == nil && rec == nil {
		err = notFound(id)
	}
	return rec, err
}
