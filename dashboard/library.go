package dashboard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// An element is a library element: a panel that several dashboards show. Its model
// is kept as it came, but for blanks.
// https://grafana.com/docs/grafana/latest/developers/http_api/library_element/
type element struct {
	ID      int64           `json:"id"`
	UID     string          `json:"uid"`
	Folder  string          `json:"folder,omitempty"` // uid; empty: none
	Name    string          `json:"name"`
	Kind    int             `json:"kind"`
	Model   json.RawMessage `json:"model"`
	Version int64           `json:"version"`
	Created time.Time       `json:"created"`
	Updated time.Time       `json:"updated"`
	By      person          `json:"by"`
	Last    person          `json:"last"`
}

// A person is who made or changed something, as answers tell.
type person struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Avatar string `json:"avatarUrl"`
}

func (c *Call) person() person { return person{ID: c.User.ID, Name: c.User.Login} }

const (
	panelKind       = 1 // Grafana's number of library panels
	maxElements     = 1000
	maxElementName  = 150
	maxElementModel = 256 << 10 // bytes
	maxImported     = 100       // elements that one dashboard brings
)

// A modelHead is what Hearth reads of an element's model.
type modelHead struct {
	Type        string `json:"type"`
	Description string `json:"description"`
}

func (e *element) head() (h modelHead) {
	_ = json.Unmarshal(e.Model, &h) // it was checked when it was saved
	return h
}

// body is an element as Grafana answers it. dashboards is how many show it, in its
// folder, or nil.
func (e *element) body(in *folder, dashboards int) map[string]any {
	h := e.head()
	if in == nil {
		in = &folder{Title: generalTitle}
	}
	return map[string]any{
		"id": e.ID, "orgId": 1, "folderId": in.ID, "folderUid": e.Folder, "uid": e.UID, "name": e.Name, "kind": e.Kind, "type": h.Type,
		"description": h.Description, "model": e.Model, "version": e.Version,
		"meta": map[string]any{
			"folderName": in.Title, "folderUid": e.Folder, "connectedDashboards": dashboards,
			"created": e.Created, "updated": e.Updated, "createdBy": e.By, "updatedBy": e.Last,
		},
	}
}

// elementBody is an element with what is known around it.
func (c *Call) elementBody(tx store.Tx, e *element) (map[string]any, error) {
	shown, err := connections(tx, c.id(), e.UID)
	if err != nil {
		return nil, err
	}
	if e.Folder == "" {
		return e.body(nil, len(shown)), nil
	}
	in, err := get[folder](tx, folderBucket, key(c.id(), e.Folder))
	return e.body(in, len(shown)), err
}

// elementAnswer is elementBody as the routes of one element answer it.
func (c *Call) elementAnswer(tx store.Tx, e *element) (any, error) {
	b, err := c.elementBody(tx, e)
	return underResult(b), err
}

// connections are the dashboards that show an element.
func connections(tx store.Tx, id hearth.GrafanaID, uid string) ([]*dash, error) {
	list, err := all[dash](tx, dashboardBucket, key(id))
	return slices.DeleteFunc(list, func(d *dash) bool { return !slices.Contains(d.Library, uid) }), err
}

// libraryOf finds the library panels that a dashboard's JSON shows, those in rows
// too, each once.
func libraryOf(raw []byte) (uids []string) {
	type panel struct {
		Library *struct {
			UID string `json:"uid"`
		} `json:"libraryPanel"`
		Panels []json.RawMessage `json:"panels"`
	}
	var look func(list []json.RawMessage, depth int)
	look = func(list []json.RawMessage, depth int) {
		for _, text := range list {
			var p panel
			if json.Unmarshal(text, &p) != nil {
				continue // a panel of another form shows none
			}
			if p.Library != nil && p.Library.UID != "" && len(p.Library.UID) <= maxUID && len(uids) < maxElements && !slices.Contains(uids, p.Library.UID) {
				uids = append(uids, p.Library.UID)
			}
			if depth < 3 {
				look(p.Panels, depth+1)
			}
		}
	}
	var d struct {
		Panels []json.RawMessage `json:"panels"`
	}
	if json.Unmarshal(raw, &d) == nil {
		look(d.Panels, 0)
	}
	return uids
}

func noElement() error { return missing("library element could not be found") }

