package hearth_test

import (
	"testing"

	"github.com/hearth-metrics/hearth"
)

func TestGrafanaRolesAreOrdered(t *testing.T) {
	roles := []hearth.GrafanaRole{"", hearth.GrafanaViewer, hearth.GrafanaEditor, hearth.GrafanaAdmin}
	for i, has := range roles {
		for j, need := range roles {
			if got, want := has.Allows(need), j > 0 && i >= j; got != want {
				t.Errorf("%q allows %q: %v, want %v", has, need, got, want)
			}
		}
	}
}

func TestParseGrafanaID(t *testing.T) {
	if _, ok := hearth.ParseGrafanaID(string(hearth.NewGrafanaID())); !ok {
		t.Error("a minted id is refused")
	}
	for _, s := range []string{"", "g-", "g-012345678", "g-0123456789a", "g-012345678G", "G-0123456789", "g-0123456789/"} {
		if _, ok := hearth.ParseGrafanaID(s); ok {
			t.Errorf("%q is accepted", s)
		}
	}
}
