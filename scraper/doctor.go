package scraper

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/scrape"

	"github.com/hearth-metrics/hearth"
)

// A Diagnosis tells where the samples of a scraper go, and where they are lost:
// for each job, how many targets were discovered, which rule dropped which, which
// answered, and how many of their samples the workspace took.
type Diagnosis struct {
	ID          string        `json:"scraperId"`
	Status      hearth.Status `json:"statusCode"`
	Reason      string        `json:"statusReason,omitempty"`
	Destination string        `json:"workspaceArn"`
	Cluster     string        `json:"clusterArn,omitempty"`
	User        string        `json:"clusterUser,omitempty"`   // who the scraper is in its cluster
	Groups      []string      `json:"clusterGroups,omitempty"` // that user's, by its mapping
	Jobs        []JobReport   `json:"jobs"`
	Missing     string        `json:"missingRights,omitempty"` // as a ClusterRole to apply
	Hints       []string      `json:"hints,omitempty"`
}

// A JobReport is the funnel of one job.
type JobReport struct {
	Job        string         `json:"job"`
	Discovered int            `json:"discovered"`
	Trouble    string         `json:"discoveryError,omitempty"`
	Dropped    []RuleReport   `json:"droppedByRelabelling,omitempty"`
	Invalid    int            `json:"invalid,omitempty"`
	Why        string         `json:"invalidReason,omitempty"`
	Kept       int            `json:"kept"`
	Over       int            `json:"overTheLimit,omitempty"`
	Duplicate  int            `json:"duplicates,omitempty"` // kept, with the same labels as another
	Waiting    int            `json:"notYetScraped,omitempty"`
	Up         int            `json:"up"`
	Down       int            `json:"down"`
	Scraped    int64          `json:"samplesScraped"`             // of the last scrape of each target
	Relabelled int64          `json:"samplesAfterRelabelling"`    // of those
	Accepted   int64          `json:"samplesAccepted"`            // of those, by the workspace
	Refused    int64          `json:"samplesRefused,omitempty"`   // of those
	Targets    []TargetReport `json:"targets,omitempty"`          // those that fail first
	Omitted    int            `json:"targetsNotListed,omitempty"` // beyond maxListed

	strangers bool // a target that is down gets no credentials of the cluster
}

// A RuleReport is what one relabelling rule dropped.
type RuleReport struct {
	Rule    int    `json:"rule"` // from 1
	Text    string `json:"text"`
	Targets int    `json:"targets"`
	Example string `json:"example,omitempty"`
}

// A TargetReport is one target's last scrape.
type TargetReport struct {
	URL      string     `json:"url"`
	Labels   string     `json:"labels"`
	Health   string     `json:"health"` // up, down, unknown
	Error    string     `json:"lastError,omitempty"`
	Refusal  string     `json:"lastRefusal,omitempty"` // why the workspace refused a sample
	Last     *time.Time `json:"lastScrape,omitempty"`
	Seconds  float64    `json:"lastScrapeSeconds,omitempty"`
	Samples  int64      `json:"samplesScraped"`
	Accepted int64      `json:"samplesAccepted"`
}

// maxListed is how many targets of a job a diagnosis lists.
const maxListed = 200

// Doctor examines a scraper of the caller.
func (r *Room) Doctor(ctx context.Context, id string) (Diagnosis, error) {
	var p problems
	p.checkID(id)
	if err := p.Err(); err != nil {
		return Diagnosis{}, err
	}
	rec, err := r.find(ctx, id)
	if err != nil {
		return Diagnosis{}, err
	}
	d := Diagnosis{ID: rec.ID, Status: rec.Status, Reason: rec.Reason, Destination: rec.Destination, Jobs: []JobReport{}}
	if rec.Source.EKS != nil {
		d.Cluster = rec.Source.EKS.Cluster
	}
	r.mu.Lock()
	c := r.collectors[rec.key()]
	r.mu.Unlock()
	if c == nil {
		d.Hints = append(d.Hints, "Nothing collects for this scraper yet.")
		return d, nil
	}
	c.diagnose(&d)
	return d, nil
}

func (c *collector) diagnose(d *Diagnosis) {
	c.mu.Lock()
	conf, cluster := c.conf, c.cluster
	c.mu.Unlock()
	active := c.scrapes.TargetsActive()
	for _, j := range conf.jobs {
		d.Jobs = append(d.Jobs, c.report(j, active))
	}
	if cluster != nil {
		d.User, d.Groups = cluster.who.User, cluster.who.Groups
		s := cluster.look()
		if gaps := conf.needs().in(s.missing); len(gaps) > 0 {
			d.Missing = clusterRole(c.id, cluster.who.User, gaps)
		}
	}
	for i := range d.Jobs {
		if d.Missing != "" && d.Jobs[i].Discovered == 0 && conf.jobs[i].inCluster() {
			continue // the one hint says why
		}
		d.Hints = append(d.Hints, d.Jobs[i].hints(conf.jobs[i])...)
	}
	if d.Missing != "" {
		d.Hints = append(d.Hints, "In the cluster rights are missing: once somebody applies the ClusterRole, the scraper goes on by itself.")
	}
}

