package dashboard

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A folder holds dashboards, alert rules and folders.
type folder struct {
	ID      int64     `json:"id"`
	UID     string    `json:"uid"`
	Title   string    `json:"title"`
	Parent  string    `json:"parent,omitempty"` // uid; empty: none
	Version int       `json:"version"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	By      string    `json:"by,omitempty"`
	Last    string    `json:"last,omitempty"` // who changed it last
	Files   bool      `json:"files,omitempty"`
}

// Grafana's bounds. https://grafana.com/docs/grafana/latest/developers/http_api/folder/
const (
	maxUID       = 40
	maxTitle     = 5000
	maxDepth     = 4
	maxFolders   = 5000
	generalUID   = "general"
	generalTitle = "General"
)

var uidPattern = regexp.MustCompile(`^[a-zA-Z0-9\-_]+$`)

func checkUID(uid string) error {
	switch {
	case uid == "":
		return nil
	case len(uid) > maxUID:
		return bad("uid too long, max 40 characters")
	case !uidPattern.MatchString(uid):
		return bad("uid contains illegal characters")
	}
	return nil
}

func checkTitle(title string) error {
	switch {
	case strings.TrimSpace(title) == "":
		return bad("title cannot be empty")
	case utf8.RuneCountInString(title) > maxTitle || !utf8.ValidString(title):
		return bad("title is longer than %d characters", maxTitle)
	}
	return nil
}

func noFolder() error { return missing("folder not found") }

// folderIn loads a folder. The uids "" and "general" are no folder's.
func folderIn(tx store.Tx, id hearth.GrafanaID, uid string) (*folder, error) {
	f, err := get[folder](tx, folderBucket, key(id, uid))
	if err == nil && f == nil {
		err = noFolder()
	}
	return f, err
}

// plainFolder turns Grafana's names of the top level into none.
func plainFolder(uid string) string {
	if uid == generalUID {
		return ""
	}
	return uid
}

// folderBody is a folder on the wire.
type folderBody struct {
	ID        int64        `json:"id"`
	UID       string       `json:"uid"`
	OrgID     int64        `json:"orgId"`
	Title     string       `json:"title"`
	URL       string       `json:"url"`
	HasACL    bool         `json:"hasAcl"`
	CanSave   bool         `json:"canSave"`
	CanEdit   bool         `json:"canEdit"`
	CanAdmin  bool         `json:"canAdmin"`
	CanDelete bool         `json:"canDelete"`
	CreatedBy string       `json:"createdBy"`
	Created   time.Time    `json:"created"`
	UpdatedBy string       `json:"updatedBy"`
	Updated   time.Time    `json:"updated"`
	Version   int          `json:"version"`
	Parent    string       `json:"parentUid,omitempty"`
	Parents   []folderBody `json:"parents,omitempty"`
}

func (c *Call) folderURL(f *folder) string {
	return c.site() + "/dashboards/f/" + f.UID + "/" + slug(f.Title)
}

func (c *Call) folderBody(tx store.Tx, f *folder) (folderBody, error) {
	level, own, err := c.levelOf(tx, f.UID, "")
	if err != nil {
		return folderBody{}, err
	}
	return folderBody{
		ID: f.ID, UID: f.UID, OrgID: 1, Title: f.Title, URL: c.folderURL(f), HasACL: own,
		CanSave: level >= levelEdit, CanEdit: level >= levelEdit, CanAdmin: level >= levelAdmin, CanDelete: level >= levelEdit,
		CreatedBy: f.By, Created: f.Created, UpdatedBy: f.Last, Updated: f.Updated, Version: f.Version, Parent: f.Parent,
	}, nil
}

// above are the folders that f is in, the outermost first.
func above(tx store.Tx, id hearth.GrafanaID, f *folder) (list []*folder, err error) {
	for uid := f.Parent; uid != "" && len(list) <= maxDepth; {
		p, err := get[folder](tx, folderBucket, key(id, uid))
		if err != nil {
			return nil, err
		}
		if p == nil {
			break
		}
		list = append([]*folder{p}, list...)
		uid = p.Parent
	}
	return list, nil
}

// Folders lists the folders in a folder, or those at the top.
func (r *Room) Folders(ctx context.Context, c *Call) (any, error) {
	limit, err := c.number("limit", 1000)
	if err != nil {
		return nil, err
	}
	page, err := c.number("page", 1)
	if err != nil {
		return nil, err
	}
	parent := plainFolder(c.text("parentUid"))
	out := []map[string]any{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := foldersOf(tx, c, parent)
		if err != nil {
			return err
		}
		for _, f := range window(list, limit, page) {
			item := map[string]any{"id": f.ID, "uid": f.UID, "title": f.Title}
			if f.Parent != "" {
				item["parentUid"] = f.Parent
			}
			out = append(out, item)
		}
		return nil
	})
	return out, err
}

// foldersOf lists the folders in parent that who asks may see, by title.
func foldersOf(tx store.Tx, c *Call, parent string) ([]*folder, error) {
	list, err := all[folder](tx, folderBucket, key(c.id()))
	if err != nil {
		return nil, err
	}
	var out []*folder
	for _, f := range list {
		if f.Parent != parent {
			continue
		}
		level, _, err := c.levelOf(tx, f.UID, "")
		if err != nil {
			return nil, err
		}
		if level >= levelView {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *folder) int { return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) })
	return out, nil
}

// window is one page of a list; pages count from 1.
func window[T any](list []T, limit, page int64) []T {
	if limit < 1 || limit > 5000 {
		limit = 5000
	}
	if page = max(page, 1); page > int64(len(list)) {
		return nil
	}
	from := (page - 1) * limit
	if from >= int64(len(list)) {
		return nil
	}
	return list[from:min(from+limit, int64(len(list)))]
}

// Folder answers one folder.
func (r *Room) Folder(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		f, err := c.seenFolder(tx, c.Param("folderUid"), levelView)
		if err != nil {
			return err
		}
		out, err = c.wholeFolder(tx, f)
		return err
	})
	return out, err
}

func (c *Call) wholeFolder(tx store.Tx, f *folder) (folderBody, error) {
	body, err := c.folderBody(tx, f)
	if err != nil {
		return body, err
	}
	parents, err := above(tx, c.id(), f)
	for _, p := range parents {
		b, err := c.folderBody(tx, p)
		if err != nil {
			return body, err
		}
		body.Parents = append(body.Parents, b)
	}
	return body, err
}

// seenFolder loads a folder that who asks has at least the level in. To others it
// does not exist, unless they may see it.
func (c *Call) seenFolder(tx store.Tx, uid string, level int) (*folder, error) {
	if uid == generalUID || uid == "" {
		return &folder{UID: generalUID, Title: generalTitle}, c.need(tx, "", "", level)
	}
	f, err := folderIn(tx, c.id(), uid)
	if err != nil {
		return nil, err
	}
	if err := c.needSeen(tx, uid, "", level, noFolder()); err != nil {
		return nil, err
	}
	return f, nil
}

// FolderByID answers a folder by its number.
func (r *Room) FolderByID(ctx context.Context, c *Call) (out any, err error) {
	n, err := c.paramID("folderId")
	if err != nil {
		return nil, err
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := all[folder](tx, folderBucket, key(c.id()))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(f *folder) bool { return f.ID == n })
		if i < 0 {
			return noFolder()
		}
		if _, err := c.seenFolder(tx, list[i].UID, levelView); err != nil {
			return err
		}
		out, err = c.wholeFolder(tx, list[i])
		return err
	})
	return out, err
}

// CreateFolder makes a folder.
func (r *Room) CreateFolder(ctx context.Context, c *Call) (out any, err error) {
	var in struct {
		UID    string `json:"uid"`
		Title  string `json:"title"`
		Parent string `json:"parentUid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		f, err := r.addFolder(tx, c, in.UID, in.Title, plainFolder(in.Parent))
		if err != nil {
			return err
		}
		out, err = c.wholeFolder(tx, f)
		return err
	})
	return out, err
}

