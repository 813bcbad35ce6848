package main

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cluster"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/scraper"
)

// newScrapers joins the scrapers with what they read and where they write.
func (p *program) newScrapers() (*scraper.Room, error) {
	r := &p.rooms
	keys, err := p.config.keyring()
	if err != nil {
		return nil, err
	}
	sealer, err := keys.Sealer("scrape configurations")
	if err != nil {
		return nil, err
	}
	return scraper.New(scraper.Options{
		Store: r.store, Workspaces: r.workspace, Append: r.ingest, Samples: r.engine, Sealer: sealer, Clusters: scraperClusters{r.clusters}, Roles: scraperRoles{r.iam},
		Profile: hearth.Profile(p.config.Profile), Dial: p.config.dialer().DialContext,
		Recorder: r.ledger, Log: p.log, Metrics: p.registry,
	}), nil
}

// scraperClusters shows the clusters as scrapers see them.
type scraperClusters struct{ clusters *cluster.Room }

// Identity is who a scraper with a role is.
func (s scraperClusters) Identity(ctx context.Context, arn, role hearth.ARN) (scraper.Identity, error) {
	who, err := s.clusters.IdentityOf(ctx, arn, role)
	return scraper.Identity(who), err
}

// Collector is the way to a cluster's API server.
func (s scraperClusters) Collector(ctx context.Context, arn hearth.ARN, who scraper.Identity) (*rest.Config, error) {
	return s.clusters.CollectorBeing(ctx, arn, cluster.Identity(who))
}

// Gaps is what somebody may not do.
func (s scraperClusters) Gaps(ctx context.Context, arn hearth.ARN, who scraper.Identity, needs []rbacv1.PolicyRule) ([]rbacv1.PolicyRule, error) {
	return s.clusters.GapsOf(ctx, arn, cluster.Identity(who), needs)
}

// scraperRoles asks the accounts about scrapers' roles.
type scraperRoles struct{ iam *iam.Room }

// MayCollect asks about the roles of one scraper.
func (s scraperRoles) MayCollect(ctx context.Context, id hearth.ARN, roles scraper.Roles, ws hearth.Workspace) error {
	source, err := hearth.ParseARN(roles.Source)
	if err != nil {
		return err
	}
	var target hearth.ARN
	if roles.Target != "" {
		if target, err = hearth.ParseARN(roles.Target); err != nil {
			return err
		}
	}
	return s.iam.MayCollect(ctx, id, source, target, ws)
}
