package scraper

import (
	"github.com/hearth-metrics/hearth"
)

// A Source says where targets are looked for. At most one of its members is set:
// with none, which is Hearth's extension, the configuration names its targets by
// itself: static, DNS and HTTP discovery.
type Source struct {
	EKS *EKSSource `json:"eksConfiguration,omitempty"`
	VPC *VPCSource `json:"vpcConfiguration,omitempty"`
}

// An EKSSource is a registered cluster.
type EKSSource struct {
	Cluster        string   `json:"clusterArn"`
	SecurityGroups []string `json:"securityGroupIds,omitempty"` // kept, and of no effect here
	Subnets        []string `json:"subnetIds"`                  // likewise
}

// A VPCSource is a network; here it is the one Hearth is in.
type VPCSource struct {
	SecurityGroups []string `json:"securityGroupIds"`
	Subnets        []string `json:"subnetIds"`
}

// Cluster is the ARN of the source's cluster; ok is false if it has none.
func (s Source) Cluster() (arn hearth.ARN, ok bool) {
	if s.EKS == nil {
		return arn, false
	}
	arn, err := hearth.ParseARN(s.EKS.Cluster)
	return arn, err == nil
}

// elsewhere refuses a cluster or a workspace, both optional, whose ARN names another
// region than the request. A tutorial's region is the usual reason.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-how-to.html
func elsewhere(region hearth.Region, s *Source, workspace *string) error {
	var p problems
	check := func(member, text string) {
		if arn, err := hearth.ParseARN(text); err == nil && arn.Region != region {
			p.Add(member, "Member names region %s, and the request is for %s: a scraper, its cluster and its workspace are in one region", arn.Region, region)
		}
	}
	if s != nil && s.EKS != nil {
		check("source.eksConfiguration.clusterArn", s.EKS.Cluster)
	}
	if workspace != nil {
		check("destination.ampConfiguration.workspaceArn", *workspace)
	}
	return p.Err()
}

// Roles are those of a scraper that reads from, or writes to, another account.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-how-to.html
type Roles struct {
	Source string `json:"sourceRoleArn,omitempty"` // in the cluster's account; trusts scraper.aps.amazonaws.com
	Target string `json:"targetRoleArn,omitempty"` // in the workspace's account; trusts the source role
}

func (p *problems) checkSource(s *Source, strict bool) {
	switch {
	case s == nil, s.EKS == nil && s.VPC == nil:
		if strict {
			p.Add("source", "Member must have one of eksConfiguration, vpcConfiguration: profile aws-strict has no scrapers without a source")
		}
	case s.EKS != nil && s.VPC != nil:
		p.Add("source", "Member must have one of eksConfiguration, vpcConfiguration, not both")
	case s.EKS != nil:
		p.checkARN("source.eksConfiguration.clusterArn", s.EKS.Cluster, clusterPattern)
		p.checkNetwork("source.eksConfiguration.subnetIds", s.EKS.Subnets, strict, strict, subnetPattern)
		p.checkNetwork("source.eksConfiguration.securityGroupIds", s.EKS.SecurityGroups, false, strict, groupPattern)
	default:
		p.checkNetwork("source.vpcConfiguration.subnetIds", s.VPC.Subnets, strict, strict, subnetPattern)
		p.checkNetwork("source.vpcConfiguration.securityGroupIds", s.VPC.SecurityGroups, strict, strict, groupPattern)
	}
}

func (p *problems) checkRoles(r *Roles) {
	if r == nil {
		return
	}
	if r.Source != "" {
		p.checkARN("roleConfiguration.sourceRoleArn", r.Source, rolePattern)
	}
	if r.Target != "" {
		p.checkARN("roleConfiguration.targetRoleArn", r.Target, rolePattern)
	}
	if r.Target != "" && r.Source == "" {
		p.Add("roleConfiguration.sourceRoleArn", "Member must be given with targetRoleArn: the source role is who assumes it")
	}
}
