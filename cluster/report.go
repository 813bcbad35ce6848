package cluster

import (
	"context"
	"errors"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/hearth-metrics/hearth"
)

// serverTime is what an API server takes for the time; zero if it did not say.
type serverTime time.Time

// skew is how far the API server's clock is ahead. Its header has whole seconds.
func (t serverTime) skew(now time.Time) time.Duration {
	if time.Time(t).IsZero() {
		return 0
	}
	d := time.Time(t).Sub(now)
	if d > -2*time.Second && d < 2*time.Second {
		return 0
	}
	return d.Round(time.Second)
}

// A Report is what was found when a cluster was last asked. Each text is empty if
// all is well.
type Report struct {
	At           time.Time
	Trouble      string              // why the API server was not reached, or does not take the credentials
	Version      string              // v1.35.3
	Issuer       string              // of service accounts' tokens
	NoIssuer     string              // why it is not known
	NotPinned    string              // why the identity provider has not the cluster's keys
	Skew         time.Duration       // the API server's clock minus ours, if that is more than two seconds
	Who          Identity            // a scraper's, of which the next two tell: the first that lacks something, if any does
	NoActing     string              // why that user cannot be impersonated
	Gaps         []rbacv1.PolicyRule // what that user may not do
	AWSAuth      []Mapping
	NoAWSAuth    string // why it cannot be read
	Impersonator string // who the kubeconfig's own user is, if it cannot impersonate
	Unverified   bool   // the API server's certificate is not verified
}

// Healthy tells whether a scraper can work.
func (p *Report) Healthy() bool { return p.Trouble == "" && p.NoActing == "" && len(p.Gaps) == 0 }

// message is what a caller is told of err.
func message(err error) string {
	e, ok := errors.AsType[*hearth.Error](err)
	if !ok {
		return "something went wrong here: the log has it"
	}
	return e.Msg
}

// Check asks a cluster of the caller everything that collecting from it depends
// on.
func (r *Room) Check(ctx context.Context, name string) (*Report, error) {
	c, err := r.Cluster(ctx, ARN(hearth.CallerFrom(ctx), name))
	if err != nil {
		return nil, err
	}
	p := r.examine(ctx, c)
	return p, ctx.Err()
}

// examine asks, remembers and stores what it learns.
func (r *Room) examine(ctx context.Context, c *Cluster) *Report {
	p := &Report{At: r.opts.Now().UTC(), Issuer: c.Issuer}
	arn := c.ARN()
	w, err := r.wire(ctx, arn, Identity{})
	if err == nil {
		err = r.meet(ctx, c, w, p)
	}
	if err != nil {
		p.Trouble = r.tell(c, err)
	} else {
		r.trust(ctx, c, w, p)
		if p.AWSAuth, err = r.AWSAuth(ctx, arn); err != nil {
			p.NoAWSAuth = r.tell(c, err)
		}
		if err = r.mayCollect(ctx, arn, p); err != nil {
			p.NoActing, p.Impersonator = r.tell(c, err), w.self(ctx)
		}
	}
	if ctx.Err() == nil {
		r.remember(arn, p)
	}
	return p
}

// mayCollect asks about each of those that the cluster's scrapers are, until one lacks
// something.
func (r *Room) mayCollect(ctx context.Context, arn hearth.ARN, p *Report) error {
	p.Who = Identity{User: CollectorUser}
	all, err := r.whoCollects(ctx, arn)
	if err != nil && p.NoAWSAuth == "" {
		return err
	}
	if err != nil { // an aws-auth that is told of already
		all = []Identity{p.Who}
	}
	p.Who = all[0]
	for _, who := range all {
		gaps, err := r.GapsOf(ctx, arn, who, CollectorRules())
		if err != nil || len(gaps) > 0 {
			p.Who, p.Gaps = who, gaps
			return err
		}
	}
	return nil
}

// meet learns the version, the clock and the issuer.
func (r *Room) meet(ctx context.Context, c *Cluster, w *wire, p *Report) error {
	whole, short, at, err := w.version(ctx)
	if err != nil {
		return err
	}
	p.Version, p.Skew = whole, at.skew(r.opts.Now())
	p.Unverified = r.unverified(ctx, c)
	issuer := c.Issuer
	if !c.Given {
		found, err := w.issuer(ctx)
		if err != nil {
			p.NoIssuer = r.tell(c, err)
		} else {
			issuer = found
		}
	}
	if c.Pinned && c.Issuer != "" && issuer != c.Issuer {
		p.NoIssuer = "The API server's issuer is now " + issuer + ": hearth cluster update " + c.Name + " --oidc-provider makes an identity provider for it"
		issuer = c.Issuer
	}
	p.Issuer = issuer
	if c.Reached && c.Version == short && c.Issuer == issuer {
		return nil
	}
	fresh, err := r.change(ctx, c.ARN(), func(now *Cluster) error {
		now.Reached, now.Version, now.Issuer = true, short, issuer
		return nil
	})
	if err == nil {
		*c = *fresh
	}
	return err
}

func (r *Room) unverified(ctx context.Context, c *Cluster) bool {
	l, err := r.link(ctx, c.ARN())
	return err == nil && l.access.Insecure
}

// trust lets the identity provider follow the cluster's keys.
func (r *Room) trust(ctx context.Context, c *Cluster, w *wire, p *Report) {
	if !c.Pinned {
		return
	}
	if err := r.pin(ctx, c, w); err != nil {
		p.NotPinned = r.tell(c, err)
	}
}

// tell logs what only the operator may know, and returns what the owner may.
func (r *Room) tell(c *Cluster, err error) string {
	if hearth.KindOf(err) == hearth.Internal {
		r.opts.Log.Error("cluster not examined", "cluster", c.ARN().String(), "err", err)
	}
	return strings.TrimSuffix(message(err), ".")
}

func (r *Room) remember(arn hearth.ARN, p *Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[arn] = p
}

// LastReport is the newest one; nil if the cluster was not asked since the start.
func (r *Room) LastReport(arn hearth.ARN) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[arn]
}

// ScrapersOf are the scrapers that collect from a cluster.
func (r *Room) ScrapersOf(ctx context.Context, arn hearth.ARN) ([]string, error) {
	if r.opts.Scrapers == nil {
		return nil, nil
	}
	return r.opts.Scrapers.ScrapersOf(ctx, arn)
}
