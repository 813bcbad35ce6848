package alerting

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/webhook"
	commoncfg "github.com/prometheus/common/config"
)

// textOf is the text of a webhook whose payload is a text alone, which is what chats
// take. Upstream reads what it renders as YAML, so that an alert could make an object of
// it; here a text stays one.
func textOf(c *webhook.WebhookConfig) (text string, ok bool) {
	fields, ok := c.Payload.(map[any]any) // as upstream's parser makes it
	if !ok || len(fields) != 1 {
		return "", false
	}
	text, ok = fields["text"].(string)
	return text, ok
}

// say posts a rendered text.
func (s *sender) say(ctx context.Context, c *webhook.WebhookConfig, text string) (retry bool, err error) {
	client, err := commoncfg.NewClientFromConfig(*c.HTTPConfig, "webhook", s.guarded()...)
	if err != nil {
		return false, err
	}
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return false, err
	}
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	res, err := notify.PostJSON(ctx, client, string(c.URL), bytes.NewReader(body))
	if err != nil {
		return true, notify.RedactURL(err)
	}
	defer notify.Drain(res)
	retry, err = (&notify.Retrier{}).Check(res.StatusCode, res.Body)
	if err != nil {
		return retry, notify.NewErrorWithReason(notify.GetFailureReasonFromStatusCode(res.StatusCode), errors.New(cut(err.Error(), 1<<10)))
	}
	return false, nil
}

// guarded is how connections of integrations are made.
func (s *sender) guarded() []commoncfg.HTTPClientOption {
	return []commoncfg.HTTPClientOption{commoncfg.WithDialContextFunc(s.dial), commoncfg.WithHTTP2Disabled(), commoncfg.WithKeepAlivesDisabled(), commoncfg.WithUserAgent("Hearth")}
}
