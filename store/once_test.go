package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// once makes one request: it counts how often its work is done.
func once(t *testing.T, s store.Store, scope, token, fingerprint string, now time.Time) (result string, err error) {
	t.Helper()
	err = s.Update(t.Context(), func(tx store.Tx) error {
		buf, err := store.Once(tx, scope, token, fingerprint, now, time.Hour, func() ([]byte, error) {
			all, err := tx.Scan("work", "", "", 0)
			if err != nil {
				return nil, err
			}
			n := fmt.Sprintf("%03d", len(all)+1)
			return []byte("result " + n), tx.Put("work", n, nil)
		})
		result = string(buf)
		return err
	})
	return result, err
}

func TestOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	defer s.Close()
	for _, step := range []struct {
		name, scope, token, fingerprint string
		after                           time.Duration
		want                            string // empty: a conflict
	}{
		{"the first time", "a", "t", "f", 0, "result 001"},
		{"again", "a", "t", "f", 0, "result 001"},
		{"again at the end of the window", "a", "t", "f", time.Hour - 1, "result 001"},
		{"another request", "a", "t", "g", time.Minute, ""},
		{"another token", "a", "u", "f", time.Minute, "result 002"},
		{"another scope", "b", "t", "f", time.Minute, "result 003"},
		{"no token", "a", "", "f", time.Minute, "result 004"},
		{"no token again", "a", "", "f", time.Minute, "result 005"},
		{"after the window", "a", "t", "g", time.Hour, "result 006"},
		{"again after the window", "a", "t", "g", 2*time.Hour - 1, "result 006"},
		{"the old request", "a", "t", "f", 2*time.Hour - 1, ""},
	} {
		got, err := once(t, s, step.scope, step.token, step.fingerprint, noon.Add(step.after))
		switch {
		case step.want == "" && hearth.KindOf(err) != hearth.Conflict:
			t.Errorf("%s: %q, %v; want a Conflict", step.name, got, err)
		case step.want != "" && (err != nil || got != step.want):
			t.Errorf("%s: %q, %v; want %q", step.name, got, err, step.want)
		}
	}
}

// What failed is not remembered: the same token may try again.
func TestOnceForgetsFailures(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	defer s.Close()
	errWanted := errors.New("wanted")
	err := s.Update(t.Context(), func(tx store.Tx) error {
		_, err := store.Once(tx, "a", "t", "f", noon, time.Hour, func() ([]byte, error) { return nil, errWanted })
		return err
	})
	if !errors.Is(err, errWanted) {
		t.Errorf("Update: %v", err)
	}
	if got, err := once(t, s, "a", "t", "another", noon); err != nil || got != "result 001" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}

// Expired tokens go away while others come, without a sweeper.
func TestOnceSweeps(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	defer s.Close()
	const n = 50
	for i := range n {
		if _, err := once(t, s, "a", fmt.Sprint("old", i), "f", noon); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		if _, err := once(t, s, "a", fmt.Sprint("new", i), "f", noon.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	err := s.View(t.Context(), func(tx store.Tx) error {
		for _, bucket := range []string{"once", "once-expiry"} {
			all, err := tx.Scan(bucket, "", "", 0)
			if err != nil || len(all) != n {
				t.Errorf("bucket %s has %d entries, %v; want %d", bucket, len(all), err, n)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
