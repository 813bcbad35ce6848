package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// A rescue opens a workspace's files without losing any. Before the TSDB opens
// them, each file that it might delete in order to repair is linked into a
// staging directory. Afterwards, what it deleted is either put back, to be
// repaired with less loss, or moved into quarantine and reported.
type rescue struct {
	e      *Engine
	id     hearth.WorkspaceID
	dir    string
	staged map[string]os.FileInfo // by path below dir
	lost   []lostFile
	into   string // this rescue's quarantine, empty until something goes there
}

type lostFile struct {
	path  string // below the workspace's directory
	bytes int64
	why   string
}

const (
	stagingDir    = ".staged"
	quarantineDir = "quarantine"
)

func newRescue(e *Engine, id hearth.WorkspaceID, dir string) *rescue {
	return &rescue{e: e, id: id, dir: dir}
}

// prepare makes the directory, finishes a rescue that was interrupted, and sets
// right what the TSDB would stumble over. The logs are read through only if the
// workspace was not closed cleanly.
func (r *rescue) prepare(unclean bool) error {
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	if err := errors.Join(r.readoptStaged(), r.dropSnapshots(empty)); err != nil {
		return err
	}
	if err := r.fillGaps(); err != nil {
		return err
	}
	if err := r.repairChunks(); err != nil {
		return err
	}
	if unclean {
		return errors.Join(r.repairLogs(), r.repairBlocks())
	}
	return nil
}

// guarded lists the files that opening must not lose.
func (r *rescue) guarded() (map[string]os.FileInfo, error) {
	files := map[string]os.FileInfo{}
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(r.dir, path)
		if err != nil || rel == "." {
			return err
		}
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if d.IsDir() {
			if !guards(top) || strings.HasSuffix(rel, ".tmp") {
				return filepath.SkipDir
			}
			return nil
		}
		if !guards(top) || !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		files[rel] = info
		return err
	})
	return files, err
}

func guards(top string) bool {
	return top == "wal" || top == "wbl" || top == "chunks_head" || strings.HasPrefix(top, "chunk_snapshot.")
}

// stage links the guarded files.
func (r *rescue) stage() error {
	files, err := r.guarded()
	if err != nil {
		return fmt.Errorf("list files: %w", err)
	}
	for rel := range files {
		to := filepath.Join(r.dir, stagingDir, rel)
		if err := linkOrCopy(filepath.Join(r.dir, rel), to); err != nil {
			return fmt.Errorf("stage %s: %w", rel, err)
		}
	}
	r.staged = files
	return nil
}

// missing returns the staged files that are no longer where they were.
func (r *rescue) missing() (gone []string) {
	for rel, was := range r.staged {
		now, err := os.Stat(filepath.Join(r.dir, rel))
		if err != nil || !os.SameFile(was, now) {
			gone = append(gone, rel)
		}
	}
	return gone
}

// lostLog tells whether opening deleted a part of a log.
func (r *rescue) lostLog() bool {
	for _, rel := range r.missing() {
		if strings.HasPrefix(rel, "wal") || strings.HasPrefix(rel, "wbl") {
			return true
		}
	}
	return false
}

// restore makes the guarded files what they were when they were staged.
func (r *rescue) restore() error {
	now, err := r.guarded()
	if err != nil {
		return fmt.Errorf("list files: %w", err)
	}
	for rel := range now {
		if _, was := r.staged[rel]; !was {
			if err := os.Remove(filepath.Join(r.dir, rel)); err != nil {
				return fmt.Errorf("undo an opening: %w", err)
			}
		}
	}
	for _, rel := range r.missing() {
		if err := replaceBy(filepath.Join(r.dir, stagingDir, rel), filepath.Join(r.dir, rel)); err != nil {
			return fmt.Errorf("undo an opening: %w", err)
		}
	}
	return errors.Join(r.dropSnapshots(empty), r.unstage())
}

// empty tells of a directory that holds nothing. A snapshot like that would be
// taken for all there was, and the log before it left unread.
func empty(dir string) bool { return dirBytes(dir) == 0 }

