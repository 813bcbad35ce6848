package workspace

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	f := newFixture(t, func(o *Options) { o.Metrics = reg })
	f.active(t, me(t), "a")
	f.active(t, me(t), "b")
	f.create(t, me(t), "c")
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetName() + "=" + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	want := map[string]float64{
		"hearth_workspace_workspaces status=CREATING":              1,
		"hearth_workspace_workspaces status=ACTIVE":                2,
		"hearth_workspace_workspaces status=DELETING":              0,
		"hearth_workspace_changes_total operation=CreateWorkspace": 3,
		"hearth_workspace_reconcile_failures_total":                0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}
