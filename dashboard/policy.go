package dashboard

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// defaultReceiver is the contact point of the policy that nobody changed. It tells
// nobody until it is made.
const defaultReceiver = "grafana-default-email"

// A policy is a node of the tree of notification policies.
type policy struct {
	Receiver   string      `json:"receiver,omitempty"`
	GroupBy    []string    `json:"group_by,omitempty"`
	Matchers   [][3]string `json:"object_matchers,omitempty"`
	Continue   bool        `json:"continue,omitempty"`
	Mute       []string    `json:"mute_time_intervals,omitempty"`
	Active     []string    `json:"active_time_intervals,omitempty"`
	Wait       string      `json:"group_wait,omitempty"`
	Interval   string      `json:"group_interval,omitempty"`
	Repeat     string      `json:"repeat_interval,omitempty"`
	Provenance string      `json:"provenance,omitempty"`
	Routes     []*policy   `json:"routes,omitempty"`
}

const maxPolicies = 1000

func (p *policy) names(receiver string) bool {
	return p.Receiver == receiver || slices.ContainsFunc(p.Routes, func(c *policy) bool { return c.names(receiver) })
}

func (p *policy) mutes(name string) bool {
	return slices.Contains(p.Mute, name) || slices.Contains(p.Active, name) || slices.ContainsFunc(p.Routes, func(c *policy) bool { return c.mutes(name) })
}

func (p *policy) size() int {
	n := 1
	for _, c := range p.Routes {
		if c != nil {
			n += c.size()
		}
	}
	return n
}

// A muteTiming is a named set of times, in Alertmanager's form.
type muteTiming struct {
	Name       string          `json:"name"`
	Intervals  json.RawMessage `json:"time_intervals"`
	Provenance string          `json:"provenance,omitempty"`
}

// A notifyTemplate is a named text of templates.
type notifyTemplate struct {
	Name       string `json:"name"`
	Text       string `json:"template"`
	Provenance string `json:"provenance,omitempty"`
}

// alertSettings are everything about notifications but contact points.
type alertSettings struct {
	Policy    policy            `json:"policy"`
	Timings   []*muteTiming     `json:"timings,omitempty"`
	Templates []*notifyTemplate `json:"templates,omitempty"`
}

func alertingIn(tx store.Tx, id hearth.GrafanaID) (*alertSettings, error) {
	s, err := get[alertSettings](tx, alertingBucket, key(id, "settings"))
	if err == nil && s == nil {
		s = &alertSettings{Policy: policy{Receiver: defaultReceiver, GroupBy: []string{"grafana_folder", "alertname"}}}
	}
	return s, err
}

func (r *Room) readAlerting(ctx context.Context, c *Call) (s *alertSettings, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		s, err = alertingIn(tx, c.id())
		return err
	})
	return s, err
}

func (r *Room) editAlerting(ctx context.Context, c *Call, edit func(s *alertSettings) error) error {
	return r.changeAlerting(ctx, c, func(tx store.Tx) error {
		s, err := alertingIn(tx, c.id())
		if err != nil {
			return err
		}
		if err := edit(s); err != nil {
			return err
		}
		return put(tx, alertingBucket, key(c.id(), "settings"), s)
	})
}