func (r *Room) addFolder(tx store.Tx, c *Call, uid, title, parent string) (*folder, error) {
	if err := checkUID(uid); err != nil {
		return nil, err
	}
	if err := checkTitle(title); err != nil {
		return nil, err
	}
	if uid == generalUID {
		return nil, bad("uid is reserved: %s", generalUID)
	}
	if err := r.checkPlace(tx, c, "", title, parent); err != nil {
		return nil, err
	}
	if uid == "" {
		uid = newUID()
	}
	if have, err := get[folder](tx, folderBucket, key(c.id(), uid)); err != nil || have != nil {
		if err == nil {
			err = &hearth.Error{Kind: hearth.Conflict, Msg: "a folder with the same uid already exists"}
		}
		return nil, err
	}
	if err := roomFor(tx, folderBucket, key(c.id()), maxFolders, "folders"); err != nil {
		return nil, err
	}
	n, err := next(tx, c.id(), "dashboard") // Grafana numbers folders and dashboards together
	if err != nil {
		return nil, err
	}
	now := r.opts.Now().UTC()
	f := &folder{ID: n, UID: uid, Title: title, Parent: parent, Version: 1, Created: now, Updated: now, By: c.User.Login, Last: c.User.Login}
	return f, put(tx, folderBucket, key(c.id(), uid), f)
}

