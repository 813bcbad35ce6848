package alerting

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/common/model"

	"github.com/hearth-metrics/hearth"
)

// limits are what a workspace's alert manager may hold. The quotas are those of
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html
type limits struct {
	bytes       int // L-3316EF76
	routes      int
	templates   int
	inhibitions int
	groups      int
	alerts      int // L-E9CD1A4F
	alertBytes  int64
	silences    int
	repeat      time.Duration // longest repeat interval that takes effect; 0: any
}

func limitsOf(p hearth.Profile) limits {
	if p == hearth.AWSStrict {
		return limits{
			bytes: 1_000_000, routes: 100, templates: 100, inhibitions: 100, groups: 1_000,
			alerts: 1_000, alertBytes: 20_000_000, silences: 1_000, repeat: 5 * 24 * time.Hour,
		}
	}
	return limits{
		bytes: 1 << 20, routes: 10_000, templates: 1_000, inhibitions: 1_000, groups: 20_000,
		alerts: 100_000, alertBytes: 256 << 20, silences: 20_000,
	}
}

// checkLimits counts what upstream does not count, and in profile aws-strict
// refuses what AWS refuses.
func (d *Definition) checkLimits(p hearth.Profile, l limits) []Fault {
	var faults []Fault
	for _, c := range []struct {
		what      string
		have, max int
	}{
		{"routing nodes", countRoutes(d.Config.Route), l.routes},
		{"templates", len(d.Templates), l.templates},
		{"inhibition rules", len(d.Config.InhibitRules), l.inhibitions},
	} {
		if c.have > c.max {
			faults = append(faults, Fault{Key: configKey, Msg: fmt.Sprintf("has %d %s; at most %d are allowed", c.have, c.what, c.max)})
		}
	}
	for _, r := range d.Config.Receivers {
		for i, c := range r.SNSConfigs {
			at := fmt.Sprintf("receiver %q, sns_configs position #%d", r.Name, i+1)
			faults = append(faults, checkSNS(c, at, p)...)
		}
	}
	if l.repeat > 0 {
		capRepeat(d.Config.Route, model.Duration(l.repeat))
	}
	return faults
}

func checkSNS(c *config.SNSConfig, at string, p hearth.Profile) (faults []Fault) {
	fault := func(msg string) { faults = append(faults, Fault{Key: configKey, Msg: at + ": " + msg}) }
	if c.TopicARN == "" {
		fault("topic_arn is required")
	}
	if strings.HasSuffix(c.TopicARN, ".fifo") {
		fault("the topic must be a standard one: first-in-first-out topics are not supported")
	}
	if arn, err := hearth.ParseARN(c.TopicARN); !strings.Contains(c.TopicARN, "{{") && c.TopicARN != "" && (err != nil || arn.Service != "sns") {
		fault(fmt.Sprintf("topic_arn %q is not the ARN of a topic: arn:aws:sns:REGION:ACCOUNT:NAME", c.TopicARN))
	}
	if c.Sigv4.Region == "" && p == hearth.AWSStrict {
		fault("sigv4.region is required")
	}
	return faults
}

func countRoutes(r *config.Route) int {
	n := 1
	for _, child := range r.Routes {
		n += countRoutes(child)
	}
	return n
}

// capRepeat makes longer repeat intervals behave as most.
func capRepeat(r *config.Route, most model.Duration) {
	if r.RepeatInterval != nil && *r.RepeatInterval > most {
		r.RepeatInterval = &most
	}
	for _, child := range r.Routes {
		capRepeat(child, most)
	}
}
