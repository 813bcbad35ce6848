package awsapi

import (
	"context"
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// sizes tells the same of every workspace.
type sizes engine.Stats

func (s sizes) Stats(context.Context, hearth.WorkspaceID) (engine.Stats, error) {
	return engine.Stats(s), nil
}

// A workspace's size stands beside its limits; other accounts see none.
func TestWorkspaceUsage(t *testing.T) {
	st := engine.Stats{ActiveSeries: 7, NativeHistogramSeries: 2, LabelSets: []int64{3}, Samples: 41, MinTime: noon.UnixMilli() - 1000, MaxTime: noon.UnixMilli(), DiskBytes: 9}
	d := openDoor(t, func(o *Options) { o.Usage = sizes(st) })
	w := d.workspaceOf(alice, "us-west-2", "usage")
	d.json(ask{by: &alice, method: "PATCH", url: "/workspaces/" + string(w.ID) + "/configuration", body: `{"limitsPerLabelSet":[{"labelSet":{"team":"a"},"limits":{"maxSeries":5}},{"labelSet":{"team":"b"},"limits":{"maxSeries":6}}]}`}, new(any))
	url := "/hearth/v1/workspaces/" + string(w.ID) + "/usage"
	var got usageBody
	d.json(ask{by: &alice, method: "GET", url: url, service: "hearth"}, &got)
	oldest, newest := noon.Add(-1e9), noon
	limits := hearth.LimitsOf(hearth.Local)
	want := usageBody{
		ActiveSeries: 7, SeriesLimit: limits.ActiveSeries, NativeHistogram: 2, Samples: 41, RateLimit: limits.IngestRate, Burst: limits.IngestBurst,
		LabelSets: []labelSetUsed{{map[string]string{"team": "a"}, 3, 5}, {map[string]string{"team": "b"}, 0, 6}},
		DiskBytes: 9, Oldest: &oldest, Newest: &newest, At: got.At,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	if status, body := d.say(ask{by: &bob, method: "GET", url: url, service: "hearth"}); status != 404 {
		t.Errorf("another account is told %d %s", status, body)
	}
	if status, _ := d.say(ask{by: &carol, method: "GET", url: url, service: "hearth"}); status != 403 {
		t.Errorf("who has no rights is told %d", status)
	}
}

// A check says what is wrong and where, and changes nothing.
func TestCheckConfiguration(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "checks")
	url := "/hearth/v1/workspaces/" + string(w.ID) + "/checks"
	for _, c := range []struct {
		name, kind, text string
		line             int // 0: nothing is wrong
	}{
		{"rules", "rules", "groups:\n- name: a\n  rules:\n  - alert: Up\n    expr: up == 1\n", 0},
		{"a wrong expression", "rules", "groups:\n- name: a\n  rules:\n  - alert: Up\n    expr: up ==\n", 5},
		{"definition", "alertmanager", "alertmanager_config: |\n  route:\n    receiver: a\n  receivers:\n  - name: a\n", 0},
		{"an unknown field", "alertmanager", "alertmanager_config: |\n  route:\n    receiver: a\n    recever: b\n  receivers:\n  - name: a\n", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out struct{ Faults []checkFault }
			body := `{"kind":"` + c.kind + `","data":"` + base64.StdEncoding.EncodeToString([]byte(c.text)) + `"}`
			d.json(ask{by: &alice, method: "POST", url: url, service: "hearth", body: body}, &out)
			if wrong := c.line != 0; wrong != (len(out.Faults) > 0) || wrong && (out.Faults[0].Line != c.line || out.Faults[0].Message == "") {
				t.Errorf("faults of %q: %+v, want line %d", c.text, out.Faults, c.line)
			}
		})
	}
	for body, by := range map[string]*person{`{"kind":"none","data":""}`: &alice, `{"kind":"rules"}`: &alice, `{"kind":"rules","data":"YQ=="}`: &bob} {
		if status, answer := d.say(ask{by: by, method: "POST", url: url, service: "hearth", body: body}); status/100 != 4 {
			t.Errorf("%s is told %d %s", body, status, answer)
		}
	}
}
