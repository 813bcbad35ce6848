package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth/store"
)

func TestRecords(t *testing.T) {
	type thing struct{ Name string }
	s := open(t, filepath.Join(t.TempDir(), "records.db"))
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.Put("things", "broken", []byte("{")); err != nil {
			return err
		}
		return errors.Join(store.Write(tx, "things", "a/1", thing{"one"}), store.Write(tx, "things", "a/2", thing{"two"}), store.Write(tx, "things", "b/1", thing{"three"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(t.Context(), func(tx store.Tx) error {
		if v, err := store.Read[thing](tx, "things", "a/2"); err != nil || v.Name != "two" {
			t.Errorf("Read: %v, %v", v, err)
		}
		if _, err := store.Read[thing](tx, "things", "a/3"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Read of what is not there: %v", err)
		}
		if v, err := store.Find[thing](tx, "things", "a/3"); v != nil || err != nil {
			t.Errorf("Find of what is not there: %v, %v", v, err)
		}
		if all, err := store.List[thing](tx, "things", "a/", "a/1", 0); err != nil || len(all) != 1 || all[0].Name != "two" {
			t.Errorf("List: %v, %v", all, err)
		}
		if _, err := store.List[thing](tx, "things", "", "", 0); err == nil || !strings.Contains(err.Error(), "read things broken") {
			t.Errorf("List over what is no JSON: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
