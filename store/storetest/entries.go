package storetest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

func testBytes(t *testing.T, open Opener) {
	s := opened(t, open)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for name, value := range map[string][]byte{
		"empty": {}, "nil": nil, "NUL": {0}, "NULs": make([]byte, 4096), "every byte": every,
		"not UTF-8": {0xff, 0xfe, 0x80}, "newlines": []byte("a\r\nb\n\n"), "a number": []byte("12"),
		"a mebibyte": bytes.Repeat([]byte{0, 1, 0xff}, 1<<20/3),
	} {
		update(t, s, func(tx store.Tx) error { return tx.Put("b", name, value) })
		view(t, s, func(tx store.Tx) error {
			got, err := tx.Get("b", name)
			if err != nil || got == nil || !bytes.Equal(got, value) {
				t.Errorf("%s: got %d bytes (nil: %v), %v; want %d bytes", name, len(got), got == nil, err, len(value))
			}
			all, err := tx.Scan("b", name, "", 1)
			if err != nil || len(all) != 1 || all[0].Value == nil || !bytes.Equal(all[0].Value, value) {
				t.Errorf("%s: Scan gave something else than Get: %v", name, err)
			}
			return nil
		})
	}
}

func testPutGetDelete(t *testing.T, open Opener) {
	s := opened(t, open)
	want := func(value string, wantErr error) {
		t.Helper()
		view(t, s, func(tx store.Tx) error {
			got, err := tx.Get("b", "k")
			if string(got) != value || !errors.Is(err, wantErr) {
				t.Errorf("Get = %q, %v; want %q, %v", got, err, value, wantErr)
			}
			return nil
		})
	}
	want("", store.ErrNotFound)
	put(t, s, "b", "k")
	want("k", nil)
	update(t, s, func(tx store.Tx) error { return tx.Put("b", "k", []byte("second")) })
	want("second", nil)
	for range 2 { // the second time it is not there
		update(t, s, func(tx store.Tx) error { return tx.Delete("b", "k") })
		want("", store.ErrNotFound)
	}
}

func testBuckets(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "a", "k1")
	put(t, s, "ab", "k2")
	put(t, s, "A", "k3")
	if diff := cmp.Diff([]string{"k1"}, scan(t, s, "a", "", "", 0)); diff != "" {
		t.Errorf("bucket a (-want +got):\n%s", diff)
	}
	if got := scan(t, s, "none", "", "", 0); len(got) != 0 {
		t.Errorf("a bucket nobody wrote to has %q", got)
	}
}

// oddKeys are keys that a pattern, a collation or a text column would mangle.
var oddKeys = []string{
	"\x00", "\x00\x00", " ", "%", "%%", "'", "''", "A", "_", "a", "a\x00", "a\x00b", "a%b", "a_b", "aa", "b",
	"a\xff", "a\xff\xff", "a\xff\xffz", "ä", "a\u0308", "é", "日本", "😀", "\xff", "\xff\x00", "\xff\xff", "\xff\xffa", "\xc3",
}

func testKeys(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "b", oddKeys...)
	for _, k := range oddKeys {
		view(t, s, func(tx store.Tx) error {
			if got, err := tx.Get("b", k); err != nil || string(got) != k {
				t.Errorf("Get(%q) = %q, %v", k, got, err)
			}
			return nil
		})
	}
}

func testRefused(t *testing.T, open Opener) {
	s := opened(t, open)
	var kept store.Tx
	view(t, s, func(tx store.Tx) error {
		kept = tx
		if tx.Put("b", "k", nil) == nil || tx.Delete("b", "k") == nil {
			t.Error("a View can write")
		}
		return nil
	})
	if _, err := kept.Get("b", "k"); err == nil {
		t.Error("a Tx can be used after its View")
	}
	update(t, s, func(tx store.Tx) error {
		kept = tx
		if tx.Put("", "k", nil) == nil || tx.Put("b", "", nil) == nil {
			t.Error("an empty bucket or key can be written")
		}
		return nil
	})
	if kept.Put("b", "k", nil) == nil {
		t.Error("a Tx can be used after its Update")
	}
	if got := scan(t, s, "b", "", "", 0); len(got) != 0 {
		t.Errorf("something was written: %q", got)
	}
}

func testSizes(t *testing.T, open Opener) {
	s := opened(t, open)
	update(t, s, func(tx store.Tx) error {
		return tx.Put("b", strings.Repeat("k", store.MaxKeyBytes), make([]byte, store.MaxValueBytes))
	})
	for name, fn := range map[string]func(store.Tx) error{
		"key":   func(tx store.Tx) error { return tx.Put("b", strings.Repeat("k", store.MaxKeyBytes+1), nil) },
		"value": func(tx store.Tx) error { return tx.Put("b", "k", make([]byte, store.MaxValueBytes+1)) },
	} {
		if err := s.Update(t.Context(), fn); hearth.KindOf(err) != hearth.TooLarge {
			t.Errorf("a %s one byte too large gives %v", name, err)
		}
	}
}

func testScanOrder(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "b", oddKeys...)
	want := slices.Sorted(slices.Values(oddKeys))
	if diff := cmp.Diff(want, scan(t, s, "b", "", "", 0)); diff != "" {
		t.Errorf("Scan (-want +got):\n%s", diff)
	}
}

func testScanPrefix(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "b", oddKeys...)
	for _, prefix := range append([]string{"", "a\x01", "z", "\xff\xff\xff", "%b"}, oddKeys...) {
		for _, after := range append([]string{""}, oddKeys...) {
			want := []string{}
			for _, k := range slices.Sorted(slices.Values(oddKeys)) {
				if strings.HasPrefix(k, prefix) && k > after {
					want = append(want, k)
				}
			}
			if diff := cmp.Diff(want, scan(t, s, "b", prefix, after, 0)); diff != "" {
				t.Fatalf("Scan(prefix %q, after %q) (-want +got):\n%s", prefix, after, diff)
			}
		}
	}
}

func testScanPages(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "b", oddKeys...)
	want := slices.Sorted(slices.Values(oddKeys))
	for _, size := range []int{1, 2, 7, len(want), len(want) + 1} {
		got, after := []string{}, ""
		for {
			page := scan(t, s, "b", "", after, size)
			if len(page) > size {
				t.Fatalf("Scan gave %d entries, at most %d were asked for", len(page), size)
			}
			if len(page) == 0 {
				break
			}
			got, after = append(got, page...), page[len(page)-1]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
}
