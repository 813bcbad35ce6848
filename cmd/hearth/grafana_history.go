package main

import (
	"context"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/ledger"
)

// grafanaHistory is the ledger's part about a Grafana workspace's alerts.
type grafanaHistory struct {
	p      *program
	topics alertTopics
}

// Events are the newest of a kind.
func (g grafanaHistory) Events(ctx context.Context, w hearth.GrafanaWorkspace, kind hearth.EventKind, limit int) ([]hearth.Event, error) {
	return g.p.rooms.ledger.Find(ctx, ledger.Query{Account: w.Account, Workspace: hearth.WorkspaceID(w.ID), Kind: kind, Limit: limit})
}

// Again publishes what was sent as a message to the topic it went to.
func (g grafanaHistory) Again(ctx context.Context, w hearth.GrafanaWorkspace, message string) (string, error) {
	subject, payload, err := g.sent(ctx, w, message)
	if err != nil {
		return "", err
	}
	published, err := g.p.rooms.ledger.Find(ctx, ledger.Query{Account: w.Account, RequestID: hearth.RequestID(message), Limit: 50})
	if err != nil {
		return "", err
	}
	for _, e := range published {
		if topic := detailIn(e, hearth.DetailTopic); topic != "" {
			return g.topics.Publish(ctx, asPlace(w), topic, subject, payload, nil)
		}
	}
	return "", &hearth.Error{Kind: hearth.NotFound, Msg: "The ledger no longer knows which topic the message was published to."}
}

// sent is what the workspace's alert manager sent as the message.
func (g grafanaHistory) sent(ctx context.Context, w hearth.GrafanaWorkspace, message string) (subject, payload string, err error) {
	all, err := g.Events(ctx, w, hearth.EventNotification, 1000)
	if err != nil {
		return "", "", err
	}
	for _, e := range all {
		switch payload = detailIn(e, hearth.DetailPayload); {
		case detailIn(e, hearth.DetailMessage) != message || payload == "":
		case strings.HasSuffix(payload, "…"):
			return "", "", &hearth.Error{Kind: hearth.Invalid, Msg: "What was sent is too long to be kept whole, so that it cannot be sent again as it was."}
		default:
			return detailIn(e, hearth.DetailSubject), payload, nil
		}
	}
	return "", "", &hearth.Error{Kind: hearth.NotFound, Msg: "The ledger has no notification of this Grafana workspace with this message id."}
}

func detailIn(e hearth.Event, name string) string {
	for _, d := range e.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}
