package awsapi

import (
	"context"
	"net/http"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/dashboard"
)

// A grafanaHandler answers one request of Grafana's HTTP API.
type grafanaHandler func(ctx context.Context, c *dashboard.Call) (any, error)

// The least role that a row of Grafana's HTTP API needs.
const (
	viewer = hearth.GrafanaViewer
	editor = hearth.GrafanaEditor
	admin  = hearth.GrafanaAdmin
)

const grafanaAPI = "/grafana/{grafanaId}/api"

// gapi is a row of Grafana's HTTP API. name is its operation's.
func gapi(method, path, name string, need hearth.GrafanaRole, h grafanaHandler) row {
	return row{method: method, path: grafanaAPI + path, code: http.StatusOK, action: grafanaHTTP + ":" + name, on: grafanaUser, role: need,
		serve: func(ctx context.Context, r *request) (any, error) { return h(ctx, r.call()) }}
}

// stream is a row whose answer is somebody else's.
func (s *Server) stream(method, path, name string, need hearth.GrafanaRole, h func(context.Context, *dashboard.Call, http.ResponseWriter) error) row {
	r := gapi(method, path, name, need, nil)
	r.code, r.serve = 0, nil
	r.pass = func(w http.ResponseWriter, q *request) {
		if err := h(hearth.WithCaller(q.http.Context(), q.caller), q.call(), w); err != nil {
			s.refuse(q, err)
		}
	}
	return r
}

// grafanaHTTPRows are Grafana's HTTP API,
// https://grafana.com/docs/grafana/latest/developers/http_api/
// Roles are those that Grafana's basic roles have by themselves.
func (s *Server) grafanaHTTPRows() []row {
	d := s.opts.Dashboards
	health := gapi("GET", "/health", "Health", viewer, d.HealthOf)
	health.on = grafanaOpen
	rows := []row{
		health,
		gapi("GET", "/frontend/settings", "FrontendSettings", viewer, d.FrontendSettings),
		gapi("GET", "/access-control/user/permissions", "UserPermissions", viewer, d.MyPermissions),
		gapi("GET", "/user", "CurrentUser", viewer, d.Me),
		gapi("GET", "/user/orgs", "CurrentUserOrgs", viewer, d.MyOrgs),
		gapi("GET", "/user/teams", "CurrentUserTeams", viewer, d.MyTeams),
		gapi("GET", "/user/stars", "Stars", viewer, d.Stars),
		gapi("POST", "/user/stars/dashboard/uid/{uid}", "Star", viewer, d.Star),
		gapi("DELETE", "/user/stars/dashboard/uid/{uid}", "Unstar", viewer, d.Unstar),
		gapi("GET", "/user/preferences", "UserPreferences", viewer, d.MyPreferences),
		gapi("PUT", "/user/preferences", "SetUserPreferences", viewer, d.SetMyPreferences),
		gapi("PATCH", "/user/preferences", "PatchUserPreferences", viewer, d.SetMyPreferences),
		gapi("GET", "/org", "CurrentOrg", viewer, d.Org),
		gapi("GET", "/orgs/{orgId}", "OrgByID", admin, d.OrgByID),
		gapi("GET", "/org/preferences", "OrgPreferences", viewer, d.OrgPreferences),
		gapi("PUT", "/org/preferences", "SetOrgPreferences", admin, d.SetOrgPreferences),
		gapi("PATCH", "/org/preferences", "PatchOrgPreferences", admin, d.SetOrgPreferences),
		gapi("GET", "/org/users", "OrgUsers", admin, d.OrgUsers),
		gapi("GET", "/org/users/lookup", "OrgUsersLookup", editor, d.OrgUsersLookup),
		gapi("GET", "/org/users/search", "OrgUsersSearch", admin, d.OrgUsersSearch),
		gapi("PATCH", "/org/users/{userId}", "UpdateOrgUser", admin, d.PatchOrgUser),
		gapi("DELETE", "/org/users/{userId}", "RemoveOrgUser", admin, d.RemoveOrgUser),
		gapi("GET", "/users/lookup", "LookupUser", admin, d.LookupUser),
		gapi("GET", "/users/{userId}", "UserByID", admin, d.UserByID),
	}
	for _, more := range [][]row{grafanaContentRows(d), s.grafanaSourceRows(d), grafanaAdminRows(d), s.grafanaAlertRows(d), s.grafanaShareRows(d)} {
		rows = append(rows, more...)
	}
	return rows
}

