package hearth

import (
	"testing"
	"time"
)

func TestLinks(t *testing.T) {
	w := Watched{Workspace: "ws-1", Namespace: "web & more", Group: "g", Rule: "Down", Expr: `up{job="a b"} == 0`, At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	link := w.ExploreURL("http://hearth.test/base/")
	const want = "http://hearth.test/base/ui/explore?expr=up%7Bjob%3D%22a+b%22%7D+%3D%3D+0&from=2026-11-21T11%3A00%3A00Z&group=g&namespace=web+%26+more&rule=Down&to=2026-11-21T12%3A00%3A00Z&workspace=ws-1"
	if link != want {
		t.Errorf("explore: %s", link)
	}
	fires := w
	fires.Value = "0.25"
	if back, _, ok := ReadExploreURL(fires.ExploreURL("http://hearth.test")); !ok || back != fires {
		t.Errorf("a value, read back: %+v %t", back, ok)
	}
	back, base, ok := ReadExploreURL(link)
	if !ok || back != w || base != "http://hearth.test/base" {
		t.Errorf("read back: %+v %s %t", back, base, ok)
	}
	if got := w.SilenceURL(base, `{a="b"}`); got != "http://hearth.test/base/ui/alerts/silences/new?matchers=%7Ba%3D%22b%22%7D&workspace=ws-1" {
		t.Errorf("silence: %s", got)
	}
	if got := w.RuleURL(base); got != "http://hearth.test/base/ui/alerts/rule?group=g&namespace=web+%26+more&rule=Down&workspace=ws-1" {
		t.Errorf("rule: %s", got)
	}
	for _, other := range []string{"", "http://prometheus/graph?g0.expr=up", "/ui/explore?%zz", "/ui/explore?workspace=", "/ui/explore?workspace=ws-1&to=soon"} {
		if _, _, ok := ReadExploreURL(other); ok {
			t.Errorf("%q is read as a link of ours", other)
		}
	}
}
