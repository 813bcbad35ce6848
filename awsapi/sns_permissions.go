package awsapi

import "context"

func (s *Server) addPermission(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("TopicArn")
	if err != nil {
		return nil, err
	}
	if err := r.required("Label"); err != nil {
		return nil, err
	}
	return nil, s.opts.SNS.AddPermission(ctx, arn, r.field("Label"), r.listed("AWSAccountId"), r.listed("ActionName"))
}

func (s *Server) removePermission(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("TopicArn")
	if err != nil {
		return nil, err
	}
	if err := r.required("Label"); err != nil {
		return nil, err
	}
	return nil, s.opts.SNS.RemovePermission(ctx, arn, r.field("Label"))
}
