package sns

import (
	"context"
	"maps"

	"github.com/hearth-metrics/hearth"
)

// untagged turns a topic that is not there into the tagging operations' own
// error.
func untagged(err error) error {
	if hearth.KindOf(err) == hearth.NotFound {
		return &hearth.Error{Kind: hearth.NotFound, Type: TaggedResource, Msg: "Resource does not exist"}
	}
	return err
}

// Tags returns the tags of a topic.
func (r *Room) Tags(ctx context.Context, arn hearth.ARN) (map[string]string, error) {
	t, err := r.Topic(ctx, arn)
	if err != nil {
		return nil, untagged(err)
	}
	return t.Tags, nil
}

// Tag adds tags to a topic, or replaces the values of those it has.
func (r *Room) Tag(ctx context.Context, arn hearth.ARN, tags map[string]string) error {
	return untagged(r.changeTopic(ctx, arn, func(t *Topic) error {
		all := maps.Clone(t.Tags)
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, tags)
		if err := checkTags(all); err != nil {
			return err
		}
		t.Tags = all
		return nil
	}))
}

// Untag takes tags away from a topic.
func (r *Room) Untag(ctx context.Context, arn hearth.ARN, keys []string) error {
	return untagged(r.changeTopic(ctx, arn, func(t *Topic) error {
		for _, k := range keys {
			delete(t.Tags, k)
		}
		return nil
	}))
}
