package cloudwatch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	grafanaregexp "github.com/grafana/regexp"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/config"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// checking turns a decoded file into a Config and gathers what is wrong in it.
type checking struct {
	root   *yaml.Node
	faults []Fault
	notes  []Fault
}

func (c *checking) wrong(path, format string, args ...any) {
	c.faults = append(c.faults, Fault{Line: lineOf(c.root, path), Path: path, Msg: fmt.Sprintf(format, args...)})
}

func (c *checking) note(path, format string, args ...any) {
	c.notes = append(c.notes, Fault{Line: lineOf(c.root, path), Path: path, Msg: fmt.Sprintf(format, args...)})
}

// lineOf is the line of the node at a path such as discovery.jobs[0].type, or of
// the last one on the way that exists.
func lineOf(n *yaml.Node, path string) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := n.Line
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		next, at := child(n, step)
		if next == nil {
			return line
		}
		n, line = next, at
	}
	return line
}

func child(n *yaml.Node, step string) (next *yaml.Node, line int) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1], n.Content[i].Line
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
			return n.Content[i], n.Content[i].Line
		}
	}
	return nil, 0
}

func (c *checking) config(f *file) *Config {
	if f.APIVersion != "" && f.APIVersion != "v1alpha1" {
		c.wrong("apiVersion", "%q is not v1alpha1", f.APIVersion)
	}
	if f.STSRegion != "" {
		c.region("sts-region", f.STSRegion)
	}
	out := &Config{STSRegion: f.STSRegion}
	for i := range f.Discovery.Jobs {
		out.Jobs = append(out.Jobs, c.discovery(at("discovery.jobs", i), &f.Discovery.Jobs[i], f.Discovery.ExportedTags))
	}
	c.exported(f)
	for i := range f.Static {
		out.Jobs = append(out.Jobs, c.static(at("static", i), &f.Static[i]))
	}
	for i := range f.CustomNamespace {
		out.Jobs = append(out.Jobs, c.custom(at("customNamespace", i), &f.CustomNamespace[i]))
	}
	if len(out.Jobs) == 0 {
		c.wrong("", "there is no job: want at least one below discovery.jobs, static or customNamespace")
	}
	return out
}

