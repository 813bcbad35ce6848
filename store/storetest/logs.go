package storetest

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth/store"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)

// record is the n-th of a series: one a second, three Key1, two Key2.
func record(n int) store.Record {
	return store.Record{
		Time:  noon.Add(time.Duration(n) * time.Second),
		Key1:  "request-" + strconv.Itoa(n%3),
		Key2:  "workspace-" + strconv.Itoa(n%2),
		Value: []byte(strconv.Itoa(n)),
	}
}

func appendLog(t *testing.T, s store.Store, log string, records ...store.Record) {
	t.Helper()
	if err := s.AppendLog(t.Context(), log, records); err != nil {
		t.Fatalf("AppendLog: %v", err)
	}
}

func appendSeries(t *testing.T, s store.Store, log string, n int) {
	t.Helper()
	records := make([]store.Record, n)
	for i := range records {
		records[i] = record(i)
	}
	appendLog(t, s, log, records...)
}

func read(t *testing.T, s store.Store, log string, q store.LogQuery) []store.Record {
	t.Helper()
	records, err := s.Log(t.Context(), log, q)
	if err != nil {
		t.Fatalf("Log: %v", err)
	}
	for i := 1; i < len(records); i++ {
		if records[i-1].Seq <= records[i].Seq {
			t.Fatalf("Log: seq %d stands before %d; want the newest first", records[i-1].Seq, records[i].Seq)
		}
	}
	return records
}

func values(records []store.Record) []string {
	all := []string{}
	for _, r := range records {
		all = append(all, string(r.Value))
	}
	return all
}

func testLogOrder(t *testing.T, open Opener) {
	s := opened(t, open)
	appendSeries(t, s, "l", 3)
	appendLog(t, s, "l", record(0)) // older, but appended later: order is that of appending
	appendLog(t, s, "other", record(7))
	appendLog(t, s, "l")
	got := read(t, s, "l", store.LogQuery{})
	if diff := cmp.Diff([]string{"0", "2", "1", "0"}, values(got)); diff != "" {
		t.Fatalf("Log (-want +got):\n%s", diff)
	}
	want := record(2)
	want.Seq = got[1].Seq
	if diff := cmp.Diff(want, got[1]); diff != "" {
		t.Errorf("a record (-want +got):\n%s", diff)
	}
	if got := read(t, s, "none", store.LogQuery{}); len(got) != 0 {
		t.Errorf("a log nobody wrote to has %v", got)
	}
}

func testLogQuery(t *testing.T, open Opener) {
	s := opened(t, open)
	appendSeries(t, s, "l", 8)
	seq := read(t, s, "l", store.LogQuery{Limit: 3})[2].Seq // of record 5
	at := func(n int) time.Time { return record(n).Time }
	for name, c := range map[string]struct {
		q    store.LogQuery
		want []string
	}{
		"limit":           {store.LogQuery{Limit: 2}, []string{"7", "6"}},
		"key1":            {store.LogQuery{Key1: "request-1"}, []string{"7", "4", "1"}},
		"key2":            {store.LogQuery{Key2: "workspace-1"}, []string{"7", "5", "3", "1"}},
		"both keys":       {store.LogQuery{Key1: "request-1", Key2: "workspace-1"}, []string{"7", "1"}},
		"unknown key":     {store.LogQuery{Key1: "request-"}, []string{}},
		"since, included": {store.LogQuery{Since: at(6)}, []string{"7", "6"}},
		"before, without": {store.LogQuery{Before: at(2)}, []string{"1", "0"}},
		"between":         {store.LogQuery{Since: at(2), Before: at(4)}, []string{"3", "2"}},
		"before a seq":    {store.LogQuery{BeforeSeq: seq, Limit: 2}, []string{"4", "3"}},
		"all at once":     {store.LogQuery{Key2: "workspace-0", Since: at(1), Before: at(7), BeforeSeq: seq, Limit: 1}, []string{"4"}},
	} {
		if diff := cmp.Diff(c.want, values(read(t, s, "l", c.q))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	appendSeries(t, s, "long", 1200)
	if got := read(t, s, "long", store.LogQuery{}); len(got) != 1000 {
		t.Errorf("without a limit Log gives %d records; want 1000", len(got))
	}
}

func testTrimLog(t *testing.T, open Opener) {
	s := opened(t, open)
	appendSeries(t, s, "l", 20)
	appendSeries(t, s, "other", 3)
	trim := func(keep int) []string {
		t.Helper()
		if err := s.TrimLog(t.Context(), "l", keep); err != nil {
			t.Fatalf("TrimLog: %v", err)
		}
		return values(read(t, s, "l", store.LogQuery{}))
	}
	if got := trim(20); len(got) != 20 {
		t.Errorf("TrimLog to what is there leaves %d", len(got))
	}
	newest := read(t, s, "l", store.LogQuery{Limit: 1})[0].Seq
	if diff := cmp.Diff([]string{"19", "18"}, trim(2)); diff != "" {
		t.Errorf("TrimLog to 2 (-want +got):\n%s", diff)
	}
	if got := trim(0); len(got) != 0 {
		t.Errorf("TrimLog to 0 leaves %q", got)
	}
	appendLog(t, s, "l", record(1))
	if seq := read(t, s, "l", store.LogQuery{})[0].Seq; seq <= newest {
		t.Errorf("seq %d was given again after trimming: %d", newest, seq)
	}
	if got := read(t, s, "other", store.LogQuery{}); len(got) != 3 {
		t.Errorf("trimming another log left %d of 3", len(got))
	}
}

func testOddRecords(t *testing.T, open Opener) {
	s := opened(t, open)
	odd := []store.Record{
		{Time: time.Unix(0, 0).UTC(), Value: []byte{}},
		{Time: noon, Key1: "a\x00\xff", Key2: "日本", Value: []byte{0, 0xff}},
		{Time: time.Date(1969, 1, 1, 0, 0, 0, 1, time.UTC), Value: []byte("before 1970")},
	}
	appendLog(t, s, "l", odd...)
	appendLog(t, s, "l", store.Record{Value: nil}, store.Record{Time: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)})
	got := read(t, s, "l", store.LogQuery{})
	if len(got) != 5 || !got[0].Time.After(noon) || !got[1].Time.Before(noon) {
		t.Fatalf("times beyond what can be kept: %v", got)
	}
	for i, want := range odd {
		r := got[4-i]
		r.Seq = 0
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", i, diff)
		}
	}
	if got := read(t, s, "l", store.LogQuery{Key1: "a\x00\xff"}); len(got) != 1 {
		t.Errorf("an odd key finds %d records; want 1", len(got))
	}
}
