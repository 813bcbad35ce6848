package embedded

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// A snapshot of a workspace that another process writes to all the time has every
// commit acknowledged before it, late samples included.
func TestSnapshotWhileWritten(t *testing.T) {
	dir, ws := t.TempDir(), testWorkspace()
	c := child(t, "write", dir, string(ws.ID), string(Process), "10")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	lines := bufio.NewScanner(out)
	for range 3 {
		acked := int64(0)
		for range 200 {
			if !lines.Scan() {
				t.Fatalf("the writer ended: %v", lines.Err())
			}
			if acked, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		to := t.TempDir()
		copySnapshot(t, dir, to, ws.ID)
		e := openEngine(t, Options{Dir: to})
		checkCommits(t, e, ws, []commits{{10, acked}})
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func copySnapshot(t *testing.T, from, to string, id hearth.WorkspaceID) {
	t.Helper()
	s, err := TakeSnapshot(t.Context(), filepath.Join(from, string(id)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, f := range s.Files {
		path := filepath.Join(to, string(id), filepath.FromSlash(f.Name))
		b, err := io.ReadAll(f.Content)
		if err == nil && int64(len(b)) != f.Size {
			t.Errorf("%s: %d bytes, want %d", f.Name, len(b), f.Size)
		}
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// What repeats the logs, or is under way, is not in a snapshot; a size's record says
// that the workspace was not closed.
func TestSnapshotNames(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"wal/00000001": "w", "wal/checkpoint.00000000.tmp/0": "x", "wbl/00000000": "l", "chunks_head/000001": "x",
		"chunk_snapshot.000001.0000000001/00000000": "x", "01ABC/index": "i", "01ABC.tmp-for-creation/index": "x",
		"metadata.log.new": "x", "metadata.log": "m", sizeFile: `{"clean":true,"warm":true,"series":7}`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := TakeSnapshot(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var names []string
	for _, f := range s.Files {
		names = append(names, f.Name)
	}
	if want := []string{"01ABC/index", "metadata.log", sizeFile, "wal/00000001", "wbl/00000000"}; !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
	to := t.TempDir()
	copySnapshot(t, filepath.Dir(dir), to, hearth.WorkspaceID(filepath.Base(dir)))
	if z := readSize(filepath.Join(to, filepath.Base(dir))); z.Clean || !z.Warm || z.Series != 7 {
		t.Errorf("size %+v, want that of the workspace, not clean", z)
	}
	if _, err := TakeSnapshot(t.Context(), filepath.Join(dir, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a workspace that is gone: %v", err)
	}
}
