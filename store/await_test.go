package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth/store"
)

func TestAwait(t *testing.T) {
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	put := func(value string) {
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put("b", "k", []byte(value)) }); err != nil {
			t.Error(err)
		}
	}
	busy := func(tx store.Tx) bool {
		v, err := tx.Get("b", "k")
		return err == nil && string(v) == "busy"
	}
	put("busy")
	began := time.Now()
	store.Await(t.Context(), s, "b", 20*time.Millisecond, busy)
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("what stays busy was awaited for %s", took)
	}
	done := make(chan bool)
	go func() {
		store.Await(t.Context(), s, "b", time.Hour, busy)
		close(done)
	}()
	put("idle")
	<-done
}