// grafanaContentRows are folders, dashboards and what belongs to them.
func grafanaContentRows(d *dashboard.Room) []row {
	const dash, byID, folder = "/dashboards/uid/{uid}", "/dashboards/id/{dashboardId}", "/folders/{folderUid}"
	return []row{
		gapi("GET", "/search", "Search", viewer, d.Search),
		gapi("GET", "/search/sorting", "SearchSorting", viewer, d.SearchSorting),
		gapi("GET", "/dashboards/home", "HomeDashboard", viewer, d.HomeDashboard),
		gapi("GET", "/dashboards/tags", "DashboardTags", viewer, d.DashboardTags),
		gapi("POST", "/dashboards/db", "SaveDashboard", editor, d.SaveDashboard),
		gapi("POST", "/dashboards/import", "ImportDashboard", editor, d.Import),
		gapi("GET", dash, "Dashboard", viewer, d.Dashboard),
		gapi("DELETE", dash, "DeleteDashboard", editor, d.DeleteDashboard),
		gapi("GET", dash+"/versions", "DashboardVersions", viewer, d.DashboardVersions),
		gapi("GET", dash+"/versions/{version}", "DashboardVersion", viewer, d.DashboardVersion),
		gapi("POST", dash+"/restore", "RestoreDashboardVersion", editor, d.RestoreVersion),
		gapi("GET", dash+"/permissions", "DashboardPermissions", viewer, d.DashboardRights),
		gapi("POST", dash+"/permissions", "SetDashboardPermissions", viewer, d.SetDashboardRights),
		gapi("GET", dash+"/bytes", "DashboardBytes", viewer, d.DashboardBytes).ours(),

		gapi("GET", byID+"/versions", "DashboardVersionsByID", viewer, d.DashboardVersions),
		gapi("GET", byID+"/versions/{version}", "DashboardVersionByID", viewer, d.DashboardVersion),
		gapi("POST", byID+"/restore", "RestoreDashboardVersionByID", editor, d.RestoreVersion),
		gapi("GET", byID+"/permissions", "DashboardPermissionsByID", viewer, d.DashboardRights),
		gapi("POST", byID+"/permissions", "SetDashboardPermissionsByID", viewer, d.SetDashboardRights),
		gapi("POST", "/user/stars/dashboard/{dashboardId}", "StarByID", viewer, d.Star),
		gapi("DELETE", "/user/stars/dashboard/{dashboardId}", "UnstarByID", viewer, d.Unstar),

		gapi("GET", "/folders", "Folders", viewer, d.Folders),
		gapi("POST", "/folders", "CreateFolder", editor, d.CreateFolder),
		gapi("GET", "/folders/id/{folderId}", "FolderByID", viewer, d.FolderByID),
		gapi("GET", folder, "Folder", viewer, d.Folder),
		gapi("PUT", folder, "UpdateFolder", editor, d.UpdateFolder),
		gapi("DELETE", folder, "DeleteFolder", editor, d.DeleteFolder),
		gapi("POST", folder+"/move", "MoveFolder", editor, d.MoveFolder),
		gapi("GET", folder+"/counts", "FolderCounts", viewer, d.FolderCounts),
		gapi("GET", folder+"/permissions", "FolderPermissions", viewer, d.FolderRights),
		gapi("POST", folder+"/permissions", "SetFolderPermissions", viewer, d.SetFolderRights),
	}
}