func at(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

func (c *checking) discovery(path string, f *fileJob, exported map[string][]string) Job {
	j := Job{Kind: Discovery, Name: f.Type, RequireDimensions: f.RequireDimensions, WithDimensions: f.WithDimensions, RecentlyActive: f.RecentlyActive, InfoContext: f.InfoContext}
	if j.service = serviceOf(f.Type); j.service == nil {
		c.wrong(path+".type", "%s", unknownService(f.Type))
		j.service = &config.ServiceConfig{}
	}
	j.Namespace, j.Name = j.service.Namespace, j.service.Namespace
	for name, tags := range exported {
		if s := serviceOf(name); s != nil && s.Namespace == j.Namespace {
			j.ExportTags = tags
		}
	}
	for i, t := range f.SearchTags {
		value, err := grafanaregexp.Compile(t.value())
		if err != nil || t.key() == "" {
			c.wrong(at(path+".searchTags", i), "want a key and a regular expression: %v", err)
			continue
		}
		j.SearchTags = append(j.SearchTags, SearchTag{Key: t.key(), Value: value})
	}
	c.filtered(path, &f.fileFilter)
	if len(f.Enhanced) > 0 {
		c.note(path+".enhancedMetrics", "does nothing: these are no metrics of CloudWatch but settings of the service, whose own API is not asked")
	}
	j.Regions, j.Roles = c.where(path, &f.fileWhere)
	j.CustomTags, j.Metrics = c.tags(path+".customTags", f.CustomTags), c.metrics(path, f.Metrics, &f.fileLevel, false)
	if len(f.WithDimensions) > 0 && len(f.RequireDimensions) > 0 {
		c.wrong(path+".awsDimensions", "cannot stand beside dimensionNameRequirements: the newer key says exactly which dimensions a metric must have")
	}
	return j
}

func unknownService(name string) string {
	if name == "" {
		return "is missing: want a namespace such as ECS/ContainerInsights"
	}
	return fmt.Sprintf("%q is no namespace whose resources can be discovered; a customNamespace job needs none", name)
}

func (c *checking) static(path string, f *fileStatic) Job {
	j := Job{Kind: Static, Name: f.Name, Namespace: f.Namespace}
	c.named(path, f.Name, f.Namespace)
	j.Regions, j.Roles = c.where(path, &f.fileWhere)
	for i, d := range f.Dimensions {
		if d.Name == "" || d.Value == "" {
			c.wrong(at(path+".dimensions", i), "want a name and a value")
		}
		j.Dimensions = append(j.Dimensions, model.Dimension{Name: d.Name, Value: d.Value})
	}
	j.CustomTags, j.Metrics = c.tags(path+".customTags", f.CustomTags), c.metrics(path, f.Metrics, &fileLevel{}, true)
	return j
}

func (c *checking) custom(path string, f *fileCustom) Job {
	j := Job{Kind: CustomNamespace, Name: f.Name, Namespace: f.Namespace, RequireDimensions: f.RequireDimensions, RecentlyActive: f.RecentlyActive}
	c.named(path, f.Name, f.Namespace)
	c.filtered(path, &f.fileFilter)
	j.Regions, j.Roles = c.where(path, &f.fileWhere)
	j.CustomTags, j.Metrics = c.tags(path+".customTags", f.CustomTags), c.metrics(path, f.Metrics, &f.fileLevel, false)
	return j
}

func (c *checking) named(path, name, namespace string) {
	if name == "" {
		c.wrong(path+".name", "is missing")
	}
	if namespace == "" {
		c.wrong(path+".namespace", "is missing")
	}
}

func (c *checking) filtered(path string, f *fileFilter) {
	if f.RoundingPeriod != nil {
		c.note(path+".roundingPeriod", "does nothing: windows end at a multiple of the period")
	}
	if f.EnableMetricData != nil && !*f.EnableMetricData {
		c.note(path+".enableMetricData", "does nothing: datapoints are always asked for by GetMetricData, up to 500 metrics at once")
	}
	if f.Historical != nil {
		c.note(path+".addHistoricalMetrics", "does nothing: the exporter gives the newest datapoint, a scraper writes them all")
	}
}

// exported refuses tags for services that no job is about.
func (c *checking) exported(f *file) {
	for name := range f.Discovery.ExportedTags {
		path, s := "discovery.exportedTagsOnMetrics."+name, serviceOf(name)
		if s == nil {
			c.wrong("discovery.exportedTagsOnMetrics", "%q is no namespace whose resources can be discovered", name)
			continue
		}
		used := false
		for _, j := range f.Discovery.Jobs {
			used = used || serviceOf(j.Type) == s
		}
		if !used {
			c.wrong(path, "no discovery job has the type %s", name)
		}
	}
}

var regionName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

func (c *checking) region(path, name string) {
	if !regionName.MatchString(name) {
		c.wrong(path, "%q is not the name of a region", name)
	}
}

func (c *checking) where(path string, f *fileWhere) (regions []string, roles []Role) {
	regions = f.Regions
	if f.Region != "" {
		regions = append([]string{f.Region}, regions...)
	}
	if len(regions) == 0 {
		c.wrong(path, "has no regions")
	}
	for i, r := range regions {
		c.region(at(path+".regions", i), r)
	}
	for i, r := range f.Roles {
		roles = append(roles, c.role(at(path+".roles", i), Role(r)))
	}
	for i, arn := range f.RoleARNs {
		roles = append(roles, c.role(at(path+".roleArns", i), Role{ARN: arn}))
	}
	if f.RoleARN != "" {
		roles = append(roles, c.role(path+".roleArn", Role{ARN: f.RoleARN}))
	}
	if len(roles) == 0 {
		roles = []Role{{}}
	}
	return regions, roles
}

func (c *checking) role(path string, r Role) Role {
	if r.ARN == "" && r.ExternalID != "" {
		c.wrong(path+".externalId", "needs a roleArn beside it")
	}
	if r.ARN == "" {
		return r
	}
	if arn, err := hearth.ParseARN(r.ARN); err != nil || arn.Service != "iam" || !strings.HasPrefix(arn.Resource, "role/") {
		c.wrong(path+".roleArn", "%q is not the ARN of a role: want arn:aws:iam::ACCOUNT:role/NAME", r.ARN)
	}
	return r
}

func (c *checking) tags(path string, in []fileTag) []model.Tag {
	out := make([]model.Tag, 0, len(in))
	for i, t := range in {
		if t.key() == "" {
			c.wrong(at(path, i), "has no key")
		}
		out = append(out, model.Tag{Key: t.key(), Value: t.value()})
	}
	return out
}

func (c *checking) metrics(path string, in []fileMetric, job *fileLevel, static bool) []Metric {
	if len(in) == 0 {
		c.wrong(path, "has no metrics")
	}
	out := make([]Metric, 0, len(in))
	for i := range in {
		out = append(out, c.metric(at(path+".metrics", i), &in[i], job, static))
	}
	return out
}

const defaultSeconds = model.DefaultPeriodSeconds

func (c *checking) metric(path string, f *fileMetric, job *fileLevel, static bool) Metric {
	if f.Name == "" {
		c.wrong(path, "has no name")
	}
	m := Metric{Name: f.Name, Statistics: f.Statistics}
	if len(m.Statistics) == 0 {
		m.Statistics = job.Statistics
	}
	c.statistics(path, m.Statistics, static)
	period := firstOf(f.Period, job.Period, defaultSeconds)
	length := firstOf(f.Length, job.Length, defaultSeconds)
	c.period(path, period, length, job.Delay)
	m.Period, m.Length, m.Delay = seconds(period), seconds(length), seconds(job.Delay)
	if f.Delay != 0 {
		c.note(path+".delay", "does nothing, as in YACE: only a job's delay counts")
	}
	m.NilToZero, m.Timestamps, m.AllPoints = said(f.NilToZero, job.NilToZero), said(f.Timestamps, job.Timestamps), said(f.AllPoints, job.AllPoints)
	if m.AllPoints && !m.Timestamps {
		c.wrong(path+".exportAllDataPoints", "needs addCloudwatchTimestamp: several datapoints of a series must have times of their own")
	}
	return m
}

func firstOf(all ...int64) int64 {
	for _, n := range all {
		if n != 0 {
			return n
		}
	}
	return 0
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

func said(metric, job *bool) bool {
	switch {
	case metric != nil:
		return *metric
	case job != nil:
		return *job
	}
	return false
}

// Statistics by their names:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
var (
	anyStatistic    = regexp.MustCompile(`^(Average|Sum|Minimum|Maximum|SampleCount|IQM|(p|tm|wm|tc|ts)(\d{1,2}(\.\d{0,10})?|100))$`)
	staticStatistic = regexp.MustCompile(`^(Average|Sum|Minimum|Maximum|SampleCount|p(\d{1,2}(\.\d{0,2})?|100))$`)
)

func (c *checking) statistics(path string, names []string, static bool) {
	if len(names) == 0 {
		c.wrong(path, "has no statistics")
	}
	allowed := anyStatistic
	if static {
		allowed = staticStatistic
	}
	for i, name := range names {
		if !allowed.MatchString(name) {
			c.wrong(at(path+".statistics", i), "%q is not a statistic: want Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99", name)
		}
	}
}

// maxSeconds is 455 days, for which CloudWatch keeps datapoints.
const maxSeconds = 455 * 86400

func (c *checking) period(path string, period, length, delay int64) {
	switch {
	case period < 1 || period > 86400 || !(period%60 == 0 || period == 1 || period == 5 || period == 10 || period == 20 || period == 30):
		c.wrong(path+".period", "%d is not 1, 5, 10, 20, 30 or a multiple of 60 seconds, up to a day", period)
	case length < period:
		c.wrong(path+".length", "%d is shorter than the period of %d: no datapoint would be complete", length, period)
	case length > maxSeconds:
		c.wrong(path+".length", "%d is longer than CloudWatch keeps datapoints, 455 days", length)
	case delay < 0 || delay > maxSeconds:
		c.wrong(path+".delay", "%d is out of range", delay)
	}
}
