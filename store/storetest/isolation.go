package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth/store"
)

var errWanted = errors.New("wanted")

func testRollbackOnError(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "b", "kept")
	err := s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.Put("b", "new", nil), tx.Delete("b", "kept"), tx.Put("c", "new", nil), errWanted)
	})
	if !errors.Is(err, errWanted) {
		t.Errorf("Update returns %v; want the function's own error in it", err)
	}
	onlyKept(t, s)
}

func testRollbackOnPanic(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "b", "kept")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Update swallows a panic")
			}
		}()
		_ = s.Update(t.Context(), func(tx store.Tx) error {
			if err := errors.Join(tx.Put("b", "new", nil), tx.Delete("b", "kept")); err != nil {
				t.Error(err)
			}
			panic("wanted")
		})
	}()
	onlyKept(t, s)
	put(t, s, "c", "afterwards") // the turn to write was given back
}

func onlyKept(t *testing.T, s store.Store) {
	t.Helper()
	if diff := cmp.Diff([]string{"kept"}, scan(t, s, "b", "", "", 0)); diff != "" {
		t.Errorf("bucket b (-want +got):\n%s", diff)
	}
	if got := scan(t, s, "c", "", "", 0); len(got) != 0 {
		t.Errorf("bucket c has %q", got)
	}
}

func testOwnChanges(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "b", "old")
	update(t, s, func(tx store.Tx) error {
		if err := errors.Join(tx.Put("b", "new", []byte("v")), tx.Delete("b", "old")); err != nil {
			return err
		}
		if got, err := tx.Get("b", "new"); err != nil || string(got) != "v" {
			t.Errorf("Get of a key just put = %q, %v", got, err)
		}
		if _, err := tx.Get("b", "old"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get of a key just deleted: %v", err)
		}
		all, err := tx.Scan("b", "", "", 0)
		if len(all) != 1 || all[0].Key != "new" {
			t.Errorf("Scan = %v, %v; want the key just put alone", all, err)
		}
		return err
	})
}

func testNoLostUpdate(t *testing.T, open Opener) {
	const workers, each = 8, 25
	s := opened(t, open)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				if err := s.Update(t.Context(), increment); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	view(t, s, func(tx store.Tx) error {
		got, err := count(tx)
		if got != workers*each {
			t.Errorf("the counter is at %d after %d increments", got, workers*each)
		}
		return err
	})
}

func increment(tx store.Tx) error {
	n, err := count(tx)
	if err != nil {
		return err
	}
	return tx.Put("b", "counter", binary.BigEndian.AppendUint64(nil, n+1))
}

func count(tx store.Tx) (uint64, error) {
	buf, err := tx.Get("b", "counter")
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(buf), nil
}

// testSnapshot has writers keep two keys equal; no view may see them differ.
func testSnapshot(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "b", "x")
	update(t, s, func(tx store.Tx) error { return errors.Join(tx.Put("b", "x", []byte{0}), tx.Put("c", "y", []byte{0})) })
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range byte(100) {
			update(t, s, func(tx store.Tx) error {
				return errors.Join(tx.Put("b", "x", []byte{i}), tx.Put("c", "y", []byte{i}))
			})
		}
		stop()
	})
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				view(t, s, func(tx store.Tx) error { return sameTwice(t, tx) })
			}
		})
	}
	wg.Wait()
}

func sameTwice(t *testing.T, tx store.Tx) error {
	x, errX := tx.Get("b", "x")
	y, errY := tx.Get("c", "y")
	again, errAgain := tx.Get("b", "x")
	if string(x) != string(y) || string(x) != string(again) {
		t.Errorf("one view saw x=%v y=%v x=%v", x, y, again)
	}
	return errors.Join(errX, errY, errAgain)
}

func testViewDuringUpdate(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "b", "old")
	update(t, s, func(tx store.Tx) error {
		if err := tx.Put("b", "new", []byte("new")); err != nil {
			return err
		}
		if diff := cmp.Diff([]string{"old"}, scan(t, s, "b", "", "", 0)); diff != "" {
			t.Errorf("a view sees what is not committed (-want +got):\n%s", diff)
		}
		return nil
	})
	if diff := cmp.Diff([]string{"new", "old"}, scan(t, s, "b", "", "", 0)); diff != "" {
		t.Errorf("after the commit (-want +got):\n%s", diff)
	}
}

func testCancelled(t *testing.T, open Opener) {
	s := opened(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx store.Tx) error {
		err := tx.Put("b", "k", nil)
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v; want context.Canceled", err)
	}
	never := func(store.Tx) error { t.Error("ran with a cancelled context"); return nil }
	if err := s.Update(ctx, never); !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v; want context.Canceled", err)
	}
	if err := s.View(ctx, never); !errors.Is(err, context.Canceled) {
		t.Errorf("View = %v; want context.Canceled", err)
	}
	if err := s.AppendLog(ctx, "l", []store.Record{{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("AppendLog = %v; want context.Canceled", err)
	}
	if got := scan(t, s, "b", "", "", 0); len(got) != 0 {
		t.Errorf("something was written: %q", got)
	}
	put(t, s, "b", "afterwards")
}

func testCancelWaiting(t *testing.T, open Opener) {
	s := opened(t, open)
	update(t, s, func(store.Tx) error {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := s.Update(ctx, increment); !errors.Is(err, context.Canceled) {
				t.Errorf("an Update that waited = %v; want context.Canceled", err)
			}
		}()
		cancel()
		soon(t, done, "an Update that was cancelled while it waited")
		return nil
	})
}

func testChanged(t *testing.T, open Opener) {
	s := opened(t, open)
	c, stop := s.Changed("b")
	other, stopOther := s.Changed("other")
	defer stopOther()
	put(t, s, "b", "k")
	soon(t, c, "a put to be told")
	update(t, s, func(tx store.Tx) error { return tx.Delete("b", "k") })
	soon(t, c, "a delete to be told")
	_ = s.Update(t.Context(), func(tx store.Tx) error { return errors.Join(tx.Put("b", "k", nil), errWanted) })
	view(t, s, func(tx store.Tx) error { _, err := tx.Scan("b", "", "", 0); return err })
	if len(c) != 0 || len(other) != 0 {
		t.Error("something was told of that did not happen in this bucket")
	}
	stop()
	stop()
	put(t, s, "b", "k")
	if len(c) != 0 {
		t.Error("told after it was stopped")
	}
}

// testChangedCoalesce has nobody listen: the updates must not wait for that.
func testChangedCoalesce(t *testing.T, open Opener) {
	s := opened(t, open)
	c, stop := s.Changed("b")
	defer stop()
	for range 10 {
		put(t, s, "b", "k")
	}
	soon(t, c, "ten changes to be told once")
	if len(c) > 1 {
		t.Errorf("%d more notices are waiting; want at most one", len(c))
	}
}
