package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	scrapedSeries   = 200 // of a target
	scrapeEverySecs = 15
)

// farm is many scrape targets behind one address, and a discovery of them.
type farm struct {
	address string
	targets int
	served  atomic.Int64 // scrapes
	page    []byte
	groups  []byte
}

// newFarm listens until ctx ends.
func newFarm(ctx context.Context, targets int) (*farm, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &farm{address: l.Addr().String(), targets: targets}
	var page strings.Builder
	for i := range scrapedSeries {
		fmt.Fprintf(&page, "http_requests_total{method=\"GET\",code=\"200\",handler=\"/api/v1/things/%d\"} %d\n", i, 1_000_000+i)
	}
	f.page = []byte(page.String())
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	groups := make([]group, targets)
	for i := range groups {
		groups[i] = group{[]string{f.address}, map[string]string{"instance": "host-" + strconv.Itoa(i) + ":9100", "__metrics_path__": "/t/" + strconv.Itoa(i)}}
	}
	if f.groups, err = json.Marshal(groups); err != nil {
		return nil, err
	}
	s := &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	go func() { _ = s.Serve(l) }()
	return f, nil
}

func (f *farm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/discover" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(f.groups)
		return
	}
	f.served.Add(1)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = w.Write(f.page)
}

// configuration is the same for both peers.
func (f *farm) configuration() string {
	return fmt.Sprintf("global: {scrape_interval: %ds}\nscrape_configs:\n- job_name: bench\n  http_sd_configs: [{url: 'http://%s/discover', refresh_interval: 10m}]\n", scrapeEverySecs, f.address)
}

// scraped measures what many targets cost, once each has been scraped.
func (b *bench) scraped(ctx context.Context, p *peer) (figures, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f, err := newFarm(ctx, b.scrapeTargets)
	if err != nil {
		return nil, err
	}
	if p == b.prometheus {
		p = agent(p, f)
	}
	s, path, err := b.begin(ctx, p)
	if err != nil {
		return nil, err
	}
	defer b.discard(s)
	if p == b.hearth {
		if err := s.createScraper(ctx, path, f); err != nil {
			return nil, err
		}
	}
	if err := s.poll(ctx, func() (bool, error) { return f.served.Load() >= int64(2*f.targets), nil }); err != nil {
		return nil, err
	}
	used, err := s.cpu()
	if err != nil {
		return nil, err
	}
	before := f.served.Load()
	defer b.profileFor(ctx, s, "scrape", 2*scrapeEverySecs)()
	if err := pause(ctx, 2*scrapeEverySecs*time.Second); err != nil {
		return nil, err
	}
	now, err := s.cpu()
	if err != nil {
		return nil, err
	}
	m, err := s.memory()
	if err != nil {
		return nil, err
	}
	b.heapProfile(ctx, s, "scrape")
	samples := float64(f.served.Load()-before) * scrapedSeries
	if samples == 0 {
		return nil, errors.New("nothing was scraped")
	}
	return figures{
		"CPU": micros(now-used) / samples, "core": 100 * (now - used).Seconds() / (2 * scrapeEverySecs) * scrapeEverySecs / 60,
		"memory": float64(m.anonymous) / float64(f.targets*scrapedSeries), "rate": samples / (2 * scrapeEverySecs),
	}, nil
}

// agent is a Prometheus that only scrapes and keeps a write-ahead log.
func agent(p *peer, f *farm) *peer {
	q := *p
	q.config = f.configuration()
	q.args = func(s *server) []string {
		return []string{"--config.file=" + filepath.Join(s.dir, "config.yml"), "--agent", "--storage.agent.path=" + s.data(),
			"--web.listen-address=" + s.addr, "--log.level=warn"}
	}
	return &q
}

// createScraper makes a scraper without a source that collects into a workspace.
func (s *server) createScraper(ctx context.Context, path string, f *farm) error {
	body, err := json.Marshal(map[string]any{
		"destination":         map[string]any{"ampConfiguration": map[string]any{"workspaceArn": "arn:aws:aps:" + region + ":000000000000:workspace/" + strings.TrimPrefix(path, "/workspaces/")}},
		"scrapeConfiguration": map[string]any{"configurationBlob": []byte(f.configuration())},
	})
	if err != nil {
		return err
	}
	return s.call(ctx, http.MethodPost, "/scrapers", body, new(any))
}
