package workspace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

func set(name, value string) hearth.LabelSetLimit {
	return hearth.LabelSetLimit{Labels: map[string]string{name: value}, MaxSeries: 1}
}

func labelSets(n int) *[]hearth.LabelSetLimit {
	var sets []hearth.LabelSetLimit
	for i := range n {
		sets = append(sets, set("team", fmt.Sprint(i)))
	}
	return &sets
}

func TestConfigurationDefaults(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Profile = hearth.AWSStrict })
	d := f.active(t, me(t), "a")
	got, err := f.Configuration(me(t), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := Configuration{Status: hearth.Active, RetentionDays: 150, OutOfOrderSeconds: 60, RuleOffsetSeconds: 60}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Configuration (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(hearth.LimitsOf(hearth.AWSStrict), d.Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	f = newFixture(t, func(o *Options) { o.Defaults = hearth.Limits{Retention: 3 * day} })
	d = f.active(t, me(t), "a")
	if got, err := f.Configuration(me(t), d.ID); err != nil || got.RetentionDays != 3 || d.Limits.ActiveSeries != 0 {
		t.Errorf("with other defaults: %+v, %v", got, err)
	}
}

func TestUpdateConfiguration(t *testing.T) {
	f := newFixture(t, nil)
	d := f.active(t, me(t), "a")
	f.events.take()
	sets := []hearth.LabelSetLimit{{Labels: map[string]string{"team": "a", "__name__": "node:cpu"}, MaxSeries: 10}, {Labels: map[string]string{}, MaxSeries: 0}}
	for _, step := range []struct {
		in   ConfigurationInput
		want Configuration
	}{
		{ConfigurationInput{RetentionDays: ptr(1095)}, Configuration{RetentionDays: 1095, OutOfOrderSeconds: 60, RuleOffsetSeconds: 60}},
		{ConfigurationInput{OutOfOrderSeconds: ptr(600), RuleOffsetSeconds: ptr(86400)}, Configuration{RetentionDays: 1095, OutOfOrderSeconds: 600, RuleOffsetSeconds: 86400}},
		{ConfigurationInput{LabelSets: &sets}, Configuration{RetentionDays: 1095, OutOfOrderSeconds: 600, RuleOffsetSeconds: 86400, LabelSets: sets}},
		{ConfigurationInput{RetentionDays: ptr(1), OutOfOrderSeconds: ptr(0), RuleOffsetSeconds: ptr(0)}, Configuration{RetentionDays: 1, LabelSets: sets}},
		{ConfigurationInput{LabelSets: &[]hearth.LabelSetLimit{}}, Configuration{RetentionDays: 1}},
	} {
		status, err := f.UpdateConfiguration(me(t), d.ID, step.in)
		if err != nil || status != hearth.Updating {
			t.Fatalf("UpdateConfiguration: %s, %v", status, err)
		}
		f.wantConfiguration(t, d.ID, step.want, hearth.Updating)
		f.step(t)
		f.wantConfiguration(t, d.ID, step.want, hearth.Active)
	}
	events := f.events.take()
	if len(events) != 5 {
		t.Fatalf("%d events; want 5", len(events))
	}
	e := events[0]
	if e.Kind != hearth.EventChanged || e.Workspace != d.ID || e.RequestID != "request-1" || e.Principal != "arn:aws:iam::000000000000:root" ||
		e.Detail(hearth.DetailAction) != "aps:UpdateWorkspaceConfiguration" || e.Detail(hearth.DetailBefore) != "{}" ||
		e.Detail(hearth.DetailAfter) != `{"retentionPeriodInDays":1095}` || e.Detail(hearth.DetailResource) != d.ARN().String() {
		t.Errorf("event: %+v", e)
	}
}

// wantConfiguration checks Configuration and, for it must not wait for Run, what
// Lookup says.
func (f *fixture) wantConfiguration(t *testing.T, id hearth.WorkspaceID, want Configuration, status hearth.Status) {
	t.Helper()
	want.Status = status
	got, err := f.Configuration(me(t), id)
	if err != nil {
		t.Fatalf("Configuration: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Configuration (-want +got):\n%s", diff)
	}
	ws, err := f.Lookup(t.Context(), id)
	if err != nil {
		t.Fatalf("Lookup: %v", err)
	}
	l := hearth.LimitsOf(hearth.Local)
	l.LabelSets = want.LabelSets
	l.Retention = time.Duration(want.RetentionDays) * 24 * time.Hour
	l.OutOfOrderWindow = time.Duration(want.OutOfOrderSeconds) * time.Second
	l.RuleQueryOffset = time.Duration(want.RuleOffsetSeconds) * time.Second
	if diff := cmp.Diff(l, ws.Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}

func TestUpdateConfigurationRefuses(t *testing.T) {
	f := newFixture(t, nil)
	d := f.active(t, me(t), "a")
	one := func(s hearth.LabelSetLimit) ConfigurationInput {
		return ConfigurationInput{LabelSets: &[]hearth.LabelSetLimit{s}}
	}
	for name, c := range map[string]struct {
		in     ConfigurationInput
		member string
	}{
		"nothing":              {ConfigurationInput{}, "retentionPeriodInDays"},
		"a token alone":        {ConfigurationInput{Token: ptr("t")}, "retentionPeriodInDays"},
		"retention 0":          {ConfigurationInput{RetentionDays: ptr(0)}, "retentionPeriodInDays"},
		"retention 1096":       {ConfigurationInput{RetentionDays: ptr(1096)}, "retentionPeriodInDays"},
		"window -1":            {ConfigurationInput{OutOfOrderSeconds: ptr(-1)}, "outOfOrderTimeWindowInSeconds"},
		"window 601":           {ConfigurationInput{OutOfOrderSeconds: ptr(601)}, "outOfOrderTimeWindowInSeconds"},
		"offset -1":            {ConfigurationInput{RuleOffsetSeconds: ptr(-1)}, "ruleQueryOffsetInSeconds"},
		"offset 86401":         {ConfigurationInput{RuleOffsetSeconds: ptr(86401)}, "ruleQueryOffsetInSeconds"},
		"token with a space":   {ConfigurationInput{RetentionDays: ptr(1), Token: ptr("a b")}, "clientToken"},
		"101 label sets":       {ConfigurationInput{LabelSets: labelSets(101)}, "limitsPerLabelSet"},
		"negative series":      {one(hearth.LabelSetLimit{MaxSeries: -1}), "limitsPerLabelSet[0].limits.maxSeries"},
		"label name with -":    {one(set("a-b", "v")), "limitsPerLabelSet[0].labelSet"},
		"label name of digits": {one(set("1a", "v")), "limitsPerLabelSet[0].labelSet"},
		"empty label name":     {one(set("", "v")), "limitsPerLabelSet[0].labelSet"},
		"empty value":          {one(set("a", "")), "limitsPerLabelSet[0].labelSet"},
		"blank value":          {one(set("a", "  ")), "limitsPerLabelSet[0].labelSet"},
		"value not ASCII":      {one(set("a", "é")), "limitsPerLabelSet[0].labelSet"},
		"control character":    {one(set("a", "b\x7f")), "limitsPerLabelSet[0].labelSet"},
		"newline":              {one(set("a", "b\n")), "limitsPerLabelSet[0].labelSet"},
		"odd metric name":      {one(set("__name__", "a b")), "limitsPerLabelSet[0].labelSet"},
		"the same set twice":   {ConfigurationInput{LabelSets: &[]hearth.LabelSetLimit{set("a", "b"), set("c", "d"), set("a", "b")}}, "limitsPerLabelSet[2].labelSet"},
		"two default buckets":  {ConfigurationInput{LabelSets: &[]hearth.LabelSetLimit{{}, {Labels: map[string]string{}}}}, "limitsPerLabelSet[1].labelSet"},
	} {
		_, err := f.UpdateConfiguration(me(t), d.ID, c.in)
		if diff := cmp.Diff([]string{c.member}, members(wantKind(t, name, err, hearth.Invalid))); diff != "" {
			t.Errorf("%s: members blamed (-want +got):\n%s", name, diff)
		}
	}
	for name, in := range map[string]ConfigurationInput{
		"100 label sets": {LabelSets: labelSets(100)},
		"odd but fine":   one(set("_a1", `a "quoted" {value}=~`)),
		"long value":     one(set("a", strings.Repeat("v", 1000))),
	} {
		if _, err := f.UpdateConfiguration(me(t), d.ID, in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f.step(t)
	}
}

// A repeated request is answered as the first time, even where it could not be
// made now.
func TestRepeatedChanges(t *testing.T) {
	f := newFixture(t, nil)
	id := f.active(t, me(t), "a").ID
	other := f.active(t, me(t), "b").ID
	in := ConfigurationInput{RetentionDays: ptr(7), Token: ptr("configure")}
	for range 2 {
		if status, err := f.UpdateConfiguration(me(t), id, in); err != nil || status != hearth.Updating {
			t.Errorf("UpdateConfiguration: %s, %v", status, err)
		}
	}
	_, err := f.UpdateConfiguration(me(t), other, in)
	wantKind(t, "the token for another workspace", err, hearth.Conflict)
	f.step(t)
	for range 2 {
		if err := f.SetAlias(me(t), id, AliasInput{Alias: ptr("c"), Token: ptr("alias")}); err != nil {
			t.Errorf("SetAlias: %v", err)
		}
	}
	wantKind(t, "the token for another alias", f.SetAlias(me(t), id, AliasInput{Alias: ptr("d"), Token: ptr("alias")}), hearth.Conflict)
	for range 2 {
		if err := f.Delete(me(t), id, ptr("delete")); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	f.run(t)
	await(t, "the workspace to be gone", func() bool { return f.status(t, id) == "gone" })
	if err := f.Delete(me(t), id, ptr("delete")); err != nil {
		t.Errorf("Delete again once it is gone: %v", err)
	}
	wantKind(t, "Delete with a new token", f.Delete(me(t), id, ptr("delete-2")), hearth.NotFound)
	if err := f.Delete(me(t), other, ptr("configure")); err != nil {
		t.Errorf("the token of another operation: %v", err)
	}
}

func TestSetAlias(t *testing.T) {
	f := newFixture(t, nil)
	id := f.active(t, me(t), "a").ID
	for name, c := range map[string]struct {
		alias *string
		want  string
	}{
		"another": {ptr("b"), "b"}, "blanks around": {ptr("  c "), "c"}, "longest": {ptr(strings.Repeat("d", 100)), strings.Repeat("d", 100)},
		"none": {nil, ""}, "empty": {ptr(""), ""},
	} {
		if err := f.SetAlias(me(t), id, AliasInput{Alias: c.alias}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d, err := f.Describe(me(t), id); err != nil || d.Alias != c.want {
			t.Errorf("%s: alias %q, %v; want %q", name, d.Alias, err, c.want)
		}
	}
	for name, in := range map[string]AliasInput{"blank": {Alias: ptr("  ")}, "long": {Alias: ptr(strings.Repeat("d", 101))}} {
		wantKind(t, name, f.SetAlias(me(t), id, in), hearth.Invalid)
	}
	wantKind(t, "no such workspace", f.SetAlias(me(t), "None", AliasInput{Alias: ptr("b")}), hearth.NotFound)
}
