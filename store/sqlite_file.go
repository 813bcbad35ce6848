package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/hearth-metrics/hearth"
)

// applicationID marks a SQLite file as a Hearth store: "HRTH".
const applicationID = 0x48525448

const (
	readerConns  = 8
	walKeptBytes = 64 << 20 // what the write-ahead log is cut back to after a burst
)

//go:embed migrations/*.sql
var migrations embed.FS

// prepareFile makes path if it is not there. Nobody but the owner may read it:
// it holds secrets. SQLite gives its side files the same mode.
func prepareFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("open the store: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("open the store: %s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		if err := f.Chmod(0o600); err != nil {
			return fmt.Errorf("open the store: %w", err)
		}
	}
	return nil
}

// connect prepares a pool of at most conns connections; it opens none.
func connect(path string, conns int, params ...string) *sql.DB {
	params = append(params,
		"_busy_timeout=10000", "_defensive=1", "_dqs=0",
		fmt.Sprintf("_pragma=journal_size_limit(%d)", walKeptBytes))
	dsn := (&url.URL{Scheme: "file", OmitHost: true, Path: absolute(path)}).String() + "?" + strings.Join(params, "&")
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		panic("store: " + err.Error()) // our own parameters
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(abs)
}

// checkFile refuses a file that is not ours or is damaged before anything is
// written to it.
func checkFile(ctx context.Context, db *sql.DB) error {
	const q = `SELECT (SELECT application_id FROM pragma_application_id),
		count(*), count(CASE WHEN name = 'entries' THEN 1 END) FROM sqlite_schema`
	var id, tables, entries int64
	if err := db.QueryRowContext(ctx, q).Scan(&id, &tables, &entries); err != nil {
		return err
	}
	switch {
	case tables == 0:
		return markFile(ctx, db)
	case id != applicationID:
		return errors.New("it is a SQLite file of some other program")
	case entries == 0: // stopped between its making and its first migration
		return nil
	}
	return checkEntries(ctx, db)
}

// markFile claims an empty file. The journal mode stays with the file.
func markFile(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA journal_mode = WAL`, applicationID))
	return err
}

// checkEntries looks over the pages of the control-plane state, which are few;
// the logs may be large, and losing one of their records is no disaster.
func checkEntries(ctx context.Context, db *sql.DB) error {
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check('entries')`).Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("it is damaged: %s", strings.ReplaceAll(found, "\n", " "))
	}
	return nil
}

// migrate brings the schema up to the newest this program knows.
func migrate(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if has > knows {
		return fmt.Errorf("a newer Hearth wrote it: its schema has version %d and this program knows %d. Use that Hearth again, or restore a backup", has, knows)
	}
	done, err := p.Up(ctx)
	for _, m := range done {
		log.Info("store schema migrated", "version", m.Source.Version, "took", m.Duration)
	}
	return err
}

// openFault says which file could not be opened, and that it was left alone.
func openFault(path string, err error) error {
	if msg, ok := passing(err); ok {
		return &hearth.Error{Kind: hearth.Unavailable, Msg: msg, Err: fmt.Errorf("open the store %s: %w", path, err)}
	}
	return fmt.Errorf("open the store %s: %w (the file was left as it is)", path, err)
}
