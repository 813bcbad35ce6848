package alerting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/common/model"

	"github.com/hearth-metrics/hearth"
)

// What trials may take: one with all its integrations, and all together.
const (
	trialTime  = 15 * time.Second
	trialSlots = 16
)

// Try sends an example to each integration of a definition's receivers, once and at
// once. It goes beside the workspace's Alertmanager: no group, silence or history knows
// of it. A definition that is not good is Invalid; what one integration was answered is
// an error without a kind, for whoever may change the definition.
func (r *Room) Try(ctx context.Context, ws hearth.Workspace, definition []byte, e Example) error {
	d, faults := Parse(definition, r.profileOf(ws.ID))
	if len(faults) > 0 {
		return invalid(faults)
	}
	t, err := newTemplates(d, r.external, r.profileOf(ws.ID))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, trialTime, fmt.Errorf("no answer within %s: %w", trialTime, context.DeadlineExceeded))
	defer cancel()
	select {
	case r.trials <- struct{}{}:
		defer func() { <-r.trials }()
	case <-ctx.Done():
		return fmt.Errorf("%d trials are under way: %w", trialSlots, ctx.Err())
	}
	beside := &alertmanager{room: r, ws: ws, log: slog.New(slog.DiscardHandler), slots: make(chan struct{}, 1)}
	group := model.LabelSet{"alertname": model.LabelValue(e.Labels["alertname"])}
	var failed error
	for _, receiver := range d.Config.Receivers {
		to := firstNotification(ctx, receiver.Name, group)
		for _, in := range integrationsOf(receiver) {
			s := &sender{am: beside, in: in.withDefaults(), templates: t}
			if _, err := s.Notify(to, exampleAlerts([]Example{e}, r.opts.ExternalURL)...); err != nil {
				failed = errors.Join(failed, err)
			}
		}
	}
	return failed
}
