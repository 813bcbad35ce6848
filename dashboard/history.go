package dashboard

import (
	"context"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A History is what was recorded of a Grafana workspace's alerts.
type History interface {
	// Events are the newest of a kind, newest first.
	Events(ctx context.Context, w hearth.GrafanaWorkspace, kind hearth.EventKind, limit int) ([]hearth.Event, error)
	// Again publishes once more what was published as a message, to the same topic,
	// and returns the new message's id. Errors: NotFound if nothing is recorded of the
	// message, Invalid if it was not recorded whole, and those of publishing.
	Again(ctx context.Context, w hearth.GrafanaWorkspace, message string) (string, error)
}

const (
	historyLimit    = 200
	maxHistoryLimit = 1000
)

// told is an event as pages read it.
type told struct {
	Time    time.Time        `json:"time"`
	ID      hearth.RequestID `json:"requestId,omitempty"`
	Kind    hearth.EventKind `json:"kind"`
	Summary string           `json:"summary"`
	Details []hearth.Detail  `json:"details"`
}

// AlertRecord tells what evaluations of alert rules changed, of the folders that
// who asks may look into.
func (r *Room) AlertRecord(ctx context.Context, c *Call) (any, error) {
	all, err := r.history(ctx, c, hearth.EventRule)
	if err != nil {
		return nil, err
	}
	out, levels := []told{}, map[string]int{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		for _, e := range all {
			uid := detailOf(e, hearth.DetailFolder)
			level, known := levels[uid]
			if !known && uid != "" {
				if level, _, err = c.levelOf(tx, uid, ""); err != nil {
					return err
				}
				levels[uid] = level
			}
			if level >= levelView {
				out = append(out, toldOf(e))
			}
		}
		return nil
	})
	return map[string]any{"events": out}, err
}

// Notifications tells what became of notifications, with what was sent.
func (r *Room) Notifications(ctx context.Context, c *Call) (any, error) {
	all, err := r.history(ctx, c, hearth.EventNotification)
	out := make([]told, 0, len(all))
	for _, e := range all {
		out = append(out, toldOf(e))
	}
	return map[string]any{"events": out}, err
}

// NotifyAgain publishes what was sent to a topic once more.
func (r *Room) NotifyAgain(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Message string `json:"messageId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Message == "" || len(in.Message) > 100 {
		return nil, invalid("messageId", "must be the id of a message that was published")
	}
	if r.opts.History == nil {
		return nil, missing("nothing is recorded here")
	}
	id, err := r.opts.History.Again(ctx, c.Workspace, in.Message)
	return map[string]any{"messageId": id}, err
}

func (r *Room) history(ctx context.Context, c *Call, kind hearth.EventKind) ([]hearth.Event, error) {
	n, err := c.number("limit", historyLimit)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > maxHistoryLimit {
		return nil, invalid("limit", "must be between 1 and %d", maxHistoryLimit)
	}
	if r.opts.History == nil {
		return nil, nil
	}
	return r.opts.History.Events(ctx, c.Workspace, kind, int(n))
}

func toldOf(e hearth.Event) told {
	if e.Details == nil {
		e.Details = []hearth.Detail{}
	}
	return told{Time: e.Time.UTC(), ID: e.RequestID, Kind: e.Kind, Summary: e.Summary, Details: e.Details}
}

func detailOf(e hearth.Event, name string) string {
	for _, d := range e.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}
