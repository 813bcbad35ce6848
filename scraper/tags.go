package scraper

import (
	"context"
	"maps"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Named returns the id in a scraper's ARN; ok is false for an ARN of anything
// else.
func Named(arn hearth.ARN) (id string, ok bool) {
	id, ok = strings.CutPrefix(arn.Resource, "scraper/")
	return id, ok && arn.Service == "aps" && id != ""
}

// Tag adds tags to a scraper, or changes those of the same key.
func (r *Room) Tag(ctx context.Context, arn hearth.ARN, tags map[string]string) error {
	var p problems
	p.CheckTags(tags)
	if err := p.Err(); err != nil {
		return err
	}
	return r.retag(ctx, arn, "TagResource", "Scraper tagged.", func(have map[string]string) error {
		maps.Copy(have, tags)
		p.CheckAdded(have)
		return p.Err()
	})
}

// Untag removes tags. A key that is not there is not an error.
func (r *Room) Untag(ctx context.Context, arn hearth.ARN, keys []string) error {
	var p problems
	for _, k := range keys {
		p.CheckTagKey("tagKeys", k)
	}
	if err := p.Err(); err != nil {
		return err
	}
	return r.retag(ctx, arn, "UntagResource", "Scraper untagged.", func(have map[string]string) error {
		for _, k := range keys {
			delete(have, k)
		}
		return nil
	})
}

func (r *Room) retag(ctx context.Context, arn hearth.ARN, op, summary string, change func(map[string]string) error) error {
	id, err := r.owned(ctx, arn)
	if err != nil {
		return err
	}
	req := request{op: op, id: id, summary: summary}
	_, err = r.perform(ctx, req, func(tx store.Tx, rec *record) (*record, error) {
		if rec == nil {
			return nil, notFound(id)
		}
		if rec.Tags == nil {
			rec.Tags = map[string]string{}
		}
		if err := change(rec.Tags); err != nil {
			return nil, err
		}
		return rec, save(tx, rec)
	})
	return err
}

// Tags returns a scraper's tags; never nil.
func (r *Room) Tags(ctx context.Context, arn hearth.ARN) (map[string]string, error) {
	id, err := r.owned(ctx, arn)
	if err != nil {
		return nil, err
	}
	rec, err := r.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if rec.Tags == nil {
		rec.Tags = map[string]string{}
	}
	return rec.Tags, nil
}

// TagsOf returns the tags of a scraper of any account, for whoever decides about
// rights; ok is false if there is none.
func (r *Room) TagsOf(ctx context.Context, arn hearth.ARN) (tags map[string]string, ok bool) {
	id, ok := Named(arn)
	if !ok {
		return nil, false
	}
	ctx = hearth.WithCaller(ctx, hearth.Caller{Account: arn.Account, Region: arn.Region})
	rec, err := r.find(ctx, id)
	if err != nil {
		return nil, false
	}
	return rec.Tags, true
}

// owned returns the id of the caller's scraper that arn names.
func (r *Room) owned(ctx context.Context, arn hearth.ARN) (string, error) {
	id, ok := Named(arn)
	var p problems
	if !ok {
		p.Add("resourceArn", "Member must be the ARN of a scraper: arn:aws:aps:REGION:ACCOUNT:scraper/ID")
		return "", p.Err()
	}
	if c := hearth.CallerFrom(ctx); arn.Account != c.Account || arn.Region != c.Region {
		return "", notFound(id)
	}
	return id, nil
}
