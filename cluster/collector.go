package cluster

import (
	"context"

	"k8s.io/client-go/rest"

	"github.com/hearth-metrics/hearth"
)

// CollectorUser is who a scraper is in a cluster that does not say otherwise.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-how-to.html
const CollectorUser = "aps-collector-user"

// CollectorBeing returns how to reach the cluster's API server as somebody (see
// IdentityOf), through the guarded dialer. Nobody is CollectorUser. NotFound if no
// cluster has the ARN, Unavailable if it has no kubeconfig.
//
// The configuration holds no secret: its transport adds the credentials, those of
// the kubeconfig that the cluster has at that moment. It may be kept for as long
// as it is wanted. Who it is for is fixed, so that what is kept for one identity never
// becomes another's.
func (r *Room) CollectorBeing(ctx context.Context, cluster hearth.ARN, who Identity) (*rest.Config, error) {
	if who.User == "" {
		who = Identity{User: CollectorUser}
	}
	l, err := r.link(ctx, cluster)
	if err != nil {
		return nil, err
	}
	w := &way{room: r, arn: cluster, from: l.server, as: who}
	return &rest.Config{Host: l.server.String(), UserAgent: r.opts.UserAgent, Transport: w, QPS: -1}, nil
}
