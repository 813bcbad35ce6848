package dashboard

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/hearth-metrics/hearth/store"
)

// A hit is one line of a search, in Grafana's form.
type hit struct {
	ID          int64    `json:"id"`
	UID         string   `json:"uid"`
	OrgID       int64    `json:"orgId"`
	Title       string   `json:"title"`
	URI         string   `json:"uri"`
	URL         string   `json:"url"`
	Slug        string   `json:"slug"`
	Type        string   `json:"type"`
	Tags        []string `json:"tags"`
	Starred     bool     `json:"isStarred"`
	FolderID    int64    `json:"folderId,omitempty"`
	FolderUID   string   `json:"folderUid,omitempty"`
	FolderTitle string   `json:"folderTitle,omitempty"`
	FolderURL   string   `json:"folderUrl,omitempty"`
	SortMeta    int64    `json:"sortMeta"`
}

// A wanted is what a search asks for.
type wanted struct {
	words, tags, uids, ids, folders, folderIDs []string
	kind, sort                                 string
	starred                                    bool
	limit, page                                int64
}

func (c *Call) wanted() (w wanted, err error) {
	q := c.values()
	w = wanted{
		words: strings.Fields(strings.ToLower(c.text("query"))), tags: q["tag"], uids: append(q["dashboardUIDs"], q["dashboardUID"]...),
		ids: q["dashboardIds"], folders: q["folderUIDs"], folderIDs: numbers(q["folderIds"]), kind: c.text("type"), sort: c.text("sort"), starred: c.flag("starred"),
	}
	if w.kind != "" && w.kind != "dash-db" && w.kind != "dash-folder" {
		return w, invalid("type", "must be dash-db or dash-folder")
	}
	if w.limit, err = c.number("limit", 1000); err != nil {
		return w, err
	}
	if w.limit > 5000 {
		return w, invalid("limit", "must be at most 5000: use page to get more")
	}
	w.page, err = c.number("page", 1)
	return w, err
}

// numbers are those of parameters that may be given more than once, or joined by commas.
func numbers(given []string) []string {
	if len(given) == 0 {
		return nil
	}
	return strings.Split(strings.Join(given, ","), ",")
}

func (w *wanted) title(title string) bool {
	title = strings.ToLower(title)
	return !slices.ContainsFunc(w.words, func(word string) bool { return !strings.Contains(title, word) })
}

func listed(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

// Search finds folders and dashboards that who asks may see.
func (r *Room) Search(ctx context.Context, c *Call) (any, error) {
	w, err := c.wanted()
	if err != nil {
		return nil, err
	}
	out := []hit{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		folders, err := all[folder](tx, folderBucket, key(c.id()))
		if err != nil {
			return err
		}
		byUID := map[string]*folder{}
		for _, f := range folders {
			byUID[f.UID] = f
		}
		w.folders = append(w.folders, numbered(folders, w.folderIDs)...)
		stars, err := c.stars(tx)
		if err != nil {
			return err
		}
		found, err := c.foundFolders(tx, w, folders, byUID)
		if err != nil {
			return err
		}
		more, err := c.foundDashboards(tx, w, byUID, stars)
		out = append(out, append(found, more...)...)
		return err
	})
	if err != nil {
		return nil, err
	}
	sortHits(out, w.sort)
	if out = window(out, w.limit, w.page); out == nil {
		out = []hit{}
	}
	return out, nil
}

func (c *Call) foundFolders(tx store.Tx, w wanted, folders []*folder, byUID map[string]*folder) (out []hit, err error) {
	if w.kind == "dash-db" || len(w.tags) > 0 || w.starred || len(w.ids) > 0 {
		return nil, nil
	}
	for _, f := range folders {
		if !w.title(f.Title) || !listed(w.uids, f.UID) || !listed(w.folders, orElse(f.Parent, generalUID)) {
			continue
		}
		level, _, err := c.levelOf(tx, f.UID, "")
		if err != nil {
			return nil, err
		}
		if level < levelView {
			continue
		}
		h := hit{ID: f.ID, UID: f.UID, OrgID: 1, Title: f.Title, URI: "db/" + slug(f.Title), URL: c.folderURL(f), Type: "dash-folder", Tags: []string{}}
		out = append(out, c.placed(h, byUID[f.Parent]))
	}
	return out, nil
}

