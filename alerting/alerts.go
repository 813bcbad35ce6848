package alerting

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/notifier"

	"github.com/hearth-metrics/hearth"
)

// Notify takes alerts of the workspace's rules, which send firing ones again and
// again; so they are not kept over a restart. Without a definition they notify
// nobody, and that is no error.
func (r *Room) Notify(ctx context.Context, ws hearth.Workspace, alerts ...*notifier.Alert) error {
	if len(alerts) == 0 {
		return nil
	}
	err := r.with(ctx, ws, func(a *alertmanager) error {
		return a.alerts.Put(context.WithoutCancel(ctx), fromRules(alerts)...)
	})
	if hearth.KindOf(err) == hearth.NotFound {
		r.metrics.undefined.Add(float64(len(alerts)))
		return nil
	}
	if err == nil {
		r.metrics.alerts.Add(float64(len(alerts)))
		r.opts.Tally.Count(ws.ID, hearth.TallyAlertsReceived, "", float64(len(alerts)))
	}
	return err
}

func fromRules(in []*notifier.Alert) []*alert.Alert {
	now := time.Now()
	out := make([]*alert.Alert, 0, len(in))
	for _, x := range in {
		a := &alert.Alert{UpdatedAt: now, Alert: model.Alert{
			Labels: labelSet(x.Labels), Annotations: labelSet(x.Annotations),
			StartsAt: x.StartsAt, EndsAt: x.EndsAt, GeneratorURL: x.GeneratorURL,
		}}
		if a.StartsAt.IsZero() {
			a.StartsAt = now
		}
		if a.EndsAt.IsZero() {
			a.EndsAt = now.Add(5 * time.Minute)
			a.Timeout = true
		}
		if a.Validate() == nil {
			out = append(out, a)
		}
	}
	return out
}

func labelSet(l labels.Labels) model.LabelSet {
	out := make(model.LabelSet, l.Len())
	l.Range(func(x labels.Label) {
		if x.Value != "" {
			out[model.LabelName(x.Name)] = model.LabelValue(x.Value)
		}
	})
	return out
}

// postedAlerts are the alerts as the API sees them: what a client posts is in the
// store before the client hears that it was taken.
type postedAlerts struct {
	*mem.Alerts
	am *alertmanager
}

// Put keeps the alerts, then takes them.
func (p postedAlerts) Put(ctx context.Context, alerts ...*alert.Alert) error {
	for _, a := range alerts {
		if err := p.am.journal.alert(a); err != nil {
			return err
		}
	}
	if err := p.am.journal.flush(ctx); err != nil {
		return err
	}
	p.am.room.metrics.alerts.Add(float64(len(alerts)))
	p.am.room.opts.Tally.Count(p.am.ws.ID, hearth.TallyAlertsReceived, "", float64(len(alerts)))
	return p.Alerts.Put(context.WithoutCancel(ctx), alerts...)
}

// A limiter counts a workspace's alerts and refuses those above its limits. It
// hears of every alert that comes and goes.
type limiter struct {
	am *alertmanager

	mu    sync.Mutex
	sizes map[model.Fingerprint]int64
	total int64
}

func newLimiter(a *alertmanager) *limiter {
	return &limiter{am: a, sizes: map[model.Fingerprint]int64{}}
}

func sizeOf(a *alert.Alert) int64 {
	n := 128 + len(a.GeneratorURL)
	for _, set := range []model.LabelSet{a.Labels, a.Annotations} {
		for k, v := range set {
			n += len(k) + len(v)
		}
	}
	return int64(n)
}

// PreStore refuses a new alert where there are too many. The texts are AWS's.
func (l *limiter) PreStore(a *alert.Alert, existing bool) error {
	most := l.am.room.limits
	l.mu.Lock()
	defer l.mu.Unlock()
	if !existing && len(l.sizes) >= most.alerts {
		return l.am.refuse(a, fmt.Errorf("too many alerts, limit: %d", most.alerts))
	}
	if l.total-l.sizes[a.Fingerprint()]+sizeOf(a) > most.alertBytes {
		return l.am.refuse(a, fmt.Errorf("alerts too big, total size limit: %d bytes", most.alertBytes))
	}
	return nil
}

// PostStore counts an alert, and tells the ledger of a new one where it goes.
func (l *limiter) PostStore(a *alert.Alert, existing bool) {
	fp, n := a.Fingerprint(), sizeOf(a)
	l.mu.Lock()
	l.total += n - l.sizes[fp]
	l.sizes[fp] = n
	l.mu.Unlock()
	if !existing && !a.Resolved() {
		l.am.grouped(a)
	}
}

// PostDelete forgets an alert.
func (l *limiter) PostDelete(a *alert.Alert) {
	fp := a.Fingerprint()
	l.mu.Lock()
	l.total -= l.sizes[fp]
	delete(l.sizes, fp)
	l.mu.Unlock()
}

// PostGC lets the silencer forget, too.
func (l *limiter) PostGC(ff model.Fingerprints) { l.am.silencer.PostGC(ff) }

func (l *limiter) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sizes)
}

// vendedLog is upstream's log. What concerns the workspace's owner goes into the
// ledger as well.
type vendedLog struct {
	next slog.Handler
	am   *alertmanager
}

// Enabled leaves debugging out: upstream logs each alert there.
func (h *vendedLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

// Handle passes warnings on. The reasons of failed notifications are the
// ledger's, not the operator's.
func (h *vendedLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "Failed to create aggregation group" {
		h.am.tooManyGroups(r)
		return nil
	}
	if strings.HasPrefix(r.Message, "Notify") || strings.HasPrefix(r.Message, "pre-store") || !h.next.Enabled(ctx, r.Level) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs is slog's.
func (h *vendedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &vendedLog{next: h.next.WithAttrs(attrs), am: h.am}
}

// WithGroup is slog's.
func (h *vendedLog) WithGroup(name string) slog.Handler {
	return &vendedLog{next: h.next.WithGroup(name), am: h.am}
}

// nowhere is where upstream's metrics go: they have no workspace in them, and a
// thousand copies of them cost more than the alert managers.
type nowhere struct{}

func (nowhere) Register(prometheus.Collector) error  { return nil }
func (nowhere) MustRegister(...prometheus.Collector) {}
func (nowhere) Unregister(prometheus.Collector) bool { return false }
