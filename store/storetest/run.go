// Package storetest is what every store must do, whatever it keeps its data in.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth/store"
)

// An Opener opens the same store again and again; the first time it is empty.
// It fails the test rather than returning an error.
type Opener func() store.Store

// Run runs the suite. setup is called once for each test and returns the Opener
// of a store that no other test sees.
func Run(t *testing.T, setup func(t *testing.T) Opener) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Opener)
	}{
		{"a value comes back byte for byte", testBytes},
		{"put, get, delete", testPutGetDelete},
		{"buckets are apart", testBuckets},
		{"keys are any bytes", testKeys},
		{"what a transaction refuses", testRefused},
		{"sizes are bounded", testSizes},
		{"scan gives keys in byte order", testScanOrder},
		{"scan by prefix", testScanPrefix},
		{"scan by pages", testScanPages},
		{"it is as a map would be", testAsMap},
		{"an error rolls back", testRollbackOnError},
		{"a panic rolls back", testRollbackOnPanic},
		{"an update sees its own changes", testOwnChanges},
		{"no update is lost", testNoLostUpdate},
		{"a view is one snapshot", testSnapshot},
		{"a view goes on while an update runs", testViewDuringUpdate},
		{"a cancelled context changes nothing", testCancelled},
		{"waiting to write can be cancelled", testCancelWaiting},
		{"changes are told", testChanged},
		{"changes told coalesce", testChangedCoalesce},
		{"logs keep records, newest first", testLogOrder},
		{"logs are selected", testLogQuery},
		{"logs are trimmed", testTrimLog},
		{"logs take odd records", testOddRecords},
		{"everything is there after reopening", testReopen},
		{"a closed store refuses", testClosed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, setup(t)) })
	}
}

// opened opens the store for one test, and closes it afterwards.
func opened(t *testing.T, open Opener) store.Store {
	t.Helper()
	s := open()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func update(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// put writes each key with its own name as value.
func put(t *testing.T, s store.Store, bucket string, keys ...string) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		for _, k := range keys {
			if err := tx.Put(bucket, k, []byte(k)); err != nil {
				return err
			}
		}
		return nil
	})
}

func scan(t *testing.T, s store.Store, bucket, prefix, after string, limit int) []string {
	t.Helper()
	keys := []string{}
	view(t, s, func(tx store.Tx) error {
		entries, err := tx.Scan(bucket, prefix, after, limit)
		for _, e := range entries {
			if string(e.Value) != e.Key {
				t.Errorf("Scan(%q): key %q has the value %q", prefix, e.Key, e.Value)
			}
			keys = append(keys, e.Key)
		}
		return err
	})
	return keys
}

// soon fails the test unless c receives within ten seconds.
func soon(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case <-c:
	case <-ctx.Done():
		t.Fatalf("waited ten seconds for %s", what)
	}
}
