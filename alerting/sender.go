package alerting

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/webhook"
	"github.com/prometheus/common/model"

	"github.com/hearth-metrics/hearth"
)

// What one attempt may take.
const (
	attemptTime  = 30 * time.Second
	payloadBytes = 8 << 10 // what the ledger keeps of what was sent
	answerBytes  = 1 << 20 // what is read of one answer
)

// A sender makes the attempts of one integration. The texts are rendered first,
// bounded; then upstream's integration is made of the result, so that nothing is
// left in it to execute.
type sender struct {
	am        *alertmanager
	in        integration
	templates *templates
}

// Notify makes one attempt. It says whether another one makes sense.
func (s *sender) Notify(ctx context.Context, alerts ...*alert.Alert) (retry bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, attemptTime, fmt.Errorf("no answer within %s", attemptTime))
	defer cancel()
	select {
	case s.am.slots <- struct{}{}:
		defer func() { <-s.am.slots }()
	case <-ctx.Done():
		return true, fmt.Errorf("%d deliveries of this workspace are under way", maxDeliveries)
	}
	defer func() {
		if v := recover(); v != nil {
			retry, err = false, fmt.Errorf("the integration panicked: %v", v)
		}
		s.note(ctx, alerts, retry, err)
	}()
	retry, err = s.attempt(ctx, alerts)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", err, context.Cause(ctx))
	}
	return retry, err
}

// note keeps the attempt for the delivery, and tells the ledger of the first
// failure and of each that is another than the one before.
func (s *sender) note(ctx context.Context, alerts []*alert.Alert, retry bool, err error) {
	t, ok := ctx.Value(attemptsKey{}).(*attempts)
	if !ok {
		return
	}
	t.n++
	if err == nil {
		return
	}
	if isThrottled(err) && !t.slowed {
		t.slowed = true
		s.am.tally(hearth.TallyNotificationsThrottled, s.in.name)
	}
	if retry && err.Error() != t.lastErr {
		s.am.failing(ctx, s.in, t, alerts, err)
	}
	t.lastErr = err.Error()
}

func (s *sender) attempt(ctx context.Context, alerts []*alert.Alert) (retry bool, err error) {
	alerts = public(alerts)
	data := notify.GetTemplateData(ctx, s.templates.base, alerts, s.am.log)
	conf, payload, err := s.in.render(ctx, s.templates, data)
	if t, ok := ctx.Value(attemptsKey{}).(*attempts); ok {
		t.payload = payload
	}
	if err != nil {
		return false, notify.NewErrorWithReason(notify.ClientErrorReason, err)
	}
	switch c := conf.(type) {
	case *config.SNSConfig:
		return s.publish(ctx, c)
	case *config.EmailConfig:
		return s.mail(ctx, c)
	case *webhook.WebhookConfig:
		if text, ok := textOf(c); ok {
			return s.say(ctx, c, text)
		}
	}
	made, err := receiver.BuildReceiverIntegrations(s.in.alone(conf), s.templates.base, s.am.log, s.guarded()...)
	if err != nil || len(made) != 1 {
		return false, errors.Join(err, fmt.Errorf("the integration %s cannot be made", s.in.name))
	}
	return made[0].Notify(ctx, alerts...)
}

// public are alerts without the labels by which those of Grafana find their contact point.
func public(alerts []*alert.Alert) []*alert.Alert {
	out := make([]*alert.Alert, len(alerts))
	for i, a := range alerts {
		shown := *a
		shown.Labels = maps.Clone(a.Labels)
		maps.DeleteFunc(shown.Labels, func(name model.LabelName, _ model.LabelValue) bool {
			return strings.HasPrefix(string(name), "__") && strings.HasSuffix(string(name), "__")
		})
		out[i] = &shown
	}
	return out
}

func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}

// dial makes a connection whose answer is bounded.
func (s *sender) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := s.am.room.opts.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &boundedConn{Conn: c, left: answerBytes}, nil
}

// A boundedConn reads no more than answerBytes: a server that
// answers without end is cut off. It lives as long as one attempt.
type boundedConn struct {
	net.Conn
	left int
}

var errAnswer = fmt.Errorf("the answer has more than %d bytes", answerBytes)

// Read is net.Conn's.
func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errAnswer
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
