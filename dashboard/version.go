package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/hearth-metrics/hearth/store"
)

func (v *version) body(d *dash) map[string]any {
	return map[string]any{
		"id": v.Version, "dashboardId": d.ID, "uid": d.UID, "dashboardUid": d.UID, "parentVersion": v.Parent, "restoredFrom": v.Restored,
		"version": v.Version, "created": v.Created, "createdBy": v.By, "message": v.Message,
	}
}

// DashboardVersions lists the versions that are kept, newest first.
func (r *Room) DashboardVersions(ctx context.Context, c *Call) (any, error) {
	limit, err := c.number("limit", 0)
	if err != nil {
		return nil, err
	}
	from, err := c.number("start", 0)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		d, err := c.seenDashboard(tx, c.Param("uid"), levelEdit)
		if err != nil {
			return err
		}
		list, err := all[version](tx, versionBucket, key(c.id(), d.UID, ""))
		slices.Reverse(list)
		if from > 0 {
			list = list[min(from, int64(len(list))):]
		}
		for _, v := range window(list, limit, 1) {
			out = append(out, v.body(d))
		}
		return err
	})
	return out, err
}

func (c *Call) versionNumber() (int64, error) {
	n, err := strconv.ParseInt(c.Param("version"), 10, 64)
	if err != nil || n < 1 {
		return 0, bad("version is invalid")
	}
	return n, nil
}

// DashboardVersion answers one version with its JSON.
func (r *Room) DashboardVersion(ctx context.Context, c *Call) (out any, err error) {
	n, err := c.versionNumber()
	if err != nil {
		return nil, err
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		d, err := c.seenDashboard(tx, c.Param("uid"), levelEdit)
		if err != nil {
			return err
		}
		v, err := get[version](tx, versionBucket, versionKey(c.id(), d.UID, n))
		if err != nil {
			return err
		}
		if v == nil {
			return missing("Dashboard version %d not found", n)
		}
		text, err := d.text(tx, c.id(), n)
		body := v.body(d)
		body["data"] = json.RawMessage(text)
		out = body
		return err
	})
	return out, err
}

// RestoreVersion makes an earlier version the newest.
func (r *Room) RestoreVersion(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Version int64 `json:"version"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var d *dash
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		have, err := c.seenDashboard(tx, c.Param("uid"), levelEdit)
		if err != nil {
			return err
		}
		raw, err := tx.Get(jsonBucket, versionKey(c.id(), have.UID, in.Version))
		if errors.Is(err, store.ErrNotFound) {
			return missing("Dashboard version %d not found", in.Version)
		}
		if err != nil {
			return err
		}
		if raw, err = splice(raw, setText("uid", have.UID)); err != nil {
			return err
		}
		d, err = r.saveDashboard(tx, c, save{JSON: raw, Folder: &have.Folder, Overwrite: true, Restored: in.Version,
			Message: "Restored from version " + strconv.FormatInt(in.Version, 10)})
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"id": d.ID, "uid": d.UID, "slug": slug(d.Title), "status": "success", "url": c.dashboardURL(d), "version": d.Version,
	}, nil
}
