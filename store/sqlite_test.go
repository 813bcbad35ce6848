package store_test

import (
	"path/filepath"
	"testing"

	"github.com/hearth-metrics/hearth/store"
	"github.com/hearth-metrics/hearth/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "a # strange? %name.db")
		return func() store.Store { return open(t, path) }
	})
}

func open(t testing.TB, path string) *store.SQLite {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatalf("OpenSQLite: %v", err)
	}
	return s
}
