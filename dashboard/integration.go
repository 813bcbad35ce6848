package dashboard

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"strings"
)

// firstText is the first of the settings that is there, as text.
func firstText(s map[string]any, names ...string) string {
	for _, n := range names {
		switch v := s[n].(type) {
		case string:
			if v != "" {
				return v
			}
		case float64:
			return fmt.Sprint(int64(v))
		}
	}
	return ""
}

// renamed takes settings over under other names, given in pairs.
func renamed(s map[string]any, pairs ...string) yamlMap {
	out := yamlMap{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v := firstText(s, pairs[i]); v != "" {
			out[pairs[i+1]] = v
		}
	}
	return out
}

func need(c yamlMap, name, setting string) error {
	if c[name] == nil || c[name] == "" {
		return invalid(setting, "must not be empty")
	}
	return nil
}

// apart makes of an e-mail to several addresses one to each, so that they do not see
// each other, unless the contact point has singleEmail, as in Grafana.
func apart(config yamlMap, settings map[string]any) []yamlMap {
	to, ok := config["to"].(string)
	if !ok || settings["singleEmail"] == true {
		return []yamlMap{config}
	}
	var out []yamlMap
	for address := range strings.SplitSeq(to, ",") {
		if address = strings.TrimSpace(address); address == "" {
			continue
		}
		one := maps.Clone(config)
		one["to"] = address
		out = append(out, one)
	}
	return out
}

// mentions are whom a message in Slack calls: a channel, users and groups.
// https://api.slack.com/reference/surfaces/formatting#mentioning-users
func mentions(s map[string]any) string {
	var out strings.Builder
	if v := firstText(s, "mentionChannel"); v != "" {
		out.WriteString("<!" + v + "> ")
	}
	for name, form := range map[string]string{"mentionUsers": "<@%s> ", "mentionGroups": "<!subteam^%s> "} {
		for id := range strings.SplitSeq(firstText(s, name), ",") {
			if id = strings.TrimSpace(id); id != "" {
				fmt.Fprintf(&out, form, id)
			}
		}
	}
	return out.String()
}

// telegramModes are how Telegram reads a text, by Grafana's names in small letters.
var telegramModes = map[string]string{"": "", "none": "", "markdown": "Markdown", "markdownv2": "MarkdownV2", "html": "HTML"}

// responders are those whom Opsgenie tells, in Alertmanager's form, which has the same
// names.
func responders(v any) (out []yamlMap) {
	list, _ := v.([]any)
	for _, e := range list {
		given, _ := e.(map[string]any)
		if one := renamed(given, "type", "type", "id", "id", "name", "name", "username", "username"); len(one) > 0 {
			out = append(out, one)
		}
	}
	return out
}

// headers are those of a webhook's requests, in Alertmanager's form.
func headers(v any) yamlMap {
	given, _ := v.(map[string]any)
	out := yamlMap{}
	for name, value := range given {
		out[name] = yamlMap{"secrets": []string{fmt.Sprint(value)}}
	}
	return out
}

func texts(m map[string]any) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[k] = fmt.Sprint(v)
	}
	return out
}

// splunkOnCall takes the address that Splunk On-Call (once VictorOps) gives apart: it
// ends in a key and a routing key.
func splunkOnCall(c yamlMap, address string) error {
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" {
		return invalid("settings.url", "must be an address such as https://alert.victorops.com/integrations/generic/20131114/alert/KEY/ROUTING_KEY")
	}
	before, route := path.Split(u.Path)
	api, key := path.Split(strings.TrimSuffix(before, "/"))
	if key == "" || route == "" {
		return invalid("settings.url", "must end in /KEY/ROUTING_KEY")
	}
	u.Path, u.RawPath = api, ""
	c["api_url"], c["api_key"], c["routing_key"] = u.String(), key, route
	return nil
}

// unserved refuses settings that would be kept and change nothing, where that would
// send alerts in somebody else's name.
func (c *contact) unserved() error {
	if c.Type == "webhook" {
		for _, name := range []string{"hmacConfig", "tlsConfig", "http_config", "payload"} {
			if v, given := c.Settings[name].(map[string]any); given && len(v) > 0 {
				return invalid("settings."+name, "is not served: the request would go out without it")
			}
		}
	}
	if c.Type != "sns" {
		return nil
	}
	if how := firstText(c.Settings, "authProvider"); how == "keys" || firstText(c.Settings, "accessKey", "secretKey", "assumeRoleARN", "externalId") != "" {
		return invalid("settings.authProvider", "keys and roles of a contact point are not used: topics are published to as the Grafana workspace's role, so leave it at default")
	}
	return nil
}
