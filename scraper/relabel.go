package scraper

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/scrape"
)

// Labels of our own, between relabelling and the scrape loops. Neither is seen on
// a series, for both begin with two underscores.
const (
	labelURL   = "__hearth_url__"    // what is really scraped, of a target behind the gateway
	labelNoJob = "__hearth_no_job__" // relabelling took the job label away
)

// A funnel is how many targets of a job came how far.
type funnel struct {
	Discovered int
	Dropped    []drop // by rule, in the order of the rules
	Invalid    int
	Reason     string // of the first invalid one
	Kept       int
	Over       int // kept, but more than a scraper may have
}

// A drop is what one rule did.
type drop struct {
	Rule    int // from 1
	Text    string
	Count   int
	Example string // the address of one target
}

// A kept target is ready to be scraped.
type kept struct {
	labels  labels.Labels // after relabelling, without __meta_ labels
	address string        // as relabelling left it
	api     bool          // it is the cluster's API server
}

// sift relabels the targets of a job as Prometheus does, one rule at a time, so
// that it is known which rule dropped what.
func (j *job) sift(groups []*targetgroup.Group, floor time.Duration) ([]kept, funnel) {
	var (
		f    funnel
		out  []kept
		lb   = labels.NewBuilder(labels.EmptyLabels())
		done = make([]drop, len(j.RelabelConfigs))
	)
	for _, g := range groups {
		for _, t := range g.Targets {
			f.Discovered++
			scrape.PopulateDiscoveredLabels(lb, j.ScrapeConfig, t, g.Labels)
			api := j.account && isAPIService(lb)
			if i := firstDrop(lb, j.RelabelConfigs); i >= 0 {
				done[i].Count++
				if done[i].Example == "" {
					done[i].Example = string(t[model.AddressLabel])
				}
				continue
			}
			k, err := j.finish(lb, floor, api)
			if err != nil {
				f.Invalid++
				if f.Reason == "" {
					f.Reason = clipTo(err.Error(), 300)
				}
				continue
			}
			out = append(out, k)
		}
	}
	for i, d := range done {
		if d.Count > 0 {
			d.Rule, d.Text = i+1, ruleText(j.RelabelConfigs[i])
			f.Dropped = append(f.Dropped, d)
		}
	}
	f.Kept = len(out)
	return out, f
}

// isAPIService tells the targets that the service default/kubernetes has: the API
// servers of a cluster.
func isAPIService(lb *labels.Builder) bool {
	return lb.Get("__meta_kubernetes_namespace") == "default" && lb.Get("__meta_kubernetes_service_name") == "kubernetes"
}

// apiNames are what the API server is called inside its cluster.
var apiNames = map[string]bool{
	apiServerName: true, "kubernetes.default": true, "kubernetes": true, "kubernetes.default.svc.cluster.local": true,
}

// firstDrop applies rules until one drops the target, and returns its index; -1 if
// none does.
func firstDrop(lb *labels.Builder, rules []*relabel.Config) int {
	for i, r := range rules {
		if !relabel.ProcessBuilder(lb, r) {
			return i
		}
	}
	return -1
}

// finish checks what the scrape loops would refuse silently, and what they must
// not be given.
func (j *job) finish(lb *labels.Builder, floor time.Duration, api bool) (kept, error) {
	address := lb.Get(model.AddressLabel)
	if address == "" {
		return kept{}, errors.New("the target has no address")
	}
	if err := config.CheckTargetAddress(model.LabelValue(address)); err != nil {
		return kept{}, err
	}
	if lb.Get(scrape.UnixSocketLabel) != "" {
		return kept{}, errors.New("a Unix socket is never scraped")
	}
	if d, err := model.ParseDuration(lb.Get(model.ScrapeIntervalLabel)); err != nil || time.Duration(d) < floor {
		return kept{}, fmt.Errorf("its interval %q is no duration of at least %s", lb.Get(model.ScrapeIntervalLabel), floor)
	}
	if lb.Get(model.JobLabel) == "" {
		lb.Set(labelNoJob, "1")
	}
	lb.Range(func(l labels.Label) {
		if strings.HasPrefix(l.Name, model.MetaLabelPrefix) {
			lb.Del(l.Name)
		}
	})
	if lb.Get(model.InstanceLabel) == "" {
		lb.Set(model.InstanceLabel, address)
	}
	return kept{labels: lb.Labels(), address: address, api: api || j.account && apiNames[hostOf(address)]}, nil
}

// ruleText is a relabelling rule on one line.
func ruleText(r *relabel.Config) string {
	var b strings.Builder
	b.WriteString(string(r.Action))
	if len(r.SourceLabels) > 0 {
		names := make([]string, len(r.SourceLabels))
		for i, n := range r.SourceLabels {
			names[i] = string(n)
		}
		b.WriteString(" [" + strings.Join(names, ", ") + "]")
	}
	if text := r.Regex.String(); text != "" && text != relabel.DefaultRelabelConfig.Regex.String() {
		b.WriteString(" =~ " + clip(text))
	}
	if r.TargetLabel != "" {
		b.WriteString(" → " + r.TargetLabel)
		if r.Replacement != relabel.DefaultRelabelConfig.Replacement {
			b.WriteString("=" + clip(r.Replacement))
		}
	}
	return b.String()
}

// target is a kept target as the scrape loops take it.
func (k kept) target(gateway string) model.LabelSet {
	out := make(model.LabelSet, k.labels.Len()+1)
	k.labels.Range(func(l labels.Label) { out[model.LabelName(l.Name)] = model.LabelValue(l.Value) })
	if k.api {
		out[labelURL] = model.LabelValue("https://" + k.address + k.labels.Get(model.MetricsPathLabel))
		out[model.AddressLabel] = model.LabelValue(gateway)
		out[model.SchemeLabel] = "http"
	}
	return out
}
