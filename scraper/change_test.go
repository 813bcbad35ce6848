package scraper

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A change keeps the loops of targets it does not touch, starts and ends the
// others, and marks the series of those that went.
func TestUpdateKeepsTargets(t *testing.T) {
	b := newBed(t, nil)
	b.run()
	var conns atomic.Int64
	stays := handle(t, func(w http.ResponseWriter, r *http.Request) {
		conns.Add(1)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte("stays 1\n"))
	})
	goes, comes := serve(t, "goes 2\n"), serve(t, "comes 3\n")
	text := func(jobs ...string) string {
		s := "scrape_configs:\n"
		for i := 0; i < len(jobs); i += 2 {
			s += "- job_name: " + jobs[i] + "\n  scrape_interval: 200ms\n  static_configs: [{targets: [" + jobs[i+1] + "]}]\n"
		}
		return s
	}
	d := b.create(text("stays", stays, "goes", goes))
	b.until("both", func() bool { return b.into.has(1, "stays") && b.into.has(2, `"goes"`) })
	b.until("ACTIVE", func() bool { s, _ := b.status(d.ID); return s == hearth.Active })
	b.Room.mu.Lock()
	c := b.collectors[keyOf(account, region, d.ID)]
	b.Room.mu.Unlock()
	c.mu.Lock()
	was := c.pools.of("stays", false)
	c.mu.Unlock()
	before := c.scrapes.TargetsActive()[was][0]

	u, err := b.Update(b.as(), UpdateInput{ID: d.ID, Configuration: []byte(text("comes", comes, "stays", stays))})
	if err != nil || u.Status != hearth.Updating {
		t.Fatalf("%+v %v", u, err)
	}
	b.until("the new one", func() bool { return b.into.has(3, `"comes"`) })
	b.until("the old one stale", func() bool {
		return b.into.has(math.NaN(), `__name__="goes"`) && b.into.has(math.NaN(), `__name__="up"`, `job="goes"`)
	})
	b.until("ACTIVE", func() bool { s, _ := b.status(d.ID); return s == hearth.Active })
	c.mu.Lock()
	slot := c.pools.of("stays", false)
	c.mu.Unlock()
	if after := c.scrapes.TargetsActive()[slot][0]; after != before {
		t.Error("the target that stays has a new loop")
	}
	b.until("the pool is forgotten", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.pools.slots) == 2 && len(c.pools.retired) == 0
	})
}

// A workspace that goes takes its scraper's samples nowhere, and says so; one that
// comes back has it resume.
func TestWorkspaceGone(t *testing.T) {
	b := newBed(t, nil)
	b.run()
	d := b.create("scrape_configs:\n- job_name: j\n  scrape_interval: 200ms\n  static_configs: [{targets: [" + serve(t, "a 1\n") + "]}]\n")
	b.until("ACTIVE", func() bool { s, _ := b.status(d.ID); return s == hearth.Active })
	b.mu.Lock()
	delete(b.all, kitchen.ID)
	b.mu.Unlock()
	b.until("a reason", func() bool {
		s, why := b.status(d.ID)
		return s == updateFailed && strings.Contains(why, "Workspace not found")
	})
	b.mu.Lock()
	b.all[kitchen.ID] = kitchen
	b.mu.Unlock()
	b.until("ACTIVE again", func() bool { s, _ := b.status(d.ID); return s == hearth.Active })
	b.until("scraped again", func() bool { j := b.doctor(d.ID).Jobs; return len(j) == 1 && j[0].Up == 1 })
}

// A room that begins anew on the same store goes on where the old one was.
func TestRestart(t *testing.T) {
	b := newBed(t, nil)
	b.run()
	d := b.create("scrape_configs:\n- job_name: j\n  scrape_interval: 1s\n  static_configs: [{targets: [" + serve(t, "a 1\n") + "]}]\n")
	b.until("ACTIVE", func() bool { s, _ := b.status(d.ID); return s == hearth.Active })
	b.until("a sample", func() bool { return b.into.has(1, `__name__="a"`) })
	b.end()
	if b.into.has(math.NaN(), `__name__="a"`) {
		t.Error("a shutdown marked series stale")
	}
	b.into.mu.Lock()
	b.into.seen = map[string]float64{}
	b.into.mu.Unlock()
	again := New(b.opts)
	again.tick, again.floor = b.tick, b.floor
	b.Room = again
	began := time.Now()
	b.run()
	b.until("a sample again", func() bool { return b.into.has(1, `__name__="a"`) })
	if took := time.Since(began); took > 20*time.Second { // an interval, and a busy machine
		t.Errorf("resumed after %s", took)
	}
}

