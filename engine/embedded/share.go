package embedded

import (
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"unsafe"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// A TSDB that was just opened holds about 250 KB, and 180 KB of that are its
// metrics (60 KB one summary of fsync times) and two index maps made for 512
// label names. Its options change neither, so a thousand small workspaces could
// not fit their budget. sharedMetrics gives all TSDBs the metrics of one that
// is empty, and their index maps the size of what they hold. It goes through
// unexported fields; if a release of Prometheus renames one, the saving is
// lost, a test fails, and all else works.
type sharedMetrics struct {
	from      *tsdb.DB
	compactor *tsdb.CompactorMetrics
}

// borrowed are the fields, from tsdb.DB on, that lead to a set of metrics.
var borrowed = [][]string{
	{"metrics"},
	{"head", "metrics"},
	{"head", "wal", "metrics"},
}

func newSharedMetrics(log *slog.Logger) *sharedMetrics {
	s := &sharedMetrics{compactor: tsdb.NewCompactorMetrics(nil)}
	dir, err := os.MkdirTemp("", "hearth-metrics-")
	if err != nil {
		log.Warn("each workspace keeps metrics of its own", "err", err)
		return s
	}
	defer os.RemoveAll(dir)
	o := tsdb.DefaultOptions()
	o.StripeSize, o.NoLockfile = 1, true
	db, err := tsdb.Open(dir, nil, nil, o, nil)
	if err != nil {
		log.Warn("each workspace keeps metrics of its own", "err", err)
		return s
	}
	if err := db.Close(); err != nil {
		log.Debug("close the model TSDB", "err", err)
	}
	s.from = db
	return s
}

// slim makes db borrow the shared metrics and fits its index maps. Nothing may
// use db yet.
func (s *sharedMetrics) slim(db *tsdb.DB) error {
	if s.from == nil {
		return nil
	}
	for _, path := range borrowed {
		if err := copyField(db, s.from, path); err != nil {
			return err
		}
	}
	return fitPostings(db)
}

// slimLateLog does the same for the log of samples that came out of order, but
// for one of its counters, which tells of failed writes.
func (s *sharedMetrics) slimLateLog(db *tsdb.DB) error {
	if s.from == nil {
		return nil
	}
	src, err := fieldOf(s.from, []string{"head", "wal", "metrics", "fsyncDuration"})
	if err != nil {
		return err
	}
	dst, err := fieldOf(db, []string{"head", "wbl", "metrics", "fsyncDuration"})
	if err != nil {
		return err
	}
	dst.Set(src)
	return nil
}

func copyField(to, from *tsdb.DB, path []string) error {
	src, err := fieldOf(from, path)
	if err != nil {
		return err
	}
	dst, err := fieldOf(to, path)
	if err != nil {
		return err
	}
	dst.Set(src)
	return nil
}

// fitPostings replaces the maps from label names, which the TSDB makes big
// enough for 512 names, by maps of the size they need.
func fitPostings(db *tsdb.DB) error {
	m, err := fieldAs[map[string]map[string][]storage.SeriesRef](db, "head", "postings", "m")
	if err != nil {
		return err
	}
	lvs, err := fieldAs[map[string][]string](db, "head", "postings", "lvs")
	if err != nil {
		return err
	}
	*m, *lvs = refit(*m), refit(*lvs)
	return nil
}

func refit[V any](old map[string]V) map[string]V {
	fit := make(map[string]V, len(old))
	for k, v := range old {
		fit[k] = v
	}
	return fit
}

// fieldAs returns a pointer to an unexported field of the type T.
func fieldAs[T any](db *tsdb.DB, path ...string) (*T, error) {
	v, err := fieldOf(db, path)
	if err != nil {
		return nil, err
	}
	p, ok := v.Addr().Interface().(*T)
	if !ok {
		return nil, fmt.Errorf("field %v of the TSDB is a %s now", path, v.Type())
	}
	return p, nil
}

// fieldOf returns the field at the end of path as a value that can be set.
func fieldOf(db *tsdb.DB, path []string) (reflect.Value, error) {
	v := reflect.ValueOf(db)
	for _, name := range path {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return reflect.Value{}, fmt.Errorf("field %s of %v: not in a struct", name, path)
		}
		if v = v.FieldByName(name); !v.IsValid() {
			return reflect.Value{}, fmt.Errorf("the TSDB has no field %s of %v", name, path)
		}
	}
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem(), nil
}
