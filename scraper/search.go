package scraper

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/dns"
	sdhttp "github.com/prometheus/prometheus/discovery/http"
	"github.com/prometheus/prometheus/discovery/targetgroup"

	"github.com/hearth-metrics/hearth"
)

// searchPatience bounds one look for targets.
const searchPatience = 30 * time.Second

// A search is a discovery that asks again and again, by DNS or HTTP, in place of
// Prometheus' own: that tells nobody why it finds nothing, and reads answers of any
// size. What was found stays while an answer cannot be had.
type search struct {
	conf discovery.Config // *dns.SDConfig or *sdhttp.SDConfig
	c    *collector
}

// Name is that of the discovery it stands for.
func (s *search) Name() string { return s.conf.Name() }

// NewDiscovererMetrics makes none.
func (*search) NewDiscovererMetrics(prometheus.Registerer, discovery.RefreshMetricsInstantiator) discovery.DiscovererMetrics {
	return &discovery.NoopDiscovererMetrics{}
}

// NewDiscoverer begins a search.
func (s *search) NewDiscoverer(discovery.DiscovererOptions) (discovery.Discoverer, error) {
	out := &searcher{search: s}
	switch conf := s.conf.(type) {
	case *dns.SDConfig:
		out.every, out.look = time.Duration(conf.RefreshInterval), (&dnsSearch{conf, s.c.room.opts.Resolver}).look
	case *sdhttp.SDConfig:
		h, err := s.c.newHTTPSearch(conf)
		if err != nil {
			return nil, err
		}
		out.every, out.look = time.Duration(conf.RefreshInterval), h.look
	default:
		return nil, fmt.Errorf("%s is no search", s.conf.Name())
	}
	return out, nil
}

// about says what is asked, for people, and tells searches apart.
func (s *search) about() string { return aboutSearch(s.conf) }

func aboutSearch(conf discovery.Config) string {
	switch conf := conf.(type) {
	case *dns.SDConfig:
		return "DNS " + strings.ToUpper(conf.Type) + " " + clipTo(strings.Join(conf.Names, " "), 200)
	case *sdhttp.SDConfig:
		return redacted(conf.URL)
	}
	return ""
}

// A searcher is a search under way. look returns what is found; groups beside an
// error count too.
type searcher struct {
	*search
	every time.Duration
	look  func(ctx context.Context) ([]*targetgroup.Group, error)
}

// Run looks until ctx ends.
func (s *searcher) Run(ctx context.Context, up chan<- []*targetgroup.Group) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	defer s.c.forgetSearch(s.about())
	for {
		looking, cancel := context.WithTimeout(ctx, searchPatience)
		groups, err := s.look(looking)
		cancel()
		if ctx.Err() != nil {
			return
		}
		s.c.searched(s.about(), err)
		if len(groups) > 0 {
			select {
			case up <- groups:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// searched learns how a search went. The ledger is told when it begins to fail,
// fails otherwise, or finds again.
func (c *collector) searched(about string, err error) {
	text := ""
	if err != nil {
		text = clipTo(err.Error(), 500)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was, failing := c.searches[about]
	if was == text {
		return
	}
	c.searches[about] = text
	summary := "Targets are discovered again."
	if text == "" {
		delete(c.searches, about)
	} else {
		summary = searchFailedText
	}
	now := c.room.opts.Now()
	if !failing && text == "" || c.rec.ID == "" {
		return
	}
	if omitted, ok := c.told.take(now); ok {
		c.room.opts.Recorder.Record(c.searchEvent(now, about, text, summary, omitted))
	}
}

func (c *collector) forgetSearch(about string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.searches, about)
}

// searchFailedText is ours: AWS has none for discoveries that are no watches.
const searchFailedText = "Failed to discover targets - Verify the discovery of your scrape configuration."

func (c *collector) searchEvent(now time.Time, about, text, summary string, omitted int) hearth.Event {
	e := c.rec.event(now, hearth.EventScrape, summary)
	e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailScraper, Value: c.id}, hearth.Detail{Name: hearth.DetailTarget, Value: about})
	if text != "" {
		e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailComponent, Value: ServiceDiscovery}, hearth.Detail{Name: hearth.DetailError, Value: text})
	}
	return withOmitted(e, omitted)
}

// searchTrouble is why a job's searches fail now; empty if none does.
func (c *collector) searchTrouble(j *job) string {
	var all []string
	for _, sd := range j.ServiceDiscoveryConfigs {
		if text := c.searches[aboutSearch(sd)]; text != "" {
			all = append(all, aboutSearch(sd)+": "+text)
		}
	}
	return clipTo(strings.Join(all, "; "), 1000)
}

func (c *collector) troubleOf(j *job) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.searchTrouble(j)
}
