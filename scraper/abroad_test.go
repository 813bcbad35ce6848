package scraper

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// A gate is what another account's roles say: no, until it is open.
type gate struct {
	open  atomic.Bool
	asked atomic.Pointer[Roles]
}

func (g *gate) MayCollect(_ context.Context, _ hearth.ARN, roles Roles, _ hearth.Workspace) error {
	g.asked.Store(&roles)
	if g.open.Load() {
		return nil
	}
	return &hearth.Error{Kind: hearth.Denied, Msg: "roleConfiguration.sourceRoleArn: the gate is shut"}
}

// A cluster of another account is collected from by a source role of that account, as
// long as it lets the scraper in; nobody else learns whether it is there.
func TestClusterOfAnotherAccount(t *testing.T) {
	g := new(gate)
	hs := harbours{"harbour": newHarbour(t, 2)}
	b := newBed(t, func(o *Options) { o.Clusters, o.Roles = hs, g })
	b.run()
	const role = "arn:aws:iam::111111111111:role/source"
	in := CreateInput{Configuration: []byte("scrape_configs:\n- job_name: pods\n  kubernetes_sd_configs: [{role: pod}]\n"), Destination: kitchen.ARN().String(),
		Source: &Source{EKS: &EKSSource{Cluster: "arn:aws:eks:eu-west-1:111111111111:cluster/harbour"}}}
	if _, err := b.Create(b.as(), in); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("without a role: %v", err)
	}
	in.Roles = &Roles{Source: role}
	d, err := b.Create(b.as(), in)
	if err != nil {
		t.Fatal(err)
	}
	b.until("what it waits for", func() bool {
		s, why := b.status(d.ID)
		return s == hearth.Creating && why == "roleConfiguration.sourceRoleArn: the gate is shut"
	})
	if n := len(hs["harbour"].underWay()); n != 0 || g.asked.Load().Source != role {
		t.Errorf("%d watches behind a shut gate; asked about %+v", n, g.asked.Load())
	}
	g.open.Store(true)
	b.until("ACTIVE", func() bool { s, _ := b.status(d.ID); return s == hearth.Active })
	b.until("its pods", func() bool { j := b.doctor(d.ID).Jobs; return len(j) == 1 && j[0].Discovered == 2 })

	in.Roles = &Roles{Source: "arn:aws:iam::222222222222:role/source"}
	stranger, err := b.Create(b.as(), in)
	if err != nil {
		t.Fatal(err)
	}
	b.until("a role of neither account opens nothing", func() bool {
		_, why := b.status(stranger.ID)
		return strings.HasPrefix(why, "No cluster with this ARN is registered")
	})
	g.open.Store(false)
	b.until("a gate that shuts", func() bool {
		s, why := b.status(d.ID)
		return s == updateFailed && strings.Contains(why, "the gate is shut")
	})
	b.until("no targets", func() bool { return len(b.doctor(d.ID).Jobs) == 0 })
}
