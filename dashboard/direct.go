package dashboard

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Labels that send a rule's alerts to the contact point it names, in the way it says.
const (
	receiverLabel = "__grafana_receiver__"
	settingsLabel = "__grafana_route_settings_hash__"
)

// notifySettings send a rule's alerts to one contact point whatever the policies say.
// What is not given is as in the root of the policies.
type notifySettings struct {
	Receiver string   `json:"receiver"`
	GroupBy  []string `json:"group_by,omitempty"`
	Wait     string   `json:"group_wait,omitempty"`
	Interval string   `json:"group_interval,omitempty"`
	Repeat   string   `json:"repeat_interval,omitempty"`
	Mute     []string `json:"mute_time_intervals,omitempty"`
	Active   []string `json:"active_time_intervals,omitempty"`
}

// hash tells settings of one contact point apart; empty if they are the policies'.
func (n *notifySettings) hash() string {
	own := *n
	if own.Receiver = ""; own.plain() {
		return ""
	}
	text, _ := json.Marshal(own) // strings and lists of them
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

func (n *notifySettings) plain() bool {
	return n.Wait+n.Interval+n.Repeat == "" && len(n.GroupBy)+len(n.Mute)+len(n.Active) == 0
}

// mark gives the labels of an alert those that its rule's route looks for.
func (n *notifySettings) mark(labels map[string]string) {
	if n == nil || n.Receiver == "" {
		return
	}
	labels[receiverLabel] = n.Receiver
	if h := n.hash(); h != "" {
		labels[settingsLabel] = h
	}
}

func (n *notifySettings) policy() *policy {
	return &policy{
		Receiver: n.Receiver, GroupBy: n.GroupBy, Wait: n.Wait, Interval: n.Interval, Repeat: n.Repeat, Mute: n.Mute, Active: n.Active,
		Matchers: [][3]string{{receiverLabel, "=", n.Receiver}, {settingsLabel, "=", n.hash()}},
	}
}

// directRoutes are for rules that name a contact point.
func directRoutes(rules []*alertRule, names []string, root yamlMap) (out []yamlMap, err error) {
	var done []string
	for _, a := range rules {
		n := a.Settings
		if n == nil || n.Receiver == "" || slices.Contains(done, n.Receiver+"\x00"+n.hash()) {
			continue
		}
		if !slices.Contains(names, n.Receiver) {
			return nil, invalid("notification_settings.receiver", "there is no contact point %q", n.Receiver)
		}
		done = append(done, n.Receiver+"\x00"+n.hash())
		route, err := n.policy().route(names, false)
		if err != nil {
			return nil, err
		}
		if len(n.GroupBy) == 0 {
			route["group_by"] = root["group_by"]
		}
		out = append(out, route)
	}
	return out, nil
}
