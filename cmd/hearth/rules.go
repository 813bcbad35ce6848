package main

import (
	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/rules"
)

// newRules joins the rules with what they read, write and tell.
func (p *program) newRules() *rules.Room {
	r := &p.rooms
	return rules.New(rules.Options{
		Store: r.store, Workspaces: r.workspace, Query: r.query, Append: r.ingest, Engine: r.engine,
		Notify: r.alerting, Profile: hearth.Profile(p.config.Profile), ExternalURL: p.url,
		Recorder: r.ledger, Tally: r.tally, Log: p.log, Metrics: p.registry,
	})
}
