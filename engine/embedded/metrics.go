package embedded

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	open           prometheus.Gauge
	opening        prometheus.Histogram
	commitFailures prometheus.Counter
	fsync          prometheus.Histogram
	quarantined    prometheus.Counter
	compactions    prometheus.Counter
	compactionErrs prometheus.Counter
	diskFree       prometheus.Gauge
	diskLow        prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		open:           gauge("workspaces_open", "Workspaces whose samples are open."),
		opening:        seconds("open_duration_seconds", "How long opening a workspace took, replay included."),
		commitFailures: counter("commit_failures_total", "Commits refused because the log could not be written or synced."),
		fsync:          seconds("fsync_duration_seconds", "How long syncing a log to disk took."),
		quarantined:    counter("quarantined_files_total", "Damaged files moved aside."),
		compactions:    counter("compactions_total", "Compactions that ended well."),
		compactionErrs: counter("compaction_failures_total", "Compactions that failed."),
		diskFree:       gauge("disk_free_bytes", "Free space of the file system that holds the samples, at the last check."),
		diskLow:        gauge("disk_low_bool", "1 while appends are refused for want of space."),
	}
	if r != nil {
		r.MustRegister(m.open, m.opening, m.commitFailures, m.fsync, m.quarantined, m.compactions, m.compactionErrs, m.diskFree, m.diskLow)
	}
	return m
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "hearth_engine_" + name, Help: help})
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: "hearth_engine_" + name, Help: help})
}

func seconds(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "hearth_engine_" + name, Help: help,
		Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9),
	})
}
