package alerting

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// fields are the keys a mapping may have.
type fields map[string]field

// A field is a key that is allowed and what may be below it: anything, unless
// said otherwise.
type field struct {
	inner  func() fields // a mapping
	list   func() fields // a list of mappings
	each   fields        // a mapping with free keys to mappings
	strict string        // why profile aws-strict refuses it; empty if it does not
	check  func(v *vetting, n *yaml.Node, at string)
}

// names makes fields of plain values.
func names(text string) fields {
	f := fields{}
	for _, name := range strings.Fields(text) {
		f[name] = field{}
	}
	return f
}

// with adds fields that have something below them.
func (f fields) with(name string, extra field) fields {
	f[name] = extra
	return f
}

var topFields = names("templates inhibit_rules mute_time_intervals time_intervals").
	with("global", field{inner: func() fields { return globalFields }}).
	with("route", field{inner: routeFields}).
	with("receivers", field{list: func() fields { return receiverFields }})

func routeFields() fields {
	return names(`receiver group_by match match_re matchers mute_time_intervals active_time_intervals
		continue group_wait group_interval repeat_interval`).
		with("labels", field{check: (*vetting).plainLabels}).
		with("routes", field{list: routeFields})
}

// plainLabels refuses templates in a route's labels: upstream renders them where
// nothing bounds the time that takes.
func (v *vetting) plainLabels(n *yaml.Node, at string) {
	for i := 1; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if strings.Contains(n.Content[i].Value, "{{") {
			v.fault(n.Content[i], join(at, n.Content[i-1].Value), "labels of routes cannot be templates: use templates in the receiver")
		}
	}
}

var httpFields = names("bearer_token follow_redirects enable_http2 proxy_url no_proxy proxy_connect_header").
	with("basic_auth", field{inner: plain("username password")}).
	with("authorization", field{inner: plain("type credentials")}).
	with("oauth2", field{inner: func() fields { return oauthFields }}).
	with("tls_config", field{inner: func() fields { return tlsFields }}).
	with("http_headers", field{each: names("values secrets")})

var tlsFields = names("ca cert key server_name insecure_skip_verify min_version max_version")

var oauthFields = names("client_id client_secret scopes token_url endpoint_params proxy_url no_proxy proxy_connect_header").
	with("tls_config", field{inner: func() fields { return tlsFields }})

func plain(text string) func() fields {
	f := names(text)
	return func() fields { return f }
}

var (
	httpConfig = field{inner: func() fields { return httpFields }}
	tlsConfig  = field{inner: func() fields { return tlsFields }}
)

var globalFields = names(`resolve_timeout jira_api_url smtp_from smtp_hello smtp_smarthost smtp_auth_username
	smtp_auth_password smtp_auth_secret smtp_auth_identity smtp_require_tls smtp_force_implicit_tls
	slack_api_url slack_app_token slack_app_url pagerduty_url opsgenie_api_url opsgenie_api_key
	wechat_api_url wechat_api_secret wechat_api_corp_id victorops_api_url victorops_api_key
	telegram_api_url telegram_bot_token webex_api_url rocketchat_api_url rocketchat_token
	rocketchat_token_id mattermost_webhook_url`).
	with("http_config", field{inner: httpConfig.inner, strict: "AWS does not take it"}).
	with("smtp_tls_config", tlsConfig)

// receiverFields are the integrations, each with its own fields.
var receiverFields = names("name labels").
	with("sns_configs", field{list: func() fields { return snsFields }}).
	with("pagerduty_configs", field{list: func() fields { return pagerdutyFields }}).
	with("email_configs", local(names(`send_resolved to from hello smarthost auth_username auth_password auth_secret
		auth_identity headers html text require_tls force_implicit_tls threading`).with("tls_config", tlsConfig))).
	with("webhook_configs", overHTTP("url max_alerts timeout payload")).
	with("discord_configs", overHTTP("webhook_url content title message username avatar_url")).
	with("incidentio_configs", overHTTP("url alert_source_token max_alerts timeout")).
	with("slack_configs", overHTTP(`api_url app_token app_url channel username color title title_link pretext text
		message_text fields short_fields footer fallback callback_id icon_emoji icon_url image_url thumb_url
		link_names mrkdwn_in actions update_message timeout`)).
	with("opsgenie_configs", overHTTP(`api_key api_url message description source details entity responders actions
		tags note priority update_alerts`)).
	with("wechat_configs", overHTTP("api_secret corp_id message api_url to_user to_party to_tag agent_id message_type")).
	with("pushover_configs", overHTTP("user_key token title message url url_title device sound priority retry expire ttl html monospace")).
	with("victorops_configs", overHTTP(`api_key api_url routing_key message_type state_message entity_display_name
		monitoring_tool custom_fields`)).
	with("telegram_configs", overHTTP("api_url bot_token chat_id message_thread_id message disable_notifications parse_mode")).
	with("webex_configs", overHTTP("api_url message room_id")).
	with("msteams_configs", overHTTP("webhook_url title summary text")).
	with("msteamsv2_configs", overHTTP("webhook_url title text")).
	with("jira_configs", overHTTP(`api_url api_type project summary description labels priority issue_type
		reopen_transition resolve_transition wont_fix_resolution reopen_duration fields`)).
	with("rocketchat_configs", overHTTP(`api_url token_id token channel color title title_link text fields short_fields
		emoji icon_url image_url thumb_url link_names actions`)).
	with("mattermost_configs", overHTTP(`webhook_url channel username text fallback color pretext author_name author_link
		author_icon title title_link fields thumb_url footer footer_icon image_url icon_url icon_emoji attachments
		type props priority`))

// local is an integration that AWS does not have.
func local(f fields) field {
	return field{list: func() fields { return f }, strict: "AWS delivers to sns_configs and pagerduty_configs only"}
}

func overHTTP(text string) field {
	return local(names("send_resolved "+text).with("http_config", httpConfig))
}

var snsFields = names("send_resolved topic_arn subject message attributes").
	with("sigv4", field{inner: plain("region role_arn")}).
	with("api_url", refused("topics are reached where this workspace is: leave it out")).
	with("http_config", refused("topics are reached where this workspace is: leave it out")).
	with("phone_number", refused("text messages are not sent: give topic_arn")).
	with("target_arn", refused("only topics are reached: give topic_arn"))

var pagerdutyFields = names(`send_resolved service_key url client client_url description details images links source
	severity class component group timeout`).
	with("http_config", field{inner: httpConfig.inner, strict: "AWS does not take it"}).
	with("routing_key", field{check: (*vetting).plainKey})

// refused is a field upstream has and AWS forbids.
func refused(why string) field {
	return field{check: func(v *vetting, n *yaml.Node, at string) { v.fault(n, at, "%s", why) }}
}

// plainKey refuses a routing key that AWS would look up in AWS Secrets Manager:
// there is none here, and a definition that is taken must be able to deliver.
func (v *vetting) plainKey(n *yaml.Node, at string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	if len(n.Content) > 0 && n.Content[0].Value == "aws_secrets_manager" {
		v.fault(n, at, "aws_secrets_manager: there is no AWS Secrets Manager here: give the key itself")
		return
	}
	v.fault(n, at, "must be a key")
}