// Policies answers the tree of notification policies.
func (r *Room) Policies(ctx context.Context, c *Call) (any, error) {
	s, err := r.readAlerting(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.Policy, nil
}

// SetPolicies replaces it.
func (r *Room) SetPolicies(ctx context.Context, c *Call) (any, error) {
	var in policy
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Receiver == "" {
		return nil, invalid("receiver", "the root of the policies must name a contact point")
	}
	if in.size() > maxPolicies {
		return nil, invalid("routes", "must be at most %d", maxPolicies)
	}
	in.Provenance = c.provenance()
	err := r.editAlerting(ctx, c, func(s *alertSettings) error { s.Policy = in; return nil })
	return Reply{Code: http.StatusAccepted, Body: message("policies updated")}, err
}

// ResetPolicies puts the first tree back.
func (r *Room) ResetPolicies(ctx context.Context, c *Call) (any, error) {
	err := r.editAlerting(ctx, c, func(s *alertSettings) error {
		s.Policy = policy{Receiver: defaultReceiver, GroupBy: []string{"grafana_folder", "alertname"}}
		return nil
	})
	return Reply{Code: http.StatusAccepted, Body: message("policies reset")}, err
}

// MuteTimings lists the mute timings.
func (r *Room) MuteTimings(ctx context.Context, c *Call) (any, error) {
	s, err := r.readAlerting(ctx, c)
	if err != nil {
		return nil, err
	}
	return append([]*muteTiming{}, s.Timings...), nil
}

// MuteTiming answers one.
func (r *Room) MuteTiming(ctx context.Context, c *Call) (any, error) {
	s, err := r.readAlerting(ctx, c)
	if err != nil {
		return nil, err
	}
	if i := s.timing(c.Param("name")); i >= 0 {
		return s.Timings[i], nil
	}
	return nil, missing("mute timing not found")
}

func (s *alertSettings) timing(name string) int {
	return slices.IndexFunc(s.Timings, func(t *muteTiming) bool { return t.Name == name })
}

func (t *muteTiming) check() error {
	if t.Name == "" || len(t.Name) > maxSourceName {
		return invalid("name", "must have 1 to %d characters", maxSourceName)
	}
	if len(t.Intervals) > maxContactBytes {
		return invalid("time_intervals", "must have at most %d bytes", maxContactBytes)
	}
	return nil
}

// CreateMuteTiming makes a mute timing.
func (r *Room) CreateMuteTiming(ctx context.Context, c *Call) (any, error) {
	t := &muteTiming{}
	if err := c.decode(t); err != nil {
		return nil, err
	}
	t.Provenance = c.provenance()
	err := r.editAlerting(ctx, c, func(s *alertSettings) error {
		if s.timing(t.Name) >= 0 {
			return &hearth.Error{Kind: hearth.Conflict, Msg: "a mute timing with this name already exists"}
		}
		if len(s.Timings) >= maxPolicies {
			return &hearth.Error{Kind: hearth.Quota, Msg: "The Grafana workspace has as many mute timings as it may have."}
		}
		s.Timings = append(s.Timings, t)
		return t.check()
	})
	return Reply{Code: http.StatusCreated, Body: t}, err
}

// UpdateMuteTiming replaces one.
func (r *Room) UpdateMuteTiming(ctx context.Context, c *Call) (any, error) {
	t := &muteTiming{}
	if err := c.decode(t); err != nil {
		return nil, err
	}
	t.Name, t.Provenance = c.Param("name"), c.provenance()
	err := r.editAlerting(ctx, c, func(s *alertSettings) error {
		i := s.timing(t.Name)
		if i < 0 {
			return missing("mute timing not found")
		}
		s.Timings[i] = t
		return t.check()
	})
	return Reply{Code: http.StatusAccepted, Body: t}, err
}

// DeleteMuteTiming deletes one that no policy needs.
func (r *Room) DeleteMuteTiming(ctx context.Context, c *Call) (any, error) {
	name := c.Param("name")
	err := r.editAlerting(ctx, c, func(s *alertSettings) error {
		if s.Policy.mutes(name) {
			return &hearth.Error{Kind: hearth.InUse, Msg: "mute timing is used by a notification policy"}
		}
		s.Timings = slices.DeleteFunc(s.Timings, func(t *muteTiming) bool { return t.Name == name })
		return nil
	})
	return Reply{Code: http.StatusNoContent}, err
}

// Templates lists the notification templates.
func (r *Room) Templates(ctx context.Context, c *Call) (any, error) {
	s, err := r.readAlerting(ctx, c)
	if err != nil {
		return nil, err
	}
	return append([]*notifyTemplate{}, s.Templates...), nil
}

func (s *alertSettings) template(name string) int {
	return slices.IndexFunc(s.Templates, func(t *notifyTemplate) bool { return t.Name == name })
}

// Template answers one.
func (r *Room) Template(ctx context.Context, c *Call) (any, error) {
	s, err := r.readAlerting(ctx, c)
	if err != nil {
		return nil, err
	}
	if i := s.template(c.Param("name")); i >= 0 {
		return s.Templates[i], nil
	}
	return nil, missing("template not found")
}

// complete checks a template. As Grafana, it puts a text without a definition into
// one with the template's name.
func (t *notifyTemplate) complete() error {
	if len(t.Text) > maxContactBytes || strings.TrimSpace(t.Text) == "" || t.Name == "" || strings.ContainsAny(t.Name, `/\"`) {
		return invalid("template", "must have 1 to %d bytes, and its name no slash or quote", maxContactBytes)
	}
	if !strings.Contains(t.Text, "define ") {
		t.Text = "{{ define \"" + t.Name + "\" }}\n" + t.Text + "\n{{ end }}"
	}
	return nil
}

// SetTemplate makes or replaces one.
func (r *Room) SetTemplate(ctx context.Context, c *Call) (any, error) {
	t := &notifyTemplate{}
	if err := c.decode(t); err != nil {
		return nil, err
	}
	t.Name, t.Provenance = c.Param("name"), c.provenance()
	if err := t.complete(); err != nil {
		return nil, err
	}
	err := r.editAlerting(ctx, c, func(s *alertSettings) error {
		if i := s.template(t.Name); i >= 0 {
			s.Templates[i] = t
			return nil
		}
		if len(s.Templates) >= maxPolicies {
			return &hearth.Error{Kind: hearth.Quota, Msg: "The Grafana workspace has as many templates as it may have."}
		}
		s.Templates = append(s.Templates, t)
		return nil
	})
	return Reply{Code: http.StatusAccepted, Body: t}, err
}

// DeleteTemplate deletes one.
func (r *Room) DeleteTemplate(ctx context.Context, c *Call) (any, error) {
	err := r.editAlerting(ctx, c, func(s *alertSettings) error {
		s.Templates = slices.DeleteFunc(s.Templates, func(t *notifyTemplate) bool { return t.Name == c.Param("name") })
		return nil
	})
	return Reply{Code: http.StatusNoContent}, err
}
