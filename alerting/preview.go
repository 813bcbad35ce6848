package alerting

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/common/model"

	"github.com/hearth-metrics/hearth"
)

// A Way is a route that an alert takes, and what it waits for there.
type Way struct {
	Route    string // its matchers, from the root
	Receiver string
	GroupBy  []string       // "..." alone: all labels
	Group    string         // the group this alert would be in
	labels   model.LabelSet // of that group

	GroupWait, GroupInterval, RepeatInterval time.Duration

	Mute, Active []string // names of time intervals
}

// Ways returns the routes that an alert with these labels takes, in the order of
// the definition.
func (d *Definition) Ways(labels map[string]string) []Way {
	set := make(model.LabelSet, len(labels))
	for k, v := range labels {
		set[model.LabelName(k)] = model.LabelValue(v)
	}
	var out []Way
	for _, r := range dispatch.NewRoute(d.Config.Route, nil).Match(set) {
		o := r.RouteOpts
		w := Way{Route: r.Key(), Receiver: o.Receiver, GroupWait: o.GroupWait, GroupInterval: o.GroupInterval,
			RepeatInterval: o.RepeatInterval, Mute: o.MuteTimeIntervals, Active: o.ActiveTimeIntervals}
		group := model.LabelSet{}
		for k, v := range set {
			if _, ok := o.GroupBy[k]; ok || o.GroupByAll {
				group[k] = v
			}
		}
		w.Group, w.labels = group.String(), group
		if o.GroupByAll {
			w.GroupBy = []string{"..."}
		} else {
			for _, k := range slices.Sorted(maps.Keys(o.GroupBy)) {
				w.GroupBy = append(w.GroupBy, string(k))
			}
		}
		out = append(out, w)
	}
	return out
}

// An Example is an alert to try a definition with.
type Example struct {
	Labels, Annotations map[string]string
	Resolved            bool
}

// A Preview is what one integration would send.
type Preview struct {
	Receiver    string
	Integration string // webhook[0]
	Text        string // FIELD: TEXT, a line each; of a webhook its body
	Err         error  // what is wrong with its templates
}

// Dumb tells whether a receiver has no integrations: what goes there tells nobody.
func (d *Definition) Dumb(receiver string) bool {
	i := slices.IndexFunc(d.Config.Receivers, func(r config.Receiver) bool { return r.Name == receiver })
	return i >= 0 && len(integrationsOf(d.Config.Receivers[i])) == 0
}

// Render renders what the receiver's integrations would send for the alerts as
// one group. NotFound if the definition has no such receiver.
func (d *Definition) Render(receiver, externalURL string, examples []Example) ([]Preview, error) {
	external, err := url.Parse(externalURL)
	if err != nil {
		return nil, err
	}
	t, err := newTemplates(d, external, d.profile)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(d.Config.Receivers, func(r config.Receiver) bool { return r.Name == receiver })
	if i < 0 {
		return nil, &hearth.Error{Kind: hearth.NotFound, Resource: receiver, Msg: "the definition has no receiver of this name"}
	}
	group := d.groupFor(receiver, examples)
	ctx := firstNotification(context.Background(), receiver, group)
	data := t.base.Data(receiver, group, nil, notify.ReasonFirstNotification.String(), exampleAlerts(examples, externalURL)...)
	var out []Preview
	for _, in := range integrationsOf(d.Config.Receivers[i]) {
		_, text, err := in.withDefaults().render(ctx, t, data)
		out = append(out, Preview{receiver, fmt.Sprintf("%s[%d]", in.name, in.index), text, err})
	}
	return out, nil
}

// groupFor is the group in which the examples come to a receiver. One that the routes
// do not lead them to gets them by name.
func (d *Definition) groupFor(receiver string, examples []Example) model.LabelSet {
	if len(examples) == 0 {
		return model.LabelSet{}
	}
	for _, w := range d.Ways(examples[0].Labels) {
		if w.Receiver == receiver {
			return w.labels
		}
	}
	return model.LabelSet{"alertname": model.LabelValue(examples[0].Labels["alertname"])}
}

// firstNotification is what integrations find in the context of a group that is notified
// of for the first time.
func firstNotification(ctx context.Context, receiver string, group model.LabelSet) context.Context {
	ctx = notify.WithGroupLabels(notify.WithReceiverName(ctx, receiver), group)
	return notify.WithNotificationReason(notify.WithGroupKey(ctx, "{}:"+group.String()), notify.ReasonFirstNotification)
}

func exampleAlerts(in []Example, externalURL string) []*alert.Alert {
	var out []*alert.Alert
	now := time.Now()
	for _, x := range in {
		a := &alert.Alert{Alert: model.Alert{Labels: model.LabelSet{}, Annotations: model.LabelSet{},
			StartsAt: now.Add(-5 * time.Minute), GeneratorURL: externalURL}}
		for k, v := range x.Labels {
			a.Labels[model.LabelName(k)] = model.LabelValue(v)
		}
		for k, v := range x.Annotations {
			a.Annotations[model.LabelName(k)] = model.LabelValue(v)
		}
		if x.Resolved {
			a.EndsAt = now
		}
		out = append(out, a)
	}
	return out
}
