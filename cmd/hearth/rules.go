package main

import (
	"net/url"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/rules"
)

// newRules joins the rules with what they read, write and tell.
func (p *program) newRules() *rules.Room {
	r := &p.rooms
	return rules.New(rules.Options{
		Store: r.store, Workspaces: r.workspace, Query: r.query, Append: r.ingest, Engine: r.engine,
		Notify: r.alerting, Profile: hearth.Profile(p.config.Profile), ExternalURL: p.url, Link: p.expressionLink,
		Recorder: r.ledger, Log: p.log, Metrics: p.registry,
	})
}

// expressionLink is where the recent values of an expression are.
func (p *program) expressionLink(ws hearth.Workspace, expr string, at time.Time) string {
	q := url.Values{
		"query": {expr}, "step": {"30"},
		"start": {hearth.DetailTime(at.Add(-time.Hour))}, "end": {hearth.DetailTime(at)},
	}
	return p.url + "/workspaces/" + string(ws.ID) + "/api/v1/query_range?" + q.Encode()
}
