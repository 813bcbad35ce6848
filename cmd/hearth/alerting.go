package main

import (
	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
)

// newAlerting joins the alert managers with what they reach: topics of this
// Hearth, and the network through the guarded dialer.
func (p *program) newAlerting() (*alerting.Room, error) {
	r := &p.rooms
	return alerting.New(alerting.Options{
		Store: r.store, Workspaces: r.workspace, Publisher: r.sns, Dial: p.config.dialer().DialContext,
		ExternalURL: p.url, Profile: hearth.Profile(p.config.Profile),
		Recorder: r.ledger, Log: p.log, Metrics: p.registry,
	})
}
