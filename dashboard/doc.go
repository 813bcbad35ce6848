// Package dashboard has the Grafana workspaces: their life as Amazon Managed
// Grafana's operations have it, who may do what in them, and what Grafana's HTTP
// API keeps and answers: data sources, dashboards, folders, alert rules.
//
// A Grafana workspace belongs to one account and one region. Below the front
// door the workspace and who acts in it come from the context or the Call, never
// from what a caller sent. Nothing of one Grafana workspace is found under
// another's id: every key in the store begins with it.
//
// Dashboards come back as they were stored. Secrets of data sources and contact
// points are sealed, and no answer has them.
package dashboard
