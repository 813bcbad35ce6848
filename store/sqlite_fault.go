package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hearth-metrics/hearth"
)

// fault says what was being done when err came, and gives the error a kind where
// the caller can do something about it: wait for space, or for the turn.
func fault(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	wrapped := fmt.Errorf("%s: %w", doing, err)
	if msg, ok := passing(err); ok {
		return &hearth.Error{Kind: hearth.Unavailable, Msg: msg, Err: wrapped}
	}
	return wrapped
}

// passing tells whether err can go away by itself, and what to tell the caller.
func passing(err error) (msg string, ok bool) {
	const full = "Hearth cannot write its state: the disk is full. Nothing was changed."
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return full, true
	}
	if errors.Is(err, sql.ErrConnDone) {
		return "Hearth is stopping.", true
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return "", false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return full, true
	case sqlite3.SQLITE_IOERR:
		return "Hearth cannot write or read its state: the disk reports an error.", true
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "Another process holds Hearth's state locked.", true
	case sqlite3.SQLITE_NOMEM:
		return "Hearth is out of memory.", true
	}
	return "", false
}