// seenElement loads an element that who asks has at least the level in, by the
// rights of its folder. To who may not see it, it does not exist.
func (c *Call) seenElement(tx store.Tx, uid string, level int) (*element, error) {
	e, err := get[element](tx, elementBucket, key(c.id(), uid))
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, noElement()
	}
	if err := c.needSeen(tx, e.Folder, "", level, noElement()); err != nil {
		return nil, err
	}
	return e, nil
}

// elementInput is what an element is made or changed by.
type elementInput struct {
	UID       *string         `json:"uid"`
	Name      *string         `json:"name"`
	Kind      int             `json:"kind"`
	FolderUID *string         `json:"folderUid"`
	FolderID  *int64          `json:"folderId"`
	Model     json.RawMessage `json:"model"`
	Version   int64           `json:"version"`
}

// apply takes the input over into e and checks what it became. to is the folder;
// nil leaves it.
func (in *elementInput) apply(e *element, to *string) error {
	if in.Name != nil {
		e.Name = strings.TrimSpace(*in.Name)
	}
	if in.Model != nil {
		e.Model = in.Model
	}
	if in.Kind != 0 {
		e.Kind = in.Kind
	}
	if to != nil {
		e.Folder = plainFolder(*to)
	}
	switch {
	case e.Name == "" || utf8.RuneCountInString(e.Name) > maxElementName || !utf8.ValidString(e.Name):
		return invalid("name", "must have 1 to %d characters", maxElementName)
	case e.Kind != panelKind:
		return invalid("kind", "must be 1: library panels are all that there is")
	case len(e.Model) > maxElementModel:
		return invalid("model", "must have at most %d bytes", maxElementModel)
	}
	if _, err := membersOf(e.Model); err != nil {
		return invalid("model", "must be the JSON object of a panel")
	}
	if err := json.Unmarshal(e.Model, new(modelHead)); err != nil {
		return invalid("model", "type and description must be texts")
	}
	return nil
}

// checkElement says whether an element may be where it is and be called as it is.
func (r *Room) checkElement(tx store.Tx, c *Call, e *element) error {
	if e.Folder != "" {
		if _, err := c.seenFolder(tx, e.Folder, levelEdit); err != nil {
			return notThere(err)
		}
	} else if err := c.need(tx, "", "", levelEdit); err != nil {
		return err
	}
	list, err := all[element](tx, elementBucket, key(c.id()))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(o *element) bool {
		return o.UID == e.UID && o.ID != e.ID || o.ID != e.ID && o.Folder == e.Folder && strings.EqualFold(o.Name, e.Name)
	}) {
		return bad("library element with that name or UID already exists")
	}
	return nil
}

// addElement makes an element within tx.
func (r *Room) addElement(tx store.Tx, c *Call, in *elementInput, to *string) (*element, error) {
	e := &element{UID: deref(in.UID), Version: 1, By: c.person(), Last: c.person()}
	if err := checkUID(e.UID); err != nil {
		return nil, err
	}
	if err := in.apply(e, to); err != nil {
		return nil, err
	}
	if e.UID == "" {
		e.UID = newUID()
	}
	if err := r.checkElement(tx, c, e); err != nil {
		return nil, err
	}
	if err := roomFor(tx, elementBucket, key(c.id()), maxElements, "library elements"); err != nil {
		return nil, err
	}
	n, err := next(tx, c.id(), "element")
	if err != nil {
		return nil, err
	}
	e.ID, e.Created = n, r.opts.Now().UTC()
	e.Updated = e.Created
	return e, put(tx, elementBucket, key(c.id(), e.UID), e)
}

// dropElements deletes the elements of a folder that goes, unless a dashboard
// outside of it shows one.
func dropElements(tx store.Tx, id hearth.GrafanaID, folderUID string) error {
	list, err := all[element](tx, elementBucket, key(id))
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.Folder != folderUID {
			continue
		}
		shown, err := connections(tx, id, e.UID)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(shown, func(d *dash) bool { return d.Folder != folderUID }); i >= 0 {
			return &hearth.Error{Kind: hearth.Denied, Msg: fmt.Sprintf("folder contains library elements that are linked in use: %q is shown by the dashboard %q", e.Name, shown[i].Title)}
		}
		if err := tx.Delete(elementBucket, key(id, e.UID)); err != nil {
			return err
		}
	}
	return nil
}