// A scrape that a shutdown interrupts says nothing: not that its target is down.
func TestShutdownWithinAScrape(t *testing.T) {
	b := newBed(t, nil)
	b.run()
	asked := make(chan struct{}, 1)
	target := handle(t, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})
	b.create("scrape_configs:\n- job_name: j\n  scrape_interval: 10s\n  static_configs: [{targets: [" + target + "]}]\n")
	<-asked
	b.end()
	if all := b.into.names(); len(all) > 0 {
		t.Errorf("samples %v", all)
	}
}

// Who asks for another account's or region's scraper, or for one that is none,
// learns nothing.
func TestForeignScraper(t *testing.T) {
	b := newBed(t, nil)
	d := b.create("scrape_configs: [{job_name: j}]\n")
	for _, c := range []hearth.Caller{{Account: "111111111111", Region: region}, {Account: account, Region: "us-east-1"}} {
		ctx := hearth.WithCaller(t.Context(), c)
		_, err1 := b.Describe(ctx, d.ID)
		_, err2 := b.Update(ctx, UpdateInput{ID: d.ID})
		_, err3 := b.Delete(ctx, d.ID, nil)
		_, err4 := b.Doctor(ctx, d.ID)
		_, err5 := b.Tags(ctx, d.ARN)
		for i, err := range []error{err1, err2, err3, err4, err5} {
			if hearth.KindOf(err) != hearth.NotFound {
				t.Errorf("%d: %v", i, err)
			}
		}
		page, err := b.List(ctx, ListInput{})
		if err != nil || len(page.Scrapers) != 0 {
			t.Errorf("%+v %v", page, err)
		}
	}
}

// Who copies a tutorial's ARNs, with its region, is told so, and nothing is changed.
func TestAnotherRegion(t *testing.T) {
	b := newBed(t, nil)
	away := strings.Replace(kitchen.ARN().String(), "eu-west-1", "us-west-2", 1)
	_, err := b.Create(b.as(), CreateInput{Configuration: []byte("scrape_configs: [{job_name: j}]\n"), Destination: away,
		Source: &Source{EKS: &EKSSource{Cluster: "arn:aws:eks:us-west-2:000000000000:cluster/c"}}})
	e, ok := errors.AsType[*hearth.Error](err)
	if !ok || e.Kind != hearth.Invalid || len(e.Fields) != 2 || !strings.Contains(e.Fields[0].Msg, "names region us-west-2, and the request is for eu-west-1") {
		t.Errorf("create: %v", err)
	}
	d := b.create("scrape_configs: [{job_name: j}]\n")
	if _, err := b.Update(b.as(), UpdateInput{ID: d.ID, Destination: &away}); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("update: %v", err)
	}
	if now, err := b.Describe(b.as(), d.ID); err != nil || now.Destination != kitchen.ARN().String() {
		t.Errorf("%+v %v", now, err)
	}
}

// Ten scrapers a region in profile aws-strict, and pages that leave nothing out.
func TestQuotaAndPages(t *testing.T) {
	b := newBed(t, func(o *Options) { o.Profile = hearth.AWSStrict })
	in := CreateInput{Configuration: []byte("scrape_configs: [{job_name: j}]\n"), Destination: kitchen.ARN().String(),
		Source: &Source{VPC: &VPCSource{SecurityGroups: []string{"sg-1"}, Subnets: []string{"subnet-1"}}}}
	made := map[string]bool{}
	for range maxScrapersAWS {
		d, err := b.Create(b.as(), in)
		if err != nil {
			t.Fatal(err)
		}
		made[d.ID] = true
	}
	if _, err := b.Create(b.as(), in); hearth.KindOf(err) != hearth.Quota {
		t.Errorf("the eleventh: %v", err)
	}
	size := 3
	var token *string
	for pages := 0; ; pages++ {
		page, err := b.List(b.as(), ListInput{MaxResults: &size, NextToken: token})
		if err != nil || pages > 4 {
			t.Fatalf("page %d: %v", pages, err)
		}
		for _, d := range page.Scrapers {
			if !made[d.ID] {
				t.Errorf("%s twice, or never made", d.ID)
			}
			delete(made, d.ID)
		}
		if page.NextToken == "" {
			break
		}
		token = &page.NextToken
	}
	if len(made) != 0 {
		t.Errorf("left out: %v", made)
	}
}
