package alerting

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/webhook"
	amtemplate "github.com/prometheus/alertmanager/template"
)

// An integration is one way a receiver is told: one entry of its webhook_configs
// or the like.
type integration struct {
	receiver string
	name     string // webhook
	index    int    // within its kind
	conf     any    // a pointer to one of upstream's structs
}

// integrationsOf lists a receiver's integrations. It goes by the fields that
// upstream's Receiver has, so that none is forgotten.
func integrationsOf(r config.Receiver) []integration {
	var all []integration
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		name, ok := strings.CutSuffix(tag, "_configs")
		if !ok {
			continue
		}
		for j := range v.Field(i).Len() {
			all = append(all, integration{receiver: r.Name, name: name, index: j, conf: v.Field(i).Index(j).Interface()})
		}
	}
	return all
}

// alone is a receiver with nothing but conf, an integration of in's kind.
func (in integration) alone(conf any) config.Receiver {
	r := config.Receiver{Name: in.receiver}
	v := reflect.ValueOf(&r).Elem()
	for i := range v.NumField() {
		tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if tag == in.name+"_configs" {
			v.Field(i).Set(reflect.Append(v.Field(i), reflect.ValueOf(conf)))
		}
	}
	return r
}

// resolved says whether the integration is told of resolved alerts.
func (in integration) resolved() notify.ResolvedSender { return in.conf.(notify.ResolvedSender) }

// withDefaults adds what upstream adds when it makes the integration.
func (in integration) withDefaults() integration {
	if c, ok := in.conf.(*config.EmailConfig); ok {
		in.conf = withSubject(c)
	}
	return in
}

// render returns the integration's configuration with its texts rendered, and
// what the ledger keeps of them.
func (in integration) render(ctx context.Context, t *templates, data *amtemplate.Data) (conf any, payload string, err error) {
	r := t.rendering(data)
	var kept strings.Builder
	conf, err = rewrite(in.conf, func(at, text string, html bool) (string, error) {
		out, err := r.field(text, html)
		if err != nil {
			return "", err
		}
		if out != text && kept.Len() < payloadBytes {
			fmt.Fprintf(&kept, "%s: %s\n", at, out)
		}
		if in.ours() {
			return out, nil
		}
		return literal(out), nil
	})
	if err != nil {
		err = fmt.Errorf("Notify for alerts failed. There is an error in a receiver that is using templates: in the receiver '%s', %s_configs position #%d, %w",
			in.receiver, in.name, in.index+1, err)
	}
	if c, ok := conf.(*webhook.WebhookConfig); ok && c.Payload == nil {
		key, _ := notify.ExtractGroupKey(ctx)
		if text, err := json.Marshal(webhook.Message{Data: data, Version: "4", GroupKey: key.String()}); err == nil {
			kept.Write(text)
		}
	}
	return conf, cut(kept.String(), payloadBytes), err
}

// ours says that the integration is not upstream's, and takes texts as they are.
func (in integration) ours() bool {
	if c, ok := in.conf.(*webhook.WebhookConfig); ok {
		_, text := textOf(c)
		return text
	}
	return in.name == "sns" || in.name == "email"
}
