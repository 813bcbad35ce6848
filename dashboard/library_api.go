package dashboard

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

func underResult(v any) map[string]any { return map[string]any{"result": v} }

// A libraryFilter chooses among library elements.
type libraryFilter struct {
	words, types, folders []string
	folderIDs             []string
	exclude               string
	kind, page, per       int64
	descending            bool
}

func (c *Call) libraryFilter() (f libraryFilter, err error) {
	list := func(name string) (out []string) {
		for w := range strings.SplitSeq(c.text(name), ",") {
			if w = strings.TrimSpace(w); w != "" {
				out = append(out, w)
			}
		}
		return out
	}
	f = libraryFilter{
		words: strings.Fields(strings.ToLower(c.text("searchString"))), types: list("typeFilter"), folders: list("folderFilterUIDs"),
		folderIDs: list("folderFilter"), exclude: c.text("excludeUid"), descending: c.text("sortDirection") == "alpha-desc",
	}
	if f.kind, err = c.number("kind", 0); err != nil {
		return f, err
	}
	if f.page, err = c.number("page", 1); err != nil {
		return f, err
	}
	f.per, err = c.number("perPage", 100)
	return f, err
}

// inFolders resolves the numbers of folders, which old clients send.
func (f *libraryFilter) inFolders(tx store.Tx, id hearth.GrafanaID) error {
	list, err := all[folder](tx, folderBucket, key(id))
	f.folders = append(f.folders, numbered(list, f.folderIDs)...)
	return err
}

// numbered are the uids of folders by their numbers, in which 0 is General. If only
// numbers of none are given it is a uid that no folder has.
func numbered(list []*folder, numbers []string) (uids []string) {
	for _, n := range numbers {
		if n == "0" {
			uids = append(uids, generalUID)
		}
		for _, f := range list {
			if strconv.FormatInt(f.ID, 10) == n {
				uids = append(uids, f.UID)
			}
		}
	}
	if len(numbers) > 0 && len(uids) == 0 {
		uids = []string{"-none-"}
	}
	return uids
}

func (f *libraryFilter) chooses(e *element) bool {
	h := e.head()
	text := strings.ToLower(e.Name + "\n" + h.Description)
	return e.UID != f.exclude && (f.kind == 0 || int64(e.Kind) == f.kind) && listed(f.types, h.Type) &&
		listed(f.folders, orElse(e.Folder, generalUID)) &&
		!slices.ContainsFunc(f.words, func(w string) bool { return !strings.Contains(text, w) })
}

// LibraryElements lists library elements of folders that who asks may see.
func (r *Room) LibraryElements(ctx context.Context, c *Call) (any, error) {
	f, err := c.libraryFilter()
	if err != nil {
		return nil, err
	}
	out, total := []map[string]any{}, 0
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		if err := f.inFolders(tx, c.id()); err != nil {
			return err
		}
		list, err := c.elements(tx, f.chooses)
		if err != nil {
			return err
		}
		if f.descending {
			slices.Reverse(list)
		}
		total = len(list)
		for _, e := range window(list, f.per, f.page) {
			b, err := c.elementBody(tx, e)
			if err != nil {
				return err
			}
			out = append(out, b)
		}
		return nil
	})
	return underResult(map[string]any{"totalCount": total, "page": f.page, "perPage": f.per, "elements": out}), err
}

// elements are those chosen that who asks may see, by name.
func (c *Call) elements(tx store.Tx, chosen func(*element) bool) (out []*element, err error) {
	list, err := all[element](tx, elementBucket, key(c.id()))
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if !chosen(e) {
			continue
		}
		level, _, err := c.levelOf(tx, e.Folder, "")
		if err != nil {
			return nil, err
		}
		if level >= levelView {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b *element) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out, nil
}

// LibraryElement answers one.
func (r *Room) LibraryElement(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		e, err := c.seenElement(tx, c.Param("uid"), levelView)
		if err != nil {
			return err
		}
		out, err = c.elementAnswer(tx, e)
		return err
	})
	return out, err
}

// LibraryElementsByName answers those with a name, of all folders.
func (r *Room) LibraryElementsByName(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := c.elements(tx, func(e *element) bool { return e.Name == c.Param("name") })
		if err != nil {
			return err
		}
		for _, e := range list {
			b, err := c.elementBody(tx, e)
			if err != nil {
				return err
			}
			out = append(out, b)
		}
		if len(out) == 0 {
			return noElement()
		}
		return nil
	})
	return underResult(out), err
}

