package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Copy writes what the store at path holds at one moment to a new file, to, mode
// 0600, which is looked over before Copy returns. The store may be in use by another
// process, which is not held up, or left as a kill left it. A file that is no store is
// refused; to is not left behind half written.
func Copy(ctx context.Context, path, to string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("copy the store: %w", err)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copy the store: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("copy the store: %w", err)
	}
	if err := errors.Join(copyInto(ctx, path, to), dropSides(to)); err != nil {
		_ = os.Remove(to)
		return fmt.Errorf("copy the store %s: %w", path, err)
	}
	return nil
}

// copyInto has SQLite write one snapshot into the empty file to, and makes that a
// store's file as OpenSQLite makes it.
func copyInto(ctx context.Context, path, to string) error {
	from := connect(path, 1)
	err := checkCopied(ctx, from, to)
	if err = errors.Join(err, from.Close()); err != nil {
		return err
	}
	made := connect(to, 1, "_synchronous=FULL")
	_, err = made.ExecContext(ctx, `PRAGMA journal_mode = WAL`)
	if err == nil {
		err = checkFile(ctx, made)
	}
	return errors.Join(err, made.Close())
}

func checkCopied(ctx context.Context, from *sql.DB, to string) error {
	var id int64
	err := from.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id)
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_CANTOPEN {
		return fmt.Errorf("its folder must be one that can be written to, for an index beside the file: %w", err)
	}
	if err != nil {
		return err
	}
	if id != applicationID {
		return errors.New("it is not a file of Hearth")
	}
	_, err = from.ExecContext(ctx, `VACUUM INTO ?`, absolute(to))
	return err
}

// dropSides removes what SQLite may leave beside a file that it closed.
func dropSides(path string) error {
	for _, side := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + side); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
