package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/hearth-metrics/hearth"
)

// Misuse of a Tx: a mistake in the program, not of a caller.
var (
	errReadOnly = errors.New("store: a View cannot write")
	errEnded    = errors.New("store: a Tx was used after its View or Update ended")
	errNoName   = errors.New("store: bucket and key must not be empty")
)

// txn is a Tx. changed is nil in a View. After a statement went wrong, broken
// keeps an Update from committing the rest, even if its function forgot to
// look.
type txn struct {
	ctx     context.Context // of the one View or Update the txn lives in
	tx      *sql.Tx
	changed map[string]bool
	broken  error
	ended   bool
}

func (t *txn) end() { t.ended = true }

func (t *txn) Get(bucket, key string) ([]byte, error) {
	if err := t.check(bucket, key); err != nil {
		return nil, err
	}
	const q = `SELECT value FROM entries WHERE bucket = ? AND key = ?`
	value := []byte{}
	err := t.tx.QueryRowContext(t.ctx, q, []byte(bucket), []byte(key)).Scan(&value)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNotFound
	case err != nil:
		return nil, t.fail("get "+bucket, err)
	}
	return notNil(value), nil
}

func (t *txn) Put(bucket, key string, value []byte) error {
	if err := t.checkWrite(bucket, key); err != nil {
		return err
	}
	if len(value) > MaxValueBytes || len(key) > MaxKeyBytes || len(bucket) > MaxKeyBytes {
		return &hearth.Error{Kind: hearth.TooLarge, Msg: fmt.Sprintf(
			"A key may have %d bytes and its value %d.", MaxKeyBytes, MaxValueBytes)}
	}
	const q = `INSERT INTO entries (bucket, key, value) VALUES (?, ?, ?)
		ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value`
	if _, err := t.tx.ExecContext(t.ctx, q, []byte(bucket), []byte(key), notNil(value)); err != nil {
		return t.fail("put "+bucket, err)
	}
	t.changed[bucket] = true
	return nil
}

func (t *txn) Delete(bucket, key string) error {
	if err := t.checkWrite(bucket, key); err != nil {
		return err
	}
	const q = `DELETE FROM entries WHERE bucket = ? AND key = ?`
	res, err := t.tx.ExecContext(t.ctx, q, []byte(bucket), []byte(key))
	if err != nil {
		return t.fail("delete "+bucket, err)
	}
	if n, err := res.RowsAffected(); err == nil && n > 0 {
		t.changed[bucket] = true
	}
	return nil
}

func (t *txn) Scan(bucket, prefix, after string, limit int) ([]Entry, error) {
	if err := t.check(bucket, "-"); err != nil {
		return nil, err
	}
	q, args := scanQuery(bucket, prefix, after, limit)
	rows, err := t.tx.QueryContext(t.ctx, q, args...)
	if err != nil {
		return nil, t.fail("scan "+bucket, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var all []Entry
	for rows.Next() {
		var key, value []byte
		if err := rows.Scan(&key, &value); err != nil {
			return nil, t.fail("scan "+bucket, err)
		}
		all = append(all, Entry{Key: string(key), Value: notNil(value)})
	}
	if err := rows.Err(); err != nil {
		return nil, t.fail("scan "+bucket, err)
	}
	return all, nil
}

// scanQuery asks for a range of keys rather than for a pattern: a prefix may
// hold any byte.
func scanQuery(bucket, prefix, after string, limit int) (string, []any) {
	q := `SELECT key, value FROM entries WHERE bucket = ? AND key >= ? AND key > ?`
	args := []any{[]byte(bucket), []byte(prefix), []byte(after)}
	if end := prefixEnd(prefix); end != nil {
		q += ` AND key < ?`
		args = append(args, end)
	}
	if limit <= 0 {
		limit = math.MaxInt32
	}
	return q + ` ORDER BY key LIMIT ?`, append(args, limit)
}

// prefixEnd returns the first key after all that start with prefix; nil if there
// is none.
func prefixEnd(prefix string) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return append([]byte(prefix[:i]), prefix[i]+1)
		}
	}
	return nil
}

func (t *txn) check(bucket, key string) error {
	switch {
	case t.ended:
		return errEnded
	case bucket == "" || key == "":
		return errNoName
	}
	return t.broken
}

func (t *txn) checkWrite(bucket, key string) error {
	if t.changed == nil && !t.ended {
		return errReadOnly
	}
	return t.check(bucket, key)
}

func (t *txn) fail(doing string, err error) error {
	t.broken = fault(t.ctx, doing, err)
	return t.broken
}

// notNil keeps empty and absent apart: the driver reads and writes NULL for a
// nil slice.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
