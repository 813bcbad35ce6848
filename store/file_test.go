package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

func fill(t *testing.T, s store.Store, keys, size int) {
	t.Helper()
	err := s.Update(t.Context(), func(tx store.Tx) error {
		for i := range keys {
			if err := tx.Put("b", strings.Repeat("k", i+1), bytes.Repeat([]byte{byte(i)}, size)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	fill(t, s, 1, 10)
	wantMode := func() {
		t.Helper()
		for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
			info, err := os.Stat(name)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v; want mode 0600", filepath.Base(name), info.Mode(), err)
			}
		}
	}
	wantMode()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(path, 0o644), os.Chmod(path+".lock", 0o644)); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	fill(t, s, 1, 10)
	wantMode()
}

// A file that cannot be used is refused in words, and stays as it is.
func TestUnusableFiles(t *testing.T) {
	good := filepath.Join(t.TempDir(), "s.db")
	s := open(t, good)
	fill(t, s, 40, 3000)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	scratched := func(from, to int) []byte {
		b := bytes.Clone(whole)
		for i := from; i < min(to, len(b)); i++ {
			b[i] = 0xa5
		}
		return b
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"text":                  {[]byte(strings.Repeat("This is no database.\n", 1000)), "not a database"},
		"short text":            {[]byte("hello"), "not a database"},
		"half of the file":      {whole[:len(whole)/2/4096*4096], "malformed"},
		"half of a page":        {whole[:2000], "malformed"},
		"header scratched":      {scratched(0, 100), "not a database"},
		"pages scratched":       {scratched(3*4096, len(whole)), ""},
		"other program's":       {foreign(t, 0), "some other program"},
		"other program's id":    {foreign(t, 4711), "some other program"},
		"schema of the future":  {future(t), "a newer Hearth wrote it"},
		"everything but zeroes": {make([]byte, 8192), "not a database"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.db")
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := store.OpenSQLite(t.Context(), path, store.Options{})
			if err == nil {
				_ = s.Close()
				t.Fatal("it opens")
			}
			for _, part := range []string{path, c.want} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q; want %q in it", err, part)
				}
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, c.content) {
				t.Errorf("the file was changed: %d bytes, %v; it had %d", len(got), err, len(c.content))
			}
			t.Log(err)
		})
	}
}

// foreign is a SQLite file that some other program wrote.
func foreign(t *testing.T, id int) []byte {
	t.Helper()
	return written(t, filepath.Join(t.TempDir(), "foreign.db"), `CREATE TABLE entries (id INTEGER); PRAGMA application_id = 4711`, id)
}

// future is a store with a migration this program does not know.
func future(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "future.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	return written(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`, 1)
}

func written(t *testing.T, path, query string, run int) []byte {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if run == 0 {
		query, _, _ = strings.Cut(query, ";")
	}
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A process may die at any moment of its first start.
func TestUnfinishedFiles(t *testing.T) {
	for name, query := range map[string]string{
		"empty":             "",
		"marked":            `PRAGMA application_id = 0x48525448; PRAGMA journal_mode = WAL`,
		"not migrated yet":  `PRAGMA application_id = 0x48525448; CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now'))); INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)`,
		"nothing but a wal": `PRAGMA journal_mode = WAL`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.db")
			if query != "" {
				written(t, path, query, 1)
			} else if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, path)
			defer s.Close()
			fill(t, s, 3, 10)
		})
	}
}

// Two processes would not know of each other's changes.
func TestOneProcessAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	if _, err := store.OpenSQLite(t.Context(), path, store.Options{}); err == nil || !strings.Contains(err.Error(), "another Hearth is using this folder") {
		t.Errorf("opened twice: %v", err)
	}
	fill(t, s, 1, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPathsThatAreNoFile(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{"a folder": dir, "in no folder": filepath.Join(dir, "none", "s.db")} {
		if _, err := store.OpenSQLite(t.Context(), path, store.Options{}); err == nil || !strings.Contains(err.Error(), "open the store") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// When the disk is full a change is refused as a whole; with space again the
// store goes on.
func TestDiskFull(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	defer s.Close()
	fill(t, s, 10, 1000)
	release := store.FillDisk(t, s)
	big := func(tx store.Tx) error {
		return errors.Join(tx.Put("b", "small", []byte("x")), tx.Put("b", "big", make([]byte, 1<<20)))
	}
	err := s.Update(t.Context(), big)
	if e, ok := errors.AsType[*hearth.Error](err); !ok || e.Kind != hearth.Unavailable || !strings.Contains(e.Msg, "the disk is full") {
		t.Errorf("Update on a full disk: %v", err)
	}
	// A function that overlooks the error must not commit the half.
	err = s.Update(t.Context(), func(tx store.Tx) error { _ = big(tx); return nil })
	if hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("Update that overlooks the error: %v", err)
	}
	err = s.AppendLog(t.Context(), "l", []store.Record{{Value: make([]byte, 1<<20)}})
	if hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("AppendLog on a full disk: %v", err)
	}
	count := func() (n int) {
		err := s.View(t.Context(), func(tx store.Tx) error {
			all, err := tx.Scan("b", "", "", 0)
			n = len(all)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := count(); got != 10 {
		t.Errorf("%d entries while the disk is full; want the 10 from before", got)
	}
	release()
	if err := s.Update(t.Context(), big); err != nil {
		t.Errorf("Update with space again: %v", err)
	}
	if got := count(); got != 12 {
		t.Errorf("%d entries; want 12", got)
	}
}
