package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hearth-metrics/hearth/store"
)

// A copy taken while others write holds every Update that was acknowledged before,
// and each Update whole or not at all.
func TestCopyOfAStoreInUse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s.db")
	s := open(t, path)
	defer s.Close()
	put := func(n int) {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(tx.Put("one", "n", fmt.Append(nil, n)), tx.Put("two", "n", fmt.Append(nil, n)))
		})
		if err != nil {
			t.Error(err)
		}
	}
	stop, written := make(chan struct{}), make(chan int, 1)
	written <- 0
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			put(n)
			<-written
			written <- n
		}
	})
	for i := range 5 {
		before := <-written
		written <- before
		to := filepath.Join(dir, fmt.Sprint("copy", i))
		if err := store.Copy(t.Context(), path, to); err != nil {
			t.Fatal(err)
		}
		one, two := numberIn(t, to, "one"), numberIn(t, to, "two")
		if one != two || one < before {
			t.Errorf("copy %d has %d and %d, want the same, at least %d", i, one, two, before)
		}
		info, err := os.Stat(to)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("copy %d: %v, %v; want mode 0600", i, info.Mode(), err)
		}
	}
	close(stop)
	writer.Wait()
}

// numberIn opens a copy as a store and reads what the test put there.
func numberIn(t *testing.T, path, bucket string) (n int) {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	err := s.View(t.Context(), func(tx store.Tx) error {
		v, err := tx.Get(bucket, "n")
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			_, err = fmt.Sscan(string(v), &n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What cannot be copied is refused, and leaves no file.
func TestCopyRefuses(t *testing.T) {
	dir := t.TempDir()
	junk, there, to := filepath.Join(dir, "junk"), filepath.Join(dir, "there"), filepath.Join(dir, "to")
	for _, path := range []string{junk, there} {
		if err := os.WriteFile(path, []byte("no database at all, but long enough to be read as one"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := filepath.Join(dir, "s.db")
	if err := open(t, good).Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to string }{{filepath.Join(dir, "nowhere"), to}, {junk, to}, {good, there}} {
		if err := store.Copy(t.Context(), c.from, c.to); err == nil {
			t.Errorf("Copy(%s, %s): no error", filepath.Base(c.from), filepath.Base(c.to))
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("Copy(%s) left a file", filepath.Base(c.from))
		}
	}
}
