package scraper

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/scrape"

	"github.com/hearth-metrics/hearth"
)

// A Preview is what a configuration would find and keep now. Nothing is scraped.
type Preview struct {
	Jobs    []JobPreview `json:"jobs"`
	Missing string       `json:"missingRights,omitempty"` // as a ClusterRole to apply
	Trouble string       `json:"trouble,omitempty"`       // why the cluster cannot be looked into
}

// A JobPreview follows one job's targets through its rules.
type JobPreview struct {
	Job        string          `json:"job"`
	Discovered int             `json:"discovered"`
	Trouble    string          `json:"discoveryError,omitempty"`
	Rules      []RulePreview   `json:"rules,omitempty"`
	Invalid    int             `json:"invalid,omitempty"`
	Why        string          `json:"invalidReason,omitempty"`
	Kept       int             `json:"kept"`
	Targets    []TargetPreview `json:"targets,omitempty"` // at most maxPreviewed
	Warnings   []string        `json:"warnings,omitempty"`
}

// A RulePreview is what one rule does to the targets that reach it.
type RulePreview struct {
	Rule    int    `json:"rule"` // from 1
	Text    string `json:"text"`
	Reached int    `json:"reached"`
	Matched int    `json:"matched"` // its regex fits the source labels
	Changed int    `json:"changed"` // targets whose labels it changes
	Dropped int    `json:"dropped"`
}

// A TargetPreview is one target with what became of its labels.
type TargetPreview struct {
	Address string       `json:"address"` // as discovered
	Labels  string       `json:"labels"`  // as discovered
	Steps   []TargetStep `json:"steps,omitempty"`
	URL     string       `json:"url,omitempty"` // empty: dropped
	Final   string       `json:"final,omitempty"`
}

// A TargetStep is what one rule changed of one target.
type TargetStep struct {
	Rule   int    `json:"rule"`
	Labels string `json:"labels,omitempty"` // those it set or took away, as NAME=VALUE
	Drop   bool   `json:"dropped,omitempty"`
}

const (
	maxPreviewed = 20
	previewTime  = 10 * time.Second
)

// Preview looks for the targets of a configuration, for a caller whose account
// has the cluster, if any; there as a scraper with that source role would be, or as one
// that is still to be made if it is empty.
func (r *Room) Preview(ctx context.Context, text []byte, source Source, role string) (Preview, error) {
	var p problems
	if role != "" {
		p.checkRoles(&Roles{Source: role})
	}
	if err := p.Err(); err != nil {
		return Preview{}, err
	}
	conf, err := r.parse(Unwrap(text), source)
	if err != nil {
		return Preview{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, previewTime+5*time.Second)
	defer cancel()
	arn, ok := source.Cluster()
	c, err := newCollector(r, "preview")
	if err != nil {
		return Preview{}, err
	}
	var out Preview
	if ok {
		caller := hearth.CallerFrom(ctx)
		if arn.Account != caller.Account || arn.Region != caller.Region {
			return Preview{}, noCluster(arn)
		}
		if r.opts.Clusters == nil {
			return Preview{}, noCluster(arn)
		}
		as, _ := hearth.ParseARN(role) // checked above
		who, err := r.opts.Clusters.Identity(ctx, arn, as)
		if err != nil { // not as somebody else, who might see more
			out.Trouble = publicText(err)
		} else {
			cw := r.watches.join(ctx, arn, who)
			defer cw.leave(c)
			c.cluster = cw
			cw.want(c, conf.needs())
			out.Trouble, out.Missing = c.rightsNow(ctx, cw, conf)
		}
	}
	found, err := c.lookOnce(ctx, conf, out.Trouble == "")
	if err != nil {
		return Preview{}, err
	}
	for _, j := range conf.jobs {
		one := j.preview(found[j.JobName], r.floor)
		if one.Discovered == 0 && out.Missing != "" && j.inCluster() {
			one.Warnings = append(one.Warnings, "Nothing was discovered: rights are missing in the cluster.")
		} else if one.Discovered == 0 {
			one.Warnings = append(one.Warnings, "Nothing was discovered.")
		}
		if one.Trouble = c.troubleOf(j); one.Trouble != "" {
			one.Warnings = append(one.Warnings, "The discovery fails: "+one.Trouble)
		}
		out.Jobs = append(out.Jobs, one)
	}
	return out, nil
}

// rightsNow waits until the cluster was looked into with these needs.
func (c *collector) rightsNow(ctx context.Context, cw *clusterWatch, conf *configuration) (trouble, missing string) {
	_, gaps, err := cw.ask(ctx, conf.needs())
	if err != nil {
		return publicText(err), ""
	}
	if len(gaps) > 0 {
		missing = clusterRole("preview", cw.who.User, gaps)
	}
	return "", missing
}

// lookOnce runs the discoveries until each has said something and nothing new
// comes for a while, or time is up.
func (c *collector) lookOnce(ctx context.Context, conf *configuration, wait bool) (map[string][]*targetgroup.Group, error) {
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	sd, err := discovery.CreateAndRegisterSDMetrics(prometheus.NewRegistry())
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	c.finds = discovery.NewManager(ctx, slog.New(slog.DiscardHandler), prometheus.NewRegistry(), sd, discovery.Updatert(100*time.Millisecond), discovery.HTTPClientOptions(c.httpOptions()...))
	if c.finds == nil {
		return nil, fmt.Errorf("discovery manager could not be made")
	}
	defer c.conns.closeAll()
	ended := make(chan struct{})
	go func() { defer close(ended); _ = c.finds.Run() }()
	defer func() { cancel(); <-ended }()
	finds := map[string]discovery.Configs{}
	for _, j := range conf.jobs {
		finds[j.JobName] = c.discoveries(j)
	}
	if err := c.finds.ApplyConfig(finds); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	found := map[string][]*targetgroup.Group{}
	quiet := time.NewTimer(2 * time.Second)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return found, nil
		case <-quiet.C:
			if !wait || c.cluster == nil || c.cluster.synced(conf) == "" {
				return found, nil
			}
			quiet.Reset(500 * time.Millisecond)
		case sets, ok := <-c.finds.SyncCh():
			if !ok {
				return found, nil
			}
			found = sets
			quiet.Reset(time.Second)
		}
	}
}

