package dashboard

import (
	"context"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// HealthOf answers that the Grafana workspace is served. It needs no proof.
func (r *Room) HealthOf(ctx context.Context, c *Call) (any, error) {
	version, err := r.versionOf(ctx, c.id())
	if err != nil {
		return nil, err
	}
	return map[string]any{"commit": "hearth", "database": "ok", "version": version}, nil
}

func (r *Room) versionOf(ctx context.Context, id hearth.GrafanaID) (version string, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := load(tx, id)
		if err == nil {
			version = rec.Version + ".0"
		}
		return err
	})
	return version, err
}

// FrontendSettings is what a browser needs before anything else: the data sources
// above all.
func (r *Room) FrontendSettings(ctx context.Context, c *Call) (any, error) {
	version, err := r.versionOf(ctx, c.id())
	if err != nil {
		return nil, err
	}
	sources, first := map[string]any{}, ""
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := sourcesIn(tx, c.id())
		for _, s := range list {
			if s.Default || first == "" {
				first = s.Name
			}
			sources[s.Name] = map[string]any{
				"id": s.ID, "uid": s.UID, "type": s.Type, "name": s.Name, "access": "proxy", "isDefault": s.Default, "readOnly": s.ReadOnly,
				"url": c.site() + "/api/datasources/proxy/uid/" + s.UID, "jsonData": s.json(), "meta": pluginOf(s.Type),
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	sources["-- Grafana --"] = map[string]any{"id": -1, "uid": "grafana", "type": "datasource", "name": "-- Grafana --", "meta": pluginOf("grafana")}
	return map[string]any{
		"appSubUrl": c.site(), "appUrl": c.Workspace.URL + "/", "buildInfo": map[string]any{
			"version": version, "commit": "hearth", "edition": "Hearth", "env": "production", "latestVersion": "", "hasUpdate": false, "hideVersion": false,
		},
		"datasources": sources, "defaultDatasource": first, "panels": map[string]any{}, "authProxyEnabled": false, "allowOrgCreate": false,
		"exploreEnabled": true, "unifiedAlertingEnabled": true, "alertingEnabled": false, "viewersCanEdit": false, "disableLoginForm": true,
		"featureToggles": map[string]any{"nestedFolders": true}, "licenseInfo": map[string]any{"edition": "Open Source", "enabledFeatures": map[string]any{}},
		"anonymousEnabled": false, "dateFormats": map[string]any{"defaultTimezone": "browser", "defaultWeekStart": "browser"},
	}, nil
}

func pluginOf(kind string) map[string]any {
	return map[string]any{"id": kind, "type": "datasource", "name": orElse(typeNames[kind], kind), "module": "core:plugin/" + kind, "metrics": true, "alerting": true}
}

// Me answers who asks.
func (r *Room) Me(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		u := &user{UID: c.User.UID, Login: c.User.Login, Name: c.User.Name, Email: c.User.Email, Role: c.User.Role, ServiceAccount: true}
		if c.User.ID != 0 {
			have, err := get[user](tx, userBucket, key(c.id(), idKey(c.User.ID)))
			if err != nil {
				return err
			}
			if have == nil {
				return noUser()
			}
			u = have
		}
		out = u.body()
		return nil
	})
	return out, err
}

var providerLabels = map[string]string{hearth.ProviderSAML: "SAML", hearth.ProviderAWSSSO: "AWS SSO", hearth.ProviderLocal: "local"}

func (u *user) body() map[string]any {
	labels := []string{}
	if l := providerLabels[u.Provider]; l != "" {
		labels = append(labels, l)
	}
	return map[string]any{
		"id": u.ID, "uid": u.UID, "email": u.Email, "name": u.Name, "login": u.Login, "theme": "", "orgId": 1, "isGrafanaAdmin": false,
		"isDisabled": u.Disabled, "isExternal": !u.ServiceAccount, "isExternallySynced": !u.ServiceAccount, "isGrafanaAdminExternallySynced": false,
		"authLabels": labels, "updatedAt": u.Updated, "createdAt": u.Created, "avatarUrl": u.avatar(), "role": u.Role,
	}
}

// MyOrgs answers the one organisation there is.
func (r *Room) MyOrgs(_ context.Context, c *Call) (any, error) {
	return []map[string]any{{"orgId": 1, "name": orgName(c), "role": c.User.Role}}, nil
}

func orgName(c *Call) string { return orElse(c.Workspace.Name, string(c.Workspace.ID)) }

// Org answers the organisation: a Grafana workspace is one.
func (r *Room) Org(_ context.Context, c *Call) (any, error) {
	return map[string]any{"id": 1, "name": orgName(c), "address": map[string]string{
		"address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": "",
	}}, nil
}

