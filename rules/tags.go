package rules

import (
	"context"
	"maps"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Named returns the workspace and the name in a namespace's ARN; ok is false for
// an ARN of anything else.
func Named(arn hearth.ARN) (ws hearth.WorkspaceID, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn.Resource, "rulegroupsnamespace/")
	if !ok || arn.Service != "aps" {
		return "", "", false
	}
	id, name, ok := strings.Cut(rest, "/")
	return hearth.WorkspaceID(id), name, ok && name != ""
}

// Tag adds tags to a namespace, or changes those of the same key.
func (r *Room) Tag(ctx context.Context, arn hearth.ARN, tags map[string]string) error {
	var p problems
	if tags == nil {
		p.Add("tags", "Member must not be null")
	}
	p.CheckTags(tags)
	if err := p.Err(); err != nil {
		return err
	}
	return r.retag(ctx, arn, "TagResource", "Rule groups namespace tagged.", func(have map[string]string) error {
		maps.Copy(have, tags)
		p.CheckAdded(have)
		return p.Err()
	})
}

// Untag removes tags. A key that is not there is not an error.
func (r *Room) Untag(ctx context.Context, arn hearth.ARN, keys []string) error {
	var p problems
	if len(keys) == 0 {
		p.Add("tagKeys", "Member must not be empty")
	}
	for _, k := range keys {
		p.CheckTagKey("tagKeys", k)
	}
	if err := p.Err(); err != nil {
		return err
	}
	return r.retag(ctx, arn, "UntagResource", "Rule groups namespace untagged.", func(have map[string]string) error {
		for _, k := range keys {
			delete(have, k)
		}
		return nil
	})
}

func (r *Room) retag(ctx context.Context, arn hearth.ARN, op, summary string, change func(map[string]string) error) error {
	ws, name, err := r.owner(ctx, arn)
	if err != nil {
		return err
	}
	req := request{op: op, ws: ws, name: name, summary: summary}
	_, err = r.perform(ctx, req, func(_ store.Tx, old *record) (*record, error) {
		if old == nil {
			return nil, notFound(ws.ID, name)
		}
		if old.Tags == nil {
			old.Tags = map[string]string{}
		}
		return old, change(old.Tags)
	})
	return err
}

// Tags returns a namespace's tags; never nil.
func (r *Room) Tags(ctx context.Context, arn hearth.ARN) (map[string]string, error) {
	ws, name, err := r.owner(ctx, arn)
	if err != nil {
		return nil, err
	}
	tags, ok, err := r.TagsOf(ctx, ws.ID, name)
	if err == nil && !ok {
		err = notFound(ws.ID, name)
	}
	return tags, err
}

// TagsOf returns the tags of a namespace of any account, for whoever decides
// about rights; ok is false if there is none.
func (r *Room) TagsOf(ctx context.Context, ws hearth.WorkspaceID, name string) (tags map[string]string, ok bool, err error) {
	var rec *record
	err = r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		rec, err = load(tx, keyOf(ws, name))
		return err
	})
	if err != nil || rec == nil {
		return nil, false, err
	}
	if rec.Tags == nil {
		rec.Tags = map[string]string{}
	}
	return rec.Tags, true, nil
}

// owner returns the caller's workspace and the name that arn names.
func (r *Room) owner(ctx context.Context, arn hearth.ARN) (hearth.Workspace, string, error) {
	id, name, ok := Named(arn)
	var p problems
	if !ok {
		p.Add("resourceArn", "Member must be the ARN of a rule groups namespace: arn:aws:aps:REGION:ACCOUNT:rulegroupsnamespace/ID/NAME")
		return hearth.Workspace{}, "", p.Err()
	}
	ws, err := r.own(ctx, id)
	if err != nil {
		return hearth.Workspace{}, "", err
	}
	if arn.Account != ws.Account || arn.Region != ws.Region {
		return hearth.Workspace{}, "", notFound(id, name)
	}
	return ws, name, nil
}
