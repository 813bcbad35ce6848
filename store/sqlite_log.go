package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"github.com/hearth-metrics/hearth"
)

const (
	defaultLogLimit = 1000
	trimBatch       = 5000 // records deleted in one transaction, so that Updates get between
)

// AppendLog adds records, all or none. Their Seq is given here.
func (s *SQLite) AppendLog(ctx context.Context, log string, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	for _, r := range records {
		if len(r.Value) > MaxValueBytes || len(r.Key1) > MaxKeyBytes || len(r.Key2) > MaxKeyBytes {
			return &hearth.Error{Kind: hearth.TooLarge, Msg: "A record of a log is too large."}
		}
	}
	return s.writeLog(ctx, "append to "+log, func(tx *sql.Tx) error {
		const q = `INSERT INTO logs (log, at, key1, key2, value) VALUES (?, ?, ?, ?, ?)`
		stmt, err := tx.PrepareContext(ctx, q)
		if err != nil {
			return err
		}
		defer stmt.Close() //nolint:errcheck // of no use after the transaction
		for _, r := range records {
			_, err := stmt.ExecContext(ctx, []byte(log), nanos(r.Time), []byte(r.Key1), []byte(r.Key2), notNil(r.Value))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Log returns the records that q selects, newest first: those at or after
// q.Since, before q.Before and with a Seq below q.BeforeSeq.
func (s *SQLite) Log(ctx context.Context, log string, q LogQuery) ([]Record, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.active.Done()
	query, args := logQuery(log, q)
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fault(ctx, "read "+log, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var all []Record
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, fault(ctx, "read "+log, err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fault(ctx, "read "+log, err)
	}
	return all, nil
}

func scanRecord(rows *sql.Rows) (Record, error) {
	var (
		r          Record
		at         int64
		key1, key2 []byte
	)
	if err := rows.Scan(&r.Seq, &at, &key1, &key2, &r.Value); err != nil {
		return Record{}, err
	}
	r.Time, r.Key1, r.Key2, r.Value = time.Unix(0, at).UTC(), string(key1), string(key2), notNil(r.Value)
	return r, nil
}

func logQuery(log string, q LogQuery) (string, []any) {
	query := `SELECT seq, at, key1, key2, value FROM logs WHERE log = ?`
	args := []any{[]byte(log)}
	where := func(on bool, cond string, arg any) {
		if on {
			query, args = query+" AND "+cond, append(args, arg)
		}
	}
	where(q.Key1 != "", "key1 = ?", []byte(q.Key1))
	where(q.Key2 != "", "key2 = ?", []byte(q.Key2))
	where(!q.Since.IsZero(), "at >= ?", nanos(q.Since))
	where(!q.Before.IsZero(), "at < ?", nanos(q.Before))
	where(q.BeforeSeq > 0, "seq < ?", q.BeforeSeq)
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLogLimit
	}
	return query + ` ORDER BY seq DESC LIMIT ?`, append(args, limit)
}

// TrimLog forgets all but the newest keep records. Those appended meanwhile
// stay.
func (s *SQLite) TrimLog(ctx context.Context, log string, keep int) error {
	last, err := s.lastBeyond(ctx, log, max(keep, 0))
	for err == nil && last > 0 {
		var gone int64
		if gone, err = s.trimSome(ctx, log, last); gone < trimBatch {
			return err
		}
	}
	return err
}

// lastBeyond returns the newest record that is not among the newest keep; 0 if
// there is none.
func (s *SQLite) lastBeyond(ctx context.Context, log string, keep int) (seq int64, err error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.active.Done()
	const q = `SELECT seq FROM logs WHERE log = ? ORDER BY seq DESC LIMIT 1 OFFSET ?`
	err = s.readers.QueryRowContext(ctx, q, []byte(log), keep).Scan(&seq)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, fault(ctx, "trim "+log, err)
	}
	return seq, nil
}

func (s *SQLite) trimSome(ctx context.Context, log string, last int64) (gone int64, err error) {
	err = s.writeLog(ctx, "trim "+log, func(tx *sql.Tx) error {
		const q = `DELETE FROM logs WHERE seq IN (SELECT seq FROM logs WHERE log = ? AND seq <= ? ORDER BY seq LIMIT ?)`
		res, err := tx.ExecContext(ctx, q, []byte(log), last, trimBatch)
		if err != nil {
			return err
		}
		gone, err = res.RowsAffected()
		return err
	})
	return gone, err
}

func (s *SQLite) writeLog(ctx context.Context, doing string, fn func(*sql.Tx) error) error {
	release, err := s.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	tx, err := s.logger.BeginTx(ctx, nil)
	if err != nil {
		return fault(ctx, doing, err)
	}
	defer tx.Rollback() //nolint:errcheck // without effect after Commit
	if err := fn(tx); err != nil {
		return fault(ctx, doing, err)
	}
	if err := tx.Commit(); err != nil {
		return fault(ctx, doing, err)
	}
	return nil
}

// nanos is t in nanoseconds since 1970. A time that does not fit becomes the
// nearest that does.
func nanos(t time.Time) int64 {
	switch y := t.Year(); {
	case y < 1678:
		return math.MinInt64
	case y > 2261:
		return math.MaxInt64
	}
	return t.UnixNano()
}
