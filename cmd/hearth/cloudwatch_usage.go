package main

import (
	"context"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cloudwatch"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/ingest"
)

// usage is what Hearth tells of its workspaces, as AMP does in AWS/Usage.
type usage struct {
	program *program

	mu   sync.Mutex
	last map[hearth.WorkspaceID]appended
}

type appended struct {
	samples uint64
	at      time.Time
}

// Usage implements cloudwatch.Usage.
func (u *usage) Usage(ctx context.Context) ([]cloudwatch.Vended, error) {
	all, err := u.program.rooms.workspace.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	type home struct {
		account hearth.AccountID
		region  hearth.Region
	}
	count := map[home]int{}
	var out []cloudwatch.Vended
	for _, w := range all {
		count[home{w.Account, w.Region}]++
		stats, err := u.program.rooms.engine.Stats(ctx, w.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, u.series(&w, stats)...)
		for _, more := range []func(context.Context, *hearth.Workspace) ([]cloudwatch.Vended, error){u.rules, u.alerts} {
			these, err := more(ctx, &w)
			if err != nil {
				return nil, err
			}
			out = append(out, these...)
		}
	}
	for h, n := range count {
		v := cloudwatch.UsageOf(&hearth.Workspace{Account: h.account, Region: h.region}, "WorkspaceCount", float64(n))
		delete(v.Dimensions, "ResourceId")
		out = append(out, v)
	}
	return out, nil
}

// series tells how big the workspace is, and each of its label sets.
func (u *usage) series(w *hearth.Workspace, stats engine.Stats) []cloudwatch.Vended {
	out := []cloudwatch.Vended{
		cloudwatch.UsageOf(w, "ActiveSeries", float64(stats.ActiveSeries)),
		cloudwatch.UsageOf(w, "NativeHistogramActiveSeries", float64(stats.NativeHistogramSeries)),
		cloudwatch.UsageOf(w, "IngestionRate", u.rate(w.ID, stats.Samples)),
		cloudwatch.UsageOf(w, "HAReplicaGroupCount", float64(u.program.rooms.ingest.HAReplicaGroups(w.ID))),
	}
	for i, set := range w.Limits.LabelSets {
		name := ingest.LabelSetName(set.Labels)
		if i < len(stats.LabelSets) {
			out = append(out, cloudwatch.PrometheusOf(w, "ActiveSeriesPerLabelSet", float64(stats.LabelSets[i]), "LabelSet", name))
		}
		out = append(out, cloudwatch.PrometheusOf(w, "ActiveSeriesLimitPerLabelSet", float64(set.MaxSeries), "LabelSet", name))
	}
	return out
}

func (u *usage) rules(ctx context.Context, w *hearth.Workspace) ([]cloudwatch.Vended, error) {
	have, err := u.program.rooms.rules.Usage(ctx, w.ID)
	if err != nil || have.Rules == 0 {
		return nil, err
	}
	out := []cloudwatch.Vended{
		cloudwatch.UsageOf(w, "AllRules", float64(have.Rules)),
		cloudwatch.UsageOf(w, "RuleEvaluationInterval", have.Interval.Seconds()),
		cloudwatch.UsageOf(w, "RuleGroupNamespaceDefinitionSizeBytes", float64(have.LargestFile)),
	}
	for group, took := range have.Took {
		out = append(out, cloudwatch.PrometheusOf(w, "RuleGroupLastEvaluationDuration", took.Seconds(), "RuleGroup", group))
	}
	return out, nil
}

func (u *usage) alerts(ctx context.Context, w *hearth.Workspace) ([]cloudwatch.Vended, error) {
	have, ok, err := u.program.rooms.alerting.Usage(ctx, w.ID)
	if err != nil || !ok {
		return nil, err
	}
	var out []cloudwatch.Vended
	for resource, n := range map[string]int{
		"ActiveAlerts": have.Active, "SuppressedAlerts": have.Suppressed, "UnprocessedAlerts": have.Unprocessed, "AllAlerts": have.Active + have.Suppressed + have.Unprocessed,
		"SizeOfAlerts": int(have.AlertBytes), "AlertAggregationGroupSize": have.Groups, "AllSilences": have.Silences, "AlertManagerDefinitionSizeBytes": have.DefinitionBytes,
		"TemplatesInAlertManagerDefinition": have.Templates, "InhibitionRulesInAlertManagerDefinition": have.InhibitRules,
	} {
		out = append(out, cloudwatch.UsageOf(w, resource, float64(n)))
	}
	return out, nil
}

// rate is how many samples a second came since it was last asked.
func (u *usage) rate(id hearth.WorkspaceID, samples uint64) float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	now, before := time.Now(), u.last[id]
	if u.last == nil {
		u.last = map[hearth.WorkspaceID]appended{}
	}
	u.last[id] = appended{samples, now}
	if before.at.IsZero() || samples < before.samples {
		return 0
	}
	return float64(samples-before.samples) / max(1, now.Sub(before.at).Seconds())
}
