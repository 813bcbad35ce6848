package dashboard

import (
	"context"
	"slices"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// An annotation marks a time, on a dashboard's panel or everywhere.
type annotation struct {
	ID        int64    `json:"id"`
	Dashboard string   `json:"dashboardUID,omitempty"`
	Panel     int64    `json:"panelId,omitempty"`
	Time      int64    `json:"time"`
	End       int64    `json:"timeEnd,omitempty"`
	Text      string   `json:"text"`
	Tags      []string `json:"tags"`
	User      int64    `json:"userId"`
	Login     string   `json:"login"`
	Created   int64    `json:"created"`
	Updated   int64    `json:"updated"`
}

const (
	maxAnnotations       = 20_000
	maxAnnotationsAtOnce = 5_000 // in one answer
	maxAnnotationText    = 16 << 10
	maxTag               = 190
)

// Annotations finds annotations by time, place and tags.
func (r *Room) Annotations(ctx context.Context, c *Call) (any, error) {
	var n [4]int64
	for i, q := range []struct {
		name      string
		otherwise int64
	}{{"from", 0}, {"to", 1 << 53}, {"limit", 100}, {"panelId", 0}} {
		var err error
		if n[i], err = c.number(q.name, q.otherwise); err != nil {
			return nil, err
		}
	}
	limit := int(min(max(n[2], 0), maxAnnotationsAtOnce))
	var out []*annotation
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		out = nil
		return eachAnnotation(tx, c.id(), func(a *annotation) {
			end := max(a.Time, a.End)
			if end < n[0] || a.Time > n[1] || !hasAll(a.Tags, c.values()["tags"]) || n[3] != 0 && a.Panel != n[3] ||
				c.text("dashboardUID") != "" && a.Dashboard != c.text("dashboardUID") {
				return
			}
			if a.Dashboard != "" {
				if _, err := c.seenDashboard(tx, a.Dashboard, levelView); err != nil {
					return // gone, or not theirs to see
				}
			}
			if out = append(out, a); len(out) > 2*limit {
				out = append([]*annotation{}, out[len(out)-limit:]...)
			}
		})
	})
	out = out[max(0, len(out)-limit):]
	slices.Reverse(out)
	return append([]*annotation{}, out...), err
}

// eachAnnotation reads all annotations, the oldest first, a page at a time.
func eachAnnotation(tx store.Tx, id hearth.GrafanaID, do func(*annotation)) error {
	const page = 200
	for after, more := "", true; more; {
		list, err := store.List[annotation](tx, annotationBucket, key(id), after, page)
		if err != nil {
			return err
		}
		for _, a := range list {
			do(a)
		}
		if more = len(list) == page; more {
			after = key(id, idKey(list[page-1].ID))
		}
	}
	return nil
}

type annotationInput struct {
	Dashboard *string  `json:"dashboardUID"`
	Panel     *int64   `json:"panelId"`
	Time      *int64   `json:"time"`
	End       *int64   `json:"timeEnd"`
	Text      *string  `json:"text"`
	Tags      []string `json:"tags"`
}

func (in *annotationInput) apply(a *annotation) error {
	for _, m := range []struct{ to, from *int64 }{{&a.Panel, in.Panel}, {&a.Time, in.Time}, {&a.End, in.End}} {
		if m.from != nil {
			*m.to = *m.from
		}
	}
	if in.Text != nil {
		a.Text = *in.Text
	}
	if in.Tags != nil {
		a.Tags = in.Tags
	}
	if len(a.Tags) > 100 || len(a.Text) > maxAnnotationText || slices.ContainsFunc(a.Tags, func(t string) bool { return len(t) > maxTag }) {
		return invalid("text", "must have at most %d bytes, and there must be at most 100 tags of %d bytes", maxAnnotationText, maxTag)
	}
	a.Tags = orNone(a.Tags)
	return nil
}

// AddAnnotation makes an annotation; on a dashboard, who asks must be able to edit
// it.
func (r *Room) AddAnnotation(ctx context.Context, c *Call) (any, error) {
	var in annotationInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	id, err := r.addAnnotation(ctx, c, &in)
	return map[string]any{"message": "Annotation added", "id": id}, err
}

func (r *Room) addAnnotation(ctx context.Context, c *Call, in *annotationInput) (int64, error) {
	now := r.opts.Now().UnixMilli()
	a := &annotation{Dashboard: deref(in.Dashboard), Time: now, User: c.User.ID, Login: c.User.Login, Created: now, Updated: now}
	if err := in.apply(a); err != nil {
		return 0, err
	}
	if a.Text == "" {
		return 0, bad("Failed to save annotation: text field should not be empty")
	}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if a.Dashboard != "" {
			if _, err := c.seenDashboard(tx, a.Dashboard, levelEdit); err != nil {
				return err
			}
		}
		if err := roomFor(tx, annotationBucket, key(c.id()), maxAnnotations, "annotations"); err != nil {
			return err
		}
		if a.ID, err = next(tx, c.id(), "annotation"); err != nil {
			return err
		}
		return put(tx, annotationBucket, key(c.id(), idKey(a.ID)), a)
	})
	return a.ID, err
}

func (c *Call) annotation(tx store.Tx, level int) (*annotation, error) {
	n, err := c.paramID("annotationId")
	if err != nil {
		return nil, err
	}
	a, err := get[annotation](tx, annotationBucket, key(c.id(), idKey(n)))
	if err == nil && a == nil {
		err = missing("Could not find annotation")
	}
	if err == nil && a.Dashboard != "" {
		_, err = c.seenDashboard(tx, a.Dashboard, level)
	}
	return a, err
}

// Annotation answers one.
func (r *Room) Annotation(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		out, err = c.annotation(tx, levelView)
		return err
	})
	return out, err
}

// UpdateAnnotation changes one.
func (r *Room) UpdateAnnotation(ctx context.Context, c *Call) (any, error) {
	var in annotationInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		a, err := c.annotation(tx, levelEdit)
		if err != nil {
			return err
		}
		if err := in.apply(a); err != nil {
			return err
		}
		a.Updated = r.opts.Now().UnixMilli()
		return put(tx, annotationBucket, key(c.id(), idKey(a.ID)), a)
	})
	return message("Annotation patched"), err
}

// DeleteAnnotation deletes one.
func (r *Room) DeleteAnnotation(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		a, err := c.annotation(tx, levelEdit)
		if err != nil {
			return err
		}
		return tx.Delete(annotationBucket, key(c.id(), idKey(a.ID)))
	})
	return message("Annotation deleted"), err
}