// Permissions answers what who asks may do, as Grafana's browser app asks.
func (r *Room) MyPermissions(_ context.Context, c *Call) (any, error) {
	out := map[string][]string{}
	grant := func(scope string, actions ...string) {
		for _, a := range actions {
			out[a] = append(out[a], scope)
		}
	}
	grant("dashboards:*", "dashboards:read")
	grant("folders:*", "folders:read")
	grant("datasources:*", "datasources:query")
	grant("", "annotations:read", "alert.rules:read")
	if c.may(hearth.GrafanaEditor) {
		grant("dashboards:*", "dashboards:write", "dashboards:create", "dashboards:delete")
		grant("folders:*", "folders:write", "folders:create", "folders:delete")
		grant("", "datasources:explore", "annotations:write", "annotations:create", "annotations:delete", "alert.rules:write", "alert.rules:create", "alert.rules:delete")
	}
	if c.may(hearth.GrafanaAdmin) {
		grant("datasources:*", "datasources:read", "datasources:write", "datasources:delete")
		grant("", "datasources:create", "org.users:read", "teams:write", "serviceaccounts:write")
	}
	return out, nil
}

func peopleIn(tx store.Tx, id hearth.GrafanaID) ([]*user, error) {
	list, err := all[user](tx, userBucket, key(id))
	return slices.DeleteFunc(list, func(u *user) bool { return u.ServiceAccount }), err
}

func (u *user) orgBody() map[string]any {
	b := u.body()
	b["userId"], b["lastSeenAt"], b["lastSeenAtAge"] = u.ID, u.LastSeen, ""
	return b
}

// OrgUsers lists the people who have signed in.
func (r *Room) OrgUsers(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	word := strings.ToLower(c.text("query"))
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := peopleIn(tx, c.id())
		for _, u := range list {
			if word == "" || strings.Contains(strings.ToLower(u.Login+" "+u.Name+" "+u.Email), word) {
				out = append(out, u.orgBody())
			}
		}
		return err
	})
	return out, err
}

// OrgUsersLookup lists people by login and id only, for pickers.
func (r *Room) OrgUsersLookup(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := peopleIn(tx, c.id())
		for _, u := range list {
			out = append(out, map[string]any{"userId": u.ID, "uid": u.UID, "login": u.Login, "avatarUrl": u.avatar()})
		}
		return err
	})
	return out, err
}

// OrgUsersSearch is OrgUsers in pages.
func (r *Room) OrgUsersSearch(ctx context.Context, c *Call) (any, error) {
	list, err := r.OrgUsers(ctx, c)
	if err != nil {
		return nil, err
	}
	users, _ := list.([]map[string]any) // what OrgUsers returns
	per, err := c.number("perpage", 1000)
	if err != nil {
		return nil, err
	}
	page, err := c.number("page", 1)
	if err != nil {
		return nil, err
	}
	return map[string]any{"totalCount": len(users), "orgUsers": append([]map[string]any{}, window(users, per, page)...), "page": page, "perPage": per}, nil
}

// LookupUser finds a person by login or e-mail.
func (r *Room) LookupUser(ctx context.Context, c *Call) (out any, err error) {
	want := c.text("loginOrEmail")
	return r.onePerson(ctx, c, func(u *user) bool {
		return want != "" && (strings.EqualFold(u.Login, want) || strings.EqualFold(u.Email, want))
	})
}

// UserByID answers a person.
func (r *Room) UserByID(ctx context.Context, c *Call) (out any, err error) {
	n, err := c.paramID("userId")
	if err != nil {
		return nil, err
	}
	return r.onePerson(ctx, c, func(u *user) bool { return u.ID == n })
}

func (r *Room) onePerson(ctx context.Context, c *Call, is func(u *user) bool) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := peopleIn(tx, c.id())
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, is)
		if i < 0 {
			return noUser()
		}
		out = list[i].body()
		return nil
	})
	return out, err
}

// PatchOrgUser refuses: roles come from the identity provider and from AWS's
// operation, and another sign-in would undo it.
func (r *Room) PatchOrgUser(context.Context, *Call) (any, error) {
	return nil, &hearth.Error{Kind: hearth.Denied, Msg: "Cannot change role for externally synced user: roles come from SAML assertions, or from aws grafana update-permissions"}
}

// RemoveOrgUser forgets a person; signing in again makes them new.
func (r *Room) RemoveOrgUser(ctx context.Context, c *Call) (any, error) {
	n, err := c.paramID("userId")
	if err != nil {
		return nil, err
	}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		u, err := get[user](tx, userBucket, key(c.id(), idKey(n)))
		switch {
		case err != nil:
			return err
		case u == nil || u.ServiceAccount:
			return noUser()
		}
		if err := tx.Delete(identityBucket, key(c.id(), SSOID(u.Issuer, u.Subject))); err != nil {
			return err
		}
		return tx.Delete(userBucket, key(c.id(), idKey(n)))
	})
	return message("User removed from organization"), err
}

// OrgByID answers the one organisation by its number.
func (r *Room) OrgByID(ctx context.Context, c *Call) (any, error) {
	if c.Param("orgId") != "1" {
		return nil, missing("Organization not found")
	}
	return r.Org(ctx, c)
}