// report is the funnel of one job now.
func (c *collector) report(j *job, active map[string][]*scrape.Target) JobReport {
	c.mu.Lock()
	f := c.funnels[j.JobName]
	var targets []*scrape.Target
	strangers := false
	for _, key := range j.poolKeys() {
		pool := active[c.pools.slots[key]]
		targets = append(targets, pool...)
		strangers = strangers || !key.api && slices.ContainsFunc(pool, func(t *scrape.Target) bool { return t.Health() == scrape.HealthBad })
	}
	tallies := make(map[*scrape.Target]*tally, len(targets))
	for _, t := range targets {
		tallies[t] = c.tallies[t]
	}
	trouble := c.searchTrouble(j)
	c.mu.Unlock()
	out := JobReport{Job: j.JobName, Discovered: f.Discovered, Trouble: trouble, Invalid: f.Invalid, Why: f.Reason, Kept: f.Kept, Over: f.Over, strangers: strangers}
	out.Duplicate = max(0, f.Kept-f.Over-len(targets))
	for _, d := range f.Dropped {
		out.Dropped = append(out.Dropped, RuleReport{Rule: d.Rule, Text: d.Text, Targets: d.Count, Example: d.Example})
	}
	for _, t := range targets {
		out.add(t, tallies[t])
	}
	slices.SortFunc(out.Targets, func(a, b TargetReport) int {
		return cmp.Or(cmp.Compare(a.Health, b.Health), cmp.Compare(a.URL, b.URL), cmp.Compare(a.Labels, b.Labels))
	})
	if n := len(out.Targets); n > maxListed {
		out.Targets, out.Omitted = out.Targets[:maxListed], n-maxListed
	}
	return out
}

// add counts one target.
func (out *JobReport) add(t *scrape.Target, n *tally) {
	one := TargetReport{URL: urlOf(t), Labels: labelsOf(t), Health: string(t.Health())}
	if err := t.LastError(); err != nil {
		one.Error = clipTo(err.Error(), 500)
	}
	switch t.Health() {
	case scrape.HealthGood:
		out.Up++
	case scrape.HealthBad:
		out.Down++
	default:
		out.Waiting++
	}
	if last := t.LastScrape(); !last.IsZero() {
		last = last.UTC()
		one.Last, one.Seconds = &last, t.LastScrapeDuration().Seconds()
	}
	if n != nil {
		one.Samples, one.Accepted = n.scraped.Load(), n.accepted.Load()
		out.Scraped += one.Samples
		out.Relabelled += n.relabel.Load()
		out.Accepted += one.Accepted
		out.Refused += n.refused.Load()
		if why := n.why.Load(); why != nil {
			one.Refusal = *why
		}
	}
	out.Targets = append(out.Targets, one)
}

func labelsOf(t *scrape.Target) string {
	ls := t.Labels(labels.NewBuilder(labels.EmptyLabels()))
	return ls.String()
}

// hints say what a funnel that runs dry usually means.
func (out *JobReport) hints(j *job) (hints []string) {
	say := func(text string) { hints = append(hints, "Job "+out.Job+": "+text) }
	switch {
	case out.Discovered == 0 && out.Trouble != "":
		say("nothing was discovered, for the discovery fails.")
	case out.Trouble != "":
		say("the discovery fails: targets are those that it found last.")
	case out.Discovered == 0:
		say("nothing was discovered.")
	case out.Kept == 0 && len(out.Dropped) > 0:
		say("relabelling drops every target.")
	case out.Up == 0 && out.Down > 0:
		say("no target answers.")
	case out.Up > 0 && out.Scraped > 0 && out.Relabelled == 0:
		say("metric_relabel_configs drop every sample.")
	case out.Relabelled > 0 && out.Accepted == 0 && out.Refused > 0:
		say("the workspace refuses every sample: the reason is with the target, and in the ledger.")
	}
	if j.account && out.strangers {
		say("the cluster's credentials go to its API server only (" + apiServerName + ", and the service default/kubernetes), not to other targets.")
	}
	if out.Over > 0 {
		say("a scraper scrapes at most 30,000 targets.")
	}
	return hints
}
