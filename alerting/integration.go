package alerting

import (
	"reflect"
	"strings"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/notify"
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
