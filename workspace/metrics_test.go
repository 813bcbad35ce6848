package workspace

import (
	"strings"
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

// A page token comes from a stranger.
func FuzzNextToken(f *testing.F) {
	pos := position{prefix: "000000000000/us-east-1/", alias: "a"}
	f.Add(pos.token("000000000000/us-east-1/00000000000000000001/ws-1"))
	f.Add("")
	f.Add("MQ")
	f.Add(strings.Repeat("A", maxPageToken+1))
	f.Fuzz(func(t *testing.T, token string) {
		var p problems
		got := pos
		p.checkNextToken(&token, &got)
		if err := p.err(); (err == nil) == (got.after == "") && token != "" {
			t.Errorf("token %q: position %q, %v", token, got.after, err)
		}
		if got.prefix != pos.prefix || got.alias != pos.alias {
			t.Errorf("token %q leads to another list: %+v", token, got)
		}
	})
}
