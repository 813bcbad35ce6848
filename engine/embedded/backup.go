package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A Snapshot is what a workspace's files were at one moment. A copy of them is what a
// kill -9 at that moment would have left: every sample acknowledged before it is
// there. Close it after use.
type Snapshot struct{ Files []SnapshotFile }

// A SnapshotFile is read once, up to Size bytes. Name is its path below the
// workspace's directory, with slashes.
type SnapshotFile struct {
	Name    string
	Size    int64
	Content io.Reader
	file    *os.File
}

// Close closes the files.
func (s *Snapshot) Close() error {
	var errs []error
	for _, f := range s.Files {
		if f.file != nil {
			errs = append(errs, f.file.Close())
		}
	}
	return errors.Join(errs...)
}

// Workspaces lists the workspaces that have samples below dir, an engine's
// Options.Dir, whether or not an engine uses it now.
func Workspaces(dir string) ([]hearth.WorkspaceID, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	var ids []hearth.WorkspaceID
	for _, d := range entries {
		if d.IsDir() && strings.HasPrefix(d.Name(), "ws-") {
			ids = append(ids, hearth.WorkspaceID(d.Name()))
		}
	}
	return ids, nil
}

// How often TakeSnapshot looks again when files came and went meanwhile, and how long
// it waits between.
const (
	snapshotTries = 50
	snapshotPause = 100 * time.Millisecond
)

// TakeSnapshot opens the files of the workspace in dir, of an engine that may be
// running in this or another process and need not know. The files are opened between
// two listings that say the same, so none came or went: blocks never change, and logs
// only grow. A workspace that is gone is fs.ErrNotExist.
func TakeSnapshot(ctx context.Context, dir string) (*Snapshot, error) {
	for range snapshotTries {
		s, ok, err := trySnapshot(dir)
		if ok || err != nil {
			return s, err
		}
		pause := time.NewTimer(snapshotPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return nil, context.Cause(ctx)
		case <-pause.C:
		}
	}
	return nil, fmt.Errorf("the files in %s change all the time", dir)
}

// trySnapshot is not ok if files came or went meanwhile.
func trySnapshot(dir string) (s *Snapshot, ok bool, err error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, false, err
	}
	names, err := snapshotNames(dir)
	if err != nil {
		return nil, false, unlessGone(err)
	}
	s = &Snapshot{}
	defer func() {
		if !ok {
			_ = s.Close()
		}
	}()
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, false, unlessGone(err)
		}
		s.Files = append(s.Files, SnapshotFile{Name: name, file: f})
	}
	again, err := snapshotNames(dir)
	if err != nil || !slices.Equal(names, again) {
		return nil, false, unlessGone(err)
	}
	if err := s.measure(); err != nil {
		return nil, false, err
	}
	return s, true, nil
}

func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// measure fixes how much of each file counts. The names go backwards so that the log
// of late samples, wbl, is cut before the log of series that it speaks of, wal.
func (s *Snapshot) measure() error {
	for i := range slices.Backward(s.Files) {
		f := &s.Files[i]
		info, err := f.file.Stat()
		if err != nil {
			return err
		}
		f.Size, f.Content = info.Size(), io.LimitReader(f.file, info.Size())
		if f.Name == sizeFile {
			if err := f.unclean(); err != nil {
				return err
			}
		}
	}
	return nil
}

// unclean has the copy of the size's record say that the workspace was not closed, so
// that the end of its logs is looked at when it is opened.
func (f *SnapshotFile) unclean() error {
	b, err := io.ReadAll(f.Content)
	if err != nil {
		return err
	}
	z := emptySize
	if err := json.Unmarshal(b, &z); err != nil {
		z = emptySize // as readSize takes it
	}
	z.Clean = false
	if b, err = json.Marshal(z); err != nil {
		return err
	}
	f.Size, f.Content = int64(len(b)), bytes.NewReader(b)
	return nil
}

// snapshotNames lists the files that a copy needs, sorted: not those under way, and
// not those that only repeat what the logs have.
func snapshotNames(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || rel == "." {
			return err
		}
		name := filepath.ToSlash(rel)
		if d.IsDir() && (name == "chunks_head" || strings.HasPrefix(name, "chunk_snapshot.") || underWay(name)) {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() && !underWay(name) {
			names = append(names, name)
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

func underWay(name string) bool {
	for _, end := range []string{".tmp", ".tmp-for-creation", ".tmp-for-deletion", ".new"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
