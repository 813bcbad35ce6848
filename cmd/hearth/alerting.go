package main

import (
	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
)

// newAlerting joins the alert managers with what they reach: topics of this
// Hearth, and the network through the guarded dialer.
func (p *program) newAlerting() (*alerting.Room, error) {
	r := &p.rooms
	keys, err := p.config.keyring()
	if err != nil {
		return nil, err
	}
	sealer, err := keys.Sealer("alert manager definition")
	if err != nil {
		return nil, err
	}
	return alerting.New(alerting.Options{
		Store: r.store, Sealer: sealer, Workspaces: alertingPlaces{p}, Publisher: alertTopics{p, &grafanaRoles{iam: r.iam}}, Dial: p.config.dialer().DialContext,
		ExternalURL: p.url, Profile: hearth.Profile(p.config.Profile),
		Recorder: r.ledger, Tally: r.tally, Log: p.log, Metrics: p.registry,
	})
}
