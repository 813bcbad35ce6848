package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb/fileutil"
	_ "modernc.org/sqlite" // the driver

	"github.com/hearth-metrics/hearth"
)

// ErrClosed is in the chain of what a closed store returns.
var ErrClosed = errors.New("store: closed")

// Sizes a store refuses to go over.
const (
	MaxKeyBytes   = 4 << 10
	MaxValueBytes = 16 << 20
)

// Options is what a SQLite store needs; the zero value will do.
type Options struct {
	Log     *slog.Logger          // nil discards
	Metrics prometheus.Registerer // nil keeps the numbers private
}

// SQLite is a Store in one file, with its write-ahead log and a lock beside it:
// one process at a time may use it.
//
// A committed Update survives a power cut. Records of logs survive the death of
// the process; a power cut may take the newest.
type SQLite struct {
	log     *slog.Logger
	metrics *metrics

	lock    fileutil.Releaser
	readers *sql.DB // each connection its own snapshot
	writer  *sql.DB // one connection, synchronous=FULL
	logger  *sql.DB // one connection, synchronous=NORMAL, for logs
	turn    chan struct{}
	watch   watchers

	mu     sync.Mutex // guards closed and additions to active
	closed bool
	active sync.WaitGroup
}

var _ Store = (*SQLite)(nil)

// OpenSQLite opens the store at path, or makes it, mode 0600, and brings its
// schema up to date. A file that is damaged, is no store, is in use, or was
// written by a newer program is left as it is and refused.
func OpenSQLite(ctx context.Context, path string, o Options) (*SQLite, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := prepareFile(path); err != nil {
		return nil, err
	}
	s := &SQLite{log: o.Log, metrics: newMetrics(o.Metrics), turn: make(chan struct{}, 1)}
	if err := s.open(ctx, path); err != nil {
		_ = s.closeAll()
		return nil, openFault(path, err)
	}
	return s, nil
}

func (s *SQLite) open(ctx context.Context, path string) (err error) {
	if err := prepareFile(path + ".lock"); err != nil {
		return err
	}
	if s.lock, _, err = fileutil.Flock(path + ".lock"); err != nil {
		if errors.Is(err, syscall.EAGAIN) {
			return errors.New("another Hearth is using this folder")
		}
		return fmt.Errorf("lock it: %w", err)
	}
	s.writer = connect(path, 1, "_synchronous=FULL", "_txlock=immediate")
	if err := checkFile(ctx, s.writer); err != nil {
		return err
	}
	if err := migrate(ctx, s.writer, s.log); err != nil {
		return err
	}
	s.logger = connect(path, 1, "_synchronous=NORMAL", "_txlock=immediate")
	s.readers = connect(path, readerConns, "_query_only=1")
	return s.readers.PingContext(ctx)
}

// View runs fn on one consistent snapshot, taken when fn first reads. fn may not
// use its Tx after it returned, nor from two goroutines.
func (s *SQLite) View(ctx context.Context, fn func(Tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.active.Done()
	tx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fault(ctx, "begin a view", err)
	}
	defer tx.Rollback() //nolint:errcheck // a view has nothing to lose
	t := &txn{ctx: ctx, tx: tx}
	defer t.end()
	return fn(t)
}

// Update runs fn alone. fn must not call Update or AppendLog of the same store:
// they would wait for each other until ctx is done.
func (s *SQLite) Update(ctx context.Context, fn func(Tx) error) error {
	start := time.Now()
	changed, err := s.update(ctx, fn)
	s.metrics.updated(time.Since(start), err)
	if err != nil {
		return err
	}
	s.watch.notify(changed)
	return nil
}

func (s *SQLite) update(ctx context.Context, fn func(Tx) error) (map[string]bool, error) {
	release, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, fault(ctx, "begin an update", err)
	}
	defer tx.Rollback() //nolint:errcheck // without effect after Commit
	t := &txn{ctx: ctx, tx: tx, changed: map[string]bool{}}
	defer t.end()
	if err := fn(t); err != nil {
		return nil, err
	}
	if t.broken != nil {
		return nil, t.broken
	}
	if err := tx.Commit(); err != nil {
		return nil, fault(ctx, "commit an update", err)
	}
	return t.changed, nil
}

// Changed tells of commits to bucket. Commits that come faster than the channel
// is read are told of once.
func (s *SQLite) Changed(bucket string) (<-chan struct{}, func()) { return s.watch.add(bucket) }

// Close waits for the calls under way and closes the file. Later calls return
// an error that is ErrClosed.
func (s *SQLite) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	s.active.Wait()
	if closed {
		return nil
	}
	return s.closeAll()
}

// closeAll closes the writer last: whoever closes last folds the write-ahead
// log into the file.
func (s *SQLite) closeAll() error {
	var errs []error
	for _, db := range []*sql.DB{s.readers, s.logger, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Release())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

func (s *SQLite) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &hearth.Error{Kind: hearth.Unavailable, Msg: "Hearth is stopping.", Err: ErrClosed}
	}
	s.active.Add(1)
	return nil
}

// take waits for the turn to write. SQLite allows one writer; taking turns here
// keeps the order fair and the waiting cancellable.
func (s *SQLite) take(ctx context.Context) (release func(), err error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn; s.active.Done() }, nil
	case <-ctx.Done():
		s.active.Done()
		return nil, fmt.Errorf("wait to write: %w", context.Cause(ctx))
	}
}
