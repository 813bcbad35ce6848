package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A dash is what is known of a dashboard besides its JSON, which is kept apart,
// as it came, one text a version.
type dash struct {
	ID       int64     `json:"id"`
	UID      string    `json:"uid"`
	Title    string    `json:"title"`
	Tags     []string  `json:"tags,omitempty"`
	Folder   string    `json:"folder,omitempty"` // uid; empty: none
	Version  int64     `json:"version"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
	By       string    `json:"by,omitempty"`
	Last     string    `json:"last,omitempty"`
	Gnet     int64     `json:"gnetId,omitempty"`
	Provider string    `json:"provider,omitempty"` // of the provisioning file that keeps it
	File     string    `json:"file,omitempty"`     // its name below the provider's path
	Sum      string    `json:"sum,omitempty"`      // of the file
	UI       bool      `json:"ui,omitempty"`       // people may change it until the file changes
	Stay     bool      `json:"stay,omitempty"`     // it outlives its file
	Library  []string  `json:"library,omitempty"`  // uids of the library panels it shows
}

// A version tells how a version of a dashboard came to be.
type version struct {
	Version  int64     `json:"version"`
	Parent   int64     `json:"parentVersion"`
	Restored int64     `json:"restoredFrom"`
	Created  time.Time `json:"created"`
	By       string    `json:"createdBy"`
	Message  string    `json:"message"`
}

const (
	maxDashboards    = 10_000
	maxDashboardJSON = 4 << 20 // bytes
	maxVersions      = 20      // of one dashboard, as Grafana keeps
	maxTagLength     = 200
	maxTags          = 100
)

// A head is what Hearth reads of a dashboard's JSON.
type head struct {
	ID      *float64 `json:"id"`
	UID     *string  `json:"uid"`
	Title   string   `json:"title"`
	Tags    []string `json:"tags"`
	Version *float64 `json:"version"`
	Gnet    *float64 `json:"gnetId"`

	API    string          `json:"apiVersion"`
	Kind   string          `json:"kind"`
	Spec   json.RawMessage `json:"spec"`
	Layout json.RawMessage `json:"layout"`
	Parts  json.RawMessage `json:"elements"`
}

// readHead reads a dashboard's JSON and refuses what is none.
func readHead(raw []byte) (*head, error) {
	if len(raw) > maxDashboardJSON {
		return nil, &hearth.Error{Kind: hearth.TooLarge, Msg: fmt.Sprintf("The dashboard has more than %d bytes.", maxDashboardJSON)}
	}
	if _, err := membersOf(raw); err != nil {
		return nil, bad("bad request data: dashboard: %v", err)
	}
	h := new(head)
	if err := json.Unmarshal(raw, h); err != nil {
		return nil, bad("bad request data: dashboard: %v", err)
	}
	if h.Spec != nil && h.API != "" || h.Parts != nil && h.Layout != nil {
		return nil, bad("The dashboard is in Grafana's second schema (elements and layout). Export it again in the classic model: Export, Classic.")
	}
	h.Title = strings.TrimSpace(h.Title)
	if h.Title == "" {
		return nil, bad("Dashboard title cannot be empty")
	}
	if err := checkTitle(h.Title); err != nil {
		return nil, err
	}
	for _, n := range []*float64{h.ID, h.Version, h.Gnet} {
		if n != nil && (*n != math.Trunc(*n) || math.Abs(*n) > 1<<53) {
			return nil, bad("bad request data: dashboard: id, version and gnetId must be whole numbers")
		}
	}
	if len(h.Tags) > maxTags || slices.ContainsFunc(h.Tags, func(tag string) bool { return len(tag) > maxTagLength }) {
		return nil, bad("bad request data: dashboard: there must be at most %d tags, of %d characters each", maxTags, maxTagLength)
	}
	return h, checkUID(deref(h.UID))
}

func noDashboard() error { return fault404("not-found", "Dashboard not found") }

func fault404(status, msg string) error {
	return &hearth.Error{Kind: hearth.NotFound, Type: status, Msg: msg}
}

func dashboardIn(tx store.Tx, id hearth.GrafanaID, uid string) (*dash, error) {
	d, err := get[dash](tx, dashboardBucket, key(id, uid))
	if err == nil && d == nil {
		err = noDashboard()
	}
	return d, err
}

// dashboard loads a dashboard by its uid, or that of the path by its number, as old
// Grafanas name them.
func (c *Call) dashboard(tx store.Tx, uid string) (*dash, error) {
	if uid != "" || c.Param("dashboardId") == "" {
		return dashboardIn(tx, c.id(), uid)
	}
	n, err := c.paramID("dashboardId")
	if err != nil {
		return nil, err
	}
	return dashboardNumbered(tx, c.id(), n)
}

func dashboardNumbered(tx store.Tx, id hearth.GrafanaID, n int64) (*dash, error) {
	list, err := all[dash](tx, dashboardBucket, key(id))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(d *dash) bool { return d.ID == n })
	if i < 0 {
		return nil, noDashboard()
	}
	return list[i], nil
}

// seenDashboard loads a dashboard that who asks has at least the level in. To who
// may not see it, it does not exist.
func (c *Call) seenDashboard(tx store.Tx, uid string, level int) (*dash, error) {
	d, err := c.dashboard(tx, uid)
	if err != nil {
		return nil, err
	}
	if err := c.needSeen(tx, d.Folder, d.UID, level, noDashboard()); err != nil {
		return nil, err
	}
	return d, nil
}

// A save is one change of a dashboard's JSON.
type save struct {
	JSON      []byte
	Folder    *string // uid; nil leaves an existing dashboard where it is
	Message   string
	Overwrite bool
	Restored  int64
	Keeper    *keeper // the provisioning file it comes from
}

// saveDashboard saves within tx. The rules are Grafana's.
// https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/#create--update-dashboard
func (r *Room) saveDashboard(tx store.Tx, c *Call, in save) (*dash, error) {
	h, err := readHead(in.JSON)
	if err != nil {
		return nil, err
	}
	old, err := r.meant(tx, c, h)
	if err != nil {
		return nil, err
	}
	to := deref(in.Folder)
	if in.Folder == nil && old != nil {
		to = old.Folder
	}
	if to = plainFolder(to); to != "" {
		if _, err := c.seenFolder(tx, to, levelEdit); err != nil {
			return nil, notThere(err)
		}
	} else if err := c.need(tx, "", "", levelEdit); err != nil {
		return nil, err
	}
	if old != nil {
		if err := c.need(tx, old.Folder, old.UID, levelEdit); err != nil {
			return nil, err
		}
		if err := mayReplace(old, h, in); err != nil {
			return nil, err
		}
	}
	same, err := r.namesake(tx, c.id(), h.Title, to, old)
	if err != nil {
		return nil, err
	}
	if same != nil {
		if !in.Overwrite {
			return nil, fault(NameExists, "A dashboard with the same name in the folder already exists")
		}
		if old == nil {
			old = same
			if err := mayReplace(old, h, in); err != nil {
				return nil, err
			}
		}
	}
	return r.keepDashboard(tx, c, h, old, to, in)
}

// notThere is Grafana's answer to a save into a folder that does not exist.
func notThere(err error) error {
	if hearth.KindOf(err) == hearth.NotFound {
		return bad("folder not found")
	}
	return err
}

// meant finds the dashboard that a save is about: by uid, else by id.
func (r *Room) meant(tx store.Tx, c *Call, h *head) (*dash, error) {
	if uid := deref(h.UID); uid != "" {
		return get[dash](tx, dashboardBucket, key(c.id(), uid))
	}
	n := int64(deref(h.ID))
	if n == 0 {
		return nil, nil
	}
	return dashboardNumbered(tx, c.id(), n)
}

func mayReplace(old *dash, h *head, in save) error {
	if old.kept() {
		return fault(Provisioned, "Cannot save provisioned dashboard")
	}
	if !in.Overwrite && int64(deref(h.Version)) != old.Version {
		return fault(VersionMismatch, "The dashboard has been changed by someone else")
	}
	return nil
}

// namesake finds another dashboard of the folder with the title.
func (r *Room) namesake(tx store.Tx, id hearth.GrafanaID, title, folder string, old *dash) (*dash, error) {
	list, err := all[dash](tx, dashboardBucket, key(id))
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.Folder == folder && strings.EqualFold(d.Title, title) && (old == nil || d.UID != old.UID) {
			return d, nil
		}
	}
	return nil, nil
}

func (r *Room) keepDashboard(tx store.Tx, c *Call, h *head, d *dash, folder string, in save) (*dash, error) {
	now, who := r.opts.Now().UTC(), orElse(c.User.Login, "hearth")
	if d == nil {
		if err := roomFor(tx, dashboardBucket, key(c.id()), maxDashboards, "dashboards"); err != nil {
			return nil, err
		}
		n, err := next(tx, c.id(), "dashboard")
		if err != nil {
			return nil, err
		}
		d = &dash{ID: n, UID: orElse(deref(h.UID), newUID()), Created: now, By: who}
	}
	v := version{Version: d.Version + 1, Parent: d.Version, Restored: in.Restored, Created: now, By: who, Message: in.Message}
	d.Title, d.Tags, d.Folder, d.Version = h.Title, h.Tags, folder, d.Version+1
	d.Library = libraryOf(in.JSON)
	d.Updated, d.Last, d.Gnet = now, who, int64(deref(h.Gnet))
	if in.Keeper != nil {
		in.Keeper.mark(d)
	}
	if err := put(tx, dashboardBucket, key(c.id(), d.UID), d); err != nil {
		return nil, err
	}
	if err := put(tx, versionBucket, versionKey(c.id(), d.UID, d.Version), v); err != nil {
		return nil, err
	}
	if err := tx.Put(jsonBucket, versionKey(c.id(), d.UID, d.Version), bytes.Clone(in.JSON)); err != nil {
		return nil, err
	}
	return d, forgetVersions(tx, c.id(), d)
}

func versionKey(id hearth.GrafanaID, uid string, n int64) string { return key(id, uid, idKey(n)) }

// forgetVersions keeps the newest few.
func forgetVersions(tx store.Tx, id hearth.GrafanaID, d *dash) error {
	for n := d.Version - maxVersions; n > 0; n-- {
		k := versionKey(id, d.UID, n)
		if have, err := get[version](tx, versionBucket, k); err != nil || have == nil {
			return err
		}
		if err := tx.Delete(versionBucket, k); err != nil {
			return err
		}
		if err := tx.Delete(jsonBucket, k); err != nil {
			return err
		}
	}
	return nil
}

func dropDashboard(tx store.Tx, id hearth.GrafanaID, d *dash) error {
	for _, bucket := range []string{versionBucket, jsonBucket} {
		if err := deleteAll(tx, bucket, key(id, d.UID, "")); err != nil {
			return err
		}
	}
	if err := tx.Delete(rightsBucket, key(id, "dashboard", d.UID)); err != nil {
		return err
	}
	return tx.Delete(dashboardBucket, key(id, d.UID))
}

func (c *Call) dashboardURL(d *dash) string { return c.site() + "/d/" + d.UID + "/" + slug(d.Title) }

// SaveDashboard makes or changes a dashboard.
func (r *Room) SaveDashboard(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Dashboard json.RawMessage `json:"dashboard"`
		FolderUID *string         `json:"folderUid"`
		FolderID  *int64          `json:"folderId"`
		Message   string          `json:"message"`
		Overwrite bool            `json:"overwrite"`
		IsFolder  bool            `json:"isFolder"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Dashboard == nil {
		return nil, invalid("dashboard", "is missing")
	}
	if in.IsFolder {
		return nil, bad("isFolder: folders are made by POST /api/folders")
	}
	var d *dash
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		to, err := folderMeant(tx, c.id(), in.FolderUID, in.FolderID)
		if err != nil {
			return err
		}
		d, err = r.saveDashboard(tx, c, save{JSON: in.Dashboard, Folder: to, Message: in.Message, Overwrite: in.Overwrite})
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"id": d.ID, "uid": d.UID, "url": c.dashboardURL(d), "status": "success", "version": d.Version, "slug": slug(d.Title), "folderUid": d.Folder,
	}, nil
}

