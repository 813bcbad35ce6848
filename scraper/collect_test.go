package scraper

import (
	"math"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// What a scraper collects is what a Prometheus with the same configuration would
// send: relabelled, with external labels, with up and scrape_….
func TestCollect(t *testing.T) {
	b := newBed(t, nil)
	b.run()
	target := serve(t, "kettle_celsius{room=\"kitchen\"} 93.5\nnoise 1\nowned{cluster=\"mine\"} 2\n")
	d := b.create(`
global:
  scrape_interval: 100ms
  external_labels: {cluster: home, price: "5$HOME"}
scrape_configs:
- job_name: tea
  static_configs:
  - targets: [` + target + `, "10.255.255.1:9"]
    labels: {floor: "1"}
  relabel_configs:
  - source_labels: [__address__]
    regex: 10\..+
    action: drop
  metric_relabel_configs:
  - source_labels: [__name__]
    regex: noise
    action: drop
`)
	if d.Status != hearth.Creating || !idPattern.MatchString(d.ID) || !strings.HasPrefix(d.Role, "arn:aws:iam::000000000000:role/aws-service-role/scraper.aps.amazonaws.com/AWSServiceRoleForAmazonPrometheusScraper_") {
		t.Errorf("created %+v", d)
	}
	b.until("a sample", func() bool {
		return b.into.has(93.5, `__name__="kettle_celsius"`, `cluster="home"`, `floor="1"`, `job="tea"`, `instance="`+target+`"`, `price="5$HOME"`, `room="kitchen"`)
	})
	b.until("up", func() bool {
		return b.into.has(1, `__name__="up"`, `cluster="home"`, `job="tea"`) && b.into.has(3, "scrape_samples_scraped") && b.into.has(2, "scrape_samples_post_metric_relabeling")
	})
	if !b.into.has(2, "owned", `cluster="mine"`) || b.into.has(1, "noise") {
		t.Errorf("samples %v", b.into.names())
	}
	b.until("ACTIVE", func() bool { s, _ := b.status(d.ID); return s == hearth.Active })

	var got JobReport // its numbers come after the samples
	defer func() { t.Logf("the doctor's last word: %+v", got) }()
	b.until("the doctor's numbers", func() bool {
		got = b.doctor(d.ID).Jobs[0]
		return got.Up == 1 && got.Scraped == 3 && got.Relabelled == 2 && got.Accepted == 2
	})
	if got.Discovered != 2 || got.Kept != 1 || len(got.Dropped) != 1 || got.Dropped[0].Rule != 1 || got.Dropped[0].Targets != 1 ||
		got.Dropped[0].Text != `drop [__address__] =~ 10\..+` {
		t.Errorf("diagnosis %+v", got)
	}

	if _, err := b.Delete(b.as(), d.ID, nil); err != nil {
		t.Fatal(err)
	}
	b.until("staleness markers", func() bool {
		return b.into.has(math.NaN(), "kettle_celsius") && b.into.has(math.NaN(), `__name__="up"`)
	})
	if _, err := b.Describe(b.as(), d.ID); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("described after deletion: %v", err)
	}
}
