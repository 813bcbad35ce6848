package dashboard

import (
	"context"
	"slices"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A grant is one right in the form of Grafana's access control: what Terraform's
// grafana_folder_permission and grafana_dashboard_permission write.
type grant struct {
	User  int64              `json:"userId"`
	Team  int64              `json:"teamId"`
	Role  hearth.GrafanaRole `json:"builtInRole"`
	Level string             `json:"permission"` // a name of a level; empty takes the right away
}

var levelNumbers = map[string]int{"View": levelView, "Edit": levelEdit, "Admin": levelAdmin}

func (g *grant) check() error {
	switch {
	case g.Level != "" && levelNumbers[g.Level] == 0:
		return invalid("permission", "must be View, Edit or Admin, or empty to take it away")
	case count(g.Role != "")+count(g.User != 0)+count(g.Team != 0) != 1:
		return invalid("permissions", "each must name exactly one of builtInRole, userId, teamId")
	case g.Role != "" && !g.Role.Allows(hearth.GrafanaViewer):
		return invalid("builtInRole", "must be Viewer, Editor or Admin")
	}
	return nil
}

// carryOut changes the rights by the grant.
func (r *rights) carryOut(g *grant) {
	r.Items = slices.DeleteFunc(r.Items, func(it right) bool { return it.Role == g.Role && it.User == g.User && it.Team == g.Team })
	if g.Level != "" {
		r.Items = append(r.Items, right{Role: g.Role, User: g.User, Team: g.Team, Level: levelNumbers[g.Level]})
	}
}

// A place is a folder or a dashboard whose rights are asked for.
type place struct{ kind, uid, folder string }

// rightsPlace finds the place of a call. Its rights are for who administers it.
func (c *Call) rightsPlace(tx store.Tx) (place, error) {
	if uid := c.Param("folderUid"); uid != "" {
		f, err := c.seenFolder(tx, uid, levelAdmin)
		if err != nil {
			return place{}, err
		}
		return place{kind: "folder", uid: f.UID, folder: f.Parent}, nil
	}
	d, err := c.seenDashboard(tx, c.Param("uid"), levelAdmin)
	if err != nil {
		return place{}, err
	}
	return place{kind: "dashboard", uid: d.UID, folder: d.Folder}, nil
}

// own are the rights of the place itself. A folder at the top that nobody changed
// has those that the roles give.
func (p place) own(tx store.Tx, id hearth.GrafanaID) (*rights, error) {
	have, err := get[rights](tx, rightsBucket, key(id, p.kind, p.uid))
	if have != nil || err != nil {
		return have, err
	}
	if p.kind == "folder" && p.folder == "" {
		return &rights{Items: []right{{Role: hearth.GrafanaEditor, Level: levelEdit}, {Role: hearth.GrafanaViewer, Level: levelView}}}, nil
	}
	return &rights{}, nil
}

// Grants lists the rights of a folder or dashboard, those of the folders above it
// marked as inherited.
// https://grafana.com/docs/grafana/latest/developers/http_api/access_control/
func (r *Room) Grants(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		p, err := c.rightsPlace(tx)
		if err != nil {
			return err
		}
		own, err := p.own(tx, c.id())
		if err != nil {
			return err
		}
		if out, err = c.addGrants(tx, out, own, false); err != nil {
			return err
		}
		for uid := p.folder; uid != ""; {
			f, err := get[folder](tx, folderBucket, key(c.id(), uid))
			if err != nil || f == nil {
				return err
			}
			above, err := place{kind: "folder", uid: uid, folder: f.Parent}.own(tx, c.id())
			if err != nil {
				return err
			}
			if out, err = c.addGrants(tx, out, above, true); err != nil {
				return err
			}
			uid = f.Parent
		}
		return nil
	})
	return out, err
}

func (c *Call) addGrants(tx store.Tx, out []map[string]any, have *rights, inherited bool) ([]map[string]any, error) {
	for _, it := range have.Items {
		b := map[string]any{"id": len(out) + 1, "roleName": "managed", "isManaged": true, "isInherited": inherited, "isServiceAccount": false,
			"actions": []string{}, "permission": levelNames[it.Level]}
		switch {
		case it.Role != "":
			b["builtInRole"] = it.Role
		case it.Team != 0:
			t, err := get[team](tx, teamBucket, key(c.id(), idKey(it.Team)))
			if err != nil {
				return nil, err
			}
			if t == nil {
				continue
			}
			b["teamId"], b["team"] = it.Team, t.Name
		default:
			u, err := get[user](tx, userBucket, key(c.id(), idKey(it.User)))
			if err != nil {
				return nil, err
			}
			if u == nil {
				continue
			}
			b["userId"], b["userLogin"], b["userUid"], b["isServiceAccount"] = it.User, u.Login, u.UID, u.ServiceAccount
		}
		out = append(out, b)
	}
	return out, nil
}

const maxGrants = 1000

// SetGrants changes rights of a folder or dashboard; those that are not named stay.
func (r *Room) SetGrants(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Permissions []grant `json:"permissions"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Permissions) > maxGrants {
		return nil, invalid("permissions", "must be at most %d", maxGrants)
	}
	return message("Permissions updated"), r.carryOut(ctx, c, in.Permissions)
}

// SetGrant changes the right of the user, team or role in the path.
func (r *Room) SetGrant(ctx context.Context, c *Call) (any, error) {
	var g grant
	if err := c.decode(&g); err != nil {
		return nil, err
	}
	g.User, g.Team, g.Role = 0, 0, hearth.GrafanaRole(c.Param("role"))
	for name, to := range map[string]*int64{"userId": &g.User, "teamId": &g.Team} {
		if c.Param(name) == "" {
			continue
		}
		n, err := c.paramID(name)
		if err != nil {
			return nil, err
		}
		*to = n
	}
	return message("Permission updated"), r.carryOut(ctx, c, []grant{g})
}

func (r *Room) carryOut(ctx context.Context, c *Call, grants []grant) error {
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		p, err := c.rightsPlace(tx)
		if err != nil {
			return err
		}
		have, err := p.own(tx, c.id())
		if err != nil {
			return err
		}
		for i := range grants {
			if err := c.checkGrant(tx, &grants[i]); err != nil {
				return err
			}
			have.carryOut(&grants[i])
		}
		if len(have.Items) > maxGrants {
			return invalid("permissions", "must be at most %d", maxGrants)
		}
		if p.kind == "dashboard" && len(have.Items) == 0 {
			return tx.Delete(rightsBucket, key(c.id(), p.kind, p.uid))
		}
		return put(tx, rightsBucket, key(c.id(), p.kind, p.uid), have)
	})
}

// checkGrant refuses a right for somebody who is not there.
func (c *Call) checkGrant(tx store.Tx, g *grant) error {
	if err := g.check(); err != nil || g.Level == "" {
		return err
	}
	if g.Team != 0 {
		t, err := get[team](tx, teamBucket, key(c.id(), idKey(g.Team)))
		if err == nil && t == nil {
			err = missing("team not found")
		}
		return err
	}
	if g.User != 0 {
		u, err := get[user](tx, userBucket, key(c.id(), idKey(g.User)))
		if err == nil && u == nil {
			err = missing("user not found")
		}
		return err
	}
	return nil
}