// checkPlace says whether a folder (uid; empty for a new one) may be called title
// and be in parent.
func (r *Room) checkPlace(tx store.Tx, c *Call, uid, title, parent string) error {
	if err := c.need(tx, parent, "", levelEdit); err != nil {
		return err
	}
	if parent != "" {
		p, err := folderIn(tx, c.id(), parent)
		if hearth.KindOf(err) == hearth.NotFound {
			return missing("parent folder not found")
		}
		if err != nil {
			return err
		}
		over, err := above(tx, c.id(), p)
		if err != nil {
			return err
		}
		below, err := r.height(tx, c.id(), uid)
		if err != nil {
			return err
		}
		if len(over)+1+below >= maxDepth {
			return bad("folder is nested deeper than %d levels", maxDepth)
		}
		if uid != "" && (parent == uid || slices.ContainsFunc(over, func(o *folder) bool { return o.UID == uid })) {
			return bad("a folder cannot be in itself")
		}
	}
	list, err := all[folder](tx, folderBucket, key(c.id()))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(o *folder) bool { return o.UID != uid && o.Parent == parent && strings.EqualFold(o.Title, title) }) {
		return &hearth.Error{Kind: hearth.Conflict, Msg: "a folder with the same name already exists"}
	}
	return nil
}

// height is how many levels of folders are below a folder; 0 for a new one.
func (r *Room) height(tx store.Tx, id hearth.GrafanaID, uid string) (levels int, err error) {
	if uid == "" {
		return 0, nil
	}
	list, err := all[folder](tx, folderBucket, key(id))
	in := []string{uid}
	for ; len(in) > 0 && levels <= maxDepth; levels++ {
		var next []string
		for _, f := range list {
			if slices.Contains(in, f.Parent) {
				next = append(next, f.UID)
			}
		}
		in = next
	}
	return levels - 1, err
}

// UpdateFolder renames a folder. Without overwrite the version must be the one it
// has.
func (r *Room) UpdateFolder(ctx context.Context, c *Call) (out any, err error) {
	var in struct {
		Title     *string `json:"title"`
		Version   int     `json:"version"`
		Overwrite bool    `json:"overwrite"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return r.editFolder(ctx, c, func(tx store.Tx, f *folder) error {
		if !in.Overwrite && in.Version != f.Version {
			return fault(VersionMismatch, "the folder has been changed by someone else")
		}
		if in.Title == nil {
			return nil
		}
		if err := checkTitle(*in.Title); err != nil {
			return err
		}
		f.Title = *in.Title
		return r.checkPlace(tx, c, f.UID, f.Title, f.Parent)
	})
}

// MoveFolder puts a folder into another, or to the top.
func (r *Room) MoveFolder(ctx context.Context, c *Call) (out any, err error) {
	var in struct {
		Parent string `json:"parentUid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return r.editFolder(ctx, c, func(tx store.Tx, f *folder) error {
		f.Parent = plainFolder(in.Parent)
		return r.checkPlace(tx, c, f.UID, f.Title, f.Parent)
	})
}

