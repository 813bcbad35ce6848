package ingest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
)

func TestOwnWriters(t *testing.T) {
	b := newWorkbench(t)
	app := b.room.Appendable(b.ws, "scraper").AppenderV2(t.Context())
	now := testTime.UnixMilli()
	up := labels.FromStrings("__name__", "up")
	ref, err := app.Append(0, up, 0, now, 1, nil, nil, storage.AOptions{})
	if err != nil || ref == 0 {
		t.Fatalf("%v %v", ref, err)
	}
	if again, err := app.Append(ref, up, 0, now+1000, 2, nil, nil, storage.AOptions{}); err != nil || again != ref {
		t.Errorf("by reference: %v %v", again, err)
	}
	for _, tc := range []struct {
		ls labels.Labels
		t  int64
		in string
	}{
		{labels.FromStrings("job", "x"), now, "missing_metric_name"},
		{labels.FromStrings("__name__", "a", "b", strings.Repeat("x", 5000)), now, "label_value_too_long"},
		{up, now + time.Hour.Milliseconds(), "too_far_in_future"},
	} {
		_, err := app.Append(0, tc.ls, 0, tc.t, 1, nil, nil, storage.AOptions{})
		if !errors.Is(err, storage.ErrOutOfBounds) || !strings.Contains(err.Error(), tc.in) {
			t.Errorf("%s: %v", tc.in, err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	b.wantStored(`{__name__="up"} 2026-11-20T12:00:00Z 1`, `{__name__="up"} 2026-11-20T12:00:01Z 2`)
	if len(b.events) != 3 || b.events[0].Detail(hearth.DetailSender) != "scraper" {
		t.Errorf("events %+v", b.events)
	}
}

func TestOwnWritersKeepTheRate(t *testing.T) {
	b := newWorkbench(t, func(l *hearth.Limits) { l.IngestRate, l.IngestBurst = 1, 1 })
	app := b.room.Appendable(b.ws, "rules").AppenderV2(t.Context())
	for i := range int64(2) {
		if _, err := app.Append(0, labels.FromStrings("__name__", "up"), 0, testTime.UnixMilli()+i, 1, nil, nil, storage.AOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); hearth.KindOf(err) != hearth.Throttled {
		t.Errorf("commit: %v", err)
	}
	b.wantStored()
}

func TestOwnWritersLearnThatTheWorkspaceIsGone(t *testing.T) {
	b := newWorkbench(t)
	b.engine.fail = &hearth.Error{Kind: hearth.NotFound, Msg: "Workspace not found"}
	app := b.room.Appendable(b.ws, "rules").AppenderV2(t.Context())
	_, err := app.Append(0, labels.FromStrings("__name__", "up"), 0, 0, 1, nil, nil, storage.AOptions{})
	if hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("append: %v", err)
	}
	if err := app.Commit(); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("commit: %v", err)
	}
}

// A scrape loop keeps the references of its series while the workspace is closed
// and opened, and while it is aimed at another workspace: there the number may be
// another series'.
func TestReferencesAreOfOneOpening(t *testing.T) {
	b := newWorkbench(t)
	now := testTime.UnixMilli()
	one, two := labels.FromStrings("__name__", "one"), labels.FromStrings("__name__", "two")
	write := func(ws hearth.Workspace, ref storage.SeriesRef, ls labels.Labels, at int64) storage.SeriesRef {
		t.Helper()
		app := b.room.Appendable(ws, "scraper").AppenderV2(t.Context())
		got, err := app.Append(ref, ls, 0, at, 1, nil, nil, storage.AOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		return got
	}
	other := b.ws
	other.ID = "ws-other"
	first := write(b.ws, 0, one, now)
	write(other, 0, two, now)
	if moved := write(other, first, one, now); moved == first {
		t.Errorf("a reference of one workspace is good in another: %x", moved)
	}
	if d := cmp.Diff([]string{`{__name__="one"} 2026-11-20T12:00:00Z 1`, `{__name__="two"} 2026-11-20T12:00:00Z 1`}, b.storedIn(other.ID)); d != "" {
		t.Errorf("stored in the other (-want +got):\n%s", d)
	}
	b.engine.heads[b.ws.ID].reopen(t)
	if again := write(b.ws, first, one, now+1000); again == first {
		t.Errorf("a reference outlives the opening: %x", again)
	}
	b.wantStored(`{__name__="one"} 2026-11-20T12:00:00Z 1`, `{__name__="one"} 2026-11-20T12:00:01Z 1`)
}
