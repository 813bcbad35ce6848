package store_test

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth/store"
)

// A long log is trimmed in more than one transaction.
func TestTrimLongLog(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	defer s.Close()
	const all, keep = 12_345, 321
	records := make([]store.Record, all)
	for i := range records {
		records[i] = store.Record{Time: noon.Add(time.Duration(i)), Value: []byte(strconv.Itoa(i))}
	}
	if err := s.AppendLog(t.Context(), "l", records); err != nil {
		t.Fatal(err)
	}
	if err := s.TrimLog(t.Context(), "l", keep); err != nil {
		t.Fatal(err)
	}
	left, err := s.Log(t.Context(), "l", store.LogQuery{Limit: all})
	if err != nil || len(left) != keep || string(left[keep-1].Value) != strconv.Itoa(all-keep) {
		t.Errorf("%d records are left, %v; want %d", len(left), err, keep)
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.Options{Metrics: reg})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fill(t, s, 1, 1)
	if s.Update(t.Context(), func(tx store.Tx) error { return tx.Put("", "", nil) }) == nil {
		t.Error("Put without names")
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		switch f.GetName() {
		case "hearth_store_update_duration_seconds":
			if n := f.GetMetric()[0].GetHistogram().GetSampleCount(); n != 2 {
				t.Errorf("%s counts %d; want 2", f.GetName(), n)
			}
		case "hearth_store_update_failures_total":
			if n := f.GetMetric()[0].GetCounter().GetValue(); n != 1 {
				t.Errorf("%s is %v; want 1", f.GetName(), n)
			}
		default:
			t.Errorf("unexpected metric %s", f.GetName())
		}
	}
	if len(families) != 2 {
		t.Errorf("%d metrics; want 2", len(families))
	}
}