// folderMeant is the folder that a request names by uid or, as old clients do, by
// number; nil if it names none.
func folderMeant(tx store.Tx, id hearth.GrafanaID, uid *string, n *int64) (*string, error) {
	switch {
	case uid != nil:
		return uid, nil
	case n == nil:
		return nil, nil
	case *n == 0:
		none := ""
		return &none, nil
	}
	list, err := all[folder](tx, folderBucket, key(id))
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		if f.ID == *n {
			return &f.UID, nil
		}
	}
	return nil, bad("folder not found")
}

// Dashboard answers a dashboard: its JSON as it came, with the id, uid and version
// that it has here.
func (r *Room) Dashboard(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		d, err := c.seenDashboard(tx, c.Param("uid"), levelView)
		if err != nil {
			return err
		}
		text, err := d.text(tx, c.id(), d.Version)
		if err != nil {
			return err
		}
		meta, err := c.metaOf(tx, d)
		out = map[string]any{"meta": meta, "dashboard": json.RawMessage(text)}
		return err
	})
	return out, err
}

// text is the JSON of a version as Grafana answers it.
func (d *dash) text(tx store.Tx, id hearth.GrafanaID, n int64) ([]byte, error) {
	raw, err := tx.Get(jsonBucket, versionKey(id, d.UID, n))
	if err != nil {
		return nil, fmt.Errorf("dashboard %s, version %d: %w", d.UID, n, err)
	}
	return splice(raw, setNumber("id", d.ID), setText("uid", d.UID), setNumber("version", n))
}

