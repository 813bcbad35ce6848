package main

import (
	"context"
	"log/slog"

	"k8s.io/klog/v2"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cluster"
)

// quietKubernetes keeps the Kubernetes client's own log, which is the process's and of
// another format, from standard error. What a watch meets, the scrapers' doctor tells.
func quietKubernetes() { klog.SetSlogLogger(slog.New(slog.DiscardHandler)) }

func (p *program) openClusters() (*cluster.Room, error) {
	quietKubernetes()
	keys, err := p.config.keyring()
	if err != nil {
		return nil, err
	}
	sealer, err := keys.Sealer("cluster credentials")
	if err != nil {
		return nil, err
	}
	return cluster.New(cluster.Options{
		Store: p.rooms.store, Sealer: sealer, Dial: p.config.dialer().DialContext, Providers: p.rooms.iam, Scrapers: p,
		Profile: hearth.Profile(p.config.Profile), UserAgent: "hearth/" + version, Recorder: p.rooms.ledger, Log: p.log, Metrics: p.registry,
	}), nil
}

// ScrapersOf tells what collects from a cluster. The clusters are opened before
// the scrapers, so it is asked through the program.
func (p *program) ScrapersOf(ctx context.Context, arn hearth.ARN) ([]string, error) {
	if p.rooms.scrapers == nil {
		return nil, nil
	}
	return p.rooms.scrapers.ScrapersOf(ctx, arn)
}

// RolesOf tells the roles of what collects from a cluster.
func (p *program) RolesOf(ctx context.Context, arn hearth.ARN) ([]hearth.ARN, error) {
	if p.rooms.scrapers == nil {
		return nil, nil
	}
	return p.rooms.scrapers.RolesOf(ctx, arn)
}
