package awsapi

import (
	"fmt"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cluster"
)

// mayCluster asks about the cluster of the path.
func (s *Server) mayCluster(r *request) error {
	if s.opts.Clusters == nil {
		return notServed(r.row.action)
	}
	return s.askCluster(r, cluster.ARN(r.caller, r.param("name")))
}

// mayEntry asks about the access entry of the path, by its ARN. One that does not
// exist has a * where its id would be.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
func (s *Server) mayEntry(r *request) error {
	if s.opts.Clusters == nil {
		return notServed(r.row.action)
	}
	return s.askCluster(r, s.opts.Clusters.EntryARN(r.http.Context(), r.caller, r.param("name"), r.param("principalArn")))
}

// mayTagCluster asks about the cluster or access entry whose tags are meant.
func (s *Server) mayTagCluster(r *request) error {
	if s.opts.Clusters == nil {
		return notServed(r.row.action)
	}
	arn, err := hearth.ParseARN(r.param("resourceArn"))
	if err != nil {
		return s.may(r, accountARN(r), nil)
	}
	return s.askCluster(r, arn)
}

// askCluster asks the row's question with the tags that the resource has.
func (s *Server) askCluster(r *request, arn hearth.ARN) error {
	tags, err := s.opts.Clusters.Tags(r.http.Context(), arn)
	if err != nil && hearth.KindOf(err) == hearth.Internal {
		return fmt.Errorf("tags of %s: %w", arn, err)
	}
	if arn.Account != r.caller.Account {
		tags = nil
	}
	return s.mayEKS(r, arn, tags)
}

// mayEKS is may with the keys that policies about EKS ask for.
func (s *Server) mayEKS(r *request, arn hearth.ARN, tags map[string]string) error {
	var in struct {
		Principal string `json:"principalArn"`
		Policy    string `json:"policyArn"`
	}
	_ = r.decode(&in) // the handler refuses what cannot be read
	keys := map[string]string{}
	for name, values := range map[string][2]string{
		"eks:clusterName": {r.param("name")}, "eks:principalArn": {r.param("principalArn"), in.Principal}, "eks:policyArn": {r.param("policyArn"), in.Policy},
	} {
		if v := values[0] + values[1]; v != "" {
			keys[name] = v
		}
	}
	return s.mayWith(r, arn, tags, keys)
}
