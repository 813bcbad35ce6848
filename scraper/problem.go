package scraper

import (
	"regexp"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// What things are called in errors.
const (
	resourceType  = "AWS::APS::Scraper"
	workspaceType = "AWS::APS::Workspace"
	clusterType   = "AWS::EKS::Cluster"
)

// The patterns and limits of the service model.
// https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateScraper.html
var (
	namePattern      = regexp.MustCompile(`^[0-9A-Za-z][-.0-9A-Z_a-z]*$`)
	clusterPattern   = regexp.MustCompile(`^arn:aws[-a-z]*:eks:[-a-z0-9]+:[0-9]{12}:cluster/.+$`)
	workspacePattern = regexp.MustCompile(`^arn:aws[-a-z]*:aps:[-a-z0-9]+:[0-9]{12}:workspace/.+$`)
	rolePattern      = regexp.MustCompile(`^arn:aws[-a-z]*:iam::[0-9]{12}:role/.+$`)
	groupPattern     = regexp.MustCompile(`^sg-[0-9a-z]+$`)
	subnetPattern    = regexp.MustCompile(`^subnet-[0-9a-z]+$`)
	looseNetwork     = regexp.MustCompile(`^(sg|subnet)-[-0-9A-Za-z]+$`)
	logGroupPattern  = regexp.MustCompile(`^arn:aws[a-z0-9-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[A-Za-z0-9.\-_#/]{1,512}:\*$`)
)

const (
	maxAlias   = 100
	maxID      = 64
	maxNetwork = 5 // security groups, and subnets
)

func notFound(id string) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: id, Type: resourceType, Msg: "Scraper not found"}
}

func noWorkspace(id string) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: id, Type: workspaceType, Msg: "Workspace not found"}
}

func conflict(id, msg string) error {
	return &hearth.Error{Kind: hearth.Conflict, Resource: id, Type: resourceType, Msg: msg}
}

// problems gathers everything that is wrong with a request, so that the caller
// learns of it in one go.
type problems struct{ hearth.Problems }

func (p *problems) checkAlias(alias *string) {
	if alias != nil && (len(*alias) > maxAlias || !namePattern.MatchString(*alias)) {
		p.Add("alias", "Member must have 1 to %d letters, digits or ._- and begin with a letter or a digit", maxAlias)
	}
}

func (p *problems) checkID(id string) {
	if len(id) > maxID || !namePattern.MatchString(id) {
		p.Add("scraperId", "Member must have 1 to %d letters, digits or ._- and begin with a letter or a digit", maxID)
	}
}

// checkARN takes an ARN of one sort.
func (p *problems) checkARN(member, text string, pattern *regexp.Regexp) hearth.ARN {
	arn, err := hearth.ParseARN(text)
	if err != nil || len(text) > 2048 || !pattern.MatchString(text) {
		p.Add(member, "Member must satisfy regular expression pattern: %s", strings.Trim(pattern.String(), "^$"))
		return hearth.ARN{}
	}
	return arn
}

// checkNetwork takes ids of security groups or subnets. Outside AWS they mean
// nothing, so profile local takes the placeholders that tutorials have.
func (p *problems) checkNetwork(member string, ids []string, need bool, strict bool, pattern *regexp.Regexp) {
	if len(ids) > maxNetwork || need && len(ids) == 0 {
		p.Add(member, "Member must have 1 to %d entries", maxNetwork)
		return
	}
	for _, id := range ids {
		prefix, _, _ := strings.Cut(strings.TrimPrefix(pattern.String(), "^"), "-")
		loose := !strict && looseNetwork.MatchString(id) && strings.HasPrefix(id, prefix+"-")
		if len(id) > 255 || !loose && !pattern.MatchString(id) {
			p.Add(member, "Member must satisfy regular expression pattern: %s", strings.Trim(pattern.String(), "^$"))
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