func (c *Call) foundDashboards(tx store.Tx, w wanted, byUID map[string]*folder, stars map[string]bool) (out []hit, err error) {
	if w.kind == "dash-folder" {
		return nil, nil
	}
	list, err := all[dash](tx, dashboardBucket, key(c.id()))
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if !w.title(d.Title) || !listed(w.uids, d.UID) || !listed(w.ids, strconv.FormatInt(d.ID, 10)) ||
			!listed(w.folders, orElse(d.Folder, generalUID)) || w.starred && !stars[d.UID] || !hasAll(d.Tags, w.tags) {
			continue
		}
		level, _, err := c.levelOf(tx, d.Folder, d.UID)
		if err != nil {
			return nil, err
		}
		if level < levelView {
			continue
		}
		h := hit{ID: d.ID, UID: d.UID, OrgID: 1, Title: d.Title, URI: "db/" + slug(d.Title), URL: c.dashboardURL(d), Type: "dash-db", Tags: orNone(d.Tags), Starred: stars[d.UID]}
		out = append(out, c.placed(h, byUID[d.Folder]))
	}
	return out, nil
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (c *Call) placed(h hit, in *folder) hit {
	if in != nil {
		h.FolderID, h.FolderUID, h.FolderTitle, h.FolderURL = in.ID, in.UID, in.Title, c.folderURL(in)
	}
	return h
}

func hasAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) })
}

func sortHits(list []hit, order string) {
	slices.SortStableFunc(list, func(a, b hit) int {
		n := strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title))
		if order == "alpha-desc" {
			return -n
		}
		return n
	})
}

// SearchSorting lists the orders that Search knows.
func (r *Room) SearchSorting(context.Context, *Call) (any, error) {
	return map[string]any{"sortOptions": []map[string]string{
		{"name": "alpha-asc", "displayName": "Alphabetically (A–Z)", "description": "Sort results in an alphabetically ascending order"},
		{"name": "alpha-desc", "displayName": "Alphabetically (Z–A)", "description": "Sort results in an alphabetically descending order"},
	}}, nil
}

// DashboardTags counts the tags of dashboards.
func (r *Room) DashboardTags(ctx context.Context, c *Call) (any, error) {
	n := map[string]int{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		found, err := c.foundDashboards(tx, wanted{}, nil, nil)
		for _, h := range found {
			for _, tag := range h.Tags {
				n[tag]++
			}
		}
		return err
	})
	type tagCount struct {
		Term  string `json:"term"`
		Count int    `json:"count"`
	}
	out := []tagCount{}
	for term, k := range n {
		out = append(out, tagCount{term, k})
	}
	slices.SortFunc(out, func(a, b tagCount) int { return strings.Compare(a.Term, b.Term) })
	return out, err
}

// Stars are kept one entry each: USER/UID.

func (c *Call) stars(tx store.Tx) (map[string]bool, error) {
	prefix := key(c.id(), idKey(c.User.ID), "")
	entries, err := tx.Scan(starBucket, prefix, "", 0)
	out := map[string]bool{}
	for _, e := range entries {
		out[strings.TrimPrefix(e.Key, prefix)] = true
	}
	return out, err
}

// Star marks a dashboard as one of who asks.
func (r *Room) Star(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		if c.User.ID == 0 {
			return bad("API keys have no favourites")
		}
		d, err := c.seenDashboard(tx, c.Param("uid"), levelView)
		if err != nil {
			return err
		}
		return tx.Put(starBucket, key(c.id(), idKey(c.User.ID), d.UID), nil)
	})
	return message("Dashboard starred!"), err
}

// Unstar takes the mark away.
func (r *Room) Unstar(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		uid := c.Param("uid")
		if uid == "" {
			d, err := c.seenDashboard(tx, uid, levelView)
			if err != nil {
				return err
			}
			uid = d.UID
		}
		return tx.Delete(starBucket, key(c.id(), idKey(c.User.ID), uid))
	})
	return message("Dashboard unstarred"), err
}

// Stars lists the favourites of who asks.
func (r *Room) Stars(ctx context.Context, c *Call) (any, error) {
	out := []string{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		stars, err := c.stars(tx)
		for uid := range stars {
			out = append(out, uid)
		}
		slices.Sort(out)
		return err
	})
	return out, err
}
