package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

func testReopen(t *testing.T, open Opener) {
	s := open()
	put(t, s, "b", oddKeys...)
	appendSeries(t, s, "l", 5)
	entries, records := scan(t, s, "b", "", "", 0), read(t, s, "l", store.LogQuery{})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		s = open()
		if diff := cmp.Diff(entries, scan(t, s, "b", "", "", 0)); diff != "" {
			t.Errorf("entries after reopening (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(records, read(t, s, "l", store.LogQuery{})); diff != "" {
			t.Errorf("records after reopening (-want +got):\n%s", diff)
		}
	}
	put(t, s, "b", "afterwards")
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func testClosed(t *testing.T, open Opener) {
	s := open()
	_, stop := s.Changed("b")
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	stop()
	never := func(store.Tx) error { t.Error("ran on a closed store"); return nil }
	_, logErr := s.Log(t.Context(), "l", store.LogQuery{})
	for name, err := range map[string]error{
		"View":      s.View(t.Context(), never),
		"Update":    s.Update(t.Context(), never),
		"AppendLog": s.AppendLog(t.Context(), "l", []store.Record{{}}),
		"TrimLog":   s.TrimLog(t.Context(), "l", 0),
		"Log":       logErr,
	} {
		if !errors.Is(err, store.ErrClosed) || hearth.KindOf(err) != hearth.Unavailable {
			t.Errorf("%s on a closed store: %v; want store.ErrClosed, Unavailable", name, err)
		}
	}
}
