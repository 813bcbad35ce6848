package store

import (
	"database/sql"
	"fmt"
	"testing"
)

// FillDisk lets the file grow no further, as if the disk were full, until the
// function returned is called.
func FillDisk(t *testing.T, s *SQLite) (release func()) {
	t.Helper()
	limit := func(pages int64) {
		for _, db := range []*sql.DB{s.writer, s.logger} {
			if _, err := db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var pages int64
	if err := s.writer.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit(pages)
	return func() { limit(1 << 30) }
}
