package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
	"github.com/hearth-metrics/hearth/ledger"
	"github.com/hearth-metrics/hearth/rules"
)

// mostValues is how many values of a comparison are shown.
const mostValues = 5

// compared asks what the left side of the rule's comparison was at the moment;
// nil if nothing is compared. A workspace that does not answer queries has not
// said anything, and that is no error here.
func (q *alertQuestion) compared(ctx context.Context, r *ledger.AlertRule) (*ledger.Comparison, error) {
	left, op, right, ok := rules.Compared(r.Query)
	if !ok {
		return nil, nil
	}
	c := &ledger.Comparison{Left: left, Op: op, Right: right}
	series, err := q.valuesAt(ctx, left, q.at.Add(-r.Offset))
	if err != nil {
		return nil, nil // who may read rules need not be allowed to query
	}
	if len(series) == 0 && r.Offset > 0 {
		now, err := q.valuesAt(ctx, left, q.at)
		c.Young = err == nil && len(now) > 0
	}
	c.Values, c.Omitted = series[:min(len(series), mostValues)], max(0, len(series)-mostValues)
	return c, nil
}

// valuesAt are the values of an expression at a moment, of series that may be of an
// alert asked about.
func (q *alertQuestion) valuesAt(ctx context.Context, expr string, at time.Time) ([]string, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	asked := url.Values{"query": {expr}, "time": {at.UTC().Format(time.RFC3339Nano)}}
	if _, err := q.ask(ctx, http.MethodGet, "aps", q.dataPath("/api/v1/query"), asked, nil, &answer); err != nil {
		return nil, err
	}
	var out []string
	for _, s := range answer.Data.Result {
		if q.fits(s.Metric) {
			out = append(out, fmt.Sprintf("%s %v", seriesText(s.Metric), s.Value[1]))
		}
	}
	return out, nil
}

// fits tells whether a series may be of an alert asked about.
func (q *alertQuestion) fits(series map[string]string) bool {
	for k, v := range q.labels {
		if have, ok := series[k]; ok && have != v {
			return false
		}
	}
	return true
}

func seriesText(metric map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(metric)) {
		if k != "__name__" {
			parts = append(parts, k+"="+strconv.Quote(metric[k]))
		}
	}
	return metric["__name__"] + "{" + strings.Join(parts, ", ") + "}"
}

// held are the alerts of the name that the alert manager has; defined is false if
// the workspace has no alert manager definition.
func (q *alertQuestion) held(ctx context.Context) (all []ledger.HeldAlert, defined bool, err error) {
	var answer []struct {
		Labels    map[string]string
		Receivers []struct{ Name string }
		Status    struct{ SilencedBy, InhibitedBy, MutedBy []string }
	}
	filter := url.Values{"filter": {"alertname=" + strconv.Quote(q.name)}}
	defined, err = q.ask(ctx, http.MethodGet, "aps", q.dataPath("/alertmanager/api/v2/alerts"), filter, nil, &answer)
	if err != nil || !defined {
		return nil, defined, err
	}
	d := q.definition(ctx)
	for _, x := range answer {
		h := ledger.HeldAlert{Labels: x.Labels}
		for _, r := range x.Receivers {
			h.Receivers = append(h.Receivers, r.Name)
			if d != nil && d.Dumb(r.Name) {
				h.Dumb = append(h.Dumb, r.Name)
			}
		}
		for _, id := range x.Status.SilencedBy {
			h.Silences = append(h.Silences, q.silence(ctx, id))
		}
		for _, fp := range x.Status.InhibitedBy {
			h.Inhibitors = append(h.Inhibitors, q.inhibitor(ctx, fp))
		}
		for _, name := range x.Status.MutedBy {
			h.Mutings = append(h.Mutings, "the time interval "+name)
		}
		all = append(all, h)
	}
	return all, true, nil
}

// definition is the workspace's alert manager definition; nil if the caller may not
// read it, for who may see alerts need not be allowed to.
func (q *alertQuestion) definition(ctx context.Context) *alerting.Definition {
	var answer struct {
		AlertManagerDefinition struct{ Data []byte }
	}
	found, err := q.ask(ctx, http.MethodGet, "aps", q.dataPath("/alertmanager/definition"), nil, nil, &answer)
	if err != nil || !found {
		return nil
	}
	d, faults := alerting.Parse(answer.AlertManagerDefinition.Data, hearth.Local)
	if len(faults) > 0 {
		return nil
	}
	return d
}

// silence says which silence holds an alert back, who made it and until when.
func (q *alertQuestion) silence(ctx context.Context, id string) string {
	var s struct {
		CreatedBy, Comment string
		EndsAt             time.Time
	}
	found, err := q.ask(ctx, http.MethodGet, "aps", q.dataPath("/alertmanager/api/v2/silence/"+url.PathEscape(id)), nil, nil, &s)
	if err != nil || !found {
		return "the silence " + id
	}
	return fmt.Sprintf("the silence %s of %s until %s: %s", id, s.CreatedBy, s.EndsAt.UTC().Format(time.RFC3339), s.Comment)
}

// inhibitor says which alert inhibits another.
func (q *alertQuestion) inhibitor(ctx context.Context, fingerprint string) string {
	var all []struct {
		Fingerprint string
		Labels      map[string]string
	}
	if _, err := q.ask(ctx, http.MethodGet, "aps", q.dataPath("/alertmanager/api/v2/alerts"), nil, nil, &all); err != nil {
		return "the alert " + fingerprint
	}
	for _, x := range all {
		if x.Fingerprint == fingerprint {
			return "the alert " + seriesText(x.Labels)
		}
	}
	return "the alert " + fingerprint
}
