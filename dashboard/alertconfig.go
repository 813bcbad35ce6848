package dashboard

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// An alertConfig is everything about notifications in the form of Grafana's
// Alertmanager: what its alerting pages read and write as a whole.
type alertConfig struct {
	Templates map[string]string `json:"template_files"`
	Config    alertTree         `json:"alertmanager_config"`
}

type alertTree struct {
	Route     *policy          `json:"route"`
	Timings   []*muteTiming    `json:"time_intervals,omitempty"`
	Mutes     []*muteTiming    `json:"mute_time_intervals,omitempty"` // the older name of the same
	Receivers []*alertReceiver `json:"receivers"`
}

type alertReceiver struct {
	Name     string              `json:"name"`
	Contacts []*receiverContacts `json:"grafana_managed_receiver_configs"`
}

// receiverContacts is a contact point's integration. Secrets come in as
// secureSettings or among the settings, and go out as names only.
type receiverContacts struct {
	UID        string            `json:"uid"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Silent     bool              `json:"disableResolveMessage"`
	Settings   map[string]any    `json:"settings"`
	Secure     map[string]string `json:"secureSettings,omitempty"`
	Fields     map[string]bool   `json:"secureFields"`
	Provenance string            `json:"provenance,omitempty"`
}

// AlertConfig answers contact points, policies, timings and templates together.
func (r *Room) AlertConfig(ctx context.Context, c *Call) (any, error) {
	out := alertConfig{Templates: map[string]string{}, Config: alertTree{Receivers: []*alertReceiver{}}}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		s, err := alertingIn(tx, c.id())
		if err != nil {
			return err
		}
		out.Config.Route, out.Config.Timings = &s.Policy, s.Timings
		for _, t := range s.Templates {
			out.Templates[t.Name] = t.Text
		}
		list, err := contactsIn(tx, c.id())
		out.Config.Receivers = receiversOf(list)
		return err
	})
	return out, err
}

// receiversOf puts integrations of the same name together. The default receiver is
// always there.
func receiversOf(list []*contact) []*alertReceiver {
	out := []*alertReceiver{}
	for _, p := range list {
		b := &receiverContacts{UID: p.UID, Name: p.Name, Type: p.Type, Silent: p.Silent, Settings: maps.Clone(p.Settings), Fields: map[string]bool{}, Provenance: p.Provenance}
		if b.Settings == nil {
			b.Settings = map[string]any{}
		}
		for name := range p.Sealed {
			b.Fields[name] = true
		}
		if len(out) == 0 || out[len(out)-1].Name != p.Name {
			out = append(out, &alertReceiver{Name: p.Name})
		}
		last := out[len(out)-1]
		last.Contacts = append(last.Contacts, b)
	}
	if !slices.ContainsFunc(out, func(o *alertReceiver) bool { return o.Name == defaultReceiver }) {
		out = append(out, &alertReceiver{Name: defaultReceiver, Contacts: []*receiverContacts{}})
	}
	return out
}

// SetAlertConfig replaces them, all or nothing. Secrets of contact points that come
// back by their uid stay, if they are not given anew.
func (r *Room) SetAlertConfig(ctx context.Context, c *Call) (any, error) {
	var in alertConfig
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	err := r.changeAlerting(ctx, c, func(tx store.Tx) error {
		if err := r.replaceContacts(tx, c.id(), in.Config.Receivers); err != nil {
			return err
		}
		s, err := alertingIn(tx, c.id())
		if err != nil {
			return err
		}
		templates, err := in.templates(s)
		if err != nil {
			return err
		}
		s.Policy, s.Timings, s.Templates = *in.Config.Route, in.Config.Timings, templates
		return put(tx, alertingBucket, key(c.id(), "settings"), s)
	})
	return Reply{Code: http.StatusAccepted, Body: message("configuration created")}, err
}

func (in *alertConfig) check() error {
	t := &in.Config
	switch {
	case t.Route == nil || t.Route.Receiver == "":
		return invalid("alertmanager_config.route.receiver", "the root of the policies must name a contact point")
	case t.Route.size() > maxPolicies:
		return invalid("alertmanager_config.route.routes", "must be at most %d", maxPolicies)
	case len(in.Templates) > maxPolicies || len(t.Timings)+len(t.Mutes) > maxPolicies:
		return invalid("alertmanager_config", "must have at most %d templates, and as many timings", maxPolicies)
	}
	t.Timings, t.Mutes = append(t.Timings, t.Mutes...), nil
	seen := map[string]bool{}
	for _, m := range t.Timings {
		if m == nil || seen[m.Name] {
			return invalid("alertmanager_config.time_intervals", "must not be null, and each must have a name of its own")
		}
		if err := m.check(); err != nil {
			return err
		}
		seen[m.Name] = true
	}
	for _, o := range t.Receivers {
		if o == nil || slices.Contains(o.Contacts, nil) {
			return invalid("alertmanager_config.receivers", "must not be null")
		}
	}
	return nil
}

// templates are the new ones; those that did not change keep where they are from.
func (in *alertConfig) templates(s *alertSettings) (out []*notifyTemplate, err error) {
	for _, name := range slices.Sorted(maps.Keys(in.Templates)) {
		t := &notifyTemplate{Name: name, Text: in.Templates[name]}
		if i := slices.IndexFunc(s.Templates, func(o *notifyTemplate) bool { return o.Name == name && o.Text == t.Text }); i >= 0 {
			t = s.Templates[i]
		}
		if err := t.complete(); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func (r *Room) replaceContacts(tx store.Tx, id hearth.GrafanaID, receivers []*alertReceiver) error {
	old := map[string]*contact{}
	list, err := contactsIn(tx, id)
	if err != nil {
		return err
	}
	for _, p := range list {
		old[p.UID] = p
	}
	for _, o := range receivers {
		for _, in := range o.Contacts {
			p := &contact{UID: in.UID, Name: orElse(o.Name, in.Name), Type: in.Type, Silent: in.Silent, Settings: in.Settings}
			p.secure(in.Secure)
			was := old[in.UID]
			if was != nil {
				p.Default, p.Provenance = was.Default, was.Provenance
			}
			if err := r.keepContact(tx, id, p, was); err != nil {
				return err
			}
			delete(old, in.UID)
		}
	}
	for uid := range old {
		if err := tx.Delete(contactBucket, key(id, uid)); err != nil {
			return err
		}
	}
	return nil
}

// ResetAlertConfig puts everything about notifications back to where it began.
func (r *Room) ResetAlertConfig(ctx context.Context, c *Call) (any, error) {
	err := r.changeAlerting(ctx, c, func(tx store.Tx) error {
		if err := deleteAll(tx, contactBucket, key(c.id())); err != nil {
			return err
		}
		return tx.Delete(alertingBucket, key(c.id(), "settings"))
	})
	return Reply{Code: http.StatusAccepted, Body: message("configuration deleted; the default is applied")}, err
}

// AlertReceivers lists the contact points by name.
func (r *Room) AlertReceivers(ctx context.Context, c *Call) (any, error) {
	var out []*alertReceiver
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := contactsIn(tx, c.id())
		out = receiversOf(list)
		return err
	})
	return out, err
}