// dropSnapshots removes the snapshots that which chooses: copies of what the log
// has.
func (r *rescue) dropSnapshots(which func(dir string) bool) error {
	found, err := filepath.Glob(filepath.Join(r.dir, "chunk_snapshot.*"))
	if err != nil {
		return err
	}
	for _, dir := range found {
		if !which(dir) {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// settle ends a rescue: what opening deleted goes into quarantine.
func (r *rescue) settle() error {
	for _, rel := range r.missing() {
		if strings.HasPrefix(rel, "chunk_snapshot.") {
			continue // a copy of what the log has, deleted when it is of no use
		}
		if err := r.take(filepath.Join(r.dir, stagingDir, rel), rel, "the samples' storage could not read it"); err != nil {
			return err
		}
	}
	r.reportLost()
	return r.unstage()
}

func (r *rescue) unstage() error {
	r.staged = nil
	return os.RemoveAll(filepath.Join(r.dir, stagingDir))
}

// readoptStaged deals with the staging directory of an opening that did not
// end: it may hold the only copy of a file.
func (r *rescue) readoptStaged() error {
	root := filepath.Join(r.dir, stagingDir)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(r.dir, rel)); err == nil || strings.HasPrefix(rel, "chunk_snapshot.") {
			return nil
		}
		return replaceBy(path, filepath.Join(r.dir, rel))
	})
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("put back staged files: %w", err)
	}
	return os.RemoveAll(root)
}

// quarantine moves the file or directory at rel aside.
func (r *rescue) quarantine(rel, why string) error {
	return r.take(filepath.Join(r.dir, rel), rel, why)
}

// take moves from into quarantine under the name rel.
func (r *rescue) take(from, rel, why string) error {
	if r.into == "" {
		r.into = filepath.Join(r.dir, quarantineDir, r.e.now().UTC().Format("20060102T150405.000"))
	}
	bytes := dirBytes(from)
	if err := replaceBy(from, filepath.Join(r.into, rel)); err != nil {
		return fmt.Errorf("quarantine %s: %w", rel, err)
	}
	r.lost = append(r.lost, lostFile{path: rel, bytes: bytes, why: why})
	r.e.metrics.quarantined.Inc()
	return nil
}

// reportLost tells the ledger of each file moved aside, once.
func (r *rescue) reportLost() {
	for _, f := range r.lost {
		r.e.report(r.id, "a damaged file was moved into quarantine: "+f.why,
			hearth.Detail{Name: hearth.DetailFile, Value: filepath.ToSlash(f.path)},
			hearth.Detail{Name: "bytes", Value: fmt.Sprint(f.bytes)},
			hearth.Detail{Name: "quarantine", Value: r.into})
	}
	r.lost = nil
}

// report records trouble with a workspace's files.
func (e *Engine) report(id hearth.WorkspaceID, summary string, details ...hearth.Detail) {
	e.log.Warn(summary, "workspace", id, "details", details)
	e.opts.Recorder.Record(hearth.Event{
		Time: e.now(), Workspace: id, Kind: hearth.EventStorageTrouble, Summary: summary, Details: details,
	})
}

// linkOrCopy gives the file a second name; a second copy where the file system
// knows no links.
func linkOrCopy(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
		return err
	}
	return copyPrefix(from, to, -1)
}

// replaceBy renames from to to, over what is there.
func replaceBy(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// copyPrefix copies the first n bytes, all if n is negative, by way of a
// temporary file, so that to is never half there.
func copyPrefix(from, to string, n int64) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.Create(to + ".new")
	if err != nil {
		return err
	}
	in := io.Reader(src)
	if n >= 0 {
		in = io.LimitReader(src, n)
	}
	_, err = io.Copy(dst, in)
	if err = errors.Join(err, dst.Sync(), dst.Close()); err != nil {
		return errors.Join(err, os.Remove(to+".new"))
	}
	return os.Rename(to+".new", to)
}
