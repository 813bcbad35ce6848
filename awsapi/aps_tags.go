package awsapi

import (
	"context"

	"github.com/hearth-metrics/hearth"
)

// resourceARN is the ARN in the path, one percent-encoded segment.
func (r *request) resourceARN() (hearth.ARN, error) {
	text := r.param("resourceArn")
	arn, err := hearth.ParseARN(text)
	if err != nil {
		return arn, invalidField("resourceArn", "must be an ARN, arn:partition:service:region:account:resource")
	}
	return arn, nil
}

func (s *Server) listTags(ctx context.Context, r *request) (any, error) {
	arn, err := r.resourceARN()
	if err != nil {
		return nil, err
	}
	tags, err := s.tagKeeper(r, arn).Tags(ctx, arn)
	if err != nil {
		return nil, err
	}
	return struct {
		Tags map[string]string `json:"tags"`
	}{tagsBody(tags)}, nil
}

func (s *Server) tagResource(ctx context.Context, r *request) (any, error) {
	arn, err := r.resourceARN()
	if err != nil {
		return nil, err
	}
	var in struct {
		Tags map[string]string `json:"tags"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.Tags == nil {
		return nil, invalidField("tags", "must not be null")
	}
	return struct{}{}, s.tagKeeper(r, arn).Tag(ctx, arn, in.Tags)
}

func (s *Server) untagResource(ctx context.Context, r *request) (any, error) {
	arn, err := r.resourceARN()
	if err != nil {
		return nil, err
	}
	q := r.query()
	if q.err != nil {
		return nil, q.err
	}
	keys := q.values["tagKeys"]
	if len(keys) == 0 {
		return nil, invalidField("tagKeys", "must not be null")
	}
	return struct{}{}, s.tagKeeper(r, arn).Untag(ctx, arn, keys)
}