// DashboardBytes answers the JSON exactly as it was given.
func (r *Room) DashboardBytes(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		d, err := c.seenDashboard(tx, c.Param("uid"), levelView)
		if err != nil {
			return err
		}
		raw, err := tx.Get(jsonBucket, versionKey(c.id(), d.UID, d.Version))
		out = Reply{Raw: raw, Type: "application/json", File: slug(d.Title) + ".json"}
		return err
	})
	return out, err
}

func (c *Call) metaOf(tx store.Tx, d *dash) (map[string]any, error) {
	level, own, err := c.levelOf(tx, d.Folder, d.UID)
	if err != nil {
		return nil, err
	}
	edit, notes := level >= levelEdit && !d.kept(), c.may(hearth.GrafanaEditor)
	meta := map[string]any{
		"type": "db", "canSave": edit, "canEdit": level >= levelEdit, "canAdmin": level >= levelAdmin, "canStar": !c.User.ServiceAccount, "canDelete": edit,
		"slug": slug(d.Title), "url": c.dashboardURL(d), "expires": "0001-01-01T00:00:00Z", "created": d.Created, "updated": d.Updated,
		"updatedBy": d.Last, "createdBy": d.By, "version": d.Version, "hasAcl": own, "isFolder": false, "isSnapshot": false,
		"folderId": 0, "folderUid": d.Folder, "folderTitle": generalTitle, "folderUrl": "", "provisioned": d.kept(), "provisionedExternalId": d.File,
		"annotationsPermissions": map[string]any{
			"dashboard":    map[string]bool{"canAdd": notes, "canEdit": notes, "canDelete": notes},
			"organization": map[string]bool{"canAdd": notes, "canEdit": notes, "canDelete": notes},
		},
	}
	if d.Folder == "" {
		return meta, nil
	}
	f, err := get[folder](tx, folderBucket, key(c.id(), d.Folder))
	if err == nil && f != nil {
		meta["folderId"], meta["folderTitle"], meta["folderUrl"] = f.ID, f.Title, c.folderURL(f)
	}
	return meta, err
}

// DeleteDashboard deletes a dashboard with its versions.
func (r *Room) DeleteDashboard(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		d, err := c.seenDashboard(tx, c.Param("uid"), levelEdit)
		if err != nil {
			return err
		}
		if d.kept() {
			return fault(Provisioned, "provisioned dashboard cannot be deleted")
		}
		out = map[string]any{"message": fmt.Sprintf("Dashboard %s deleted", d.Title), "title": d.Title, "id": d.ID}
		return dropDashboard(tx, c.id(), d)
	})
	return out, err
}
