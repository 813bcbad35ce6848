package cloudwatch

import (
	"time"

	"github.com/grafana/regexp"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/config"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
)

// A Config is what a file of YACE's says: which metrics of which services, in
// which regions, by which roles.
// https://github.com/nerdswords/yet-another-cloudwatch-exporter/blob/v0.61.2/docs/configuration.md
type Config struct {
	STSRegion string // where roles are assumed; empty: where the SDK says
	Jobs      []Job
	Notes     []Fault // what is accepted and does nothing, or will not for long
}

// A JobKind is one of the three lists a file may have.
type JobKind string

// The kinds of jobs.
const (
	Discovery       JobKind = "discovery"       // resources by the tagging API, metrics by ListMetrics
	Static          JobKind = "static"          // metrics and dimensions as they are given
	CustomNamespace JobKind = "customNamespace" // metrics by ListMetrics alone
)

// A Job is one entry of a list, in each of its regions by each of its roles.
type Job struct {
	Kind      JobKind
	Name      string // of static and custom namespace jobs, the name label; else the namespace
	Namespace string // AWS/EC2
	Regions   []string
	Roles     []Role // at least one; the zero role stands for the caller itself

	SearchTags []SearchTag // Discovery: all must match
	CustomTags []model.Tag
	ExportTags []string          // Discovery: tags of resources that become labels
	Dimensions []model.Dimension // Static

	// RequireDimensions are the names a metric must have, no more and no fewer;
	// WithDimensions those it must have beside what names its resource. Empty:
	// all metrics.
	RequireDimensions []string
	WithDimensions    []string

	RecentlyActive bool // only metrics with datapoints within three hours
	InfoContext    bool // Discovery: info series have region, account and custom tags
	Metrics        []Metric

	service *config.ServiceConfig // Discovery
}

// A Role is assumed to ask; the zero Role is who the process is.
type Role struct {
	ARN        string
	ExternalID string
}

// A SearchTag selects resources whose tag Key has a value that matches.
type SearchTag struct {
	Key   string
	Value *regexp.Regexp
}

// A Metric is one metric name of a job, with what the job says filled in.
type Metric struct {
	Name       string
	Statistics []string
	Period     time.Duration
	Length     time.Duration // how far back to ask
	Delay      time.Duration // ask until then only
	NilToZero  bool
	Timestamps bool // the exporter gives CloudWatch's timestamps
	AllPoints  bool // the exporter gives all datapoints of Length, not the newest alone
}

// discovery is the job in the words of YACE's packages.
func (j *Job) discovery() model.DiscoveryJob {
	d := model.DiscoveryJob{Regions: j.Regions, Type: j.Namespace, ExportedTagsOnMetrics: j.ExportTags, DimensionsRegexps: j.service.ToModelDimensionsRegexp()}
	for _, t := range j.SearchTags {
		d.SearchTags = append(d.SearchTags, model.SearchTag{Key: t.Key, Value: t.Value})
	}
	return d
}

// Period is the shortest period of the job's metrics.
func (j *Job) Period() time.Duration {
	var least time.Duration
	for _, m := range j.Metrics {
		if least == 0 || m.Period < least {
			least = m.Period
		}
	}
	return least
}
