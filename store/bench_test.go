package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth/store"
)

func BenchmarkUpdate(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "s.db"))
	defer s.Close()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		err := s.Update(b.Context(), func(tx store.Tx) error {
			return tx.Put("b", fmt.Sprint(i%1000), make([]byte, 500))
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "s.db"))
	defer s.Close()
	if err := s.Update(b.Context(), func(tx store.Tx) error { return tx.Put("b", "k", make([]byte, 500)) }); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		err := s.View(b.Context(), func(tx store.Tx) error { _, err := tx.Get("b", "k"); return err })
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendLog(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "s.db"))
	defer s.Close()
	records := make([]store.Record, 100)
	for i := range records {
		records[i] = store.Record{Time: time.Unix(int64(i), 0), Key1: fmt.Sprint("request-", i), Key2: "workspace", Value: make([]byte, 500)}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.AppendLog(b.Context(), "l", records); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "s.db")
	b.ReportAllocs()
	for b.Loop() {
		if err := open(b, path).Close(); err != nil {
			b.Fatal(err)
		}
	}
}
