package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/notifier"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Alerts carries alerts of a Grafana workspace to its contact points, as alert
// managers of metrics workspaces do.
type Alerts interface {
	// Check refuses a definition that could not be carried out, Invalid with Fields.
	Check(definition []byte) error
	// Define makes a definition hold. The same one again changes nothing.
	Define(ctx context.Context, w hearth.GrafanaWorkspace, definition []byte) error
	// Notify takes alerts that fire or have ended.
	Notify(ctx context.Context, w hearth.GrafanaWorkspace, alerts ...*notifier.Alert) error
	// ServeAPI answers Alertmanager's API; the path is as there, /api/v2/silences.
	ServeAPI(w http.ResponseWriter, r *http.Request, of hearth.GrafanaWorkspace) error
	// Try sends an alert once to whom the definition names, Invalid for a bad one.
	// Other errors tell what became of it.
	Try(ctx context.Context, w hearth.GrafanaWorkspace, definition []byte, labels, annotations map[string]string) error
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// A contact is one integration of a contact point; those with the same name make
// one contact point.
type contact struct {
	ID         int64             `json:"id"`
	UID        string            `json:"uid"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Settings   map[string]any    `json:"settings"`
	Sealed     map[string][]byte `json:"sealed,omitempty"`
	Silent     bool              `json:"disableResolveMessage"`
	Provenance string            `json:"provenance,omitempty"`
	Default    bool              `json:"default,omitempty"` // as a notification channel
	Created    time.Time         `json:"created,omitzero"`

	secret []string // settings that came as secrets
}

// secure takes over settings that came as secrets.
func (c *contact) secure(given map[string]string) {
	if c.Settings == nil {
		c.Settings = map[string]any{}
	}
	for k, v := range given {
		c.Settings[k] = v
		c.secret = append(c.secret, k)
	}
}

const (
	maxContacts     = 500
	maxContactBytes = 64 << 10
	redacted        = "[REDACTED]"
)

// secretSettings are kept sealed and answered as [REDACTED], as Grafana does.
var secretSettings = map[string][]string{
	"slack": {"url", "token"}, "pagerduty": {"integrationKey"}, "webhook": {"password", "authorization_credentials"}, "opsgenie": {"apiKey"},
	"telegram": {"bottoken"}, "pushover": {"userKey", "apiToken"}, "webex": {"bot_token"}, "discord": {"url"},
	"victorops": {"url"}, "googlechat": {"url"},
}

func (c *contact) about(id hearth.GrafanaID, name string) string {
	return string(id) + "/contact/" + c.UID + "/" + name
}

// body is a contact point as it is answered, without what is secret.
func (c *contact) body() map[string]any {
	settings := maps.Clone(c.Settings)
	if settings == nil {
		settings = map[string]any{}
	}
	for name := range c.Sealed {
		settings[name] = redacted
	}
	out := map[string]any{"uid": c.UID, "name": c.Name, "type": c.Type, "settings": settings, "disableResolveMessage": c.Silent}
	if c.Provenance != "" {
		out["provenance"] = c.Provenance
	}
	return out
}

func contactsIn(tx store.Tx, id hearth.GrafanaID) ([]*contact, error) {
	list, err := all[contact](tx, contactBucket, key(id))
	slices.SortFunc(list, func(a, b *contact) int { return strings.Compare(a.Name+"\x00"+idKey(a.ID), b.Name+"\x00"+idKey(b.ID)) })
	return list, err
}

// keepContact checks and saves a contact point; secrets that are not given, or
// come back redacted, stay as they are in old.
func (r *Room) keepContact(tx store.Tx, id hearth.GrafanaID, c, old *contact) error {
	if c.Name = strings.TrimSpace(c.Name); c.Name == "" || len(c.Name) > maxSourceName {
		return invalid("name", "must have 1 to %d characters", maxSourceName)
	}
	if err := checkUID(c.UID); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.UID == "" {
		c.UID = newUID()
	}
	if old == nil {
		if have, err := get[contact](tx, contactBucket, key(id, c.UID)); err != nil || have != nil {
			if err == nil {
				err = &hearth.Error{Kind: hearth.Conflict, Msg: "a contact point with this uid exists already"}
			}
			return err
		}
		if err := roomFor(tx, contactBucket, key(id), maxContacts, "contact points"); err != nil {
			return err
		}
		var err error
		if c.ID, err = next(tx, id, "contact"); err != nil {
			return err
		}
		c.Created = r.opts.Now().UTC()
	} else {
		c.ID, c.Created = old.ID, old.Created
	}
	r.sealContact(id, c, old)
	return put(tx, contactBucket, key(id, c.UID), c)
}

// check refuses what no integration is made of.
func (c *contact) check() error {
	if integrations[c.Type] == nil {
		return invalid("type", "%q is not served: there are %s", c.Type, strings.Join(slices.Sorted(maps.Keys(integrations)), ", "))
	}
	size, err := json.Marshal(c.Settings)
	if err != nil || len(size) > maxContactBytes {
		return invalid("settings", "must have at most %d bytes", maxContactBytes)
	}
	return c.unserved()
}

// secrets are the settings that are kept sealed: those that always are, that came
// as secrets, and that were sealed before.
func (c *contact) secrets(old *contact) []string {
	names := append(slices.Clone(secretSettings[c.Type]), c.secret...)
	if old != nil && old.Type == c.Type {
		names = slices.AppendSeq(names, maps.Keys(old.Sealed))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *Room) sealContact(id hearth.GrafanaID, c, old *contact) {
	c.Sealed = nil
	for _, name := range c.secrets(old) {
		v, given := c.Settings[name].(string)
		delete(c.Settings, name)
		var box []byte
		switch {
		case given && v != redacted && v != "":
			box = r.opts.Sealer.Seal([]byte(v), c.about(id, name))
		case (!given || v == redacted) && old != nil && old.Type == c.Type:
			box = old.Sealed[name]
		}
		if box != nil {
			if c.Sealed == nil {
				c.Sealed = map[string][]byte{}
			}
			c.Sealed[name] = box
		}
	}
}

// opened are the settings with their secrets.
func (r *Room) opened(id hearth.GrafanaID, c *contact) (map[string]any, error) {
	out := maps.Clone(c.Settings)
	if out == nil {
		out = map[string]any{}
	}
	for name, box := range c.Sealed {
		plain, err := r.opts.Sealer.Open(box, c.about(id, name))
		if err != nil {
			return nil, fmt.Errorf("open %s of contact point %s: %w", name, c.UID, err)
		}
		out[name] = string(plain)
	}
	return out, nil
}

// ContactPoints lists the contact points.
func (r *Room) ContactPoints(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := contactsIn(tx, c.id())
		for _, p := range list {
			if n := c.text("name"); n == "" || p.Name == n {
				out = append(out, p.body())
			}
		}
		return err
	})
	return out, err
}

// CreateContactPoint makes a contact point, or adds to one of the same name.
func (r *Room) CreateContactPoint(ctx context.Context, c *Call) (any, error) {
	p := &contact{}
	if err := c.decode(p); err != nil {
		return nil, err
	}
	p.Provenance, p.Default, p.Sealed = c.provenance(), false, nil
	err := r.changeAlerting(ctx, c, func(tx store.Tx) error { return r.keepContact(tx, c.id(), p, nil) })
	return Reply{Code: http.StatusAccepted, Body: p.body()}, err
}

// UpdateContactPoint replaces a contact point.
func (r *Room) UpdateContactPoint(ctx context.Context, c *Call) (any, error) {
	p := &contact{}
	if err := c.decode(p); err != nil {
		return nil, err
	}
	err := r.changeAlerting(ctx, c, func(tx store.Tx) error {
		old, err := get[contact](tx, contactBucket, key(c.id(), c.Param("uid")))
		if err == nil && old == nil {
			err = missing("contact point not found")
		}
		if err != nil {
			return err
		}
		p.UID, p.Provenance, p.Default, p.Sealed = old.UID, c.provenance(), old.Default, nil
		return r.keepContact(tx, c.id(), p, old)
	})
	return Reply{Code: http.StatusAccepted, Body: map[string]any{"message": "contactpoint updated"}}, err
}

// DeleteContactPoint deletes a contact point that no policy needs.
func (r *Room) DeleteContactPoint(ctx context.Context, c *Call) (any, error) {
	err := r.changeAlerting(ctx, c, func(tx store.Tx) error { return r.dropContact(tx, c.id(), c.Param("uid")) })
	return Reply{Code: http.StatusAccepted, Body: map[string]any{"message": "contactpoint deleted"}}, err
}

func (r *Room) dropContact(tx store.Tx, id hearth.GrafanaID, uid string) error {
	old, err := get[contact](tx, contactBucket, key(id, uid))
	if err != nil || old == nil {
		return err
	}
	list, err := contactsIn(tx, id)
	if err != nil {
		return err
	}
	last := !slices.ContainsFunc(list, func(o *contact) bool { return o.Name == old.Name && o.UID != uid })
	s, err := alertingIn(tx, id)
	if err != nil {
		return err
	}
	if last && s.Policy.names(old.Name) {
		return &hearth.Error{Kind: hearth.InUse, Msg: "contact point is referenced by a notification policy"}
	}
	return tx.Delete(contactBucket, key(id, uid))
}

// channelBody is a contact point in the form of old Grafanas' notification channels.
func (c *contact) channelBody() map[string]any {
	b := c.body()
	delete(b, "provenance")
	fields := map[string]bool{}
	for name := range c.Sealed {
		fields[name] = true
	}
	b["id"], b["isDefault"], b["secureFields"] = c.ID, c.Default, fields
	b["sendReminder"], b["frequency"], b["created"], b["updated"] = false, "", c.Created, c.Created
	return b
}

// channel finds the notification channel of the path.
func (c *Call) channel(tx store.Tx) (*contact, error) {
	list, err := contactsIn(tx, c.id())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(p *contact) bool {
		return c.Param("uid") != "" && p.UID == c.Param("uid") || c.Param("id") != "" && strconv.FormatInt(p.ID, 10) == c.Param("id")
	})
	if i < 0 {
		return nil, missing("Alert notification not found")
	}
	return list[i], nil
}

// Channels lists contact points as notification channels.
func (r *Room) Channels(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := contactsIn(tx, c.id())
		for _, p := range list {
			out = append(out, p.channelBody())
		}
		return err
	})
	return out, err
}

// ChannelNames lists notification channels by name only, for who chooses one.
func (r *Room) ChannelNames(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := contactsIn(tx, c.id())
		for _, p := range list {
			out = append(out, map[string]any{"id": p.ID, "uid": p.UID, "name": p.Name, "type": p.Type, "isDefault": p.Default})
		}
		return err
	})
	return out, err
}

// Channel answers one.
func (r *Room) Channel(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		p, err := c.channel(tx)
		if err == nil {
			out = p.channelBody()
		}
		return err
	})
	return out, err
}

type channelInput struct {
	UID     string            `json:"uid"`
	Name    string            `json:"name"`
	Type    string            `json:"type"`
	Default bool              `json:"isDefault"`
	Silent  bool              `json:"disableResolveMessage"`
	Options map[string]any    `json:"settings"`
	Secure  map[string]string `json:"secureSettings"`
}

func (in *channelInput) contact() *contact {
	p := &contact{UID: in.UID, Name: in.Name, Type: in.Type, Default: in.Default, Silent: in.Silent, Settings: in.Options}
	p.secure(in.Secure)
	return p
}

// keepChannel saves a channel; the default one receives what no policy sends
// elsewhere.
func (r *Room) keepChannel(tx store.Tx, id hearth.GrafanaID, p, old *contact) error {
	if err := r.keepContact(tx, id, p, old); err != nil || !p.Default {
		return err
	}
	s, err := alertingIn(tx, id)
	if err != nil {
		return err
	}
	s.Policy.Receiver = p.Name
	return put(tx, alertingBucket, key(id, "settings"), s)
}

// CreateChannel makes a notification channel: a contact point.
func (r *Room) CreateChannel(ctx context.Context, c *Call) (any, error) {
	var in channelInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	p := in.contact()
	err := r.changeAlerting(ctx, c, func(tx store.Tx) error { return r.keepChannel(tx, c.id(), p, nil) })
	return p.channelBody(), err
}

// UpdateChannel replaces it.
func (r *Room) UpdateChannel(ctx context.Context, c *Call) (any, error) {
	var in channelInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	p := in.contact()
	err := r.changeAlerting(ctx, c, func(tx store.Tx) error {
		old, err := c.channel(tx)
		if err != nil {
			return err
		}
		p.UID = old.UID
		return r.keepChannel(tx, c.id(), p, old)
	})
	return p.channelBody(), err
}

// DeleteChannel deletes it.
func (r *Room) DeleteChannel(ctx context.Context, c *Call) (any, error) {
	err := r.changeAlerting(ctx, c, func(tx store.Tx) error {
		old, err := c.channel(tx)
		if err != nil {
			return err
		}
		return r.dropContact(tx, c.id(), old.UID)
	})
	return message("Notification deleted"), err
}
