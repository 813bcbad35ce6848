package scraper

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// endless writes until the reader leaves.
func endless(w http.ResponseWriter, line string) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for {
		if _, err := io.WriteString(w, line); err != nil {
			return
		}
	}
}

// bomb is a gzip answer of a gigabyte in a megabyte.
func bomb(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	zeros := strings.Repeat("#", 1<<20)
	for range 1 << 10 {
		if _, err := io.WriteString(z, zeros); err != nil {
			return
		}
	}
	_ = z.Close()
}

// Targets that misbehave are bounded and told apart by the doctor, and one that
// does not goes on being scraped all the while.
func TestChaos(t *testing.T) {
	metadata := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://169.254.169.254/latest/meta-data/")
		w.WriteHeader(http.StatusFound)
	}
	var many strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&many, "a{n=\"%d\"} 1\n", i)
	}
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = io.WriteString(w, body)
		}
	}
	cases := []struct {
		name    string
		h       http.HandlerFunc
		extra   string // of the job
		address string // in place of h's
		want    string // in the target's error
	}{
		{"endless", func(w http.ResponseWriter, _ *http.Request) { endless(w, "a 1\n") }, "  body_size_limit: 1MB\n", "", "body size limit exceeded"},
		{"endless line", func(w http.ResponseWriter, _ *http.Request) { endless(w, strings.Repeat("a", 64<<10)) }, "  body_size_limit: 1MB\n", "", "body size limit exceeded"},
		{"gzip bomb", func(w http.ResponseWriter, _ *http.Request) { bomb(w) }, "  body_size_limit: 1MB\n", "", "body size limit exceeded"},
		{"dripping", func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
					_, _ = io.WriteString(w, "#")
					w.(http.Flusher).Flush()
				}
			}
		}, "", "", "deadline exceeded"},
		{"silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "", "", "deadline exceeded"},
		{"a hundred thousand label sets", text(many.String()), "  sample_limit: 2000\n", "", "sample limit exceeded"},
		{"invalid UTF-8", text("a{b=\"\xff\xfe\"} 1\n"), "", "", "invalid"},
		{"no text at all", text("<html>\n"), "", "", "expected"},
		{"redirect to metadata", metadata, "", "", "connections to 169.254.169.254 are never made"},
		{"link-local", nil, "", "169.254.169.254:80", "connections to 169.254.169.254 are never made"},
		{"link-local by name", nil, "  scheme: https\n", "[fe80::1]:443", "never made"},
		{"too many labels", text("a{" + strings.Repeat("b=\"1\",", 1) + "c=\"2\",d=\"3\"} 1\n"), "  label_limit: 2\n", "", "label_limit exceeded"},
	}
	b := newBed(t, func(o *Options) { o.Dial = guardedDial })
	b.run()
	good := serve(t, "kettle_celsius 93.5\n")
	var conf strings.Builder
	fmt.Fprintf(&conf, "global: {scrape_interval: 3s, scrape_timeout: 2500ms}\nscrape_configs:\n- job_name: good\n  static_configs: [{targets: [%s]}]\n", good)
	for i, c := range cases {
		address := c.address
		if c.h != nil {
			address = handle(t, c.h)
		}
		fmt.Fprintf(&conf, "- job_name: bad-%d\n%s  static_configs: [{targets: [%q]}]\n", i, c.extra, address)
	}
	d := b.create(conf.String())
	waiting := ""
	defer func() { t.Log("the last waited for:", waiting) }()
	b.until("every target has been scraped", func() bool {
		jobs := b.doctor(d.ID).Jobs
		for _, j := range jobs {
			if j.Up+j.Down == 0 {
				waiting = j.Job
				return false
			}
		}
		return len(jobs) == len(cases)+1
	})
	for i, c := range cases { // a scrape may also have been too slow, on a busy machine
		waiting = c.name
		b.until(fmt.Sprintf("%s: the doctor says %q", c.name, c.want), func() bool {
			j := b.doctor(d.ID).Jobs[i+1]
			return j.Down == 1 && len(j.Targets) == 1 && strings.Contains(j.Targets[0].Error, c.want)
		})
	}
	waiting = "good"
	b.until("the good target", func() bool { j := b.doctor(d.ID).Jobs[0]; return j.Up == 1 && j.Accepted == 1 })
	if s, why := b.status(d.ID); s != hearth.Active {
		t.Errorf("status %s %s", s, why)
	}
	var told bool
	b.mu.Lock()
	for _, e := range b.events {
		told = told || e.Kind == hearth.EventScrape && e.Summary == scrapeFailedText && e.Detail(hearth.DetailComponent) == Collector && e.Detail(hearth.DetailError) != ""
	}
	b.mu.Unlock()
	if !told {
		t.Error("the ledger knows of no failed scrape")
	}
	ended := make(chan struct{})
	go func() { b.end(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("the room does not end")
	}
}

// guardedDial is a small copy of the program's guard: loopback is allowed, metadata
// and link-local addresses never are.
func guardedDial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLinkLocalUnicast() {
		return nil, fmt.Errorf("egress: connections to %s are never made", ip)
	}
	return plainDial(ctx, network, address)
}

// A sample's own time far from now, and the same series twice, cost that sample
// only.
func TestSkewAndDuplicates(t *testing.T) {
	b := newBed(t, nil)
	b.run()
	target := serve(t, "a 1\na 2\nold 3 1000\nnew 4\n")
	d := b.create("scrape_configs:\n- job_name: j\n  scrape_interval: 200ms\n  static_configs: [{targets: [" + target + "]}]\n")
	b.until("samples", func() bool { return b.into.has(4, "new") })
	b.until("up", func() bool { return b.into.has(1, `__name__="up"`) })
	var j JobReport // which comes after the samples
	defer func() { t.Logf("the doctor's last word: %+v", j) }()
	b.until("the doctor's word", func() bool { j = b.doctor(d.ID).Jobs[0]; return j.Up == 1 && j.Scraped == 4 })
}

// Relabelling can neither make a target be scraped every millisecond nor through a
// socket of this machine.
func TestRelabelledBounds(t *testing.T) {
	b := newBed(t, nil)
	b.run()
	target := serve(t, "a 1\n")
	rules := map[string]string{"__scrape_interval__": "1ms", "__unix_socket__": "/var/run/docker.sock"}
	for label, value := range rules {
		d := b.create("scrape_configs:\n- job_name: j\n  scrape_interval: 200ms\n  static_configs: [{targets: [" + target + "]}]\n" +
			"  relabel_configs:\n  - {target_label: " + label + ", replacement: " + value + "}\n")
		b.until("the doctor sees it", func() bool {
			jobs := b.doctor(d.ID).Jobs
			return len(jobs) == 1 && jobs[0].Discovered == 1
		})
		if j := b.doctor(d.ID).Jobs[0]; j.Kept != 0 || j.Invalid != 1 || j.Why == "" {
			t.Errorf("%s: %+v", label, j)
		}
	}
}
