package dashboard

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A snapshot is a dashboard with the values it showed. Its JSON is kept apart, as
// it came; of the key that deletes it only the hash is kept.
// https://grafana.com/docs/grafana/latest/developers/http_api/snapshot/
type snapshot struct {
	ID      int64     `json:"id"`
	Key     string    `json:"key"`
	Delete  string    `json:"deleteHash"`
	Name    string    `json:"name"`
	Owner   string    `json:"owner"` // UID of who made it
	UserID  int64     `json:"userId,omitempty"`
	Login   string    `json:"login,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
}

const (
	maxSnapshots       = 1000
	maxSnapshotName    = 500
	maxSnapshotSeconds = 50 * 365 * 24 * 3600
)

// forever is what Grafana answers for snapshots that never expire: 50 years.
const forever = maxSnapshotSeconds * time.Second

func (s *snapshot) over(now time.Time) bool { return !s.Expires.IsZero() && !now.Before(s.Expires) }

func (s *snapshot) until() time.Time {
	if s.Expires.IsZero() {
		return s.Created.Add(forever)
	}
	return s.Expires
}

func noSnapshot() error { return missing("Dashboard snapshot not found") }

// snapshotsIn are those that have not expired, newest first.
func (r *Room) snapshotsIn(tx store.Tx, id hearth.GrafanaID) ([]*snapshot, error) {
	list, err := all[snapshot](tx, snapshotBucket, key(id))
	list = slices.DeleteFunc(list, func(s *snapshot) bool { return s.over(r.opts.Now()) })
	slices.SortFunc(list, func(a, b *snapshot) int { return int(b.ID - a.ID) })
	return list, err
}

// snapshotIn finds one that has not expired.
func (r *Room) snapshotIn(tx store.Tx, id hearth.GrafanaID, k string) (*snapshot, error) {
	s, err := get[snapshot](tx, snapshotBucket, key(id, k))
	if err == nil && (s == nil || s.over(r.opts.Now())) {
		err = noSnapshot()
	}
	return s, err
}

func dropSnapshot(tx store.Tx, id hearth.GrafanaID, s *snapshot) error {
	if err := tx.Delete(snapshotJSON, key(id, s.Key)); err != nil {
		return err
	}
	return tx.Delete(snapshotBucket, key(id, s.Key))
}

// snapshotInput is what a snapshot is made of.
type snapshotInput struct {
	Dashboard json.RawMessage `json:"dashboard"`
	Name      string          `json:"name"`
	Expires   int64           `json:"expires"` // seconds; 0: never
	External  bool            `json:"external"`
}

func (in *snapshotInput) check() error {
	switch {
	case in.External:
		return invalid("external", "snapshots stay in this Grafana workspace: leave it out, and give people the link")
	case in.Dashboard == nil:
		return invalid("dashboard", "is missing")
	case len(in.Dashboard) > maxDashboardJSON:
		return &hearth.Error{Kind: hearth.TooLarge, Msg: fmt.Sprintf("The dashboard has more than %d bytes.", maxDashboardJSON)}
	case in.Expires < 0 || in.Expires > maxSnapshotSeconds:
		return invalid("expires", "must be 0 (never) to %d seconds", maxSnapshotSeconds)
	case len(in.Name) > maxSnapshotName:
		return invalid("name", "must have at most %d characters", maxSnapshotName)
	}
	if _, err := membersOf(in.Dashboard); err != nil {
		return bad("bad request data: dashboard: %v", err)
	}
	return nil
}

// CreateSnapshot keeps a dashboard with its values. Those that have expired make
// room.
func (r *Room) CreateSnapshot(ctx context.Context, c *Call) (any, error) {
	var in snapshotInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	now, secret := r.opts.Now().UTC(), rand.Text()
	s := &snapshot{Key: rand.Text(), Delete: hashOf(secret), Name: orElse(strings.TrimSpace(in.Name), "Unnamed snapshot"), Owner: c.User.UID,
		UserID: c.User.ID, Login: c.User.Login, Created: now}
	if in.Expires > 0 {
		s.Expires = now.Add(time.Duration(in.Expires) * time.Second)
	}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if err := r.dropExpired(tx, c.id()); err != nil {
			return err
		}
		if err := roomFor(tx, snapshotBucket, key(c.id()), maxSnapshots, "snapshots"); err != nil {
			return err
		}
		if s.ID, err = next(tx, c.id(), "snapshot"); err != nil {
			return err
		}
		if err := tx.Put(snapshotJSON, key(c.id(), s.Key), in.Dashboard); err != nil {
			return err
		}
		return put(tx, snapshotBucket, key(c.id(), s.Key), s)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"id": s.ID, "key": s.Key, "deleteKey": secret, "url": c.Workspace.URL + "/dashboard/snapshot/" + s.Key,
		"deleteUrl": c.Workspace.URL + "/api/snapshots-delete/" + secret,
	}, nil
}

func (r *Room) dropExpired(tx store.Tx, id hearth.GrafanaID) error {
	list, err := all[snapshot](tx, snapshotBucket, key(id))
	for _, s := range list {
		if !s.over(r.opts.Now()) {
			continue
		}
		if err := dropSnapshot(tx, id, s); err != nil {
			return err
		}
	}
	return err
}

// Snapshot answers one by its key, for whoever is signed in and has the link.
func (r *Room) Snapshot(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		s, err := r.snapshotIn(tx, c.id(), c.Param("key"))
		if err != nil {
			return err
		}
		raw, err := tx.Get(snapshotJSON, key(c.id(), s.Key))
		if err != nil {
			return err
		}
		out = map[string]any{"dashboard": json.RawMessage(raw), "meta": map[string]any{
			"isSnapshot": true, "type": "snapshot", "canSave": false, "canEdit": false, "canAdmin": false, "canStar": false, "canDelete": false,
			"slug": "", "url": "", "expires": s.until(), "created": s.Created, "updated": s.Created, "updatedBy": s.Login, "createdBy": s.Login,
			"version": 0, "hasAcl": false, "isFolder": false, "folderId": 0, "folderUid": "", "folderTitle": "", "folderUrl": "", "provisioned": false,
			"provisionedExternalId": "",
		}}
		return nil
	})
	return out, err
}

// ofCaller tells whether who asks may delete the snapshot and sees it in lists.
func (s *snapshot) ofCaller(c *Call) bool {
	return c.may(hearth.GrafanaAdmin) || s.Owner != "" && s.Owner == c.User.UID
}

// Snapshots lists those of who asks; administrators see all.
func (r *Room) Snapshots(ctx context.Context, c *Call) (any, error) {
	limit, err := c.number("limit", 1000)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := r.snapshotsIn(tx, c.id())
		list = slices.DeleteFunc(list, func(s *snapshot) bool {
			return !s.ofCaller(c) || !strings.Contains(strings.ToLower(s.Name), strings.ToLower(c.text("query")))
		})
		for _, s := range window(list, limit, 1) {
			out = append(out, map[string]any{"id": s.ID, "name": s.Name, "key": s.Key, "orgId": 1, "userId": s.UserID, "external": false,
				"externalUrl": "", "expires": s.until(), "created": s.Created, "updated": s.Created})
		}
		return err
	})
	return out, err
}

const snapshotDeleted = "Snapshot deleted."

// DeleteSnapshot deletes one of who asks; administrators delete all.
func (r *Room) DeleteSnapshot(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		s, err := r.snapshotIn(tx, c.id(), c.Param("key"))
		if err != nil {
			return err
		}
		if !s.ofCaller(c) {
			return &hearth.Error{Kind: hearth.Denied, Msg: "Only who made a snapshot, and administrators, may delete it."}
		}
		out = map[string]any{"message": snapshotDeleted, "id": s.ID}
		return dropSnapshot(tx, c.id(), s)
	})
	return out, err
}

// DeleteSnapshotByKey deletes one for whoever has the key that its maker was told.
func (r *Room) DeleteSnapshotByKey(ctx context.Context, c *Call) (out any, err error) {
	hash := hashOf(c.Param("deleteKey"))
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		list, err := r.snapshotsIn(tx, c.id())
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(s *snapshot) bool { return s.Delete == hash })
		if i < 0 {
			return noSnapshot()
		}
		out = map[string]any{"message": snapshotDeleted, "id": list[i].ID}
		return dropSnapshot(tx, c.id(), list[i])
	})
	return out, err
}

// SnapshotOptions tells that snapshots are kept here and sent nowhere.
func (r *Room) SnapshotOptions(context.Context, *Call) (any, error) {
	return map[string]any{"snapshotEnabled": true, "externalEnabled": false, "externalSnapshotName": "", "externalSnapshotURL": ""}, nil
}
