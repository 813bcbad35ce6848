package scraper

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"github.com/hearth-metrics/hearth"
)

// A feed that its last reader left is not started again by a look into the cluster
// that was under way.
func TestFeedWithoutReadersStaysEnded(t *testing.T) {
	b := newBed(t, nil)
	cw := &clusterWatch{watches: b.watches, feeds: map[string]*feed{}, kick: make(chan struct{}, 1)}
	f := cw.feed(feedSpec{Role: "pod"})
	cw.feed(feedSpec{Role: "pod"})
	cw.release(f)
	if len(cw.feeds) != 1 {
		t.Error("a feed with a reader has ended")
	}
	cw.release(f)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var running sync.WaitGroup
	f.tend(ctx, &running, probed{looked: true}, &rest.Config{Host: "http://127.0.0.1:1"})
	running.Wait()
	if f.config != nil || f.run != 0 || len(cw.feeds) != 0 {
		t.Errorf("it runs again: %d starts", f.run)
	}
}

// Pools of targets that are scraped once a year do not outlive their scraper by years.
func TestDrainTime(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{
		30 * time.Second: 68 * time.Second, time.Minute: 134 * time.Second, time.Hour: longestDrain, 365 * 24 * time.Hour: longestDrain, 1<<63 - 1: longestDrain,
	} {
		if got := drainTime(interval); got != want {
			t.Errorf("%s: %s, want %s", interval, got, want)
		}
	}
}

// A fog is a cluster that does not say who anybody is.
type fog struct{ asked bool }

func (*fog) Identity(context.Context, hearth.ARN, hearth.ARN) (Identity, error) {
	return Identity{User: "somebody"}, &hearth.Error{Kind: hearth.Unavailable, Msg: "aws-auth cannot be read"}
}

func (f *fog) Collector(context.Context, hearth.ARN, Identity) (*rest.Config, error) {
	f.asked = true
	return nil, errors.New("asked as somebody else")
}

func (f *fog) Gaps(context.Context, hearth.ARN, Identity, []rbacv1.PolicyRule) ([]rbacv1.PolicyRule, error) {
	f.asked = true
	return nil, errors.New("asked as somebody else")
}

// A preview looks into a cluster as who the scraper would be, or not at all.
func TestPreviewAsNobodyElse(t *testing.T) {
	f := &fog{}
	b := newBed(t, func(o *Options) { o.Clusters = f })
	ctx := hearth.WithCaller(t.Context(), hearth.Caller{Account: kitchen.Account, Region: kitchen.Region})
	arn := "arn:aws:eks:" + string(kitchen.Region) + ":" + string(kitchen.Account) + ":cluster/c"
	const text = "scrape_configs:\n- {job_name: pods, kubernetes_sd_configs: [{role: pod}]}\n- {job_name: s, static_configs: [{targets: [\"127.0.0.1:1\"]}]}\n"
	out, err := b.Preview(ctx, []byte(text), Source{EKS: &EKSSource{Cluster: arn}}, "")
	if err != nil || out.Trouble == "" || f.asked || len(out.Jobs) != 2 || out.Jobs[0].Discovered != 0 || out.Jobs[1].Discovered != 1 {
		t.Errorf("%+v, %v, asked %t", out, err, f.asked)
	}
}
