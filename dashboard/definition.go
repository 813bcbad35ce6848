package dashboard

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A yamlMap is a part of Alertmanager's configuration.
type yamlMap = map[string]any

// An integration turns the settings of a contact point into one of a receiver's
// lists in Alertmanager's configuration.
type integration func(s map[string]any) (list string, config yamlMap, err error)

var integrations = map[string]integration{
	"sns": func(s map[string]any) (string, yamlMap, error) {
		arn := firstText(s, "topic_arn", "topicArn", "topic")
		if _, err := hearth.ParseARN(arn); err != nil {
			return "", nil, invalid("settings.topic_arn", "must be the ARN of a topic")
		}
		c := renamed(s, "subject", "subject", "message", "message", "body", "message")
		c["topic_arn"] = arn
		return "sns_configs", c, nil
	},
	"email": func(s map[string]any) (string, yamlMap, error) {
		to := strings.NewReplacer(";", ",", "\n", ",").Replace(firstText(s, "addresses"))
		if strings.TrimSpace(to) == "" {
			return "", nil, invalid("settings.addresses", "must not be empty")
		}
		c := yamlMap{"to": to}
		if v := firstText(s, "message"); v != "" {
			c["text"], c["html"] = v, ""
		}
		if v := firstText(s, "subject"); v != "" {
			c["headers"] = map[string]string{"Subject": v}
		}
		return "email_configs", c, nil
	},
	"slack": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "url", "api_url", "recipient", "channel", "title", "title", "text", "text", "username", "username",
			"icon_emoji", "icon_emoji", "icon_url", "icon_url", "color", "color")
		if token := firstText(s, "token"); token != "" {
			c["api_url"] = orElse(firstText(s, "url", "endpointUrl"), "https://slack.com/api/chat.postMessage")
			c["http_config"] = yamlMap{"authorization": yamlMap{"credentials": token}}
		}
		if m := mentions(s); m != "" {
			c["text"] = m + orElse(firstText(s, "text"), `{{ template "slack.default.text" . }}`)
		}
		return "slack_configs", c, need(c, "api_url", "settings.url")
	},
	"teams": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "url", "webhook_url", "title", "title", "message", "text")
		return "msteamsv2_configs", c, need(c, "webhook_url", "settings.url")
	},
	"pagerduty": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "integrationKey", "routing_key", "severity", "severity", "class", "class", "component", "component", "group", "group",
			"summary", "description", "source", "source", "client", "client", "client_url", "client_url", "url", "url")
		if details, ok := s["details"].(map[string]any); ok && len(details) > 0 {
			c["details"] = texts(details)
		}
		return "pagerduty_configs", c, need(c, "routing_key", "settings.integrationKey")
	},
	"webhook": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "url", "url")
		if n, err := strconv.Atoi(firstText(s, "maxAlerts")); err == nil && n > 0 {
			c["max_alerts"] = n
		}
		h := yamlMap{}
		if user := firstText(s, "username"); user != "" {
			h["basic_auth"] = yamlMap{"username": user, "password": firstText(s, "password")}
		} else if v := firstText(s, "authorization_credentials"); v != "" {
			h["authorization"] = yamlMap{"type": orElse(firstText(s, "authorization_scheme"), "Bearer"), "credentials": v}
		}
		if list := headers(s["headers"]); len(list) > 0 {
			h["http_headers"] = list
		}
		if len(h) > 0 {
			c["http_config"] = h
		}
		if m := firstText(s, "httpMethod"); m != "" && m != "POST" {
			return "", nil, invalid("settings.httpMethod", "must be POST")
		}
		return "webhook_configs", c, need(c, "url", "settings.url")
	},
	"opsgenie": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "apiKey", "api_key", "apiUrl", "api_url", "message", "message", "description", "description")
		if v, ok := c["api_url"].(string); ok { // Grafana's has the path, Alertmanager adds it
			c["api_url"] = strings.TrimSuffix(strings.TrimSuffix(v, "/"), "v2/alerts")
		}
		if list := responders(s["responders"]); len(list) > 0 {
			c["responders"] = list
		}
		return "opsgenie_configs", c, need(c, "api_key", "settings.apiKey")
	},
	"discord": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "url", "webhook_url", "title", "title", "message", "message", "avatar_url", "avatar_url")
		return "discord_configs", c, need(c, "webhook_url", "settings.url")
	},
	"telegram": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "bottoken", "bot_token", "message", "message")
		if mode, given := s["parse_mode"].(string); given {
			c["parse_mode"] = telegramModes[strings.ToLower(mode)]
		}
		if n, err := strconv.Atoi(firstText(s, "message_thread_id")); err == nil {
			c["message_thread_id"] = n
		}
		if s["disable_notifications"] == true {
			c["disable_notifications"] = true
		}
		var chat json.Number = json.Number(firstText(s, "chatid"))
		if n, err := chat.Int64(); err == nil {
			c["chat_id"] = n
		}
		if err := need(c, "chat_id", "settings.chatid"); err != nil {
			return "", nil, err
		}
		return "telegram_configs", c, need(c, "bot_token", "settings.bottoken")
	},
	"pushover": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "userKey", "user_key", "apiToken", "token", "title", "title", "message", "message", "priority", "priority", "sound", "sound", "device", "device")
		for _, name := range []string{"retry", "expire"} {
			if n, err := strconv.Atoi(firstText(s, name)); err == nil && n > 0 {
				c[name] = strconv.Itoa(n) + "s"
			}
		}
		if err := need(c, "token", "settings.apiToken"); err != nil {
			return "", nil, err
		}
		return "pushover_configs", c, need(c, "user_key", "settings.userKey")
	},
	"webex": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "room_id", "room_id", "api_url", "api_url", "message", "message")
		c["http_config"] = yamlMap{"authorization": yamlMap{"credentials": firstText(s, "bot_token")}}
		return "webex_configs", c, need(c, "room_id", "settings.room_id")
	},
	"victorops": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "messageType", "message_type", "title", "entity_display_name", "description", "state_message")
		return "victorops_configs", c, splunkOnCall(c, firstText(s, "url"))
	},
	"googlechat": func(s map[string]any) (string, yamlMap, error) {
		c := renamed(s, "url", "url")
		title, text := orElse(firstText(s, "title"), `{{ template "default.title" . }}`), orElse(firstText(s, "message"), `{{ template "default.message" . }}`)
		c["payload"] = yamlMap{"text": title + "\n" + text}
		return "webhook_configs", c, need(c, "url", "settings.url")
	},
}

