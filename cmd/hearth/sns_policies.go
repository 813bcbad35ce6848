package main

import (
	"context"

	"github.com/hearth-metrics/hearth"
)

// topicPolicies lets the room iam, which opens first, ask the room sns for the
// policies of topics.
type topicPolicies struct{ p *program }

// ResourcePolicy asks once the room is open.
func (t topicPolicies) ResourcePolicy(ctx context.Context, arn hearth.ARN) (document string, ok bool, err error) {
	return t.p.rooms.sns.ResourcePolicy(ctx, arn)
}
