package query

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/promqltest"
	v1 "github.com/prometheus/prometheus/web/api/v1"

	"github.com/hearth-metrics/hearth/engine"
)

// ForPromQLTest returns o speaking the language Prometheus' PromQL tests are
// written in, and answering in c as well as in JSON.
func (o Options) ForPromQLTest(c v1.Codec) Options {
	o.language = language{parser: promqltest.TestParserOpts, delayedNameRemoval: true, startTimestamps: true}
	o.codecs = []v1.Codec{c}
	return o
}

// MemoryEngine is the tests' small engine, which stores start timestamps.
func MemoryEngine(t testing.TB) engine.Engine { return newMemoryEngine(t) }

// KeepingAll returns o keeping results that took next to nothing too.
func (o Options) KeepingAll() Options {
	o.keepAll = true
	return o
}

// Lookups counts range queries by how they were answered.
func Lookups(q *Room, result string) prometheus.Counter {
	return q.cache.metrics.lookups.WithLabelValues(result)
}
