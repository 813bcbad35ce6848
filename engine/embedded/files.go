package embedded

import (
	"io/fs"
	"log/slog"
	"os"
)

// Samples are their owner's alone. The TSDB makes some files more open; the
// engine's directory, which lets nobody else in, closes those.
const (
	dirMode  fs.FileMode = 0o700
	fileMode fs.FileMode = 0o600
)

// makePrivate makes a directory that only its owner enters, or makes one so that
// is there. A file system that knows no modes is only complained about.
func makePrivate(dir string, log *slog.Logger) error {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&^dirMode == 0 {
		return err
	}
	if err := os.Chmod(dir, dirMode); err != nil {
		log.Warn("other users of this machine may read the samples", "dir", dir, "err", err)
	}
	return nil
}

// createFile is os.Create for its owner alone.
func createFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, fileMode)
}
