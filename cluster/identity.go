package cluster

import (
	"context"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// IdentityOf is who a scraper with this role is in the cluster, in the order in
// which EKS asks: the access entry of the role, its line in aws-auth, and, where
// there is neither, CollectorUser (EKS knows nobody then). A zero role is that of a
// scraper that is still to be made, which nothing can have mapped.
// docs/decisions/0066-who-a-scraper-is.md
func (r *Room) IdentityOf(ctx context.Context, cluster, role hearth.ARN) (Identity, error) {
	unknown := Identity{User: CollectorUser}
	if role == (hearth.ARN{}) {
		return unknown, nil
	}
	e, err := r.entryOf(ctx, cluster, role)
	if err != nil {
		return unknown, err
	}
	if e != nil {
		return e.identity(), nil
	}
	all, err := r.recentAWSAuth(ctx, cluster)
	if err != nil {
		return unknown, err
	}
	for i := range all {
		if arn, err := hearth.ParseARN(all[i].ARN); err == nil && sameRole(arn, role) && all[i].Username != "" {
			return all[i].identity(role), nil
		}
	}
	return unknown, nil
}

// maxAsked is how many scrapers of one cluster a check asks about.
const maxAsked = 100

// whoCollects are those that the cluster's scrapers are, each once; without a scraper
// who a new one would be.
func (r *Room) whoCollects(ctx context.Context, cluster hearth.ARN) ([]Identity, error) {
	roles := []hearth.ARN{{}}
	if r.opts.Scrapers != nil {
		found, err := r.opts.Scrapers.RolesOf(ctx, cluster)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			roles = found[:min(len(found), maxAsked)]
		}
	}
	var all []Identity
	for _, role := range roles {
		who, err := r.IdentityOf(ctx, cluster, role)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(have Identity) bool { return have.User == who.User && slices.Equal(have.Groups, who.Groups) }) {
			all = append(all, who)
		}
	}
	return all, nil
}

func (m *Mapping) identity(role hearth.ARN) Identity {
	return Identity{User: expand(m.Username, role), Groups: slices.Clone(m.Groups)}
}

// sameRole compares roles as aws-auth does: without their paths.
func sameRole(a, b hearth.ARN) bool {
	return a.Service == "iam" && b.Service == "iam" && a.Account == b.Account && withoutPath(a.Resource) == withoutPath(b.Resource)
}

// withoutPath turns role/aws-service-role/x/NAME into role/NAME.
func withoutPath(resource string) string {
	kind, rest, _ := strings.Cut(resource, "/")
	return kind + "/" + rest[strings.LastIndexByte(rest, '/')+1:]
}

// scraperSession is the session name that scrapers have.
const scraperSession = "aps-scraper"

// expand fills in the templates of usernames.
// https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
func expand(username string, role hearth.ARN) string {
	return strings.NewReplacer("{{AccountID}}", string(role.Account), "{{SessionName}}", scraperSession, "{{SessionNameRaw}}", scraperSession).Replace(username)
}