// LibraryConnections lists the dashboards that show an element.
func (r *Room) LibraryConnections(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		e, err := c.seenElement(tx, c.Param("uid"), levelView)
		if err != nil {
			return err
		}
		list, err := connections(tx, c.id(), e.UID)
		for _, d := range list {
			level, _, err := c.levelOf(tx, d.Folder, d.UID)
			if err != nil {
				return err
			}
			if level >= levelView {
				out = append(out, map[string]any{"id": d.ID, "kind": e.Kind, "elementId": e.ID, "connectionId": d.ID, "connectionUid": d.UID,
					"created": d.Updated, "createdBy": person{Name: d.Last}})
			}
		}
		return err
	})
	return underResult(out), err
}

// CreateLibraryElement makes an element.
func (r *Room) CreateLibraryElement(ctx context.Context, c *Call) (out any, err error) {
	var in elementInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Model == nil {
		return nil, invalid("model", "is missing")
	}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		to, err := folderMeant(tx, c.id(), in.FolderUID, in.FolderID)
		if err != nil {
			return err
		}
		e, err := r.addElement(tx, c, &in, to)
		if err != nil {
			return err
		}
		out, err = c.elementAnswer(tx, e)
		return err
	})
	return out, err
}

// UpdateLibraryElement changes an element whose version is the one given.
func (r *Room) UpdateLibraryElement(ctx context.Context, c *Call) (out any, err error) {
	var in elementInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		e, err := c.seenElement(tx, c.Param("uid"), levelEdit)
		if err != nil {
			return err
		}
		if in.UID != nil && *in.UID != "" && *in.UID != e.UID {
			return invalid("uid", "cannot be changed: dashboards know the element by it")
		}
		if in.Version != e.Version {
			return fault(VersionMismatch, "the library element has been changed by someone else")
		}
		to, err := folderMeant(tx, c.id(), in.FolderUID, in.FolderID)
		if err != nil {
			return err
		}
		if err := in.apply(e, to); err != nil {
			return err
		}
		if err := r.checkElement(tx, c, e); err != nil {
			return err
		}
		e.Version++
		e.Updated, e.Last = r.opts.Now().UTC(), c.person()
		if err := put(tx, elementBucket, key(c.id(), e.UID), e); err != nil {
			return err
		}
		out, err = c.elementAnswer(tx, e)
		return err
	})
	return out, err
}

// DeleteLibraryElement deletes an element that no dashboard shows.
func (r *Room) DeleteLibraryElement(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		e, err := c.seenElement(tx, c.Param("uid"), levelEdit)
		if err != nil {
			return err
		}
		shown, err := connections(tx, c.id(), e.UID)
		if err != nil {
			return err
		}
		if len(shown) > 0 {
			return &hearth.Error{Kind: hearth.Denied, Msg: "the library element has connections: the dashboard " + strconv.Quote(shown[0].Title) + " shows it"}
		}
		out = map[string]any{"message": "Library element deleted", "id": e.ID}
		return tx.Delete(elementBucket, key(c.id(), e.UID))
	})
	return out, err
}

// importElements makes the library elements that an exported dashboard brings in
// __elements, but for those that are here already.
func (r *Room) importElements(tx store.Tx, c *Call, raw []byte, to *string) error {
	var d struct {
		Elements map[string]struct {
			Name  string          `json:"name"`
			UID   string          `json:"uid"`
			Kind  int             `json:"kind"`
			Model json.RawMessage `json:"model"`
		} `json:"__elements"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil // old exports have a list that is empty
	}
	if len(d.Elements) > maxImported {
		return bad("The dashboard brings more than %d library panels in __elements: import them in parts.", maxImported)
	}
	for _, uid := range slices.Sorted(maps.Keys(d.Elements)) {
		e := d.Elements[uid]
		have, err := get[element](tx, elementBucket, key(c.id(), uid))
		if err != nil {
			return err
		}
		if have != nil {
			continue
		}
		if _, err := r.addElement(tx, c, &elementInput{UID: &uid, Name: &e.Name, Kind: e.Kind, Model: e.Model}, to); err != nil {
			return err
		}
	}
	return nil
}