func (r *Room) editFolder(ctx context.Context, c *Call, edit func(tx store.Tx, f *folder) error) (out any, err error) {
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		f, err := c.seenFolder(tx, c.Param("folderUid"), levelEdit)
		if err != nil {
			return err
		}
		if f.ID == 0 {
			return bad("the General folder cannot be changed")
		}
		if err := edit(tx, f); err != nil {
			return err
		}
		f.Version++
		f.Updated, f.Last = r.opts.Now().UTC(), c.User.Login
		if err := put(tx, folderBucket, key(c.id(), f.UID), f); err != nil {
			return err
		}
		out, err = c.wholeFolder(tx, f)
		return err
	})
	return out, err
}

// DeleteFolder deletes a folder with everything in it. With alert rules in it that
// must be asked for.
func (r *Room) DeleteFolder(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		f, err := c.seenFolder(tx, c.Param("folderUid"), levelEdit)
		if err != nil {
			return err
		}
		if f.ID == 0 {
			return bad("the General folder cannot be deleted")
		}
		out = map[string]any{"message": fmt.Sprintf("Folder %s deleted", f.Title), "id": f.ID, "title": f.Title}
		return r.dropFolder(tx, c, f, 0)
	})
	if err == nil {
		r.evaluator.wake()
	}
	return out, err
}

func (r *Room) dropFolder(tx store.Tx, c *Call, f *folder, depth int) error {
	inside, err := all[folder](tx, folderBucket, key(c.id()))
	if err != nil {
		return err
	}
	for _, child := range inside {
		if child.Parent == f.UID && depth < maxDepth {
			if err := c.need(tx, child.UID, "", levelEdit); err != nil {
				return err // its own rights may be narrower
			}
			if err := r.dropFolder(tx, c, child, depth+1); err != nil {
				return err
			}
		}
	}
	if err := dropElements(tx, c.id(), f.UID); err != nil {
		return err
	}
	if err := dropRulesIn(tx, c.id(), f.UID, c.flag("forceDeleteRules")); err != nil {
		return err
	}
	list, err := all[dash](tx, dashboardBucket, key(c.id()))
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.Folder == f.UID && d.kept() {
			return fault(Provisioned, "the folder has dashboards that provisioning files keep: %s", d.Title)
		}
		if d.Folder == f.UID {
			if err := dropDashboard(tx, c.id(), d); err != nil {
				return err
			}
		}
	}
	if err := tx.Delete(rightsBucket, key(c.id(), "folder", f.UID)); err != nil {
		return err
	}
	return tx.Delete(folderBucket, key(c.id(), f.UID))
}

// FolderCounts tells how much is in a folder.
func (r *Room) FolderCounts(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		f, err := c.seenFolder(tx, c.Param("folderUid"), levelView)
		if err != nil {
			return err
		}
		n := map[string]int{"folder": 0, "dashboard": 0, "alertrule": 0, "librarypanel": 0}
		folders, err := all[folder](tx, folderBucket, key(c.id()))
		for _, o := range folders {
			n["folder"] += count(o.Parent == f.UID)
		}
		if err != nil {
			return err
		}
		dashboards, err := all[dash](tx, dashboardBucket, key(c.id()))
		for _, d := range dashboards {
			n["dashboard"] += count(d.Folder == f.UID)
		}
		if err != nil {
			return err
		}
		rules, err := all[alertRule](tx, ruleBucket, key(c.id()))
		for _, a := range rules {
			n["alertrule"] += count(a.Folder == f.UID)
		}
		elements, more := all[element](tx, elementBucket, key(c.id()))
		for _, e := range elements {
			n["librarypanel"] += count(e.Folder == f.UID)
		}
		out = n
		return errors.Join(err, more)
	})
	return out, err
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