// grafanaTemplates are the templates that texts of Grafana's contact points name.
const grafanaTemplates = `{{ define "default.title" }}[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .GroupLabels.SortedPairs.Values | join " " }}{{ end }}
{{ define "__hearth_alerts" }}{{ range . }}
Labels:
{{ range .Labels.SortedPairs }}{{ if not (match "^__" .Name) }} - {{ .Name }} = {{ .Value }}
{{ end }}{{ end }}Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}{{ if .GeneratorURL }}Source: {{ .GeneratorURL }}
{{ end }}{{ end }}{{ end }}
{{ define "default.message" }}{{ if gt (len .Alerts.Firing) 0 }}**Firing**
{{ template "__hearth_alerts" .Alerts.Firing }}{{ end }}{{ if gt (len .Alerts.Resolved) 0 }}**Resolved**
{{ template "__hearth_alerts" .Alerts.Resolved }}{{ end }}{{ end }}
`

// definition writes what an alert manager has to do for a Grafana workspace.
func (r *Room) definition(tx store.Tx, id hearth.GrafanaID) ([]byte, error) {
	s, err := alertingIn(tx, id)
	if err != nil {
		return nil, err
	}
	receivers, names, err := r.receivers(tx, id)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, defaultReceiver) {
		receivers = append(receivers, yamlMap{"name": defaultReceiver})
		names = append(names, defaultReceiver)
	}
	root, err := s.Policy.route(names, true)
	if err != nil {
		return nil, err
	}
	list, err := rulesIn(tx, id)
	if err != nil {
		return nil, err
	}
	direct, err := directRoutes(list, names, root)
	if err != nil {
		return nil, err
	}
	if routes, ok := root["routes"].([]yamlMap); ok {
		direct = append(direct, routes...)
	}
	if len(direct) > 0 {
		root["routes"] = direct
	}
	config := yamlMap{"route": root, "receivers": receivers}
	if config["time_intervals"], err = s.intervals(); err != nil {
		return nil, err
	}
	return r.whole(config, s)
}

// whole adds to a configuration what all have: the mail server and the templates.
func (r *Room) whole(config yamlMap, s *alertSettings) ([]byte, error) {
	config["templates"] = []string{"*.tmpl"}
	if r.opts.Mail != nil {
		config["global"] = r.opts.Mail
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		return nil, err
	}
	files := map[string]string{"grafana.tmpl": grafanaTemplates}
	for _, t := range s.Templates {
		files[t.Name+".tmpl"] = t.Text
	}
	return yaml.Marshal(yamlMap{"alertmanager_config": string(text), "template_files": files})
}

// receivers are the contact points in Alertmanager's form, by name.
func (r *Room) receivers(tx store.Tx, id hearth.GrafanaID) (out []yamlMap, names []string, err error) {
	list, err := contactsIn(tx, id)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range list {
		settings, err := r.opened(id, c)
		if err != nil {
			return nil, nil, err
		}
		kind, configs, err := r.integrate(c, settings)
		if err != nil {
			return nil, nil, err
		}
		if len(names) == 0 || names[len(names)-1] != c.Name {
			names, out = append(names, c.Name), append(out, yamlMap{"name": c.Name})
		}
		last := out[len(out)-1]
		have, _ := last[kind].([]yamlMap)
		last[kind] = append(have, configs...)
	}
	return out, names, nil
}

