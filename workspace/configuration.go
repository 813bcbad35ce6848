package workspace

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const day = 24 * time.Hour

// AWS's bounds. https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-workspace-configuration.html
const (
	maxRetentionDays     = 1095
	maxOutOfOrderSeconds = 600
	maxRuleOffsetSeconds = 86400
)

// A Configuration is what DescribeWorkspaceConfiguration tells: the values in
// force, whether set or by default.
type Configuration struct {
	Status            hearth.Status // Active or Updating
	LabelSets         []hearth.LabelSetLimit
	RetentionDays     int
	OutOfOrderSeconds int
	RuleOffsetSeconds int
}

// ConfigurationInput is what UpdateWorkspaceConfiguration takes. A nil member
// keeps what is set; an empty LabelSets removes every label set limit.
type ConfigurationInput struct {
	LabelSets         *[]hearth.LabelSetLimit
	RetentionDays     *int
	OutOfOrderSeconds *int
	RuleOffsetSeconds *int
	Token             *string
}

// Configuration tells the values in force for a workspace.
func (r *Room) Configuration(ctx context.Context, id hearth.WorkspaceID) (Configuration, error) {
	e, err := r.checked(ctx, id)
	if err != nil {
		return Configuration{}, err
	}
	l := e.ws.Limits
	c := Configuration{
		Status:            hearth.Active,
		LabelSets:         l.LabelSets,
		RetentionDays:     int(l.Retention / day),
		OutOfOrderSeconds: int(l.OutOfOrderWindow / time.Second),
		RuleOffsetSeconds: int(l.RuleQueryOffset / time.Second),
	}
	if e.rec.Config.Updating {
		c.Status = hearth.Updating
	}
	return c, nil
}

// UpdateConfiguration changes the members given and returns the status of the
// change: UPDATING, ACTIVE within milliseconds. Lookup tells the new limits at
// once.
func (r *Room) UpdateConfiguration(ctx context.Context, id hearth.WorkspaceID, in ConfigurationInput) (hearth.Status, error) {
	if err := checkConfiguration(id, in); err != nil {
		return "", err
	}
	token := in.Token
	in.Token = nil
	req := request{op: "UpdateWorkspaceConfiguration", id: id, token: token, content: in, summary: "Workspace configuration changed."}
	var status hearth.Status
	err := r.perform(ctx, req, &status, func(tx store.Tx) (outcome, error) {
		rec, err := r.idle(ctx, tx, id)
		if err != nil {
			return outcome{}, err
		}
		old := rec.Config
		rec.Config = old.with(in)
		rec.Config.Updating = true
		return outcome{rec: rec, result: hearth.Updating, detail: []hearth.Detail{before(old), after(old.with(in))}}, nil
	})
	return status, err
}

func checkConfiguration(id hearth.WorkspaceID, in ConfigurationInput) error {
	var p problems
	p.checkID(id)
	p.CheckToken(in.Token)
	p.CheckRange("retentionPeriodInDays", in.RetentionDays, 1, maxRetentionDays)
	p.CheckRange("outOfOrderTimeWindowInSeconds", in.OutOfOrderSeconds, 0, maxOutOfOrderSeconds)
	p.CheckRange("ruleQueryOffsetInSeconds", in.RuleOffsetSeconds, 0, maxRuleOffsetSeconds)
	if in.LabelSets != nil {
		p.checkLabelSets(*in.LabelSets)
	}
	if in.LabelSets == nil && in.RetentionDays == nil && in.OutOfOrderSeconds == nil && in.RuleOffsetSeconds == nil {
		p.Add("retentionPeriodInDays", "At least one of limitsPerLabelSet, retentionPeriodInDays, outOfOrderTimeWindowInSeconds and ruleQueryOffsetInSeconds must be given")
	}
	return p.Err()
}

// with returns the settings after the change in.
func (s settings) with(in ConfigurationInput) settings {
	if in.LabelSets != nil {
		s.LabelSets = nil
		for _, set := range *in.LabelSets {
			s.LabelSets = append(s.LabelSets, labelSet{Labels: set.Labels, MaxSeries: set.MaxSeries})
		}
	}
	if in.RetentionDays != nil {
		s.RetentionDays = in.RetentionDays
	}
	if in.OutOfOrderSeconds != nil {
		s.OutOfOrderSeconds = in.OutOfOrderSeconds
	}
	if in.RuleOffsetSeconds != nil {
		s.RuleOffsetSeconds = in.RuleOffsetSeconds
	}
	return s
}

// String is how events tell of settings.
func (s settings) String() string {
	s.Updating = false
	buf, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(buf)
}

// merge returns the limits of a workspace with these settings.
func merge(l hearth.Limits, s settings) hearth.Limits {
	if s.LabelSets != nil {
		l.LabelSets = make([]hearth.LabelSetLimit, len(s.LabelSets))
		for i, set := range s.LabelSets {
			l.LabelSets[i] = hearth.LabelSetLimit{Labels: set.Labels, MaxSeries: set.MaxSeries}
		}
	}
	if s.RetentionDays != nil {
		l.Retention = time.Duration(*s.RetentionDays) * day
	}
	if s.OutOfOrderSeconds != nil {
		l.OutOfOrderWindow = time.Duration(*s.OutOfOrderSeconds) * time.Second
	}
	if s.RuleOffsetSeconds != nil {
		l.RuleQueryOffset = time.Duration(*s.RuleOffsetSeconds) * time.Second
	}
	return l
}
