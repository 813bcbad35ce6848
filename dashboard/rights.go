package dashboard

import (
	"context"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// What someone may do with a folder or dashboard, as Grafana counts it.
// https://grafana.com/docs/grafana/latest/developers/http_api/dashboard_permissions/
const (
	levelNone  = 0
	levelView  = 1
	levelEdit  = 2
	levelAdmin = 4
)

var levelNames = map[int]string{levelView: "View", levelEdit: "Edit", levelAdmin: "Admin"}

// A right gives a level to a role, a user or a team.
type right struct {
	Role  hearth.GrafanaRole `json:"role,omitempty"`
	User  int64              `json:"userId,omitempty"`
	Team  int64              `json:"teamId,omitempty"`
	Level int                `json:"permission"`
}

// rights replace what roles give by themselves. Administrators always have all.
type rights struct {
	Items []right `json:"items"`
}

func forbidden(level int) error {
	return &hearth.Error{Kind: hearth.Denied, Msg: "You'll need additional permissions to perform this action. Permission needed: " + levelNames[level]}
}

// roleLevel is what a role gives by itself.
func roleLevel(role hearth.GrafanaRole) int {
	switch role {
	case hearth.GrafanaAdmin:
		return levelAdmin
	case hearth.GrafanaEditor:
		return levelEdit
	case hearth.GrafanaViewer:
		return levelView
	}
	return levelNone
}

// levelOf is what who asks may do with a dashboard of a folder, or with the folder
// if dashboard is empty. own tells whether it has rights of its own. The rights
// of the innermost that has any count; those of a dashboard add to its folder's.
func (c *Call) levelOf(tx store.Tx, folderUID, dashboardUID string) (level int, own bool, err error) {
	if c.User.Role == hearth.GrafanaAdmin {
		own, err = hasRights(tx, c.id(), folderUID, dashboardUID)
		return levelAdmin, own, err
	}
	level, own, err = c.folderLevel(tx, folderUID)
	if err != nil || dashboardUID == "" {
		return level, own, err
	}
	have, err := get[rights](tx, rightsBucket, key(c.id(), "dashboard", dashboardUID))
	if err != nil || have == nil {
		return level, false, err
	}
	mine, err := c.given(tx, have)
	return max(level, mine), true, err
}

func hasRights(tx store.Tx, id hearth.GrafanaID, folderUID, dashboardUID string) (bool, error) {
	k := key(id, "folder", folderUID)
	if dashboardUID != "" {
		k = key(id, "dashboard", dashboardUID)
	}
	have, err := get[rights](tx, rightsBucket, k)
	return have != nil, err
}

func (c *Call) folderLevel(tx store.Tx, uid string) (level int, own bool, err error) {
	for depth := 0; uid != "" && depth <= maxDepth; depth++ {
		have, err := get[rights](tx, rightsBucket, key(c.id(), "folder", uid))
		if err != nil {
			return 0, false, err
		}
		if have != nil {
			level, err = c.given(tx, have)
			return level, depth == 0, err
		}
		f, err := get[folder](tx, folderBucket, key(c.id(), uid))
		if err != nil || f == nil {
			return roleLevel(c.User.Role), false, err
		}
		uid = f.Parent
	}
	return roleLevel(c.User.Role), false, nil
}

// given is the greatest level that the rights give who asks.
func (c *Call) given(tx store.Tx, have *rights) (level int, err error) {
	for _, it := range have.Items {
		applies := it.Role != "" && c.User.Role.Allows(it.Role) || it.User != 0 && it.User == c.User.ID
		if it.Team != 0 {
			t, err := get[team](tx, teamBucket, key(c.id(), idKey(it.Team)))
			if err != nil {
				return 0, err
			}
			applies = t != nil && t.has(c.User.ID)
		}
		if applies {
			level = max(level, it.Level)
		}
	}
	return level, nil
}

// need refuses who has less than level.
func (c *Call) need(tx store.Tx, folderUID, dashboardUID string, level int) error {
	have, _, err := c.levelOf(tx, folderUID, dashboardUID)
	if err == nil && have < level {
		err = forbidden(level)
	}
	return err
}

// needSeen is need, with the error none to who may not even see the thing: to them it
// does not exist.
func (c *Call) needSeen(tx store.Tx, folderUID, dashboardUID string, level int, none error) error {
	have, _, err := c.levelOf(tx, folderUID, dashboardUID)
	switch {
	case err != nil:
		return err
	case have < levelView:
		return none
	case have < level:
		return forbidden(level)
	}
	return nil
}

// FolderRights lists who may do what with a folder.
func (r *Room) FolderRights(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		f, err := c.seenFolder(tx, c.Param("folderUid"), levelAdmin)
		if err != nil {
			return err
		}
		out, err = c.listRights(tx, "folder", f.UID, f.Title)
		return err
	})
	return out, err
}

// SetFolderRights replaces them.
func (r *Room) SetFolderRights(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		f, err := c.seenFolder(tx, c.Param("folderUid"), levelAdmin)
		if err != nil {
			return err
		}
		return c.setRights(tx, "folder", f.UID)
	})
	return message("Folder permissions updated"), err
}

// DashboardRights lists who may do what with a dashboard.
func (r *Room) DashboardRights(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		d, err := c.seenDashboard(tx, c.Param("uid"), levelAdmin)
		if err != nil {
			return err
		}
		out, err = c.listRights(tx, "dashboard", d.UID, d.Title)
		return err
	})
	return out, err
}

// SetDashboardRights replaces them.
func (r *Room) SetDashboardRights(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		d, err := c.seenDashboard(tx, c.Param("uid"), levelAdmin)
		if err != nil {
			return err
		}
		return c.setRights(tx, "dashboard", d.UID)
	})
	return message("Dashboard permissions updated"), err
}

func (c *Call) listRights(tx store.Tx, kind, uid, title string) (any, error) {
	have, err := get[rights](tx, rightsBucket, key(c.id(), kind, uid))
	if err != nil {
		return nil, err
	}
	if have == nil {
		have = &rights{Items: []right{{Role: hearth.GrafanaViewer, Level: levelView}, {Role: hearth.GrafanaEditor, Level: levelEdit}}}
	}
	out := []map[string]any{}
	for _, it := range have.Items {
		item := map[string]any{
			"permission": it.Level, "permissionName": levelNames[it.Level], "uid": uid, "title": title, "isFolder": kind == "folder",
			"userId": it.User, "teamId": it.Team, "inherited": false,
		}
		if it.Role != "" {
			item["role"] = it.Role
		}
		out = append(out, item)
	}
	return out, nil
}

func (c *Call) setRights(tx store.Tx, kind, uid string) error {
	var in rights
	if err := c.decode(&in); err != nil {
		return err
	}
	if len(in.Items) > 1000 {
		return invalid("items", "must be at most 1000")
	}
	for i, it := range in.Items {
		if levelNames[it.Level] == "" {
			return invalid("permission", "must be 1 (View), 2 (Edit) or 4 (Admin)")
		}
		if count(it.Role != "")+count(it.User != 0)+count(it.Team != 0) != 1 {
			return invalid("items", "item %d must name exactly one of role, userId, teamId", i)
		}
		if it.Role != "" && it.Role != hearth.GrafanaViewer && it.Role != hearth.GrafanaEditor {
			return invalid("role", "must be Viewer or Editor: administrators have every permission")
		}
	}
	return put(tx, rightsBucket, key(c.id(), kind, uid), in)
}
