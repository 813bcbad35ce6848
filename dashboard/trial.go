package dashboard

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// What one test of contact points may take.
const (
	maxTrials      = 20 // integrations
	maxTrialLabels = 64 // of its alert, and as many annotations
	maxTrialError  = 500
)

// A contactTrial is one integration that is tested, and what became of it.
type contactTrial struct {
	Name   string `json:"name"`
	UID    string `json:"uid"`
	Status string `json:"status"` // ok or failed
	Error  string `json:"error,omitempty"`

	contact *contact
	err     error
}

// A trialAlert is what is sent.
type trialAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// complete adds what tells people that nothing has happened.
func (a *trialAlert) complete() error {
	if len(a.Labels) > maxTrialLabels || len(a.Annotations) > maxTrialLabels {
		return invalid("alert", "must have at most %d labels, and as many annotations", maxTrialLabels)
	}
	for name := range a.Labels {
		if !labelName.MatchString(name) {
			return invalid("alert.labels", "%q is no label name", name)
		}
	}
	labels := map[string]string{"alertname": "TestAlert", "instance": "Grafana"}
	notes := map[string]string{"summary": "Notification test"}
	maps.Copy(labels, a.Labels)
	maps.Copy(notes, a.Annotations)
	a.Labels, a.Annotations = labels, notes
	return nil
}

type trialInput struct {
	Alert     trialAlert       `json:"alert"`
	Receivers []*alertReceiver `json:"receivers"`
}

// trials are the integrations of the input, by receiver.
func (in *trialInput) trials() (out [][]*contactTrial, err error) {
	n := 0
	for _, o := range in.Receivers {
		if o == nil || slices.Contains(o.Contacts, nil) {
			return nil, invalid("receivers", "must not be null")
		}
		var list []*contactTrial
		for _, c := range o.Contacts {
			p := &contact{UID: c.UID, Name: orElse(c.Name, o.Name), Type: c.Type, Silent: c.Silent, Settings: maps.Clone(c.Settings)}
			p.secure(c.Secure)
			list = append(list, &contactTrial{Name: p.Name, UID: p.UID, contact: p})
		}
		if n += len(list); n > maxTrials {
			return nil, invalid("receivers", "must have at most %d integrations together", maxTrials)
		}
		out = append(out, list)
	}
	if n == 0 {
		return nil, invalid("receivers", "must have one integration at least")
	}
	return out, in.Alert.complete()
}

// TestReceivers sends an alert to contact points, which need not be saved. A secret that
// is not given is that of the saved one with the same uid.
func (r *Room) TestReceivers(ctx context.Context, c *Call) (any, error) {
	var in trialInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	all, err := in.trials()
	if err != nil {
		return nil, err
	}
	at := r.opts.Now().UTC()
	r.try(ctx, c.Workspace, slices.Concat(all...), in.Alert)
	receivers := []map[string]any{}
	for i, o := range in.Receivers {
		receivers = append(receivers, map[string]any{"name": o.Name, "grafana_managed_receiver_configs": all[i]})
	}
	out := map[string]any{"alert": in.Alert, "receivers": receivers, "notified_at": at.Format(time.RFC3339Nano)}
	code := statusOfTrials(slices.Concat(all...))
	if code >= http.StatusBadRequest {
		out["message"] = slices.Concat(all...)[0].Error
	}
	return Reply{Code: code, Body: out}, nil
}

// statusOfTrials is 200 if all were sent, 400 if none could be made, 408 if none was
// answered in time, and else 207, as Grafana has it.
func statusOfTrials(all []*contactTrial) int {
	var sent, bad, late int
	for _, t := range all {
		switch {
		case t.err == nil:
			sent++
		case hearth.KindOf(t.err) == hearth.Invalid:
			bad++
		case errors.Is(t.err, context.DeadlineExceeded):
			late++
		}
	}
	switch len(all) {
	case sent:
		return http.StatusOK
	case bad:
		return http.StatusBadRequest
	case late:
		return http.StatusRequestTimeout
	}
	return http.StatusMultiStatus
}

// try makes the trials, all at the same time.
func (r *Room) try(ctx context.Context, w hearth.GrafanaWorkspace, all []*contactTrial, a trialAlert) {
	var under sync.WaitGroup
	for _, t := range all {
		under.Go(func() {
			t.Status = "ok"
			if t.err = r.tryOne(ctx, w, t.contact, a); t.err != nil {
				t.Status, t.Error = "failed", whyNot(t.err)
			}
		})
	}
	under.Wait()
}

func (r *Room) tryOne(ctx context.Context, w hearth.GrafanaWorkspace, p *contact, a trialAlert) error {
	if r.opts.Alerts == nil {
		return &hearth.Error{Kind: hearth.NotServed, Msg: "This Hearth sends no notifications."}
	}
	if err := p.check(); err != nil {
		return err
	}
	var definition []byte
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		definition, err = r.trialDefinition(tx, w.ID, p)
		return err
	})
	if err != nil {
		return err
	}
	return r.opts.Alerts.Try(ctx, w, definition, a.Labels, a.Annotations)
}

// trialDefinition is one that has nothing but the contact point.
func (r *Room) trialDefinition(tx store.Tx, id hearth.GrafanaID, p *contact) ([]byte, error) {
	settings, err := r.trialSettings(tx, id, p)
	if err != nil {
		return nil, err
	}
	list, configs, err := r.integrate(p, settings)
	if err != nil {
		return nil, err
	}
	s, err := alertingIn(tx, id)
	if err != nil {
		return nil, err
	}
	name := orElse(p.Name, "test")
	return r.whole(yamlMap{"route": yamlMap{"receiver": name}, "receivers": []yamlMap{{"name": name, list: configs}}}, s)
}

// trialSettings are the settings with their secrets: those given, else those kept.
func (r *Room) trialSettings(tx store.Tx, id hearth.GrafanaID, p *contact) (map[string]any, error) {
	out := maps.Clone(p.Settings)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == any(redacted) })
	if p.UID == "" {
		return out, nil
	}
	old, err := get[contact](tx, contactBucket, key(id, p.UID))
	if err != nil || old == nil || old.Type != p.Type {
		return out, err
	}
	kept, err := r.opened(id, old)
	if err != nil {
		return nil, err
	}
	for name := range old.Sealed {
		if v, given := out[name].(string); !given || v == "" {
			out[name] = kept[name]
		}
	}
	return out, nil
}

// whyNot is what people read of a trial that failed.
func whyNot(err error) string {
	text := err.Error()
	if len(text) > maxTrialError {
		text = strings.ToValidUTF8(text[:maxTrialError], "") + "…"
	}
	return text
}

// TestChannel sends an alert to a notification channel, as old Grafanas do.
func (r *Room) TestChannel(ctx context.Context, c *Call) (any, error) {
	var in channelInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var a trialAlert
	if err := a.complete(); err != nil {
		return nil, err
	}
	err := r.tryOne(ctx, c.Workspace, in.contact(), a)
	switch {
	case err == nil:
		return message("Test notification sent"), nil
	case hearth.KindOf(err) == hearth.Invalid, hearth.KindOf(err) == hearth.NotServed:
		return nil, err
	}
	return Reply{Code: http.StatusInternalServerError, Body: message("Failed to send alert notifications: " + whyNot(err))}, nil
}
