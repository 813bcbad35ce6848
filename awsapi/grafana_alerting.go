package awsapi

import "github.com/hearth-metrics/hearth/dashboard"

// grafanaAlertRows are Grafana-managed alerting: provisioning, the ruler's and
// Prometheus' forms of the rules, the alert manager, and the notification channels
// of old Grafanas, which are contact points here.
func (s *Server) grafanaAlertRows(d *dashboard.Room) []row {
	const p = "/v1/provisioning"
	const group, ruler = p + "/folder/{folderUid}/rule-groups/{group}", "/ruler/grafana/api/v1/rules"
	rows := []row{
		gapi("GET", p+"/alert-rules", "AlertRules", viewer, d.AlertRules),
		gapi("POST", p+"/alert-rules", "CreateAlertRule", editor, d.CreateAlertRule),
		gapi("GET", p+"/alert-rules/{uid}", "AlertRule", viewer, d.AlertRule),
		gapi("PUT", p+"/alert-rules/{uid}", "UpdateAlertRule", editor, d.UpdateAlertRule),
		gapi("DELETE", p+"/alert-rules/{uid}", "DeleteAlertRule", editor, d.DeleteAlertRule),
		gapi("GET", group, "RuleGroup", viewer, d.RuleGroup),
		gapi("PUT", group, "SetRuleGroup", editor, d.SetRuleGroup),
		gapi("DELETE", group, "DeleteRuleGroup", editor, d.DeleteRuleGroup),

		gapi("GET", p+"/contact-points", "ContactPoints", viewer, d.ContactPoints),
		gapi("POST", p+"/contact-points", "CreateContactPoint", editor, d.CreateContactPoint),
		gapi("PUT", p+"/contact-points/{uid}", "UpdateContactPoint", editor, d.UpdateContactPoint),
		gapi("DELETE", p+"/contact-points/{uid}", "DeleteContactPoint", editor, d.DeleteContactPoint),
		gapi("GET", p+"/policies", "Policies", viewer, d.Policies),
		gapi("PUT", p+"/policies", "SetPolicies", editor, d.SetPolicies),
		gapi("DELETE", p+"/policies", "ResetPolicies", editor, d.ResetPolicies),
		gapi("GET", p+"/mute-timings", "MuteTimings", viewer, d.MuteTimings),
		gapi("POST", p+"/mute-timings", "CreateMuteTiming", editor, d.CreateMuteTiming),
		gapi("GET", p+"/mute-timings/{name}", "MuteTiming", viewer, d.MuteTiming),
		gapi("PUT", p+"/mute-timings/{name}", "UpdateMuteTiming", editor, d.UpdateMuteTiming),
		gapi("DELETE", p+"/mute-timings/{name}", "DeleteMuteTiming", editor, d.DeleteMuteTiming),
		gapi("GET", p+"/templates", "Templates", viewer, d.Templates),
		gapi("GET", p+"/templates/{name}", "Template", viewer, d.Template),
		gapi("PUT", p+"/templates/{name}", "SetTemplate", editor, d.SetTemplate),
		gapi("DELETE", p+"/templates/{name}", "DeleteTemplate", editor, d.DeleteTemplate),

		gapi("GET", p+"/alert-rules/export", "ExportAlertRules", viewer, d.ExportRules),
		gapi("GET", p+"/alert-rules/{uid}/export", "ExportAlertRule", viewer, d.ExportRules),
		gapi("GET", group+"/export", "ExportRuleGroup", viewer, d.ExportRules),
		gapi("GET", p+"/contact-points/export", "ExportContactPoints", viewer, d.ExportContactPoints),
		gapi("GET", p+"/policies/export", "ExportPolicies", viewer, d.ExportPolicies),
		gapi("GET", p+"/mute-timings/export", "ExportMuteTimings", viewer, d.ExportMuteTimings),
		gapi("GET", p+"/mute-timings/{name}/export", "ExportMuteTiming", viewer, d.ExportMuteTimings),

		gapi("GET", ruler, "RulerRules", viewer, d.RulerRules),
		gapi("GET", ruler+"/{folderUid}", "RulerFolder", viewer, d.RulerRules),
		gapi("POST", ruler+"/{folderUid}", "SetRulerGroup", editor, d.SetRulerGroup),
		gapi("DELETE", ruler+"/{folderUid}", "DeleteRulerFolder", editor, d.DeleteRuler),
		gapi("GET", ruler+"/{folderUid}/{group}", "RulerGroup", viewer, d.RulerGroup),
		gapi("DELETE", ruler+"/{folderUid}/{group}", "DeleteRulerGroup", editor, d.DeleteRuler),
		gapi("GET", "/prometheus/grafana/api/v1/rules", "PrometheusRules", viewer, d.PromRules),
		gapi("GET", "/prometheus/grafana/api/v1/alerts", "PrometheusAlerts", viewer, d.PromAlerts),
		gapi("POST", "/v1/eval", "EvaluateRules", editor, d.EvaluateRules),
		gapi("GET", "/hearth/alerts/record", "AlertRecord", viewer, d.AlertRecord).ours(),
		gapi("GET", "/hearth/alerts/notifications", "AlertNotifications", editor, d.Notifications).ours(),
		gapi("POST", "/hearth/alerts/notifications/again", "NotifyAgain", editor, d.NotifyAgain).ours(),

		s.stream("GET", "/alertmanager/grafana/api/v2/{rest...}", "Alertmanager", viewer, d.Alertmanager),
		s.stream("POST", "/alertmanager/grafana/api/v2/{rest...}", "ChangeAlertmanager", editor, d.Alertmanager),
		s.stream("DELETE", "/alertmanager/grafana/api/v2/{rest...}", "ChangeAlertmanager", editor, d.Alertmanager),

		gapi("GET", "/alert-notifications", "NotificationChannels", editor, d.Channels),
		gapi("GET", "/alert-notifications/lookup", "LookupNotificationChannels", viewer, d.ChannelNames),
		gapi("POST", "/alert-notifications", "CreateNotificationChannel", editor, d.CreateChannel),
		gapi("POST", "/alert-notifications/test", "TestNotificationChannel", editor, d.TestChannel),
	}
	for _, by := range []struct{ path, name string }{{"/alert-notifications/{id}", "ByID"}, {"/alert-notifications/uid/{uid}", "ByUID"}} {
		rows = append(rows,
			gapi("GET", by.path, "NotificationChannel"+by.name, editor, d.Channel),
			gapi("PUT", by.path, "UpdateNotificationChannel"+by.name, editor, d.UpdateChannel),
			gapi("DELETE", by.path, "DeleteNotificationChannel"+by.name, editor, d.DeleteChannel))
	}
	return rows
}