// preview follows every target of a job through every rule.
func (j *job) preview(groups []*targetgroup.Group, floor time.Duration) JobPreview {
	out := JobPreview{Job: j.JobName, Rules: make([]RulePreview, len(j.RelabelConfigs))}
	for i, r := range j.RelabelConfigs {
		out.Rules[i] = RulePreview{Rule: i + 1, Text: ruleText(r)}
	}
	lb := labels.NewBuilder(labels.EmptyLabels())
	for _, g := range groups {
		for _, t := range g.Targets {
			out.Discovered++
			scrape.PopulateDiscoveredLabels(lb, j.ScrapeConfig, t, g.Labels)
			one := TargetPreview{Address: string(t[model.AddressLabel]), Labels: lb.Labels().String()}
			out.follow(j, lb, &one, floor)
			if len(out.Targets) < maxPreviewed {
				out.Targets = append(out.Targets, one)
			}
		}
	}
	out.warn(j)
	return out
}

// follow takes one target through the rules.
func (out *JobPreview) follow(j *job, lb *labels.Builder, one *TargetPreview, floor time.Duration) {
	api := j.account && isAPIService(lb)
	for i, r := range j.RelabelConfigs {
		rule := &out.Rules[i]
		rule.Reached++
		if matches(lb, r) {
			rule.Matched++
		}
		before := lb.Labels()
		if !relabel.ProcessBuilder(lb, r) {
			rule.Dropped++
			one.Steps = append(one.Steps, TargetStep{Rule: i + 1, Drop: true})
			return
		}
		if changed := changes(before, lb.Labels()); changed != "" {
			rule.Changed++
			one.Steps = append(one.Steps, TargetStep{Rule: i + 1, Labels: changed})
		}
	}
	k, err := j.finish(lb, floor, api)
	if err != nil {
		out.Invalid++
		out.Why = err.Error()
		return
	}
	out.Kept++
	t := scrape.NewTarget(k.labels, j.ScrapeConfig, nil, nil)
	one.URL, one.Final = t.URL().Redacted(), labelsOf(t)
}

// matches tells whether a rule's regular expression fits its source labels, or for
// rules about names any label.
func matches(lb *labels.Builder, r *relabel.Config) bool {
	switch r.Action {
	case relabel.LabelMap, relabel.LabelDrop, relabel.LabelKeep:
		found := false
		lb.Range(func(l labels.Label) { found = found || r.Regex.MatchString(l.Name) })
		return found
	}
	var value string
	for i, name := range r.SourceLabels {
		if i > 0 {
			value += r.Separator
		}
		value += lb.Get(string(name))
	}
	return r.Regex.MatchString(value)
}

// changes are the labels that differ, as NAME=VALUE; one that went has no value.
func changes(before, after labels.Labels) (text string) {
	names := map[string]bool{}
	before.Range(func(l labels.Label) { names[l.Name] = true })
	after.Range(func(l labels.Label) { names[l.Name] = true })
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if v := after.Get(name); v != before.Get(name) {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%s=%q", name, v)
		}
	}
	return text
}

// doubled finds \\d and its like: meant for a quoted string, and written in none.
var doubled = regexp.MustCompile(`\\\\[.:dDwWsS]`)

// warn tells of rules that do nothing, and of jobs that keep nothing.
func (out *JobPreview) warn(j *job) {
	say := func(format string, args ...any) { out.Warnings = append(out.Warnings, fmt.Sprintf(format, args...)) }
	for i, r := range out.Rules {
		text := j.RelabelConfigs[i].Regex.String()
		switch {
		case doubled.MatchString(text):
			say("Rule %d: in %s a backslash is written twice, which matches a backslash: in YAML without quotes one is enough.", r.Rule, text)
		case r.Reached > 0 && r.Matched == 0:
			say("Rule %d matches none of the %d targets that reach it: %s", r.Rule, r.Reached, r.Text)
		}
	}
	if out.Discovered > 0 && out.Kept == 0 {
		say("No target is left.")
	}
}
