package awsapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/dashboard"
)

// grafanaShareRows are what people share: library panels, snapshots, playlists and
// short addresses; and API keys, which old programs have.
func (s *Server) grafanaShareRows(d *dashboard.Room) []row {
	const element, list, alerts = "/library-elements/{uid}", "/playlists/{uid}", "/alertmanager/grafana/config/api/v1/alerts"
	rows := []row{
		gapi("GET", "/library-elements", "LibraryElements", viewer, d.LibraryElements),
		gapi("POST", "/library-elements", "CreateLibraryElement", editor, d.CreateLibraryElement),
		gapi("GET", "/library-elements/name/{name}", "LibraryElementsByName", viewer, d.LibraryElementsByName),
		gapi("GET", element, "LibraryElement", viewer, d.LibraryElement),
		gapi("PATCH", element, "UpdateLibraryElement", editor, d.UpdateLibraryElement),
		gapi("DELETE", element, "DeleteLibraryElement", editor, d.DeleteLibraryElement),
		gapi("GET", element+"/connections", "LibraryElementConnections", viewer, d.LibraryConnections),

		gapi("POST", "/snapshots", "CreateSnapshot", editor, d.CreateSnapshot),
		gapi("GET", "/dashboard/snapshots", "Snapshots", editor, d.Snapshots),
		gapi("GET", "/snapshots/{key}", "Snapshot", viewer, d.Snapshot),
		gapi("DELETE", "/snapshots/{key}", "DeleteSnapshot", editor, d.DeleteSnapshot),
		gapi("GET", "/snapshots-delete/{deleteKey}", "DeleteSnapshotByKey", viewer, d.DeleteSnapshotByKey),
		gapi("GET", "/snapshot/shared-options", "SnapshotOptions", viewer, d.SnapshotOptions),

		gapi("GET", "/playlists", "Playlists", viewer, d.Playlists),
		gapi("POST", "/playlists", "CreatePlaylist", editor, d.CreatePlaylist),
		gapi("GET", list, "Playlist", viewer, d.Playlist),
		gapi("PUT", list, "UpdatePlaylist", editor, d.UpdatePlaylist),
		gapi("DELETE", list, "DeletePlaylist", editor, d.DeletePlaylist),
		gapi("GET", list+"/items", "PlaylistItems", viewer, d.PlaylistItems),

		gapi("POST", "/short-urls", "CreateShortURL", viewer, d.CreateShortURL),
		s.gotoRow(d),
		s.keysRow(),

		gapi("GET", "/auth/keys", "APIKeys", admin, d.APIKeys),
		gapi("POST", "/auth/keys", "AddAPIKey", admin, d.AddAPIKey),
		gapi("DELETE", "/auth/keys/{id}", "RemoveAPIKey", admin, d.RemoveAPIKey),

		gapi("GET", alerts, "AlertmanagerConfiguration", editor, d.AlertConfig),
		gapi("POST", alerts, "SetAlertmanagerConfiguration", editor, d.SetAlertConfig),
		gapi("DELETE", alerts, "ResetAlertmanagerConfiguration", editor, d.ResetAlertConfig),
		gapi("GET", "/alertmanager/grafana/config/api/v1/receivers", "AlertmanagerReceivers", editor, d.AlertReceivers),
		gapi("POST", "/alertmanager/grafana/config/api/v1/receivers/test", "TestContactPoints", editor, d.TestReceivers),
	}
	for _, on := range []struct{ path, name string }{{"/access-control/folders/{folderUid}", "Folder"}, {"/access-control/dashboards/{uid}", "Dashboard"}} {
		rows = append(rows,
			gapi("GET", on.path, on.name+"Grants", viewer, d.Grants),
			gapi("POST", on.path, "Set"+on.name+"Grants", viewer, d.SetGrants),
			gapi("POST", on.path+"/users/{userId}", "Set"+on.name+"GrantOfUser", viewer, d.SetGrant),
			gapi("POST", on.path+"/teams/{teamId}", "Set"+on.name+"GrantOfTeam", viewer, d.SetGrant),
			gapi("POST", on.path+"/builtInRoles/{role}", "Set"+on.name+"GrantOfRole", viewer, d.SetGrant))
	}
	return rows
}

// gotoRow follows short addresses. It is no part of the API: people come by it from
// mails and chats, and those who are not signed in go there first.
func (s *Server) gotoRow(d *dashboard.Room) row {
	r := s.stream("GET", "/goto/{uid}", "Goto", viewer, d.Goto)
	r.path = "/grafana/{grafanaId}/goto/{uid}"
	return r
}

// toSignIn sends a browser that came for a page to sign in, and back afterwards. It
// tells whether it did.
func (s *Server) toSignIn(r *request, status int) bool {
	if status != http.StatusUnauthorized || r.row == nil || r.row.on != grafanaUser || r.http.Header.Get("Authorization") != "" {
		return false
	}
	page := r.row == s.upstream && r.http.Method == http.MethodGet && strings.Contains(r.http.Header.Get("Accept"), "text/html")
	if !page && r.row.operation() != "Goto" {
		return false
	}
	to := strings.TrimPrefix(r.path, "/grafana/"+string(r.grafana.ID))
	if q := r.http.URL.RawQuery; q != "" && page {
		to += "?" + q
	}
	r.w.Header().Set("Cache-Control", "no-store")
	home := r.grafana.URL
	if id, ok := hearth.GrafanaHost(r.http.Host); ok && id == r.grafana.ID {
		home = "" // its own host
	}
	r.w.Header().Set("Location", home+"/login?return_to="+url.QueryEscape(to))
	r.w.WriteHeader(http.StatusFound)
	return true
}
