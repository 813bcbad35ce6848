package scraper

import (
	"slices"
	"strconv"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
)

// pools are the scrape pools of one scraper: one a job, and one more for a job
// that also scrapes its cluster's API server. Their names are short and used
// again, for Prometheus' library counts connections by them for ever.
type pools struct {
	slots   map[poolKey]string
	configs map[string]*config.ScrapeConfig // by slot
	retired map[poolKey]time.Time           // until when a pool without targets is kept, to mark series stale
}

type poolKey struct {
	job string
	api bool
}

func newPools() *pools {
	return &pools{slots: map[poolKey]string{}, configs: map[string]*config.ScrapeConfig{}, retired: map[poolKey]time.Time{}}
}

// configure makes the pools those of conf, and returns what the scrape manager
// shall have. Pools that are no longer wanted stay a while without targets:
// Prometheus marks the series of a target stale two intervals after it went.
func (p *pools) configure(conf *configuration, now time.Time) []*config.ScrapeConfig {
	wanted := map[poolKey]bool{}
	external := externalRules(conf.global.ExternalLabels)
	for _, j := range conf.jobs {
		for _, key := range j.poolKeys() {
			wanted[key] = true
			delete(p.retired, key)
			slot := p.slot(key)
			p.configs[slot] = j.pool(slot, key.api, external)
		}
	}
	for key, slot := range p.slots {
		if _, ok := p.retired[key]; !ok && !wanted[key] {
			p.retired[key] = now.Add(drainTime(time.Duration(p.configs[slot].ScrapeInterval)))
		}
	}
	return p.all()
}

// longestDrain is after what time series are stale by themselves: queries look back
// for five minutes. Nobody waits longer for the marks of targets that are scraped
// once a day.
const longestDrain = 10 * time.Minute

// drainTime is how long Prometheus takes to mark a target's series stale.
func drainTime(interval time.Duration) time.Duration {
	return min(min(interval, longestDrain)*22/10+2*time.Second, longestDrain)
}

func (j *job) poolKeys() []poolKey {
	keys := []poolKey{{job: j.JobName}}
	if j.account {
		keys = append(keys, poolKey{job: j.JobName, api: true})
	}
	return keys
}

func (p *pools) slot(key poolKey) string {
	if s := p.slots[key]; s != "" {
		return s
	}
	for i := 0; ; i++ {
		s := "pool-" + strconv.Itoa(i)
		if p.configs[s] == nil {
			p.slots[key] = s
			return s
		}
	}
}

func (p *pools) all() []*config.ScrapeConfig {
	out := make([]*config.ScrapeConfig, 0, len(p.configs))
	for _, c := range p.configs {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *config.ScrapeConfig) int { return strings.Compare(a.JobName, b.JobName) })
	return out
}

// drained forgets pools whose series are stale by now.
func (p *pools) drained(now time.Time) (rest []*config.ScrapeConfig, changed bool) {
	for key, until := range p.retired {
		if now.After(until) {
			delete(p.configs, p.slots[key])
			delete(p.slots, key)
			delete(p.retired, key)
			changed = true
		}
	}
	return p.all(), changed
}

// empty is a set without targets for every pool.
func (p *pools) empty() map[string][]*targetgroup.Group {
	sets := make(map[string][]*targetgroup.Group, len(p.slots))
	for _, slot := range p.slots {
		sets[slot] = []*targetgroup.Group{{Source: slot}}
	}
	return sets
}

func (p *pools) of(job string, api bool) string { return p.slots[poolKey{job, api}] }

// pool is a job as a scrape pool takes it: its targets come relabelled.
func (j *job) pool(slot string, api bool, external []*relabel.Config) *config.ScrapeConfig {
	c := *j.ScrapeConfig
	c.JobName, c.ServiceDiscoveryConfigs, c.KeepDroppedTargets = slot, nil, 1
	c.RelabelConfigs = []*relabel.Config{noJob}
	c.MetricRelabelConfigs = append(slices.Clone(c.MetricRelabelConfigs), external...)
	if api {
		c.HTTPClientConfig, c.Scheme = promconfig.HTTPClientConfig{}, "http"
	}
	c.HTTPClientConfig.EnableHTTP2 = false
	return &c
}

func rule(source, pattern, target, replacement string) *relabel.Config {
	r := relabel.DefaultRelabelConfig
	r.SourceLabels = model.LabelNames{model.LabelName(source)}
	r.Regex = relabel.MustNewRegexp(pattern)
	r.TargetLabel, r.Replacement, r.NameValidationScheme = target, replacement, model.UTF8Validation
	return &r
}

// noJob takes the job label away where relabelling did: the scrape pool would put
// its own name there.
var noJob = rule(labelNoJob, "1", model.JobLabel, "")

// externalRules add external labels to series that lack them, last of all, as a
// Prometheus does when it sends.
func externalRules(external labels.Labels) (rules []*relabel.Config) {
	external.Range(func(l labels.Label) {
		rules = append(rules, rule(l.Name, "", l.Name, strings.ReplaceAll(l.Value, "$", "$$")))
	})
	return rules
}