// grafanaSourceRows are data sources and the questions that go through them.
func (s *Server) grafanaSourceRows(d *dashboard.Room) []row {
	rows := []row{
		gapi("GET", "/datasources", "DataSources", admin, d.Sources),
		gapi("POST", "/datasources", "AddDataSource", admin, d.AddSource),
		gapi("GET", "/datasources/discover", "DiscoverWorkspaces", admin, d.Discover).ours(),
		gapi("POST", "/datasources/discover", "AddDiscoveredWorkspaces", admin, d.AddDiscovered).ours(),
		gapi("GET", "/datasources/id/{name}", "DataSourceID", viewer, d.SourceID),
		gapi("GET", "/datasources/uid/{uid}/health", "DataSourceHealth", viewer, d.Health),
		gapi("POST", "/ds/query", "Query", viewer, d.Query),
	}
	for _, by := range []struct{ path, name string }{{"/datasources/{id}", "ByID"}, {"/datasources/uid/{uid}", "ByUID"}, {"/datasources/name/{name}", "ByName"}} {
		rows = append(rows,
			gapi("GET", by.path, "DataSource"+by.name, admin, d.SourceOf),
			gapi("DELETE", by.path, "DeleteDataSource"+by.name, admin, d.DeleteSource))
		if by.name != "ByName" {
			rows = append(rows, gapi("PUT", by.path, "UpdateDataSource"+by.name, admin, d.UpdateSource))
		}
	}
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		rows = append(rows,
			s.stream(method, "/datasources/proxy/uid/{uid}/{rest...}", "DataSourceProxy", viewer, d.Proxy),
			s.stream(method, "/datasources/proxy/{id}/{rest...}", "DataSourceProxyByID", viewer, d.Proxy),
			s.stream(method, "/datasources/uid/{uid}/resources/{rest...}", "DataSourceResource", viewer, d.Resource))
	}
	return rows
}

// grafanaAdminRows are teams and who is in them.
func grafanaAdminRows(d *dashboard.Room) []row {
	const team, sa, note = "/teams/{teamId}", "/serviceaccounts/{id}", "/annotations/{annotationId}"
	return []row{
		gapi("GET", "/serviceaccounts/search", "SearchServiceAccounts", admin, d.SearchAccounts),
		gapi("POST", "/serviceaccounts", "CreateServiceAccount", admin, d.AddAccount),
		gapi("GET", sa, "ServiceAccount", admin, d.Account),
		gapi("PATCH", sa, "UpdateServiceAccount", admin, d.UpdateAccount),
		gapi("DELETE", sa, "DeleteServiceAccount", admin, d.RemoveAccount),
		gapi("GET", sa+"/tokens", "ServiceAccountTokens", admin, d.AccountTokens),
		gapi("POST", sa+"/tokens", "CreateServiceAccountToken", admin, d.AddAccountToken),
		gapi("DELETE", sa+"/tokens/{tokenId}", "DeleteServiceAccountToken", admin, d.RemoveAccountToken),

		gapi("GET", "/annotations", "Annotations", viewer, d.Annotations),
		gapi("POST", "/annotations", "AddAnnotation", editor, d.AddAnnotation),
		gapi("GET", "/annotations/tags", "AnnotationTags", viewer, d.AnnotationTags),
		gapi("POST", "/annotations/graphite", "AddGraphiteAnnotation", editor, d.AddGraphiteAnnotation),
		gapi("GET", note, "Annotation", viewer, d.Annotation),
		gapi("PUT", note, "ReplaceAnnotation", editor, d.UpdateAnnotation),
		gapi("PATCH", note, "UpdateAnnotation", editor, d.UpdateAnnotation),
		gapi("DELETE", note, "DeleteAnnotation", editor, d.DeleteAnnotation),

		gapi("GET", "/gnet/dashboards/{gnetId}", "DashboardOfGrafanaCom", editor, d.Gnet),

		gapi("GET", "/teams/search", "SearchTeams", viewer, d.SearchTeams),
		gapi("POST", "/teams", "CreateTeam", admin, d.CreateTeam),
		gapi("GET", team, "Team", admin, d.Team),
		gapi("PUT", team, "UpdateTeam", admin, d.UpdateTeam),
		gapi("DELETE", team, "DeleteTeam", admin, d.DeleteTeam),
		gapi("GET", team+"/members", "TeamMembers", admin, d.TeamMembers),
		gapi("POST", team+"/members", "AddTeamMember", admin, d.AddTeamMember),
		gapi("DELETE", team+"/members/{userId}", "RemoveTeamMember", admin, d.RemoveTeamMember),
		gapi("GET", team+"/preferences", "TeamPreferences", admin, d.TeamPreferences),
		gapi("PUT", team+"/preferences", "SetTeamPreferences", admin, d.SetTeamPreferences),
	}
}