// integrate makes of a contact point, with its secrets, one or more of a receiver's
// lists.
func (r *Room) integrate(c *contact, settings map[string]any) (list string, configs []yamlMap, err error) {
	list, config, err := integrations[c.Type](settings)
	if err != nil {
		return "", nil, err
	}
	if c.Type == "email" && r.opts.Mail == nil {
		return "", nil, invalid("type", "e-mail cannot be sent: this Hearth has no mail server, see --smtp.address; a topic with an e-mail subscription can")
	}
	config["send_resolved"] = !c.Silent
	return list, apart(config, settings), nil
}

var matcherOps = []string{"=", "!=", "=~", "!~"}

func escaped(v string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(v)
}

// route is a policy in Alertmanager's form.
func (p *policy) route(receivers []string, root bool) (yamlMap, error) {
	out := yamlMap{}
	if p.Receiver != "" {
		if !slices.Contains(receivers, p.Receiver) {
			return nil, invalid("receiver", "there is no contact point %q", p.Receiver)
		}
		out["receiver"] = p.Receiver
	}
	if len(p.GroupBy) > 0 {
		out["group_by"] = p.GroupBy
	}
	for name, v := range map[string]string{"group_wait": p.Wait, "group_interval": p.Interval, "repeat_interval": p.Repeat} {
		if v == "" {
			continue
		}
		if d, err := parseDuration(v); err != nil || d <= 0 && name != "group_wait" {
			return nil, invalid(name, "%q is not a duration such as 5m", v)
		}
		out[name] = v
	}
	if root {
		if len(p.Matchers)+len(p.Mute)+len(p.Active) > 0 || p.Continue {
			return nil, invalid("object_matchers", "the root of the policies matches everything: it has no matchers, timings or continue")
		}
	} else {
		matchers := []string{}
		for _, m := range p.Matchers {
			if !slices.Contains(matcherOps, m[1]) {
				return nil, invalid("object_matchers", "%q is none of =, !=, =~, !~", m[1])
			}
			if !labelName.MatchString(m[0]) {
				return nil, invalid("object_matchers", "%q is no label name", m[0])
			}
			matchers = append(matchers, m[0]+m[1]+`"`+escaped(m[2])+`"`)
		}
		out["matchers"] = matchers
		if p.Continue {
			out["continue"] = true
		}
		for name, v := range map[string][]string{"mute_time_intervals": p.Mute, "active_time_intervals": p.Active} {
			if len(v) > 0 {
				out[name] = v
			}
		}
	}
	var routes []yamlMap
	for _, c := range p.Routes {
		if c == nil {
			return nil, invalid("routes", "must not be null")
		}
		sub, err := c.route(receivers, false)
		if err != nil {
			return nil, err
		}
		routes = append(routes, sub)
	}
	if len(routes) > 0 {
		out["routes"] = routes
	}
	return out, nil
}

func (s *alertSettings) intervals() ([]yamlMap, error) {
	out := []yamlMap{}
	for _, t := range s.Timings {
		var list []any
		if err := json.Unmarshal(t.Intervals, &list); err != nil {
			return nil, invalid("time_intervals", "%v", err)
		}
		out = append(out, yamlMap{"name": t.Name, "time_intervals": list})
	}
	return out, nil
}

// changeAlerting changes what alerts are or whom they reach: the change counts
// only if an alert manager can carry it out.
func (r *Room) changeAlerting(ctx context.Context, c *Call, do func(tx store.Tx) error) error {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		text, err := r.definition(tx, c.id())
		if err != nil || r.opts.Alerts == nil {
			return err
		}
		return checked(r.opts.Alerts.Check(text))
	})
	if err != nil {
		return err
	}
	r.evaluator.wake()
	return r.define(ctx, c.Workspace)
}

// checked is what an alert manager says of a definition, in the words of who wrote
// its parts.
func checked(err error) error {
	if hearth.KindOf(err) != hearth.Invalid || err == nil {
		return err
	}
	return bad("The contact points and policies cannot be carried out: %v", err)
}

// define makes the Grafana workspace's definition hold.
func (r *Room) define(ctx context.Context, w hearth.GrafanaWorkspace) error {
	if r.opts.Alerts == nil {
		return nil
	}
	select { // two changes at once: the definition that is read last is made last
	case r.defining <- struct{}{}:
		defer func() { <-r.defining }()
	case <-ctx.Done():
		return ctx.Err()
	}
	var text []byte
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		text, err = r.definition(tx, w.ID)
		return err
	})
	if err != nil {
		return err
	}
	return r.opts.Alerts.Define(ctx, w, text)
}
