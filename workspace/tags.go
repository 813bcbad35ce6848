package workspace

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Tag adds tags to a workspace, or changes those of the same key.
func (r *Room) Tag(ctx context.Context, arn hearth.ARN, tags map[string]string) error {
	var p problems
	id := p.checkARN(arn)
	if tags == nil {
		p.Add("tags", "Member must not be null")
	}
	p.CheckTags(tags)
	if err := p.Err(); err != nil {
		return err
	}
	req := request{op: "TagResource", id: id, summary: "Workspace tagged."}
	return r.retag(ctx, arn, req, func(have map[string]string) error {
		maps.Copy(have, tags)
		p.CheckAdded(have)
		return p.Err()
	})
}

// Untag removes tags. A key that is not there is not an error.
func (r *Room) Untag(ctx context.Context, arn hearth.ARN, keys []string) error {
	var p problems
	id := p.checkARN(arn)
	if len(keys) == 0 {
		p.Add("tagKeys", "Member must not be empty")
	}
	for _, k := range keys {
		p.CheckTagKey("tagKeys", k)
	}
	if err := p.Err(); err != nil {
		return err
	}
	req := request{op: "UntagResource", id: id, summary: "Workspace untagged."}
	return r.retag(ctx, arn, req, func(have map[string]string) error {
		for _, k := range keys {
			delete(have, k)
		}
		return nil
	})
}

// retag changes the tags. Unlike other changes it goes on while a workspace is
// being made or configured: the service model knows no conflict here.
func (r *Room) retag(ctx context.Context, arn hearth.ARN, req request, change func(map[string]string) error) error {
	return r.perform(ctx, req, nil, func(tx store.Tx) (outcome, error) {
		rec, err := r.mine(ctx, tx, req.id)
		if err != nil {
			return outcome{}, err
		}
		if !tagged(rec, arn) {
			return outcome{}, notFound(req.id)
		}
		old := maps.Clone(rec.Tags)
		if rec.Tags == nil {
			rec.Tags = map[string]string{}
		}
		if err := change(rec.Tags); err != nil {
			return outcome{}, err
		}
		return outcome{rec: rec, same: maps.Equal(old, rec.Tags), detail: []hearth.Detail{before(spell(old)), after(spell(rec.Tags))}}, nil
	})
}

// Tags returns a workspace's tags; never nil.
func (r *Room) Tags(ctx context.Context, arn hearth.ARN) (map[string]string, error) {
	var p problems
	id := p.checkARN(arn)
	if err := p.Err(); err != nil {
		return nil, err
	}
	e, err := r.own(ctx, id)
	if err != nil {
		return nil, err
	}
	if !tagged(e.rec, arn) {
		return nil, notFound(id)
	}
	if e.rec.Tags == nil {
		return map[string]string{}, nil
	}
	return maps.Clone(e.rec.Tags), nil
}

// tagged tells whether the tags of rec can be asked for by arn: not another
// region's or account's ARN with the id of a workspace here, and not once it is
// being deleted.
func tagged(rec *record, arn hearth.ARN) bool {
	return arn.Account == rec.Account && arn.Region == rec.Region && usable(rec)
}

var partitions = []string{"aws", "aws-cn", "aws-us-gov"}

// checkARN returns the id in a workspace's ARN.
func (p *problems) checkARN(arn hearth.ARN) hearth.WorkspaceID {
	id, ok := strings.CutPrefix(arn.Resource, "workspace/")
	if !ok || arn.Service != "aps" || !slices.Contains(partitions, arn.Partition) {
		p.Add("resourceArn", "Member must be the ARN of a workspace: arn:aws:aps:REGION:ACCOUNT:workspace/ID")
		return ""
	}
	p.checkID(hearth.WorkspaceID(id))
	return hearth.WorkspaceID(id)
}
