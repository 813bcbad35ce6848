package ingest

import (
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/hearth-metrics/hearth/engine"
)

// describe gathers the metadata of the request that may be new. Remote write 2.0
// repeats it with every series: what was stored with a known series before is
// recognised by its fingerprint and not stored again.
func (x *intake) describe(c *cache) []engine.Metadata {
	all := sound(x.batch.metadata)
	k, ok := x.keys.(v2Keys)
	if !ok {
		return all
	}
	var done map[string]bool
	c.mu.RLock()
	defer c.mu.RUnlock()
	var last description
	var mark uint32
	for i := range x.batch.series {
		s := &x.batch.series[i]
		if !s.described || s.state != ready || len(x.batch.symbols) == 0 {
			continue
		}
		if mark == 0 || s.about != last {
			last, mark = s.about, k.fingerprint(s, c)
		}
		if !c.newMeta(s.id, mark) {
			continue
		}
		e := k.metadata(s)
		if e.IsEmpty() || done[e.Metric] {
			continue
		}
		if done == nil {
			done = map[string]bool{}
		}
		done[e.Metric] = true
		all = append(all, e)
	}
	return all
}

// sound returns a copy of the entries that name a metric.
func sound(entries []engine.Metadata) (kept []engine.Metadata) {
	for _, e := range entries {
		if e.Metric == "" || !utf8.ValidString(e.Metric) {
			continue
		}
		e.Help, e.Unit = strings.ToValidUTF8(e.Help, "\uFFFD"), strings.ToValidUTF8(e.Unit, "\uFFFD")
		kept = append(kept, e)
	}
	return kept
}

// newMeta notes a series' metadata and tells whether it was another before. The
// caller holds a lock.
func (c *cache) newMeta(id, fingerprint uint32) bool {
	if id == 0 || id >= c.next {
		return true
	}
	e := c.at(id)
	if e.meta.Load() == fingerprint {
		return false
	}
	e.meta.Store(fingerprint)
	return true
}

func (k v2Keys) fingerprint(s *series, c *cache) uint32 {
	h := mix(k.symbolHash(s.about.help, c.seed), k.symbolHash(s.about.unit, c.seed)) + uint64(s.about.kind)
	return uint32(h>>32) | 1
}

func (k v2Keys) metadata(s *series) engine.Metadata {
	m := metadata.Metadata{
		Type: metricType(uint64(s.about.kind)),
		Help: strings.ToValidUTF8(strings.Clone(k.symbol(s.about.help)), "\uFFFD"), Unit: strings.ToValidUTF8(strings.Clone(k.symbol(s.about.unit)), "\uFFFD"),
	}
	return engine.Metadata{Metric: family(metricName(s.labels), m.Type), Metadata: m}
}

// family returns the name that describes metric: a histogram's and a summary's
// series have suffixes.
func family(metric string, t model.MetricType) string {
	var suffixes []string
	switch t {
	case model.MetricTypeHistogram, model.MetricTypeGaugeHistogram:
		suffixes = []string{"_bucket", "_sum", "_count"}
	case model.MetricTypeSummary:
		suffixes = []string{"_sum", "_count"}
	}
	for _, s := range suffixes {
		if base, ok := strings.CutSuffix(metric, s); ok && base != "" {
			return base
		}
	}
	return metric
}
